"""Thinning of a series for a chart: minimum and maximum survive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluto.storage.rows import Floats, Ints
from pluto.storage.spans import Values, means


@dataclass(frozen=True, slots=True)
class Buckets:
    """At most n buckets of a series, in the order of x; (m,) arrays.

    Attributes:
        x: x of the first point of the bucket.
        min, max, mean: over the finite values of the bucket; NaN where it has none.
        count: points in the bucket.
        flags: bit 0 = contains NaN, bit 1 = +infinity, bit 2 = -infinity.
    """

    x: Ints
    min: Floats
    max: Floats
    mean: Floats
    count: Ints
    flags: NDArray[np.uint8]


def bucket(x: Ints, values: Floats, count: int) -> Buckets:
    """Put points into at most `count` buckets of equal width in x.

    Args:
        x: (n,) sorted.
        values: (n,).
        count: 1 or more; with n ≤ count each point is a bucket of its own.
    """
    return bucket_spans(x, Values.of(values), count)


def bucket_spans(x: Ints, values: Values, count: int) -> Buckets:
    """Put spans into at most `count` buckets; each goes where its first point belongs.

    Args:
        x: (n,) of the first point of each span, sorted.
        values: of the n spans.
        count: 1 or more; with n ≤ count each span is a bucket of its own.
    """
    if len(x) > count:
        starts = _starts(x, count)
        x, values = x[starts], values.joined(starts)
    empty = values.finite == 0
    low, high = values.min, values.max
    if empty.any():
        low, high = np.where(empty, np.nan, low), np.where(empty, np.nan, high)
    flags = values.flags.astype(np.uint8)
    return Buckets(x, low, high, means(values), values.points, flags)


def _starts(x: Ints, count: int) -> Ints:
    width = (int(x[-1]) - int(x[0]) + 1) / count
    index = ((x - x[0]) / width).astype(np.int64)
    return np.flatnonzero(np.diff(index, prepend=-1))
