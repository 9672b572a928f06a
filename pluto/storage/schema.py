"""Opening `run.db` safely."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from pluto.errors import StorageError, StorageFull
from pluto.file_system import is_on_network
from pluto.storage.migrations import VERSION, migrate, version_of

RUN_DB: Final = "run.db"
APPLICATION_ID: Final = 0x506C7574  # "Plut"
FULL_ERRNOS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SQLITE_WORDS: Final = "database or disk is full"
LOG_BYTES_KEPT: Final = 4 << 20  # of a write-ahead log that a large transaction made grow


def is_run_directory(directory: Path) -> bool:
    """Tell whether `directory` looks like a run; `connect` says whether it really is one."""
    return (directory / RUN_DB).is_file()


def connect(directory: Path, *, writable: bool, network: bool | None = None) -> sqlite3.Connection:
    """Open the `run.db` of a run directory; a writer creates what is missing.

    Args:
        directory: of the run.
        writable: whether it is going to be written.
        network: whether it is on a network file system, where no write-ahead log is possible,
            because it needs shared memory. By default that is found out, and a file without
            such a log keeps being so.

    Raises:
        StorageError: it is missing, foreign, damaged, or from a newer version of Pluto.
    """
    path = directory / RUN_DB
    try:
        return _create(path, network) if writable else _open_read_only(path)
    except (sqlite3.Error, OSError) as error:
        advice = "if it is no run of Pluto, or damaged, move it out of the directory"
        raise storage_error(f"cannot open the run store {path}", error, advice) from error


def unreadable(directory: Path, error: Exception) -> StorageError:
    """Return what to raise, and to tell people, where reading a run failed."""
    advice = "if it is damaged, restore it from a copy or move it away"
    return storage_error(f"cannot read the run in {directory}", error, advice)


def storage_error(what: str, error: Exception, advice: str = "") -> StorageError:
    """Return what to raise, from the engine's or the system's own error.

    Args:
        what: what has failed.
        error: why.
        advice: what to do, where space on the disk is not what is missing.

    Example:
        >>> storage_error("cannot write run", sqlite3.OperationalError("database or disk is full"))
        StorageFull('cannot write run: database or disk is full')
    """
    if is_full(error):
        return StorageFull(f"{what}: {error}")
    return StorageError(f"{what}: {error}" + (f"; {advice}" if advice else ""))


def is_full(error: BaseException) -> bool:
    """Tell a full disk, or a used-up quota, from other failures."""
    if isinstance(error, OSError):
        return error.errno in FULL_ERRNOS
    return isinstance(error, sqlite3.Error) and _SQLITE_WORDS in str(error)


def _create(path: Path, network: bool | None) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _closed_on_error(_open(str(path), uri=False)) as connection:
        has_log = True
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            _check(connection, path)  # before anything in a foreign file is changed
            has_log = connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        else:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # for compaction to give back
        if network is None:
            network = not has_log or is_on_network(path.parent)
        connection.execute(f"PRAGMA journal_mode={'TRUNCATE' if network else 'WAL'}")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA journal_size_limit={LOG_BYTES_KEPT}")
        if version_of(connection) < VERSION:
            migrate(connection, APPLICATION_ID)
        return connection


def _open_read_only(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise StorageError(f"no run is stored in {path.parent}: it has no {RUN_DB}")
    uri = f"file:{quote(os.path.abspath(path))}"
    try:
        return _checked(_open(f"{uri}?mode=ro", uri=True), path)
    except sqlite3.OperationalError:
        if _is_half_written(path):
            _check_and_close(_open(str(path), uri=False), path)  # this puts it right
            return _checked(_open(f"{uri}?mode=ro", uri=True), path)
        # A WAL file of a finished run on a read-only file system: nobody can be writing it.
        return _checked(_open(f"{uri}?mode=ro&immutable=1", uri=True), path)


def _is_half_written(path: Path) -> bool:
    """Tell whether a writer died within a transaction of a file without write-ahead log."""
    try:
        return path.with_name(f"{path.name}-journal").stat().st_size > 0
    except FileNotFoundError:
        return False


def _check_and_close(connection: sqlite3.Connection, path: Path) -> None:
    try:
        _check(connection, path)
    finally:
        connection.close()


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
    version = version_of(connection)
    if application != APPLICATION_ID:
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StorageError(f"{path} holds nothing: whoever made it died, or has just begun")
        raise StorageError(f"{path} is not a Pluto run; move it out of the directory")
    if version > VERSION:
        raise StorageError(
            f"{path} was written by a newer Pluto (format {version}, this one reads {VERSION}):"
            " upgrade with 'pip install -U pluto-ml'"
        )
