"""The server's own SQLite file: ids, numbers, keys, and files that were announced."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pluto.errors import StorageError
from pluto.storage import copy_database, storage_error

APPLICATION_ID: Final = 0x506C7549  # "PluI"
VERSION: Final = 1

TABLES: Final = """
CREATE TABLE project (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, prefix TEXT NOT NULL,
    next_number INTEGER NOT NULL
);
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE,
    project INTEGER NOT NULL REFERENCES project, number INTEGER NOT NULL, name TEXT NOT NULL,
    external_id TEXT, status TEXT NOT NULL, tags TEXT NOT NULL, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, finished_at INTEGER, cause TEXT, heartbeat_at INTEGER,
    directory TEXT NOT NULL UNIQUE, UNIQUE (project, number), UNIQUE (project, external_id)
);
CREATE TABLE api_key (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, hint TEXT NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
);
CREATE TABLE announced_file (
    run INTEGER NOT NULL, key TEXT NOT NULL, row TEXT NOT NULL,
    stored INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class Index:
    """An open index file; `None` keeps everything in memory, for a server that only shows runs.

    Runs can be listed from their own directories again; the index adds what only the server
    knows and makes lists fast. Safe from any thread.

    Raises:
        StorageError: the file cannot be opened or is not an index of Pluto.

    Example:
        >>> index = Index(None)
        >>> index.rows("SELECT count(*) FROM run")
        [(0,)]
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = threading.RLock()  # guards the connection
        try:
            self._connection = self._open()
        except sqlite3.Error as error:
            raise storage_error(f"cannot open the server's index {path}", error) from error

    def rows(self, sql: str, arguments: tuple[object, ...] = ()) -> list[Any]:
        """Return all rows of a query."""
        with self._held():
            return self._connection.execute(sql, arguments).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection for one transaction; on an error nothing of it remains."""
        with self._held():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def setting(self, name: str) -> str | None:
        """Return what was kept under `name`, or None."""
        found = self.rows("SELECT value FROM setting WHERE name=?", (name,))
        return str(found[0][0]) if found else None

    def keep_setting(self, name: str, value: str) -> None:
        """Keep `value` under `name`."""
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO setting VALUES (?,?)", (name, value))

    def copy_to(self, target: Path) -> None:
        """Write the state of this moment to another file; writers go on meanwhile."""
        with self._held():
            copy_database(self._connection, target)

    def close(self) -> None:
        """Close the file; idempotent."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the connection; what the engine complains of is a `StorageError` to all others."""
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise storage_error(f"the server's index {self.path} fails", error) from error

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path or ":memory:", timeout=5, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        # Two processes (`pluto server` and `pluto server key`) may meet a new file together.
        connection.execute("BEGIN IMMEDIATE")
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={VERSION}")
            for statement in TABLES.split(";"):
                connection.execute(statement)
        connection.execute("COMMIT")
        self._check(connection)
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if application == APPLICATION_ID and version <= VERSION:
            return
        connection.close()
        if application != APPLICATION_ID:
            raise StorageError(f"{self.path} is not an index of Pluto: choose another --data")
        raise StorageError(
            f"{self.path} was written by a newer Pluto: upgrade with 'pip install -U pluto-ml'"
        )
