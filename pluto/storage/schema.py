"""Opening `run.db` safely."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pluto.errors import StorageError, StorageFull
from pluto.file_system import is_on_network
from pluto.storage.migrations import VERSION, migrate, version_of

RUN_DB: Final = "run.db"
APPLICATION_ID: Final = 0x506C7574  # "Plut"
FULL_ERRNOS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SQLITE_WORDS: Final = "database or disk is full"
_IO_WORDS: Final = "disk I/O error"
_TRIED_BYTES: Final = 256 << 10  # a new run.db takes about half of it
LOG_BYTES_KEPT: Final = 4 << 20  # of a write-ahead log that a large transaction made grow


def is_run_directory(directory: Path) -> bool:
    """Tell whether `directory` looks like a run; `connect` says whether it really is one."""
    return (directory / RUN_DB).is_file()


def connect(directory: Path, *, network: bool | None = None) -> sqlite3.Connection:
    """Open the `run.db` of a run directory to write it; what is missing is created.

    Args:
        directory: of the run.
        network: whether it is on a network file system, where no write-ahead log is possible,
            because it needs shared memory. By default that is found out, and a file without
            such a log keeps being so.

    Raises:
        StorageError: it is foreign, damaged, or from a newer version of Pluto.
    """
    with opening(directory / RUN_DB) as path:
        return _create(path, network)


@contextmanager
def opening(path: Path) -> Iterator[Path]:
    """Say as a StorageError what goes wrong while a run store is opened."""
    try:
        yield path
    except (sqlite3.Error, OSError) as error:
        advice = "if it is no run of Pluto, or damaged, move it out of the directory"
        reason = reason_of(error, path.parent)
        raise storage_error(f"cannot open the run store {path}", reason, advice) from error


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


def reason_of(error: Exception, directory: Path) -> Exception:
    """Return why the engine could not write, where it says no more than that it could not.

    It knows a full disk, and calls a used-up quota or a limit of the size of files an I/O error:
    so a file is written to the directory, and the system says what it says.
    """
    if isinstance(error, sqlite3.OperationalError) and _IO_WORDS in str(error):
        try:
            with tempfile.TemporaryFile(dir=directory) as file:
                file.write(bytes(_TRIED_BYTES))
                file.flush()
                os.fsync(file.fileno())
        except OSError as reason:
            if is_full(reason):
                return reason
    return error


def is_full(error: BaseException) -> bool:
    """Tell a full disk, or a used-up quota, from other failures."""
    if isinstance(error, OSError):
        return error.errno in FULL_ERRNOS
    return isinstance(error, sqlite3.Error) and _SQLITE_WORDS in str(error)


def _create(path: Path, network: bool | None) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closed_on_error(open_database(str(path), uri=False)) as connection:
        has_log = True
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            check(connection, path)  # before anything in a foreign file is changed
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


def open_database(name: str, *, uri: bool) -> sqlite3.Connection:
    """Open a file, which is not looked into before the first query."""
    return sqlite3.connect(name, timeout=5, isolation_level=None, check_same_thread=False, uri=uri)


@contextmanager
def closed_on_error(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Close a connection if what is done with it first fails."""
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Make sure that a file is a run that this version can read.

    Raises:
        StorageError: it is not.
    """
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
