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
from pluto.storage.snapshot import EVERYTHING, LOWEST, Snapshot, Window
from pluto.storage.spans import Spans, chained

_LAST = "SELECT last_step FROM rollup WHERE name=? ORDER BY first_step DESC LIMIT 1"
_EXTENTS = (
    "SELECT first_step, last_step, spans, min_time, max_time, coarse IS NOT NULL FROM rollup"
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

    def is_inside(self, window: Window) -> bool:
        """Tell whether a window, as far as times limit it, has all of the row."""
        return self.min_time <= window.hi_time and self.max_time >= window.lo_time


class Covered(NamedTuple):
    """Spans of a series, and whether none of its compacted points comes before them."""

    spans: Spans
    from_start: bool


def read_spans(
    connection: sqlite3.Connection, name: int, window: Window, enough: int, *, times: bool
) -> Covered | None:
    """Return the spans that lie wholly in a window, without a gap, if there are `enough` of them.

    Coarse ones are taken where there are twice enough even of them. Without `times`, the window
    must not limit them.
    """
    whole = [_Extent(*row) for row in connection.execute(_EXTENTS, (name,))]
    found = [row for row in whole if row.meets(window)]
    chosen = found[_unbroken([row.is_inside(window) for row in found])]
    if sum(row.spans for row in chosen) < enough:
        return None
    limits = (chosen[0].first_step, chosen[-1].first_step)
    coarse = sum(row.spans for row in chosen if row.has_coarse) // COARSE >= 2 * enough
    column = "coalesce(coarse, fine)" if coarse else "fine"
    blobs = connection.execute(f"SELECT {column} {_SPANS}", (name, *limits))
    spans = chained([Spans.unpacked(data, times=times) for (data,) in blobs])
    if window != EVERYTHING:
        inside = (spans.first_step >= window.lo_step) & (spans.last_step <= window.hi_step)
        if spans.times:
            inside &= spans.times.least >= window.lo_time
            inside &= spans.times.greatest <= window.hi_time
        if not inside.all():
            spans = spans.taken(_unbroken(inside.tolist()))
    if len(spans.m2) < enough:
        return None
    return Covered(spans, int(spans.first_step[0]) == whole[0].first_step)


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
