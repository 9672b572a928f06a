"""A run in memory: what every engine has to answer, in the plainest words."""

from __future__ import annotations

import copy
import math
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Literal, NamedTuple

import numpy as np

from pluto.storage import (
    Batch,
    Buckets,
    Kind,
    MetricGroup,
    NameInfo,
    Points,
    Rewind,
    StoredRecord,
)


class Point(NamedTuple):
    step: int
    time: int
    value: float


@dataclass
class Run:
    """Everything that one run holds."""

    version: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    user: dict[str, list[Point]] = field(default_factory=dict)
    system: dict[str, list[Point]] = field(default_factory=dict)
    records: list[tuple[Kind, StoredRecord]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    received: dict[tuple[str, str], int] = field(default_factory=dict)
    rewinds: list[Rewind] = field(default_factory=list)


def counts(run: Run, point: Point | StoredRecord, name: str | None) -> bool:
    """Tell whether no rewind hides a point of a metric, or a record (without name)."""
    return not any(
        point.step > each.step
        and point.time < each.time
        and not (name is not None and each.spared and name.startswith(each.spared))
        for each in run.rewinds
    )


class MemoryRun:
    """Reader and writer of a run at once."""

    def __init__(self, run: Run, lock: threading.RLock) -> None:
        self._run = run
        self._lock = lock

    def version(self) -> int:
        return self._run.version

    def facts(self, *names: str) -> dict[str, Any]:
        with self._lock:
            facts = self._run.facts
            known = {name: facts[name] for name in names or facts if name in facts}
            return copy.deepcopy(known)

    def names(self, prefix: str = "", limit: int | None = None) -> list[NameInfo]:
        with self._lock:
            infos = [self._info(name) for name in self._run.types if name.startswith(prefix)]
        return infos[:limit]

    def name(self, name: str) -> NameInfo | None:
        with self._lock:
            return self._info(name) if name in self._run.types else None

    def points(
        self, name: str, lo: int | None = None, hi: int | None = None, *, raw: bool = False
    ) -> Points:
        with self._lock:
            found = [
                point
                for point in (self._run.user.get(name, []) + self._run.system.get(name, []))
                if (lo is None or point.step >= lo)
                and (hi is None or point.step <= hi)
                and counts(self._run, point, name)
            ]
        return columns(found if raw else one_a_step(found))

    def buckets(
        self,
        name: str,
        lo: int | None,
        hi: int | None,
        count: int,
        x: Literal["step", "time"] = "step",
    ) -> Buckets:
        with self._lock:
            all_points = self.points(name, raw=True)
        points = [Point(*row) for row in zip(*(each.tolist() for each in all_points), strict=True)]
        by: Callable[[Point], int] = attrgetter(x)
        inside = [
            point
            for point in points
            if (lo is None or by(point) >= lo) and (hi is None or by(point) <= hi)
        ]
        return bucketed(sorted(one_a_step(inside), key=by), by, count)

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
        known = self._run.types
        return [self.buckets(n, lo, hi, count, x) if n in known else None for n in names]

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
        found = [
            record
            for record in self._matching(kind, name, type, step)
            if record.id > after and (before is None or record.id < before)
        ]
        if newest_first:
            found.reverse()
        return found[offset:][: None if limit < 0 else limit]

    def count(
        self,
        kind: Kind,
        name: str | None = None,
        *,
        type: str | None = None,  # noqa: A002
        step: int | None = None,
    ) -> int:
        return len(self._matching(kind, name, type, step))

    def unsent(self) -> int:
        return 0

    def append(self, batch: Batch) -> None:
        with self._lock:
            run = copy.deepcopy(self._run)  # nothing of a batch that fails remains
            if batch.received:
                *stream, next_row = batch.received
                if run.received.get(tuple(stream), 0) >= next_row:  # type: ignore[arg-type]
                    return
                run.received[tuple(stream)] = next_row  # type: ignore[index]
            for groups, points in ((batch.groups, run.user), (batch.system, run.system)):
                for group in groups:
                    add_group(run, group, points)
            for name, log_type in batch.names.items():
                run.types.setdefault(name, log_type)
            for record in batch.records:
                add_record(run, record)
            run.facts.update(copy.deepcopy(batch.facts))
            run.version += 1
            self._run.__dict__.update(run.__dict__)

    def received(self, writer: str, stream: str) -> int:
        return self._run.received.get((writer, stream), 0)

    def count_names(self, more: Iterable[str] = ()) -> int:
        return len({*self._run.types, *more})

    def rewind(self, rewind: Rewind) -> None:
        with self._lock:
            if rewind not in self._run.rewinds:
                self._run.rewinds.append(rewind)
                self._run.facts["rewinds"] = [each._asdict() for each in self._run.rewinds]
                self._run.version += 1

    def _matching(
        self, kind: Kind, name: str | None, log_type: str | None, step: int | None
    ) -> list[StoredRecord]:
        with self._lock:
            return [
                record
                for of_kind, record in self._run.records
                if of_kind == kind
                and name in (None, record.name)
                and log_type in (None, record.type)
                and step in (None, record.step)
                and (kind not in (Kind.DATA, Kind.FILE) or counts(self._run, record, None))
            ]

    def _info(self, name: str) -> NameInfo:
        log_type = self._run.types[name]
        number = 1 + list(self._run.types).index(name)
        if log_type == "METRIC":
            rows = zip(*(each.tolist() for each in self.points(name)), strict=True)
            points = [Point(*row) for row in rows]
        else:
            points = [
                Point(record.step, record.time, math.nan)
                for kind in (Kind.DATA, Kind.FILE)
                for record in self._matching(kind, name, None, None)
            ]
        return summary(number, name, log_type, points)


def add_group(run: Run, group: MetricGroup, points: dict[str, list[Point]]) -> None:
    for place, name in enumerate(group.names):
        run.types.setdefault(name, "METRIC")
        rows = (group.steps.tolist(), group.times.tolist(), group.values[:, place].tolist())
        points.setdefault(name, []).extend(map(Point, *rows))


def add_record(run: Run, record: Any) -> None:
    if record.key and record.key in run.keys:
        return
    run.keys.add(record.key)
    run.records.append((record.kind, StoredRecord(len(run.records) + 1, *record[1:6])))


def columns(points: list[Point]) -> Points:
    return Points(
        np.array([point.step for point in points], np.int64),
        np.array([point.time for point in points], np.int64),
        np.array([point.value for point in points], np.float64),
    )


def one_a_step(points: list[Point]) -> list[Point]:
    best: dict[int, Point] = {}
    for point in points:
        if point.step not in best or point.time >= best[point.step].time:
            best[point.step] = point
    return [best[step] for step in sorted(best)]


def bucketed(points: list[Point], by: Callable[[Point], int], count: int) -> Buckets:
    """Put points into buckets of equal width, or each into its own if there are few."""
    if len(points) > count:
        first, last = by(points[0]), by(points[-1])
        edges = [first + number * (last - first + 1) / count for number in range(count)]
        chosen: dict[int, list[Point]] = {}
        for point in points:
            chosen.setdefault(bisect_right(edges, by(point)), []).append(point)
        groups = list(chosen.values())
    else:
        groups = [[point] for point in points]
    finite = [[p.value for p in group if math.isfinite(p.value)] for group in groups]
    return Buckets(
        x=np.array([by(group[0]) for group in groups], np.int64),
        min=np.array([min(values, default=math.nan) for values in finite]),
        max=np.array([max(values, default=math.nan) for values in finite]),
        mean=np.array([sum(v) / len(v) if v else math.nan for v in finite]),
        count=np.array([len(group) for group in groups], np.int64),
        flags=np.array([flags(group) for group in groups], np.uint8),
    )


def flags(points: list[Point]) -> int:
    values = [point.value for point in points]
    has_nan = any(map(math.isnan, values))
    return has_nan + 2 * (math.inf in values) + 4 * (-math.inf in values)


def summary(number: int, name: str, log_type: str, points: list[Point]) -> NameInfo:
    """Summarise points, one a step, in the order of steps; of records only steps and times."""
    newest = max(points, key=lambda point: point.step, default=None)
    finite = [point for point in points if math.isfinite(point.value)]
    values = [point.value for point in finite]
    low = min(finite, key=lambda point: point.value, default=None)
    high = max(finite, key=lambda point: point.value, default=None)
    is_metric = log_type == "METRIC"
    return NameInfo(
        id=number,
        name=name,
        type=log_type,
        count=len(points),
        finite=len(finite),
        first_step=min((point.step for point in points), default=None),
        last_step=newest and newest.step,
        last_time=newest and newest.time,
        last=newest.value if newest and is_metric else None,
        min=low and low.value,
        max=high and high.value,
        mean=sum(values) / len(values) if values else None,
        std=float(np.std(values)) if values else None,
        min_step=low and low.step,
        max_step=high and high.step,
    )
