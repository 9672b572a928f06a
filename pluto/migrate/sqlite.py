"""Reads the SQLite databases of other trackers, without ever changing them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pluto.migrate.run import SourceError


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for reading; rows are mappings.

    Raises:
        SourceError: it cannot be read, or a table is not as it should be.
    """
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            connection.row_factory = sqlite3.Row
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise SourceError(f"cannot read {path}: {error}") from error


def tables(path: Path) -> set[str]:
    """Return the names of the tables; none if it is no database."""
    try:
        with reading(path) as connection:
            rows: list[Any] = connection.execute("SELECT name FROM sqlite_master").fetchall()
    except SourceError:
        return set()
    return {str(row["name"]) for row in rows}
