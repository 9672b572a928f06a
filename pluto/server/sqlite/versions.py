"""The versions of runs, read again only when their files have changed."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path

from pluto.storage import RUN_DB, RunReader

Stamp = tuple[int, ...]

_SETTLED_NANOSECONDS = 2_000_000_000
"""A file that changed this recently may change again within the resolution of its time stamp."""


class Versions:
    """Answers for thousands of runs without keeping their files open; safe from any thread.

    Example:
        >>> versions = Versions()
        >>> versions.of(run_directory) == RunReader(run_directory).version()
        True
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the mapping, never held while files are read
        self._known: dict[Path, tuple[Stamp, int]] = {}

    def of(self, directory: Path) -> int:
        """Return the version of a run directory.

        Raises:
            StorageError: it cannot be read.
        """
        known = self.known(directory)
        if known is not None:
            return known
        with closing(RunReader(directory)) as reader:
            return self.read(reader)

    def seen(self, reader: RunReader) -> int:
        """Return the version of a run whose reader is open.

        Raises:
            StorageError: it cannot be read.
        """
        known = self.known(reader.directory)
        return self.read(reader) if known is None else known

    def known(self, directory: Path) -> int | None:
        """Return the version if no file has changed since it was read, else None."""
        with self._lock:
            stamp, version = self._known.get(directory, ((), 0))
        return version if stamp and stamp == _stamp(directory) else None

    def stamp(self, directory: Path) -> str | None:
        """Return what tells of the state of a run's files, for one who keeps things about them.

        None while they are changing, or were not read yet.
        """
        with self._lock:
            stamp, version = self._known.get(directory, ((), 0))
        return " ".join(map(str, (*stamp, version))) if stamp else None

    def remember(self, directory: Path, stamp: str) -> int | None:
        """Return the version that was kept with a stamp; None if the run's files have changed."""
        *numbers, version = map(int, stamp.split())
        if tuple(numbers) != _stamp(directory):
            return None
        with self._lock:
            self._known[directory] = (tuple(numbers), version)
        return version

    def read(self, reader: RunReader) -> int:
        """Return the version that an open reader sees, and remember it."""
        stamp = _stamp(reader.directory)
        version = reader.version()
        settled = time.time_ns() - max(stamp) > _SETTLED_NANOSECONDS
        with self._lock:
            # Without a stamp the run will be looked at again.
            self._known[reader.directory] = (stamp if settled else (), version)
        return version


def _stamp(directory: Path) -> Stamp:
    return _file_stamp(directory / RUN_DB) + _file_stamp(directory / f"{RUN_DB}-wal")


def _file_stamp(path: Path) -> Stamp:
    """Return size (negated) and time of a file.

    An empty log is as good as none: SQLite leaves one behind when a reader opens the store.
    """
    try:
        status = path.stat()
    except OSError:  # gone or out of reach: opening the run will say why
        return 0, 0
    return -status.st_size, status.st_mtime_ns if status.st_size else 0
