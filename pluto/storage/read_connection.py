"""Reading the `run.db` of a run, without locks as long as nobody writes it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

from pluto.errors import StorageError
from pluto.file_system import has_exact_times
from pluto.storage.schema import RUN_DB, check, closed_on_error, open_database, opening
from pluto.storage.stamps import State, stamp_of, state_of

Result = TypeVar("Result")
_TRIES: Final = 3


class ReadConnection:
    """A connection that only reads; used by one thread at a time.

    A file that nobody has written for some seconds is read as it lies there (`immutable`, see
    https://sqlite.org/uri.html): that takes half the time and leaves no `-shm` and `-wal` beside
    it. Its state tells after each reading whether somebody wrote meanwhile; then what was read
    does not count, and from then on it is read with locks. Where times of files may lag behind,
    such as on network file systems, there are always locks.

    Args:
        directory: of the run.
        forget: is called when what was read does not count.
        locked: reading takes long, and should not be done twice: take locks at once.

    Raises:
        StorageError: the directory holds no run, or one that cannot be read.

    Example:
        >>> connection = ReadConnection(Path("run"))
        >>> connection.read(lambda it: it.execute("SELECT number FROM version").fetchone())
        (12,)
    """

    def __init__(
        self,
        directory: Path,
        forget: Callable[[], object] = lambda: None,
        *,
        locked: bool = False,
    ) -> None:
        self._directory = directory
        self._path = directory / RUN_DB
        self._uri = f"file:{quote(os.path.abspath(self._path))}"
        self._forget = forget
        self._state: State | None = None  # of the files as they are read without locks
        with opening(self._path):
            self._connection = self._open_with_locks() if locked else self._open()

    def close(self) -> None:
        """Close the file; idempotent."""
        self._connection.close()

    def read(self, read: Callable[[sqlite3.Connection], Result]) -> Result:
        """Read one state of the run: neither an append nor a compaction comes between queries.

        Args:
            read: called with the connection, again if what it read does not count.

        Raises:
            StorageError: the run is written all the time, in a directory that allows no locks.
        """
        for _ in range(_TRIES):
            if self._state is None:
                return self._read_with_locks(read)
            try:
                result = read(self._connection)
            except Exception:
                if not self._is_written():
                    raise
            else:
                if not self._is_written():
                    return result
            self._forget()
            self._connection.close()
            with opening(self._path):
                self._connection = self._open_with_locks()
        raise StorageError(f"{self._directory} is being written, and cannot be locked meanwhile")

    def _is_written(self) -> bool:
        return state_of(self._directory) != self._state

    def _read_with_locks(self, read: Callable[[sqlite3.Connection], Result]) -> Result:
        self._connection.execute("BEGIN")
        try:
            return read(self._connection)
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _open(self) -> sqlite3.Connection:
        state, stamp = state_of(self._directory), stamp_of(self._directory)
        is_whole = stamp.size > 0 and not stamp.log_size  # nothing of it waits in a log
        if is_whole and stamp.is_settled() and self._may_be_unlocked():
            try:
                return self._open_as_it_lies(state)
            except (sqlite3.Error, StorageError):
                if not self._is_written():
                    raise
        return self._open_with_locks()

    def _open_with_locks(self) -> sqlite3.Connection:
        self._state = None
        try:
            return self._checked(f"{self._uri}?mode=ro")
        except sqlite3.OperationalError:
            if self._is_half_written():
                self._put_right()
                return self._checked(f"{self._uri}?mode=ro")
            # A file that needs a log beside it, where we may write none.
            return self._open_as_it_lies(state_of(self._directory))

    def _open_as_it_lies(self, state: State) -> sqlite3.Connection:
        self._state = state
        return self._checked(f"{self._uri}?mode=ro&immutable=1")

    def _checked(self, name: str) -> sqlite3.Connection:
        if not os.path.isfile(self._path):
            raise StorageError(f"no run is stored in {self._directory}: it has no {RUN_DB}")
        with closed_on_error(open_database(name, uri=True)) as connection:
            check(connection, self._path)
            return connection

    def _may_be_unlocked(self) -> bool:
        return has_exact_times(self._path) and not self._is_half_written()

    def _is_half_written(self) -> bool:
        """Tell whether a writer died within a transaction of a file without write-ahead log."""
        try:
            return os.stat(f"{self._path}-journal").st_size > 0
        except FileNotFoundError:
            return False

    def _put_right(self) -> None:
        """Undo the transaction of a writer that died."""
        self._checked(self._uri).close()
