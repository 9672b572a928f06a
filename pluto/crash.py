"""The trace of a crash (segmentation fault, abort), left beside the run for its next reader.

Python's `faulthandler` writes it when the process has no life left to do anything else. A program
that enables `faulthandler` before `init()` keeps it to itself.
"""

from __future__ import annotations

import faulthandler
import os
from pathlib import Path
from typing import IO, Final, NamedTuple

TRACE_MAX: Final = 16_384  # characters; the thread that crashed comes last


class Crash(NamedTuple):
    """What a crashed process left: the reason in the words of the interpreter, and the stacks."""

    reason: str
    trace: str


class CrashTrace:
    """Has the trace of a crash of this process written into the run directory until `stop`.

    Of several runs in one process the first gets it.

    Args:
        directory: of the run.
    """

    def __init__(self, directory: Path) -> None:
        self._path = _path(directory, os.getpid())
        self._process = os.getpid()
        self._file: IO[bytes] | None = None
        if not faulthandler.is_enabled():
            self._file = self._path.open("wb")
            faulthandler.enable(self._file)

    def stop(self) -> None:
        """Leave no trace: the process has ended the run by itself."""
        self._disable()
        if os.getpid() == self._process:
            self._path.unlink(missing_ok=True)

    def after_fork(self) -> None:
        """In a forked child: its crash is not the parent's."""
        self._disable()

    def _disable(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            faulthandler.disable()
            file.close()


def read_crash(directory: Path, process: int) -> Crash | None:
    """Return what the crash of a process left, or None."""
    try:
        text = _path(directory, process).read_text("utf-8", "replace")
    except OSError:
        return None
    reason = text.partition("\n")[0].removeprefix("Fatal Python error: ")
    return Crash(reason, text[-TRACE_MAX:]) if reason else None


def _path(directory: Path, process: int) -> Path:
    return directory / f"crash-{process}.txt"
