"""The versions of runs, read again only when their files have changed."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

from pluto.storage import RunReader, Stamp, stamp_of


class Versions:
    """Answers for thousands of runs without keeping their files open; safe from any thread.

    Example:
        >>> versions = Versions()
        >>> versions.of(run_directory) == RunReader(run_directory).version()
        True
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the mapping, never held while files are read
        self._known: dict[Path, tuple[Stamp | None, int]] = {}

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
            stamp, version = self._known.get(directory, (None, 0))
        return version if stamp is not None and stamp == stamp_of(directory) else None

    def stamp(self, directory: Path) -> str | None:
        """Return what tells of the state of a run's files, for one who keeps things about them.

        None while they are changing, or were not read yet.
        """
        with self._lock:
            stamp, version = self._known.get(directory, (None, 0))
        return " ".join(map(str, (*stamp, version))) if stamp is not None else None

    def remember(self, directory: Path, stamp: str) -> int | None:
        """Return the version that was kept with a stamp; None if the run's files have changed."""
        *numbers, version = map(int, stamp.split())
        stamp_now = stamp_of(directory)
        if tuple(numbers) != stamp_now:
            return None
        with self._lock:
            self._known[directory] = (stamp_now, version)
        return version

    def read(self, reader: RunReader) -> int:
        """Return the version that an open reader sees, and remember it."""
        stamp = stamp_of(reader.directory)
        version = reader.version()
        with self._lock:
            # Without a stamp the run will be looked at again.
            self._known[reader.directory] = (stamp if stamp.is_settled() else None, version)
        return version
