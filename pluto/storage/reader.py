"""Reading a run, also while another process writes it."""

from __future__ import annotations

import math
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from pluto.errors import StorageError
from pluto.storage import codec, summary
from pluto.storage.buckets import Buckets, bucket
from pluto.storage.rows import Floats, Ints, Kind
from pluto.storage.schema import connect
from pluto.storage.writer import FACTS, facts_of


@dataclass(frozen=True, slots=True)
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


class Points(NamedTuple):
    """Points of one series: steps (n,), times (n,) in ms, values (n,)."""

    steps: Ints
    times: Ints
    values: Floats


class StoredRecord(NamedTuple):
    """A record with its id, by which a reader can go on where it stopped."""

    id: int
    time: int
    step: int
    name: str
    type: str
    body: bytes


_NAME_COLUMNS = "id, name, type, " + ", ".join(summary.COLUMNS)
_RANGES = {
    "step": "tail.max_step >= ? AND tail.min_step <= ?",
    "time": "tail.max_time >= ? AND tail.min_time <= ?",
}
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


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
        self._lock = threading.Lock()  # guards the connection
        self._connection = connect(directory, writable=False)

    def close(self) -> None:
        """Close the file; idempotent."""
        with self._lock:
            self._connection.close()

    def version(self) -> int:
        """Return a number that grows with everything that is written."""
        return int(self._rows("SELECT number FROM version")[0][0])

    def facts(self) -> dict[str, Any]:
        """Return the facts of the run: project, name, config, tags, status and so on."""
        return facts_of(self._rows(FACTS))

    def names(self, prefix: str = "", limit: int | None = None) -> list[NameInfo]:
        """Return the log names that begin with `prefix`, in the order of their first use."""
        rows = self._rows(
            f"SELECT {_NAME_COLUMNS} FROM name WHERE substr(name, 1, ?) = ? ORDER BY id LIMIT ?",  # noqa: S608
            (len(prefix), prefix, -1 if limit is None else limit),
        )
        return [self._info(row) for row in rows]

    def name(self, name: str) -> NameInfo | None:
        """Return one log name, or None."""
        rows = self._rows(f"SELECT {_NAME_COLUMNS} FROM name WHERE name=?", (name,))  # noqa: S608
        return self._info(rows[0]) if rows else None

    def points(
        self, name: str, lo: int | None = None, hi: int | None = None, *, raw: bool = False
    ) -> Points:
        """Return the points of a metric with `lo` ≤ step ≤ `hi`.

        With `raw` every row that was written, in the order of writing; else one a step, the one
        with the greatest time (of equal times the last written), sorted by step.
        """
        points = self._within(name, "step", lo, hi)
        return points if raw else _one_a_step(points)

    def buckets(
        self,
        name: str,
        lo: int | None,
        hi: int | None,
        count: int,
        x: Literal["step", "time"] = "step",
    ) -> Buckets:
        """Return the range of a metric in at most `count` buckets; extremes survive.

        Args:
            name: the metric.
            lo: lowest x, inclusive; None = from the start. A step, or ms since the epoch.
            hi: highest x, inclusive; None = to the end.
            count: 1 or more.
            x: what the buckets divide.
        """
        points = _one_a_step(self._within(name, x, lo, hi))
        if x == "step":
            return bucket(points.steps, points.values, count)
        order = np.argsort(points.times, kind="stable")
        return bucket(points.times[order], points.values[order], count)

    def records(
        self,
        kind: Kind,
        name: str | None = None,
        *,
        type: str | None = None,  # noqa: A002
        step: int | None = None,
        after: int = 0,
        limit: int = 1000,
        offset: int = 0,
    ) -> list[StoredRecord]:
        """Return records of a kind with id > `after`, in the order of writing."""
        where, arguments = _record_filter(kind, name, type, step)
        rows = self._rows(
            "SELECT id, time, step, name, type, body FROM record"  # noqa: S608
            f" WHERE {where} AND id > ? ORDER BY id LIMIT ? OFFSET ?",
            (*arguments, after, limit, offset),
        )
        return [StoredRecord(*row) for row in rows]

    def count(
        self,
        kind: Kind,
        name: str | None = None,
        *,
        type: str | None = None,  # noqa: A002
        step: int | None = None,
    ) -> int:
        """Return the number of records of a kind."""
        where, arguments = _record_filter(kind, name, type, step)
        sql = f"SELECT count(*) FROM record WHERE {where}"  # noqa: S608
        return int(self._rows(sql, arguments)[0][0])

    def _rows(self, sql: str, arguments: tuple[object, ...] = ()) -> list[Any]:
        with self._lock:
            try:
                return self._connection.execute(sql, arguments).fetchall()
            except sqlite3.Error as error:
                raise StorageError(f"cannot read the run in {self.directory}: {error}") from error

    def _within(
        self, name: str, x: Literal["step", "time"], lo: int | None, hi: int | None
    ) -> Points:
        low = _LOWEST if lo is None else lo
        high = _HIGHEST if hi is None else hi
        blocks = self._rows(
            "SELECT shape_name.place, tail.block FROM name"  # noqa: S608
            " JOIN shape_name ON shape_name.name = name.id"
            " JOIN tail ON tail.shape = shape_name.shape"
            f" WHERE name.name = ? AND {_RANGES[x]} ORDER BY tail.id",
            (name, low, high),
        )
        parts = [codec.unpack(block, [place]) for place, block in blocks]
        if not parts:
            return Points(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        steps, times, values = (np.concatenate(column) for column in zip(*parts, strict=True))
        axis = steps if x == "step" else times
        inside = (axis >= low) & (axis <= high)
        points = Points(steps, times, values[:, 0])
        if inside.all():
            return points
        return Points(steps[inside], times[inside], values[inside, 0])

    def _info(self, row: Any) -> NameInfo:
        key, name, log_type, *columns = row
        known = summary.Summary(*columns)
        if known.dirty and log_type == "METRIC":
            known = summary.of_points(*self.points(name))
        last = known.last
        if last is None and known.count and log_type == "METRIC":
            last = math.nan
        return NameInfo(
            key,
            name,
            log_type,
            known.count,
            known.finite,
            known.first_step,
            known.last_step,
            known.last_time,
            last,
            known.min,
            known.max,
            known.mean if known.finite else None,
            math.sqrt(max(0.0, known.m2 / known.finite)) if known.finite else None,
            known.min_step,
            known.max_step,
        )


def _one_a_step(points: Points) -> Points:
    steps = points.steps
    if len(steps) < 2 or (np.diff(steps) > 0).all():
        return points
    order = np.lexsort((np.arange(len(steps)), points.times, steps))
    ordered = steps[order]
    last_of_step = np.append(np.diff(ordered) != 0, [True])
    chosen = order[last_of_step]
    return Points(steps[chosen], points.times[chosen], points.values[chosen])


def _record_filter(
    kind: Kind, name: str | None, log_type: str | None, step: int | None
) -> tuple[str, tuple[object, ...]]:
    where, values = ["kind = ?"], list[object]([int(kind)])
    for column, value in (("name", name), ("type", log_type), ("step", step)):
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    return " AND ".join(where), tuple(values)
