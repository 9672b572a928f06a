"""Summaries of points that lie side by side, from which a chart or a statistic can be made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluto.storage.codec import Block, pack_columns
from pluto.storage.rows import Floats, Ints

NAN, PLUS_INFINITY, MINUS_INFINITY = 1, 2, 4


class Values(NamedTuple):
    """What is known of the values of m spans; (m,) arrays.

    Attributes:
        points: how many there are.
        finite: how many of them are finite; the rest is about those. The very array of `points`
            where all are known to be, which spares work.
        flags: bit 0 = contains NaN, bit 1 = +infinity, bit 2 = -infinity.
        min: least value, +infinity where none is finite.
        max: greatest value, -infinity where none is finite.
        sum: of the values.
    """

    points: Ints
    finite: Ints
    flags: Ints
    min: Floats
    max: Floats
    sum: Floats

    @classmethod
    def of(cls, values: Floats) -> Values:
        """Return spans of one point each."""
        ones = np.ones(len(values), np.int64)
        is_finite = np.isfinite(values)
        if is_finite.all():
            return cls(ones, ones, np.zeros(len(values), np.int64), values, values, values)
        flags = np.where(np.isnan(values), NAN, 0)
        flags |= np.where(np.isposinf(values), PLUS_INFINITY, 0)
        flags |= np.where(np.isneginf(values), MINUS_INFINITY, 0)
        return cls(
            ones,
            is_finite.astype(np.int64),
            flags,
            np.where(is_finite, values, np.inf),
            np.where(is_finite, values, -np.inf),
            np.where(is_finite, values, 0.0),
        )

    def joined(self, starts: Ints) -> Values:
        """Return fewer spans: each from one of `starts` (places) to before the next."""
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.add.reduceat(self.sum, starts)
        points = np.add.reduceat(self.points, starts)
        all_finite = self.finite is self.points
        return Values(
            points,
            points if all_finite else np.add.reduceat(self.finite, starts),
            np.zeros_like(points) if all_finite else np.bitwise_or.reduceat(self.flags, starts),
            np.minimum.reduceat(self.min, starts),
            np.maximum.reduceat(self.max, starts),
            total,
        )

    def taken(self, chosen: slice | NDArray[np.bool_]) -> Values:
        """Return some of the spans."""
        points = self.points[chosen]
        return Values(
            points,
            points if self.finite is self.points else self.finite[chosen],
            self.flags[chosen],
            self.min[chosen],
            self.max[chosen],
            self.sum[chosen],
        )


class Times(NamedTuple):
    """Least and greatest time in each of m spans; (m,) arrays."""

    least: Ints
    greatest: Ints

    def joined(self, starts: Ints) -> Times:
        """Return fewer spans: each from one of `starts` (places) to before the next."""
        return Times(
            np.minimum.reduceat(self.least, starts), np.maximum.reduceat(self.greatest, starts)
        )


class Spans(NamedTuple):
    """m spans of a series in the order of steps, none of which overlap; (m,) arrays.

    `m2` is the sum of squared differences from the span's own mean; `times` is None where they
    were not asked for.
    """

    first_step: Ints
    last_step: Ints
    values: Values
    m2: Floats
    times: Times | None

    @classmethod
    def of(cls, steps: Ints, times: Ints, values: Floats, size: int) -> Spans:
        """Summarise points with increasing steps, `size` a span."""
        starts = np.arange(0, len(steps), size)
        joined = Values.of(values).joined(starts)
        return cls(
            steps[starts],
            steps[_ends(starts, len(steps))],
            joined,
            _m2(values, joined, starts),
            Times(times, times).joined(starts),
        )

    def joined(self, size: int) -> Spans:
        """Return fewer spans, each of `size` of these."""
        starts = np.arange(0, len(self.first_step), size)
        joined = self.values.joined(starts)
        return Spans(
            self.first_step[starts],
            self.last_step[_ends(starts, len(self.last_step))],
            joined,
            _joined_m2(self, joined, starts),
            self.times and self.times.joined(starts),
        )

    def taken(self, chosen: slice | NDArray[np.bool_]) -> Spans:
        """Return some of the spans."""
        return Spans(
            self.first_step[chosen],
            self.last_step[chosen],
            self.values.taken(chosen),
            self.m2[chosen],
            self.times and Times(self.times.least[chosen], self.times.greatest[chosen]),
        )

    def packed(self) -> bytes:
        """Return the bytes of these spans; floats are quick to read rather than small."""
        assert self.times is not None
        points, finite, flags, low, high, total = self.values
        ints = (self.first_step, self.last_step, points, finite, flags, *self.times)
        return pack_columns(ints, (low, high, total, self.m2), deflate_floats=False)

    @classmethod
    def unpacked(cls, data: bytes, *, times: bool = True) -> Spans:
        """Return the spans in bytes that `packed` made."""
        block = Block(data)
        first, last, points, finite, flags = map(block.ints, range(5))
        finite = points if np.array_equal(points, finite) else finite
        values = Values(points, finite, flags, *map(block.floats, range(7, 10)))
        known = Times(block.ints(5), block.ints(6)) if times else None
        return cls(first, last, values, block.floats(10), known)


def chained(pieces: Sequence[Spans]) -> Spans:
    """Return spans that follow upon each other as one."""
    if len(pieces) == 1:
        return pieces[0]
    times = [piece.times for piece in pieces if piece.times is not None]
    return Spans(
        np.concatenate([piece.first_step for piece in pieces]),
        np.concatenate([piece.last_step for piece in pieces]),
        chained_values([piece.values for piece in pieces]),
        np.concatenate([piece.m2 for piece in pieces]),
        Times(*map(np.concatenate, zip(*times, strict=True))) if times else None,
    )


def chained_values(pieces: Sequence[Values]) -> Values:
    """Return the values of spans that follow upon each other as one."""
    if len(pieces) == 1:
        return pieces[0]
    joined = Values(*map(np.concatenate, zip(*pieces, strict=True)))
    all_finite = all(piece.finite is piece.points for piece in pieces)
    return joined._replace(finite=joined.points) if all_finite else joined


def _ends(starts: Ints, count: int) -> Ints:
    return np.append(starts[1:], count) - 1


def means(values: Values) -> Floats:
    """Return the mean of each span, NaN where nothing is finite."""
    empty = values.finite == 0
    mean: Floats = values.sum / np.maximum(values.finite, 1)
    return np.where(empty, np.nan, mean)


def _m2(values: Floats, joined: Values, starts: Ints) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.repeat(means(joined), joined.points)
        squares = np.where(np.isfinite(values), (values - mean) ** 2, 0.0)
        total: Floats = np.add.reduceat(squares, starts)
    return total


def _joined_m2(spans: Spans, joined: Values, starts: Ints) -> Floats:
    """Return the m2 of joined spans (Chan, Golub, LeVeque 1979)."""
    sizes = np.diff(np.append(starts, len(spans.m2)))
    with np.errstate(over="ignore", invalid="ignore"):
        shift = means(spans.values) - np.repeat(means(joined), sizes)
        between = np.where(spans.values.finite > 0, spans.values.finite * shift**2, 0.0)
        total: Floats = np.add.reduceat(spans.m2 + between, starts)
    return total
