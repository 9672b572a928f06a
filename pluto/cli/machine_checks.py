"""What `pluto doctor` looks at on this machine: installation, disk, GPUs, runs that wait."""

from __future__ import annotations

import contextlib
import mmap
import os
import platform
import shutil
import tempfile
from pathlib import Path
from typing import IO, Final, NamedTuple

import pluto
from pluto.cli.tables import words_of_size
from pluto.sets import Settings
from pluto.wording import counted

LOW_SPACE: Final = 1 << 30
NETWORK: Final = frozenset(
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "ceph", "glusterfs", "beegfs", "afs"]
)
DRIVER: Final = Path("/proc/driver/nvidia/version")


class Finding(NamedTuple):
    """One line of the report.

    Attributes:
        fix: what to do about it; "" where nothing is to be done.
    """

    check: str
    good: bool
    text: str
    fix: str = ""


def installation(_settings: Settings) -> list[Finding]:
    """Tell versions of Pluto, Python and the system."""
    text = f"pluto {pluto.__version__} on Python {platform.python_version()}, {platform.platform()}"
    return [Finding("installation", True, text)]


def directory(settings: Settings) -> list[Finding]:
    """Check that runs can be written, and that the disk can do what keeps them safe."""
    place = Path(settings.dir)
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            lacks = _lacks(file)
        free = shutil.disk_usage(place).free
    except OSError as error:
        text = f"runs cannot be written to {place} ({error.strerror})"
        return [Finding("directory", False, text, "set PLUTO_DIR or pass init(dir=...)")]
    room = f"runs are written to {place / f'.{settings.tag}'}, {words_of_size(free)} free"
    make_room = "make room, set PLUTO_DIR to another disk, or run 'pluto clean'"
    enough = free > LOW_SPACE
    return [
        Finding("directory", enough, room, "" if enough else make_room),
        _file_system(place, lacks),
    ]


def gpus(_settings: Settings) -> list[Finding]:
    """Check that NVIDIA GPUs can be observed, if there are any."""
    try:
        import pynvml

        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
        pynvml.nvmlShutdown()
    except Exception as error:  # noqa: BLE001 - the driver's library fails in its own ways
        if not DRIVER.exists():
            return [Finding("gpus", True, "no NVIDIA GPU on this machine")]
        fix = (
            "in a container allow 'utility' in NVIDIA_DRIVER_CAPABILITIES; else look at nvidia-smi"
        )
        return [Finding("gpus", False, f"NVIDIA GPUs cannot be observed ({error})", fix)]
    return [Finding("gpus", True, f"{counted(count, 'NVIDIA GPU')} can be observed")]


def runs(settings: Settings) -> list[Finding]:
    """Check that no run waits for its delivery, and that all can be read."""
    from pluto.retention import kept_runs

    place = Path(settings.dir) / f".{settings.tag}"
    found = list(kept_runs(place)) if place.is_dir() else []
    size = words_of_size(sum(run.size for run in found))
    words = "1 run takes" if len(found) == 1 else f"{len(found)} runs take"
    findings = [Finding("runs", True, f"{words} {size} here" if found else "no runs here yet")]
    waiting = [run for run in found if run.state == "pending"]
    if waiting:
        first = f"{counted(len(waiting), 'run')} not delivered, such as {waiting[0].directory}"
        findings.append(Finding("runs", False, f"{first} ({waiting[0].problem})", "pluto sync"))
    findings += [
        Finding("runs", False, run.problem, f"look into {run.directory}, or move it away")
        for run in found
        if run.state == "unreadable"
    ]
    return findings


def _file_system(place: Path, lacks: str) -> Finding:
    kind = _kind(place)
    text = f"its file system is {kind}"
    if lacks:
        fix = "set PLUTO_DIR to a disk of this machine"
        return Finding("file system", False, f"{text} and has no {lacks}", fix)
    if kind in NETWORK or kind.startswith("fuse."):
        text += ", over the network: a disk of this machine is faster"
    return Finding("file system", True, text)


def _lacks(file: IO[bytes]) -> str:
    """Return what the file system cannot do that keeps runs safe, in words."""
    lacks = []
    with contextlib.suppress(ImportError):  # Windows has neither
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lacks.append("locks")
        try:
            os.posix_fallocate(file.fileno(), 0, mmap.PAGESIZE)
            mmap.mmap(file.fileno(), mmap.PAGESIZE).close()
        except (OSError, ValueError):
            lacks.append("memory maps")
    return " and no ".join(lacks)


def _kind(place: Path) -> str:
    import psutil

    path = str(place.resolve())
    kinds = {
        part.mountpoint: part.fstype
        for part in psutil.disk_partitions(all=True)
        if path == part.mountpoint or path.startswith(part.mountpoint.rstrip("/") + "/")
    }
    return kinds[max(kinds, key=len)] if kinds else "unknown"
