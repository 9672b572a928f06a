"""The lock that tells which process owns a run directory."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from pathlib import Path
from typing import IO, Final

from pluto.errors import RunInUse

logger = logging.getLogger("pluto")

LOCK: Final = "run.lock"
LOCK_SECONDS: Final = 0.05  # a reader that looks whether the run lives has it for microseconds


class RunLock:
    """The right to move a run, which one process has at a time: a lock on `run.lock`.

    Args:
        directory: of the run; made if missing.

    Raises:
        RunInUse: another process that still runs has it.
    """

    def __init__(self, directory: Path) -> None:
        self._process = os.getpid()
        self._file = _take_lock(directory)

    def release(self) -> None:
        """Let go of the run; idempotent."""
        if os.getpid() == self._process and not self._file.closed:
            _unlock(self._file)  # a forked child that lives on has a copy of the descriptor
        self._file.close()


def _take_lock(directory: Path) -> IO[bytes]:
    directory.mkdir(parents=True, exist_ok=True)
    file = (directory / LOCK).open("ab")
    with contextlib.suppress(ImportError):  # no fcntl on Windows: one owner is up to the user
        import fcntl

        deadline = time.monotonic() + LOCK_SECONDS
        while not _try_lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
            if time.monotonic() > deadline:
                file.close()
                raise RunInUse(f"{directory} belongs to a process that is still running")
            time.sleep(0.01)
    return file


def _try_lock(file: IO[bytes], operation: int) -> bool:
    import fcntl

    try:
        fcntl.flock(file, operation)
    except BlockingIOError:
        return False
    except OSError:
        logger.debug("%s: this file system has no locks", file.name)
    return True


def _unlock(file: IO[bytes]) -> None:
    with contextlib.suppress(ImportError, OSError):  # what cannot be locked is not locked
        import fcntl

        fcntl.flock(file, fcntl.LOCK_UN)
