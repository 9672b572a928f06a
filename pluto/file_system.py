"""What kind of file system a directory is on."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")
_NAMES: Final = """
nfs nfs4 cifs smb3 smbfs lustre gpfs ceph fuse.ceph glusterfs fuse.glusterfs afs ncpfs fuse.sshfs
beegfs fuse.juicefs fuse.gcsfuse fuse.s3fs 9p
"""
NETWORK: Final = frozenset(_NAMES.split())
# Whose time stamps change with each write, for every process of the machine.
_EXACT: Final = frozenset(
    {"btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"}
)
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def is_on_network(directory: Path, mounts: Path = MOUNTS) -> bool:
    """Tell whether a directory is on a file system that other machines write too.

    There, mapped files and memory shared through files do not work, and locks may not.

    Args:
        directory: need not exist.
        mounts: the table of mounts, see proc_pid_mountinfo(5); where there is none, nothing is
            known to be on a network.
    """
    return _kind_of(directory, mounts) in NETWORK


def has_exact_times(path: Path) -> bool:
    """Tell whether the time stamps of a file change with each write, for every reader at once.

    Where there is no table of mounts, that is not known of any file.

    Raises:
        OSError: there is no such file.
    """
    device = path.stat().st_dev
    if device not in _exact_devices:
        _exact_devices[device] = _kind_of(path, MOUNTS) in _EXACT
    return _exact_devices[device]


_exact_devices: Final[dict[int, bool]] = {}


def _kind_of(directory: Path, mounts: Path) -> str | None:
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    path = os.path.realpath(directory)
    kinds: dict[str, str] = {}
    for line in lines:
        place, _, rest = line.partition(" - ")
        point = _OCTAL.sub(lambda found: chr(int(found[1], 8)), place.split()[4])
        if os.path.commonpath((point, path)) == point:
            kinds[point] = rest.split()[0]  # of mounts at one point the last one counts
    return kinds[max(kinds, key=len)] if kinds else None
