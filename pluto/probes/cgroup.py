"""What the control group of this process allows it; see cgroups(7)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pluto.probes.base import read_number, read_text

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
UNLIMITED = 1 << 60  # version 1 writes a number near 2**63 for "no limit"


def memory_limit(root: Path = ROOT, membership: Path = MEMBERSHIP) -> int | None:
    """Return the bytes this process may use: the least limit of its group and the groups above."""
    limits = [
        limit
        for folder in folders(root, membership)
        for name in ("memory.max", "memory.limit_in_bytes")
        if (limit := read_number(folder / name)) is not None and limit < UNLIMITED
    ]
    return min(limits, default=None)


def memory_used(root: Path = ROOT, membership: Path = MEMBERSHIP) -> int | None:
    """Return the bytes that the group of this process uses, None outside any group."""
    for folder in folders(root, membership):
        for name in ("memory.current", "memory.usage_in_bytes"):
            used = read_number(folder / name)
            if used is not None:
                return used
    return None


def oom_kills(root: Path = ROOT, membership: Path = MEMBERSHIP) -> int | None:
    """Return how many processes the kernel killed in this group for want of memory.

    A count that grew between two looks, together with a run that stopped without a word, is
    the sign of an out-of-memory kill.
    """
    path = oom_counter(root, membership)
    return None if path is None else read_oom_kills(path)


def oom_counter(root: Path = ROOT, membership: Path = MEMBERSHIP) -> Path | None:
    """Return the file in which the kernel counts such kills for the group of this process."""
    for folder in folders(root, membership):
        for name in ("memory.events", "memory.oom_control"):
            if read_oom_kills(folder / name) is not None:
                return folder / name
    return None


def read_oom_kills(counter: Path) -> int | None:
    """Return the number in a file that `oom_counter` named, None if it is gone."""
    for line in (read_text(counter) or "").splitlines():
        key, _, count = line.partition(" ")
        if key == "oom_kill" and count.isdecimal():
            return int(count)
    return None


def folders(root: Path = ROOT, membership: Path = MEMBERSHIP) -> Iterator[Path]:
    """Yield the folders that hold the memory limits of this process, innermost first."""
    for line in (read_text(membership) or "").splitlines():
        _hierarchy, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        base = root / "memory" if controllers else root
        folder = base / path.lstrip("/")
        while folder != base and base in folder.parents:
            yield folder
            folder = folder.parent
        yield base
