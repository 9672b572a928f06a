"""Copies a run while it is written: what the copy holds was committed, and is whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from pluto.errors import StorageError
from pluto.storage.read_connection import ReadConnection
from pluto.storage.reader import RunReader
from pluto.storage.schema import RUN_DB

_FILES = "files"
_TEMPORARY = "tmp-"


def copy_run(source: Path, target: Path) -> bool:
    """Bring `target` to the state of the run directory `source`, which may be written meanwhile.

    Rows come first, then the files that they name: each was there before its row. A file that the
    copy has already is not copied again. Journal segments that only their owner may absorb are
    not part of a copy.

    Returns:
        whether the rows had changed since the last copy.

    Raises:
        StorageError: the run cannot be read, or the copy cannot be written.

    Example:
        >>> copy_run(Path("server/runs/mnist/1"), Path("backup/runs/mnist/1"))
        True
    """
    try:
        target.mkdir(parents=True, exist_ok=True)
        changed = not _is_current(source, target)
        if changed:
            with closing(ReadConnection(source, locked=True)) as run:
                run.read(lambda connection: copy_database(connection, target / RUN_DB))
        _copy_files(source / _FILES, target / _FILES)
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"{source} cannot be copied to {target}: {error}") from error
    return changed


def copy_database(source: sqlite3.Connection, target: Path) -> None:
    """Write what a connection sees to the file `target`, which is replaced at once.

    One step takes one snapshot: writers go on beside it.
    """
    fresh = target.with_name(f"{target.name}.new")
    fresh.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh)) as copy:
        source.backup(copy)
    descriptor = os.open(fresh, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    for ending in ("-wal", "-shm"):  # of the copy that is replaced
        target.with_name(target.name + ending).unlink(missing_ok=True)
    fresh.replace(target)


def _is_current(source: Path, target: Path) -> bool:
    if not (target / RUN_DB).exists():
        return False
    with closing(RunReader(source)) as run, closing(RunReader(target)) as copy:
        return run.version() == copy.version()


def _copy_files(source: Path, target: Path) -> None:
    """Copy what is not there; a file is named by its content and never changes."""
    for path in source.glob("*/*"):
        copy = target / path.relative_to(source)
        if copy.exists() or path.name.startswith(_TEMPORARY):
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        fresh = copy.with_name(f"{_TEMPORARY}{copy.name}")
        shutil.copyfile(path, fresh)
        fresh.replace(copy)
