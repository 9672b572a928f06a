"""The points of one series, out of the tails and parts of a run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from pluto.storage.codec import Block
from pluto.storage.rewind import Rewind, hidden, hiding
from pluto.storage.rows import Floats, Ints
from pluto.storage.snapshot import EVERYTHING, Snapshot, Window

ROWS, STEPS, TIMES = range(3)
"""The columns of `part.axes`."""


class Points(NamedTuple):
    """Points of one series: steps (n,), times (n,) in ms, values (n,)."""

    steps: Ints
    times: Ints
    values: Floats


NO_POINTS: Final = Points(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

_CHUNK = "SELECT block FROM chunk WHERE name = ? AND part = ?"


class _Piece(NamedTuple):
    """Points of the series that lie together; `axes` of a part knows the number of each row."""

    system: int
    first_row: int
    last_row: int
    axes: bytes | None
    points: Points

    def rows(self) -> Ints:
        """Return the numbers of the rows; those of a tail have no gaps."""
        if self.axes is None:
            return np.arange(self.first_row, self.last_row + 1)
        return Block(self.axes).ints(ROWS)


def read_points(
    snapshot: Snapshot, name: int, window: Window = EVERYTHING, *, tails: bool = True
) -> Points:
    """Return the points of a series in the order of writing, a step as often as it was written.

    Those that a rewind hides are left out.

    Args:
        snapshot: of the run.
        name: id of the series.
        window: what is read.
        tails: False to read only what is compacted.
    """
    pieces = list(_part_pieces(snapshot, name, window)) if snapshot.has_parts else []
    if tails:
        pieces += _tail_pieces(snapshot, name, window)
    if not pieces:
        return NO_POINTS
    rewinds = hiding(snapshot.connection, snapshot.rewinds, name)
    return _counting(_inside(_in_order(pieces), window), rewinds)


def one_a_step(points: Points) -> Points:
    """Return one point a step, sorted: of those with the greatest time the last written."""
    steps = points.steps
    if len(steps) < 2 or (np.diff(steps) > 0).all():
        return points
    order = np.lexsort((np.arange(len(steps)), points.times, steps))
    last_of_step = np.append(np.diff(steps[order]) != 0, [True])
    chosen = order[last_of_step]
    return Points(steps[chosen], points.times[chosen], points.values[chosen])


def _part_pieces(snapshot: Snapshot, name: int, window: Window) -> Iterator[_Piece]:
    for shape, _ in snapshot.shapes(name):
        for part, system, first, last, axes in snapshot.parts(shape, window):
            (block,) = snapshot.connection.execute(_CHUNK, (name, part)).fetchone()
            points = Points(*_steps_and_times(axes), Block(block).floats(0))
            yield _Piece(system, first, last, axes, points)


@lru_cache(maxsize=64)
def _steps_and_times(axes: bytes) -> tuple[Ints, Ints]:
    """Decode axes; the many series that were logged together are mostly read together."""
    block = Block(axes)
    steps, times = block.ints(STEPS), block.ints(TIMES)
    steps.flags.writeable = times.flags.writeable = False
    return steps, times


def _tail_pieces(snapshot: Snapshot, name: int, window: Window) -> Iterator[_Piece]:
    for shape, place in snapshot.shapes(name):
        for system, first, last, block in snapshot.tails(shape, window):
            points = Points(block.ints(0), block.ints(1), block.floats(place + 2))
            yield _Piece(system, first, last, None, points)


def _in_order(pieces: list[_Piece]) -> Points:
    pieces.sort(key=lambda piece: (piece.system, piece.first_row))
    points = Points(*map(np.concatenate, zip(*(piece.points for piece in pieces), strict=True)))
    if all(
        (one.system, one.last_row) < (other.system, other.first_row)
        for one, other in itertools.pairwise(pieces)
    ):
        return points
    rows = np.concatenate([piece.rows() for piece in pieces])
    system = np.repeat(
        [piece.system for piece in pieces], [len(piece.points.steps) for piece in pieces]
    )
    order = np.lexsort((rows, system))
    return Points(points.steps[order], points.times[order], points.values[order])


def _inside(points: Points, window: Window) -> Points:
    inside = (points.steps >= window.lo_step) & (points.steps <= window.hi_step)
    inside &= (points.times >= window.lo_time) & (points.times <= window.hi_time)
    if inside.all():
        return points
    return Points(points.steps[inside], points.times[inside], points.values[inside])


def _counting(points: Points, rewinds: list[Rewind]) -> Points:
    if not rewinds:
        return points
    counts = ~hidden(rewinds, points.steps, points.times)
    return Points(points.steps[counts], points.times[counts], points.values[counts])
