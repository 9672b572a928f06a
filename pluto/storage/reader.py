"""Reading a run, also while another process writes it."""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from pluto.storage import summary
from pluto.storage.buckets import Buckets, bucket
from pluto.storage.codec import DamagedBlock
from pluto.storage.outbox import least_unsent
from pluto.storage.read_connection import ReadConnection
from pluto.storage.rewind import read_rewinds, visible
from pluto.storage.rows import Kind
from pluto.storage.schema import unreadable
from pluto.storage.series import NO_POINTS, Points, one_a_step, read_points
from pluto.storage.sizes import SIZES, Sizes, needs_compaction
from pluto.storage.snapshot import HIGHEST, LOWEST, Snapshot, Window
from pluto.storage.thinning import exact_summary, read_buckets
from pluto.storage.writer import FACTS, facts_of

Result = TypeVar("Result")


@dataclass(slots=True)  # not frozen: lists of 10,000 of them are made in half the time
class NameInfo:
    """A log name and the summary of its series.

    `min_step` and `max_step` are the steps at which the extremes were reached; `last` is the
    value at the greatest step (NaN if that one is). Values are None where nothing finite is.
    """

    id: int
    name: str
    type: str
    count: int
    finite: int
    first_step: int | None
    last_step: int | None
    last_time: int | None
    last: float | None
    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    min_step: int | None
    max_step: int | None


class StoredRecord(NamedTuple):
    """A record with its id, by which a reader can go on where it stopped."""

    id: int
    time: int
    step: int
    name: str
    type: str
    body: bytes


_SELECT = f"SELECT id, name, type, {', '.join(summary.COLUMNS)} FROM name"  # noqa: S608
_NAMES = f"{_SELECT} WHERE substr(name, 1, ?) = ? ORDER BY id LIMIT ?"
_KEY = "SELECT id FROM name WHERE name=?"
_NAME = f"{_SELECT} WHERE name=?"
# The records of a kind are numbered in the order of their ids; `+` keeps the index on kind out.
_ROW_AT = (
    "coalesce((SELECT row FROM record WHERE +kind = ? AND id <= ? ORDER BY id DESC LIMIT 1), -1)"
)
_NO_BUCKETS = bucket(NO_POINTS.steps, NO_POINTS.values, 1)


