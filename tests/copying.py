"""The processes that copy large files for the programs of a test: found, awaited, killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

START_SECONDS = 20.0


def copiers() -> list[int]:
    """Return the copying processes of this test: those with its home directory."""
    home = os.fsencode(f"HOME={os.environ['HOME']}")
    entries = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [process for process in entries if _is_copier(process) and home in _environment(process)]


def the_copier() -> int:
    """Return the one copying process of this test, once it is there."""
    deadline = time.monotonic() + START_SECONDS
    while not (found := copiers()):
        assert time.monotonic() < deadline, "no copying process was started"
        time.sleep(0.01)
    (process,) = found
    return process


def await_end_of(process: int) -> None:
    """Wait until a copying process, which is no child of this one, is gone."""
    deadline = time.monotonic() + START_SECONDS
    while _is_copier(process):
        assert time.monotonic() < deadline, f"{process} does not end"
        time.sleep(0.01)


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
    await_end_of(process)


def _is_copier(process: int) -> bool:
    return any(word.endswith(b"/copier.py") for word in _words(process, "cmdline"))


def _environment(process: int) -> list[bytes]:
    return _words(process, "environ")


def _words(process: int, file: str) -> list[bytes]:
    try:
        return Path(f"/proc/{process}/{file}").read_bytes().split(b"\0")
    except OSError:  # it has ended
        return []
