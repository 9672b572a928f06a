"""Buckets and exact statistics of a series, read from its rollup as far as that goes."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np

from pluto.storage import rollups, summary
from pluto.storage.buckets import Buckets, bucket, bucket_spans
from pluto.storage.rows import Floats, Ints
from pluto.storage.series import NO_POINTS, Points, one_a_step, read_points
from pluto.storage.snapshot import EVERYTHING, Snapshot, Window
from pluto.storage.spans import Spans, Values, chained_values, means
from pluto.storage.summary import Summary

Axis = Literal["step", "time"]

SPANS_A_BUCKET: Final = 1
"""With fewer spans a bucket, points are read: there would be fewer buckets than were asked for."""


class _Thinned(NamedTuple):
    """A window of a series: points, then spans, then points, in the order of steps."""

    before: Points
    spans: Spans
    after: Points


def read_buckets(
    snapshot: Snapshot, name: int, window: Window, count: int, x: Axis, *, exact: bool = True
) -> Buckets:
    """Return a window of a series in at most `count` buckets; extremes survive.

    Args:
        snapshot: of the run.
        name: id of the series.
        window: what is shown.
        count: 1 or more.
        x: what the buckets divide.
        exact: False where the first and the last bucket may hold points beside the window, not
            more than a bucket in its middle does.
    """
    enough = SPANS_A_BUCKET * count
    thinned = _read(snapshot, name, window, enough, times=x == "time", exact=exact)
    if thinned is not None:
        axis, values = _joined(thinned)
        if x == "step" or (np.diff(axis) >= 0).all():
            return bucket_spans(axis, values, count)
    points = one_a_step(read_points(snapshot, name, window))
    if x == "step":
        return bucket(points.steps, points.values, count)
    order = np.argsort(points.times, kind="stable")
    return bucket(points.times[order], points.values[order], count)


def exact_summary(snapshot: Snapshot, name: int) -> Summary:
    """Return the summary of a series in which steps may have been written more than once."""
    thinned = _read(snapshot, name, EVERYTHING, 1, times=False, exact=True)
    if thinned is None:
        return summary.of_points(*one_a_step(read_points(snapshot, name)))
    whole = _summary_of(snapshot, name, thinned.spans)
    if len(thinned.after.steps):
        whole.merge(summary.of_points(*thinned.after))
    return whole


def _read(
    snapshot: Snapshot, name: int, window: Window, enough: int, *, times: bool, exact: bool
) -> _Thinned | None:
    if not snapshot.has_parts:
        return None
    settled = snapshot.first_fresh_step(name) - 1
    wanted = rollups.Wanted(window, settled, enough, times, exact)
    covered = rollups.read_spans(snapshot.connection, name, wanted)
    if covered is None:
        return None
    before, after = NO_POINTS, NO_POINTS
    if not covered.from_start:
        first = int(covered.spans.first_step[0])
        before = read_points(snapshot, name, window._replace(hi_step=first - 1))
    if covered.to < window.hi_step:
        after = read_points(snapshot, name, window._replace(lo_step=covered.to + 1))
    return _Thinned(one_a_step(before), covered.spans, one_a_step(after))


def _joined(thinned: _Thinned) -> tuple[Ints, Values]:
    before, spans, after = thinned
    if spans.times is None:
        axes = (before.steps, spans.first_step, after.steps)
    else:
        axes = (before.times, spans.times.least, after.times)
    values = [Values.of(before.values), spans.values, Values.of(after.values)]
    present = [place for place, axis in enumerate(axes) if len(axis)]
    return (
        np.concatenate([axes[place] for place in present]),
        chained_values([values[place] for place in present]),
    )


def _summary_of(snapshot: Snapshot, name: int, spans: Spans) -> Summary:
    whole = spans.joined(len(spans.m2))
    last = int(whole.last_step[0])
    (newest,) = zip(*_points_of(snapshot, name, last, last), strict=True)
    found = Summary(
        count=int(whole.values.points[0]),
        finite=int(whole.values.finite[0]),
        first_step=int(whole.first_step[0]),
        last_step=last,
        last_time=int(newest[1]),
        last=summary.sql_float(float(newest[2])),
    )
    if found.finite:
        found.mean, found.m2 = float(means(whole.values)[0]), float(whole.m2[0])
        found.min, found.min_step = _extreme(snapshot, name, spans, spans.values.min, -1)
        found.max, found.max_step = _extreme(snapshot, name, spans, spans.values.max, 1)
    return found


def _extreme(
    snapshot: Snapshot, name: int, spans: Spans, of_spans: Floats, sign: int
) -> tuple[float, int]:
    """Return the least (sign -1) or greatest (1) value of spans, and the first step that has it."""
    place = int((sign * of_spans).argmax())
    steps, _, values = _points_of(
        snapshot, name, int(spans.first_step[place]), int(spans.last_step[place])
    )
    extreme = of_spans[place]
    return float(extreme), int(steps[np.flatnonzero(values == extreme)[0]])


def _points_of(snapshot: Snapshot, name: int, first: int, last: int) -> Points:
    return one_a_step(read_points(snapshot, name, Window(lo_step=first, hi_step=last)))
