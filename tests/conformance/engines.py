"""What the tests of storage engines write and read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pluto.server.backend import Backend, OwnRuns, RunReads
from pluto.server.rows import NewRun, RunRow
from pluto.storage import Batch, Buckets, Kind, MetricGroup, Points, Record


def own(engine: Backend) -> OwnRuns:
    assert engine.own is not None
    return engine.own


def new_run(engine: Backend, name: str = "baseline", external_id: str | None = None) -> RunRow:
    return own(engine).create(NewRun("mnist", name, external_id))[0]


def group(
    names: Sequence[str],
    steps: Sequence[int],
    values: Sequence[float] | np.ndarray,
    times: Sequence[int] | int = 0,
) -> MetricGroup:
    """Return rows in which every name has the same values."""
    column = np.asarray(values, np.float64)
    at = np.broadcast_to(np.asarray(times, np.int64), len(steps))
    table = np.repeat(column[:, None], len(names), axis=1)
    return MetricGroup(tuple(names), np.asarray(steps, np.int64), at.copy(), table)


def write(engine: Backend, row: RunRow, *batches: Batch) -> None:
    with engine.write(row) as writer:
        for batch in batches:
            writer.append(batch)


def log(engine: Backend, row: RunRow, *groups: MetricGroup) -> None:
    write(engine, row, *(Batch(groups=[each]) for each in groups))


def line(number: int, text: str = "", kind: str = "INFO") -> Record:
    return Record(Kind.CONSOLE, number, number, "", kind, (text or str(number)).encode())


def datum(step: int, name: str = "weights", key: str = "", time: int = 0) -> Record:
    return Record(Kind.DATA, time, step, name, "HISTOGRAM", b"{}", key)


def compact_whole(engine: Backend, row: RunRow) -> None:
    """Compact for as long as an engine finds something to do."""
    while engine.needs_compaction(row) and engine.compact(row):
        pass


def bits(points: Points) -> list[bytes]:
    return [column.tobytes() for column in points]


def assert_buckets_hold(reader: RunReads, name: str, buckets: Buckets, lo: int, hi: int) -> None:
    """Check buckets by step against the points of the same range, one bucket after the other."""
    points = reader.points(name, lo, hi)
    assert buckets.count.sum() == len(points.steps)
    assert (np.diff(buckets.x) > 0).all()
    places = np.searchsorted(points.steps, buckets.x)
    assert (points.steps[places] == buckets.x).all()
    for place, part in enumerate(np.split(points.values, places[1:]) if len(places) else []):
        finite = part[np.isfinite(part)]
        assert buckets.count[place] == len(part)
        low, high = (finite.min(), finite.max()) if len(finite) else (np.nan, np.nan)
        np.testing.assert_array_equal((buckets.min[place], buckets.max[place]), (low, high))
        mean = finite.mean() if len(finite) else np.nan
        np.testing.assert_allclose(buckets.mean[place], mean, rtol=1e-6, atol=1e-3)
        tests = (np.isnan(part), np.isposinf(part), np.isneginf(part))
        flags = sum(bit * bool(each.any()) for bit, each in zip((1, 2, 4), tests, strict=True))
        assert buckets.flags[place] == flags