class RunReader:
    """Reads a run directory; safe to call from several threads.

    Raises:
        StorageError: the directory holds no run, or one that cannot be read.

    Example:
        >>> reader = RunReader(Path("run"))
        >>> reader.points("train/loss").values
        array([2.31, 1.98])
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = threading.Lock()  # guards the connection and what is known of names
        self._exact: dict[int, tuple[list[Any], list[Any]]] = {}
        self._connection = ReadConnection(directory, self._exact.clear)

    def close(self) -> None:
        """Close the file; idempotent."""
        with self._lock:
            self._connection.close()

    def version(self) -> int:
        """Return a number that grows with everything that is written."""
        return int(self._rows("SELECT number FROM version")[0][0])

    def facts(self, *names: str) -> dict[str, Any]:
        """Return facts of the run (project, name, config, tags, status and so on): all, or these.

        Some facts are large, such as the description of the machine and the graph of a model.
        """
        where = f" WHERE key IN ({','.join('?' * len(names))})" if names else ""
        return self._read(lambda connection: facts_of(connection.execute(FACTS + where, names)))

    def names(self, prefix: str = "", limit: int | None = None) -> list[NameInfo]:
        """Return the log names that begin with `prefix`, in the order of their first use."""
        where = (len(prefix), prefix, -1 if limit is None else limit)
        return self._read(lambda it: [self._info(it, row) for row in it.execute(_NAMES, where)])

    def name(self, name: str) -> NameInfo | None:
        """Return one log name, or None."""
        return self._read(
            lambda it: next((self._info(it, row) for row in it.execute(_NAME, (name,))), None)
        )

    def points(
        self, name: str, lo: int | None = None, hi: int | None = None, *, raw: bool = False
    ) -> Points:
        """Return the points of a metric with `lo` ≤ step ≤ `hi`.

        With `raw` every row that was written, in the order of writing; else one a step, the one
        with the greatest time (of equal times the last written), sorted by step.
        """
        window = Window(lo_step=LOWEST if lo is None else lo, hi_step=HIGHEST if hi is None else hi)
        (found,) = self._series([name], lambda snapshot, key: read_points(snapshot, key, window))
        points = found or NO_POINTS
        return points if raw else one_a_step(points)

    def buckets(
        self,
        name: str,
        lo: int | None,
        hi: int | None,
        count: int,
        x: Literal["step", "time"] = "step",
    ) -> Buckets:
        """Return the range of a metric in at most `count` buckets; see `buckets_of`.

        A metric that the run has not logged has none.
        """
        (found,) = self.buckets_of([name], lo, hi, count, x)
        return found or _NO_BUCKETS

    def buckets_of(
        self,
        names: Sequence[str],
        lo: int | None,
        hi: int | None,
        count: int,
        x: Literal["step", "time"] = "step",
        *,
        exact: bool = True,
    ) -> list[Buckets | None]:
        """Return the range of metrics in at most `count` buckets each; extremes survive.

        All are of one state of the run. None for a name that the run has not logged.

        Args:
            names: the metrics; those that were logged together are quick to read together.
            lo: lowest x, inclusive; None = from the start. A step, or ms since the epoch.
            hi: highest x, inclusive; None = to the end.
            count: 1 or more.
            x: what the buckets divide.
            exact: False for a picture, which is quicker: the first and the last bucket may hold
                points beside the range, not more than a bucket in its middle does.
        """
        low, high = LOWEST if lo is None else lo, HIGHEST if hi is None else hi
        window = Window(low, high) if x == "step" else Window(lo_time=low, hi_time=high)
        return self._series(
            names, lambda snapshot, key: read_buckets(snapshot, key, window, count, x, exact=exact)
        )

    def records(
        self,
        kind: Kind,
        name: str | None = None,
        *,
        type: str | None = None,  # noqa: A002
        step: int | None = None,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        offset: int = 0,
        newest_first: bool = False,
    ) -> list[StoredRecord]:
        """Return records of a kind with `after` < id < `before`, in the order of writing.

        Values and files that a rewind hides are left out.

        With `newest_first` the other way round, so that a limit leaves the newest ones.
        """
        order = "DESC" if newest_first else "ASC"
        end = HIGHEST if before is None else before

        def select(connection: sqlite3.Connection) -> list[StoredRecord]:
            where, arguments = _record_filter(connection, kind, (name, type, step))
            rows = connection.execute(
                "SELECT id, time, step, name, type, body FROM record"  # noqa: S608
                f" WHERE {where} AND row > {_ROW_AT} AND row <= {_ROW_AT}"
                f" ORDER BY row {order} LIMIT ? OFFSET ?",
                (*arguments, int(kind), after, int(kind), end - 1, limit, offset),
            )
            return [StoredRecord(*row) for row in rows]

        return self._read(select)

    def count(
        self,
        kind: Kind,
        name: str | None = None,
        *,
        type: str | None = None,  # noqa: A002
        step: int | None = None,
    ) -> int:
        """Return the number of records of a kind."""

        def select(connection: sqlite3.Connection) -> int:
            where, arguments = _record_filter(connection, kind, (name, type, step))
            # The records of a kind are numbered without gaps: to count all of them takes no scan.
            counted = "coalesce(max(row) + 1, 0)" if len(arguments) == 1 else "count(*)"
            sql = f"SELECT {counted} FROM record WHERE {where}"  # noqa: S608
            return int(connection.execute(sql, arguments).fetchone()[0])

        return self._read(select)

    def unsent(self) -> int:
        """Return how many rows the server lacks that has most of this run; 0 where none has any."""
        return self._read(least_unsent)

    def needs_compaction(self, sizes: Sizes = SIZES) -> bool:
        """Tell whether there is something to compact in this run, if it has ended."""
        return self._read(lambda connection: needs_compaction(connection, sizes))

    def _series(
        self, names: Sequence[str], read: Callable[[Snapshot, int], Result]
    ) -> list[Result | None]:
        """Read from the series of names in one transaction; None where there is no such name."""

        def with_keys(connection: sqlite3.Connection) -> list[Result | None]:
            snapshot = Snapshot(connection)
            rows = [connection.execute(_KEY, (name,)).fetchone() for name in names]
            return [read(snapshot, int(row[0])) if row else None for row in rows]

        return self._read(with_keys)

    def _rows(self, sql: str, arguments: tuple[object, ...] = ()) -> list[Any]:
        return self._read(lambda connection: connection.execute(sql, arguments).fetchall())

    def _read(self, read: Callable[[sqlite3.Connection], Result]) -> Result:
        with self._lock:
            try:
                return self._connection.read(read)
            except (sqlite3.Error, DamagedBlock, json.JSONDecodeError) as error:
                raise unreadable(self.directory, error) from error

    def _info(self, connection: sqlite3.Connection, row: tuple[Any, ...]) -> NameInfo:
        key, name, log_type, *columns, dirty = row
        if dirty and log_type == "METRIC":
            columns = self._exact_columns(connection, key, columns)
        count, finite, first, last, time, value, low, high, at_low, at_high, mean, m2 = columns
        if value is None and count and log_type == "METRIC":
            value = math.nan
        deviation = math.sqrt(max(0.0, m2 / finite)) if finite else None
        mean = mean if finite else None
        rest = (value, low, high, mean, deviation, at_low, at_high)
        return NameInfo(key, name, log_type, count, finite, first, last, time, *rest)

    def _exact_columns(
        self, connection: sqlite3.Connection, key: int, columns: list[Any]
    ) -> list[Any]:
        """Return the summary of a metric of which steps were written twice, from its points."""
        known = self._exact.get(key)
        if known is None or known[0] != columns:
            exact = summary.columns_of(exact_summary(Snapshot(connection), key))
            known = self._exact[key] = (columns, list(exact[:-1]))
        return known[1]


def _record_filter(
    connection: sqlite3.Connection, kind: Kind, wanted: tuple[str | None, str | None, int | None]
) -> tuple[str, tuple[object, ...]]:
    """Return a condition with its arguments; `wanted` is name, type and step, None for any."""
    where, values = ["kind = ?"], list[object]([int(kind)])
    for column, value in zip(("name", "type", "step"), wanted, strict=True):
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    rewinds = read_rewinds(connection) if kind in (Kind.DATA, Kind.FILE) else []
    if rewinds:
        condition, arguments = visible(rewinds)
        where.append(condition)
        values += arguments
    return " AND ".join(where), tuple(values)
