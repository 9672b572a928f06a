"""Running summary of a series: count, last, extremes, mean and deviation in one pass."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

import numpy as np

from pluto.storage.rows import Floats, Ints, MetricGroup


@dataclass(slots=True)
class Summary:
    """What is known of a series without reading its points.

    Steps of finite and non-finite points count in `first_step` and `last_step`; everything about
    values is over the finite ones. `m2` is the sum of squared differences from the mean (Welford
    1962; merged as in Chan, Golub, LeVeque 1979). `dirty` tells that a step may have been
    written more than once, so that count, mean and deviation must be taken from the points.
    """

    count: int = 0
    finite: int = 0
    first_step: int | None = None
    last_step: int | None = None
    last_time: int | None = None
    last: float | None = None
    min: float | None = None
    max: float | None = None
    min_step: int | None = None
    max_step: int | None = None
    mean: float = 0.0
    m2: float = 0.0
    dirty: int = 0

    def merge(self, later: Summary) -> None:
        """Take in rows that were written after those summarised here."""
        if self.last_step is not None and later.first_step is not None:
            self.dirty |= later.dirty | int(later.first_step <= self.last_step)
        else:
            self.dirty |= later.dirty
        self._merge_values(later)
        self.count += later.count
        self.first_step = _least(self.first_step, later.first_step)
        if self.last_step is None or (later.last_step or 0) >= self.last_step:
            self.last_step, self.last_time = later.last_step, later.last_time
            self.last = later.last

    def _merge_values(self, later: Summary) -> None:
        if not later.finite:
            return
        if self.min is None or (later.min is not None and later.min < self.min):
            self.min, self.min_step = later.min, later.min_step
        if self.max is None or (later.max is not None and later.max > self.max):
            self.max, self.max_step = later.max, later.max_step
        total = self.finite + later.finite
        difference = later.mean - self.mean
        self.mean += difference * later.finite / total
        self.m2 += later.m2 + difference * difference * self.finite * later.finite / total
        self.finite = total


COLUMNS = tuple(field.name for field in fields(Summary))
columns_of = attrgetter(*COLUMNS)
_UPDATE = f"UPDATE name SET {', '.join(f'{column}=?' for column in COLUMNS)} WHERE id=?"  # noqa: S608
_SELECT = f"SELECT name, id, {', '.join(COLUMNS)} FROM name"  # noqa: S608


def load(connection: sqlite3.Connection) -> dict[str, tuple[int, Summary]]:
    """Return name -> (id, summary) of everything that the run has logged."""
    return {row[0]: (row[1], Summary(*row[2:])) for row in connection.execute(_SELECT)}


def save(connection: sqlite3.Connection, changed: list[tuple[int, Summary]]) -> None:
    """Write summaries back."""
    connection.executemany(_UPDATE, [(*_row(summary), key) for key, summary in changed])


def _row(summary: Summary) -> tuple[object, ...]:
    # Squares of values near the largest float overflow, and SQLite takes NaN for NULL.
    for column in ("mean", "m2"):
        if math.isnan(getattr(summary, column)):
            setattr(summary, column, math.inf)
    columns: tuple[object, ...] = columns_of(summary)
    return columns


def summarise(group: MetricGroup) -> Iterator[Summary]:
    """Yield the summary of each column of `group`."""
    order = group.steps
    increasing = bool((np.diff(order) > 0).all())
    newest = len(order) - 1 if increasing else _newest(order, group.times)
    shared = (
        int(order[0] if increasing else order.min()),
        int(order[newest]),
        int(group.times[newest]),
        int(not increasing),
    )
    with np.errstate(over="ignore", invalid="ignore"):
        yield from _columns(group, newest, shared)


def _columns(
    group: MetricGroup, newest: int, shared: tuple[int, int, int, int]
) -> Iterator[Summary]:
    first_step, last_step, last_time, dirty = shared
    last = group.values[newest].tolist()
    is_finite = np.isfinite(group.values)
    if not is_finite.all():
        for column, value in enumerate(last):
            yield _one(group, column, is_finite[:, column], shared, value)
        return
    values = group.values
    mean = values.mean(axis=0)
    rows = zip(
        last,
        values.min(axis=0).tolist(),
        values.max(axis=0).tolist(),
        group.steps[values.argmin(axis=0)].tolist(),
        group.steps[values.argmax(axis=0)].tolist(),
        mean.tolist(),
        ((values - mean) ** 2).sum(axis=0).tolist(),
        strict=True,
    )
    when = (first_step, last_step, last_time)
    for row in rows:
        columns: tuple[Any, ...] = (len(values), len(values), *when, *row, dirty)
        yield Summary(*columns)


def _one(
    group: MetricGroup,
    column: int,
    is_finite: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    shared: tuple[int, int, int, int],
    last: float,
) -> Summary:
    first_step, last_step, last_time, dirty = shared
    summary = Summary(
        len(group.steps), 0, first_step, last_step, last_time, sql_float(last), dirty=dirty
    )
    values, steps = group.values[is_finite, column], group.steps[is_finite]
    if len(values):
        summary.finite = len(values)
        summary.min, summary.max = float(values.min()), float(values.max())
        summary.min_step = int(steps[values.argmin()])
        summary.max_step = int(steps[values.argmax()])
        summary.mean = float(values.mean())
        summary.m2 = float(((values - summary.mean) ** 2).sum())
    return summary


def of_points(steps: Ints, times: Ints, values: Floats) -> Summary:
    """Return the exact summary of points that hold each step once, sorted."""
    summary = Summary()
    if len(steps):
        summary.merge(next(summarise(MetricGroup(("",), steps, times, values[:, None]))))
    return summary


def _newest(steps: Ints, times: Ints) -> int:
    return int(np.lexsort((np.arange(len(steps)), times, steps))[-1])


def _least(one: int | None, other: int | None) -> int | None:
    known = [step for step in (one, other) if step is not None]
    return min(known) if known else None


def sql_float(value: float) -> float | None:
    """Return a value as SQLite can keep it: it takes NaN for NULL."""
    return None if math.isnan(value) else value
