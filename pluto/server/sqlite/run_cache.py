"""What was read of each run, kept on disk so that a server that starts again need not read it.

The file is a cache: it may be deleted at any time, and whatever is wrong with it only costs time.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

logger = logging.getLogger("pluto")

LAYOUT: Final = 4
"""Of the file and of what is in it; another number empties the file."""
Result = TypeVar("Result")
_SELECT: Final = "SELECT place, stamp, body FROM run WHERE place=?"
_TABLE: Final = "CREATE TABLE run (place TEXT PRIMARY KEY, stamp TEXT NOT NULL, body BLOB NOT NULL)"


class CachedRun(NamedTuple):
    """What is kept of one run: `stamp` tells of which state of its files."""

    place: str
    stamp: str
    body: bytes


class RunCache:
    """A file of bodies by run; None keeps nothing. Safe from any thread and in several processes.

    Example:
        >>> cache = RunCache(Path("cache.db"))
        >>> cache.save([CachedRun("runs/p/1", "1 2 3", b"...")])
        >>> cache.load(["runs/p/1"])
        [CachedRun(place='runs/p/1', stamp='1 2 3', body=b'...')]
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def load(self, places: Iterable[str]) -> list[CachedRun]:
        """Return what is kept of some runs."""

        def select(connection: sqlite3.Connection) -> list[CachedRun]:
            rows = (connection.execute(_SELECT, (place,)).fetchone() for place in places)
            return [CachedRun(*row) for row in rows if row]

        return self._with_file(select) or []

    def save(self, runs: Sequence[CachedRun]) -> None:
        """Keep bodies instead of older ones of their runs; forget those of runs that are gone."""

        def insert(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO run VALUES (?,?,?)", runs)
            known = connection.execute("SELECT place FROM run").fetchall()
            gone = [row for row in known if not Path(row[0]).is_dir()]
            connection.executemany("DELETE FROM run WHERE place=?", gone)

        self._with_file(insert)

    def _with_file(self, work: Callable[[sqlite3.Connection], Result]) -> Result | None:
        """Do work in one transaction; what goes wrong with the file is noted and forgotten."""
        if self._path is None:
            return None
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=1)) as connection, connection:
                connection.execute("PRAGMA synchronous=OFF")
                if connection.execute("PRAGMA user_version").fetchone()[0] != LAYOUT:
                    connection.execute("DROP TABLE IF EXISTS run")
                    connection.execute(_TABLE)
                    connection.execute(f"PRAGMA user_version={LAYOUT}")
                return work(connection)
        except (sqlite3.Error, OSError) as error:
            logger.debug("%s keeps nothing: %s", self._path, error)
            return None
