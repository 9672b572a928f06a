"""The spans of each series on disk.

The rollup of a series covers its compacted points from the first on, without a gap, up to some
step: what lies behind that step is read point by point. A step that was written several times
counts once.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from pluto.storage.series import one_a_step, read_points
from pluto.storage.sizes import COARSE, SIZES, Sizes
from pluto.storage.snapshot import LOWEST, Snapshot, Window
from pluto.storage.spans import Spans, chained

_LAST = "SELECT last_step FROM rollup WHERE name=? ORDER BY first_step DESC LIMIT 1"
_EXTENTS = (
    # `typeof` looks at the head of the row; `IS NOT NULL` would read all of `fine` to get there.
    "SELECT first_step, last_step, spans, min_time, max_time, typeof(coarse) = 'blob' FROM rollup"
    " WHERE name=? ORDER BY first_step"
)
_SPANS = "FROM rollup WHERE name=? AND first_step BETWEEN ? AND ? ORDER BY first_step"
_INSERT = (
    "INSERT INTO rollup (name, spans, first_step, last_step, min_time, max_time, fine, coarse)"
    " VALUES (?,?,?,?,?,?,?,?)"
)


def covered_to(connection: sqlite3.Connection, name: int) -> int:
    """Return the last step that the rollup of a series covers, `LOWEST` if there is none."""
    row = connection.execute(_LAST, (name,)).fetchone()
    return int(row[0]) if row else LOWEST


class _Extent(NamedTuple):
    first_step: int
    last_step: int
    spans: int
    min_time: int
    max_time: int
    has_coarse: bool

    def meets(self, window: Window) -> bool:
        return self.first_step <= window.hi_step and self.last_step >= window.lo_step

    def meets_times(self, window: Window) -> bool:
        return self.min_time <= window.hi_time and self.max_time >= window.lo_time

    def spans_in(self, window: Window) -> float:
        """Return about how many spans lie in a window: as if they were equally long."""
        steps = _share(self.first_step, self.last_step, window.lo_step, window.hi_step)
        times = _share(self.min_time, self.max_time, window.lo_time, window.hi_time)
        return self.spans * steps * times


def _share(first: int, last: int, low: int, high: int) -> float:
    return max(0, min(last, high) - max(first, low) + 1) / (last - first + 1)


class Wanted(NamedTuple):
    """Which spans of a series to read.

    Attributes:
        window: where.
        settled: up to which step; none that goes beyond is taken.
        enough: how many; fewer are of no use.
        times: whether to read the times too; without them the window must not limit any.
        exact: True for the spans that lie wholly in the window, False for those that touch it.
    """

    window: Window
    settled: int
    enough: int
    times: bool
    exact: bool


class Covered(NamedTuple):
    """Spans of a series in a window, without a gap.

    Attributes:
        spans: one or more.
        from_start: whether none of the compacted points in the window comes before them.
        to: the step behind which the rest of the points in the window is.
    """

    spans: Spans
    from_start: bool
    to: int


def read_spans(connection: sqlite3.Connection, name: int, wanted: Wanted) -> Covered | None:
    """Return spans of a window if there are enough of them.

    Coarse ones are taken where there are twice enough even of them.
    """
    window = wanted.window
    whole = [_Extent(*row) for row in connection.execute(_EXTENTS, (name,))]
    found = [row for row in whole if row.meets(window)]
    chosen = found[_unbroken([row.meets_times(window) for row in found])]
    if sum(row.spans for row in chosen) < wanted.enough:
        return None
    for column in _columns(chosen, wanted):
        limits = (chosen[0].first_step, chosen[-1].first_step)
        blobs = connection.execute(f"SELECT {column} {_SPANS}", (name, *limits))
        spans = chained([Spans.unpacked(data, times=wanted.times) for (data,) in blobs])
        spans = _chosen(spans, wanted)
        if len(spans.m2) >= wanted.enough:
            return _covered(spans, whole, wanted)
    return None


def _columns(chosen: list[_Extent], wanted: Wanted) -> tuple[str, ...]:
    coarse = sum(row.spans_in(wanted.window) for row in chosen if row.has_coarse) / COARSE
    return ("coalesce(coarse, fine)", "fine") if coarse >= 2 * wanted.enough else ("fine",)


def _chosen(spans: Spans, wanted: Wanted) -> Spans:
    window = wanted.window
    inside = spans.last_step <= wanted.settled
    if wanted.exact:
        inside &= (spans.first_step >= window.lo_step) & (spans.last_step <= window.hi_step)
    else:
        inside &= (spans.last_step >= window.lo_step) & (spans.first_step <= window.hi_step)
    if spans.times:
        first, last = spans.times if wanted.exact else reversed(spans.times)
        inside &= (first >= window.lo_time) & (last <= window.hi_time)
    return spans if inside.all() else spans.taken(_unbroken(inside.tolist()))


def _covered(spans: Spans, whole: list[_Extent], wanted: Wanted) -> Covered:
    if wanted.exact:
        from_start = int(spans.first_step[0]) == whole[0].first_step
        return Covered(spans, from_start, int(spans.last_step[-1]))
    # What else the rollup has lies outside of the window, unless it goes beyond what is settled.
    complete = wanted.settled >= min(wanted.window.hi_step, whole[-1].last_step)
    to = whole[-1].last_step if complete else int(spans.last_step[-1])
    return Covered(spans, from_start=True, to=to)


def _unbroken(chosen: list[bool]) -> slice:
    """Return where the chosen ones are; nowhere if others lie between them (a clock went back)."""
    count = sum(chosen)
    first = chosen.index(True) if count else 0
    return slice(first, first + count) if all(chosen[first : first + count]) else slice(0, 0)


def extend(snapshot: Snapshot, name: int, *, whole: bool, sizes: Sizes = SIZES) -> int:
    """Take the compacted points behind the rollup of a series into it.

    Args:
        snapshot: of a run that is being written.
        name: id of the series.
        whole: leave the points that do not make a whole span: more will come.
        sizes: of spans and rows.

    Returns:
        how many points were read.
    """
    window = Window(lo_step=covered_to(snapshot.connection, name) + 1)
    written = read_points(snapshot, name, window, tails=False)
    steps, times, values = one_a_step(written)
    end = len(steps) // sizes.span_points * sizes.span_points if whole else len(steps)
    if end:
        spans = Spans.of(steps[:end], times[:end], values[:end], sizes.span_points)
        _append(snapshot.connection, name, spans, sizes)
    return len(written.steps)


def cut(connection: sqlite3.Connection, name: int, step: int, sizes: Sizes = SIZES) -> None:
    """Forget what a rollup says of `step` and everything behind it: it is being rewritten."""
    rows = connection.execute(
        "SELECT id, fine FROM rollup WHERE name=? AND last_step >= ?", (name, step)
    ).fetchall()
    connection.executemany("DELETE FROM rollup WHERE id=?", [(key,) for key, _ in rows])
    for _, fine in rows:
        spans = Spans.unpacked(fine)
        before = spans.taken(spans.last_step < step)
        if len(before.m2):
            _insert(connection, name, before, sizes)


def _append(connection: sqlite3.Connection, name: int, spans: Spans, sizes: Sizes) -> None:
    """Add spans; rows are joined with those before them while they are no larger.

    So a span is written again a few times only, and a long series has few rows.
    """
    last = connection.execute(
        "SELECT id, spans, fine FROM rollup WHERE name=? ORDER BY first_step DESC LIMIT 32", (name,)
    ).fetchall()
    for key, count, fine in last:
        if count >= sizes.row_spans or count > len(spans.m2):
            break
        connection.execute("DELETE FROM rollup WHERE id=?", (key,))
        spans = chained([Spans.unpacked(fine), spans])
    for start in range(0, len(spans.m2), sizes.row_spans):
        _insert(connection, name, spans.taken(slice(start, start + sizes.row_spans)), sizes)


def _insert(connection: sqlite3.Connection, name: int, spans: Spans, sizes: Sizes) -> None:
    assert spans.times is not None
    count = len(spans.m2)
    extent = (
        int(spans.first_step[0]),
        int(spans.last_step[-1]),
        int(spans.times.least.min()),
        int(spans.times.greatest.max()),
    )
    coarse = spans.joined(COARSE).packed() if count >= sizes.coarse_spans else None
    connection.execute(_INSERT, (name, count, *extent, spans.packed(), coarse))
