"""Names a process so that it is told from a later one with the same number."""

from __future__ import annotations

import os
from pathlib import Path
from zlib import crc32


def identity(process: int | None = None) -> str:
    """Return `number.birth.host` of a process of this machine, this one by default.

    Numbers are used again, in restarted containers always the same few; the time of birth, in
    clock ticks since the machine was started, is no clock that anybody can set. It is 0 where the
    system does not tell it (macOS, Windows).
    """
    number = os.getpid() if process is None else process
    return f"{number}.{_birth(number)}.{_host()}"


def is_gone(name: str) -> bool:
    """Tell whether the process that `identity` named so is certainly dead.

    A process of another host counts as alive: it cannot be looked at from here.

    Example:
        >>> is_gone(identity())
        False
    """
    number, birth, host = name.split(".")
    if host != _host():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it belongs to another user
        return False
    return int(birth) != _birth(int(number))


def _birth(process: int) -> int:
    """Return field 22 of `/proc/<pid>/stat`, or -1 for a zombie; see proc(5)."""
    try:
        fields = Path("/proc", str(process), "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0
    return -1 if fields[0] == b"Z" else int(fields[19])


def _host() -> str:
    return f"{crc32(os.uname().nodename.encode()):08x}"
