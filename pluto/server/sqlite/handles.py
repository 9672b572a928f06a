"""Open run files, kept for the next request and closed when others need the descriptors."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pluto.errors import StorageError
from pluto.storage import RUN_DB, RunReader, RunWriter

MAX_READERS = 128
MAX_WRITERS = 64
_GRACE_SECONDS = 60.0


class Readers:
    """The most recently used readers, shared by all threads.

    A reader that is pushed out is closed a minute later, when no request can be using it.
    """

    def __init__(self, limit: int = MAX_READERS) -> None:
        self._limit = limit
        self._lock = threading.Lock()  # guards both collections
        self._open: OrderedDict[Path, tuple[int, RunReader]] = OrderedDict()
        self._leaving: list[tuple[float, RunReader]] = []

    def get(self, directory: Path) -> RunReader:
        """Return the open reader of a run directory.

        A run that was deleted and copied here again is opened afresh.

        Raises:
            StorageError: it cannot be opened.
        """
        inode = _inode(directory)
        with self._lock:
            known, reader = self._open.get(directory, (0, None))
            if reader is None or known != inode:
                if reader:
                    self._leaving.append((time.monotonic(), reader))
                    del self._open[directory]
                reader = RunReader(directory)
                self._open[directory] = (inode, reader)
            self._open.move_to_end(directory)
            self._push_out()
        return reader

    def opened(self, directory: Path) -> RunReader | None:
        """Return the reader of a run directory if it is open."""
        with self._lock:
            inode, reader = self._open.get(directory, (0, None))
        return reader if reader and inode == _inode(directory) else None

    def close(self) -> None:
        """Close all."""
        with self._lock:
            for _, reader in (*self._open.values(), *self._leaving):
                reader.close()
            self._open.clear()
            self._leaving.clear()

    def _push_out(self) -> None:
        now = time.monotonic()
        while len(self._open) > self._limit:
            self._leaving.append((now, self._open.popitem(last=False)[1][1]))
        while self._leaving and now - self._leaving[0][0] > _GRACE_SECONDS:
            self._leaving.pop(0)[1].close()


def _require_store(directory: Path) -> None:
    """Make sure that a writer goes on with a run: where its file is gone it would begin another."""
    try:
        size = (directory / RUN_DB).stat().st_size
    except OSError as error:
        raise StorageError(f"cannot write {directory}: {error}") from error
    if not size:
        raise StorageError(
            f"cannot write {directory}: its {RUN_DB} is empty, put back a copy of it"
        )


def _inode(directory: Path) -> int:
    try:
        return (directory / RUN_DB).stat().st_ino
    except OSError:
        return 0  # gone: opening it says so


@dataclass
class _Lease:
    lock: threading.Lock = field(default_factory=threading.Lock)  # held while the run is written
    users: int = 0
    writer: RunWriter | None = None


class Writers:
    """The most recently used writers; each is lent to one caller at a time."""

    def __init__(self, limit: int = MAX_WRITERS) -> None:
        self._limit = limit
        self._lock = threading.Lock()  # guards the mapping and the counts of users
        self._leases: OrderedDict[Path, _Lease] = OrderedDict()

    @contextmanager
    def lease(self, directory: Path, *, keep: bool = True) -> Iterator[RunWriter]:
        """Lend the writer of a run directory; others who want the same run wait.

        Without `keep` it is closed again: a writer must not outlive the moment where another
        process may write the same run.

        Raises:
            StorageError: it cannot be opened.
        """
        with self._lock:
            lease = self._leases.setdefault(directory, _Lease())
            self._leases.move_to_end(directory)
            lease.users += 1
        try:
            with lease.lock:
                if lease.writer is None:
                    _require_store(directory)
                    lease.writer = RunWriter(directory)
                yield lease.writer
                if not keep:
                    _close(lease)
        finally:
            self._give_back(lease)

    @contextmanager
    def without(self, directory: Path) -> Iterator[None]:
        """Close the writer of a run directory; nobody gets one inside the block."""
        with self._lock:
            lease = self._leases.setdefault(directory, _Lease())
            lease.users += 1
        try:
            with lease.lock:
                _close(lease)
                yield
        finally:
            self._give_back(lease)

    def close(self) -> None:
        """Close all; a caller who still holds a lease keeps it to its end."""
        with self._lock:
            leases = list(self._leases.values())
            self._leases.clear()
        for lease in leases:
            with lease.lock:
                _close(lease)

    def _give_back(self, lease: _Lease) -> None:
        with self._lock:
            lease.users -= 1
            idle = [path for path, each in self._leases.items() if not each.users]
            excess = max(0, len(self._leases) - self._limit)
            surplus = [self._leases.pop(path) for path in idle[:excess]]
        for each in surplus:
            _close(each)


def _close(lease: _Lease) -> None:
    if lease.writer:
        lease.writer.close()
        lease.writer = None
