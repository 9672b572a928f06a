"""The tables of `run.db`, and opening it safely."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pluto.errors import StorageError

RUN_DB: Final = "run.db"
APPLICATION_ID: Final = 0x506C7574  # "Plut"
VERSION: Final = 1

TABLES: Final = """
CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE name (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
    count INTEGER NOT NULL DEFAULT 0, finite INTEGER NOT NULL DEFAULT 0,
    first_step INTEGER, last_step INTEGER, last_time INTEGER, last REAL,
    min REAL, max REAL, min_step INTEGER, max_step INTEGER,
    mean REAL NOT NULL DEFAULT 0, m2 REAL NOT NULL DEFAULT 0,
    dirty INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE shape (id INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE);
CREATE TABLE shape_name (
    name INTEGER NOT NULL, shape INTEGER NOT NULL, place INTEGER NOT NULL,
    PRIMARY KEY (name, shape)
) WITHOUT ROWID;
CREATE TABLE tail (
    id INTEGER PRIMARY KEY, system INTEGER NOT NULL, shape INTEGER NOT NULL,
    first_row INTEGER NOT NULL, count INTEGER NOT NULL,
    min_step INTEGER NOT NULL, max_step INTEGER NOT NULL,
    min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, block BLOB NOT NULL
);
CREATE UNIQUE INDEX tail_rows ON tail (system, first_row);
CREATE INDEX tail_shape ON tail (shape, id);
CREATE TABLE record (
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, row INTEGER NOT NULL,
    time INTEGER NOT NULL, step INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
    body BLOB NOT NULL, key TEXT
);
CREATE UNIQUE INDEX record_row ON record (kind, row);
CREATE INDEX record_name ON record (kind, name, step) WHERE name != '';
CREATE UNIQUE INDEX record_key ON record (key) WHERE key IS NOT NULL;
CREATE TABLE segment (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE received (
    writer TEXT NOT NULL, stream TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (writer, stream)
) WITHOUT ROWID;
CREATE TABLE cursor (
    sink TEXT NOT NULL, stream TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (sink, stream)
) WITHOUT ROWID;
CREATE TABLE rejected (
    sink TEXT NOT NULL, stream TEXT NOT NULL, row INTEGER NOT NULL, reason TEXT NOT NULL,
    body BLOB NOT NULL, PRIMARY KEY (sink, stream, row)
) WITHOUT ROWID;
CREATE TABLE version (id INTEGER PRIMARY KEY CHECK (id = 0), number INTEGER NOT NULL);
INSERT INTO version VALUES (0, 0);
"""


def is_run_directory(directory: Path) -> bool:
    """Tell whether `directory` looks like a run; `connect` says whether it really is one."""
    return (directory / RUN_DB).is_file()


def connect(directory: Path, *, writable: bool) -> sqlite3.Connection:
    """Open the `run.db` of a run directory; a writer creates what is missing.

    Raises:
        StorageError: it is missing, foreign, damaged, or from a newer version of Pluto.
    """
    path = directory / RUN_DB
    try:
        return _create(path) if writable else _open_read_only(path)
    except (sqlite3.Error, OSError) as error:
        raise StorageError(
            f"cannot open the run store {path}: {error}; if it is no run of Pluto, or damaged,"
            " move it out of the directory"
        ) from error


def _create(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _closed_on_error(_open(str(path), uri=False)) as connection:
        is_new = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not is_new:
            _check(connection, path)  # before anything in a foreign file is changed
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        if is_new:
            connection.executescript(
                f"BEGIN IMMEDIATE; PRAGMA application_id={APPLICATION_ID};"
                f" PRAGMA user_version={VERSION}; {TABLES} COMMIT;"
            )
        return connection


def _open_read_only(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise StorageError(f"no run is stored in {path.parent}: it has no {RUN_DB}")
    uri = path.resolve().as_uri()
    try:
        return _checked(_open(f"{uri}?mode=ro", uri=True), path)
    except sqlite3.OperationalError:
        # A WAL file of a finished run on a read-only file system: nobody can be writing it.
        return _checked(_open(f"{uri}?mode=ro&immutable=1", uri=True), path)


def _checked(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    with _closed_on_error(connection):
        _check(connection, path)
    return connection


def _open(name: str, *, uri: bool) -> sqlite3.Connection:
    return sqlite3.connect(name, timeout=5, isolation_level=None, check_same_thread=False, uri=uri)


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def _check(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise StorageError(f"{path} is not a Pluto run; move it out of the directory")
    if version > VERSION:
        raise StorageError(
            f"{path} was written by a newer Pluto (format {version}, this one reads {VERSION}):"
            " upgrade with 'pip install -U pluto-ml'"
        )
