"""The lock that tells which process owns a run directory."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import IO, Final

from pluto.errors import RunInUse
from pluto.process_identity import identity, is_gone

LOCK: Final = "run.lock"
LOCK_SECONDS: Final = 0.05  # a reader that looks whether the run lives has it for microseconds

# Where the file system has no locks, a file names the owner, who touches it now and then.
OWNER: Final = "run.owner"
TOUCH_SECONDS: Final = 15.0
SILENT_SECONDS: Final = 300.0  # after which an owner on another machine counts as dead
SETTLE_SECONDS: Final = 0.1


class RunLock:
    """The right to move a run, which one process has at a time.

    Args:
        directory: of the run; made if missing.

    Raises:
        RunInUse: another process that still runs has it.
    """

    def __init__(self, directory: Path) -> None:
        self._process = os.getpid()
        self._touched = time.monotonic()
        self._owner: Path | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self._file = (directory / LOCK).open("ab")
        try:
            if not _lock(self._file):
                _own(directory / OWNER)
                self._owner = directory / OWNER
        except RunInUse:
            self._file.close()
            raise

    def refresh(self) -> None:
        """Show other machines that the owner lives; call it every few seconds."""
        if self._owner is not None and time.monotonic() > self._touched + TOUCH_SECONDS:
            self._touched = time.monotonic()
            os.utime(self._owner)

    def release(self) -> None:
        """Let go of the run; idempotent."""
        if os.getpid() == self._process and not self._file.closed:
            _unlock(self._file)  # a forked child that lives on has a copy of the descriptor
            if self._owner is not None:
                self._owner.unlink(missing_ok=True)
        self._file.close()


def _lock(file: IO[bytes]) -> bool:
    """Lock a file; False where the system or the file system has no locks."""
    deadline = time.monotonic() + LOCK_SECONDS
    while (answer := _try_lock(file)) is None:
        if time.monotonic() > deadline:
            raise _in_use(Path(file.name))
        time.sleep(0.01)
    return answer


def _try_lock(file: IO[bytes]) -> bool | None:
    """Lock a file; None while another process has it, False if there are no locks."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    except (ImportError, OSError):
        return False
    return True


def _unlock(file: IO[bytes]) -> None:
    with contextlib.suppress(ImportError, OSError):  # what cannot be locked is not locked
        import fcntl

        fcntl.flock(file, fcntl.LOCK_UN)


def _own(path: Path) -> None:
    """Become the owner that a file names, if nobody is or the owner is dead."""
    if _is_alive(path):
        raise _in_use(path)
    mine = path.with_name(f"{path.name}.{identity()}")
    mine.write_text(identity())
    mine.replace(path)
    time.sleep(SETTLE_SECONDS)  # of several that find no owner, the last one is it
    if path.read_text() != identity():
        raise _in_use(path)


def _is_alive(path: Path) -> bool:
    try:
        owner, touched = path.read_text(), path.stat().st_mtime
    except FileNotFoundError:
        return False
    return not is_gone(owner) and time.time() - touched < SILENT_SECONDS


def _in_use(path: Path) -> RunInUse:
    return RunInUse(f"{path.parent} belongs to a process that is still running")
