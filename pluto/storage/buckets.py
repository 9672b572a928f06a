"""Thinning of a series for a chart: minimum and maximum survive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluto.storage.rows import Floats, Ints

Bytes = NDArray[np.uint8]

NAN, PLUS_INFINITY, MINUS_INFINITY = 1, 2, 4


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
    flags: Bytes


def bucket(x: Ints, values: Floats, count: int) -> Buckets:
    """Put points into at most `count` buckets of equal width in x.

    Args:
        x: (n,) sorted.
        values: (n,).
        count: 1 or more; with n ≤ count each point is a bucket of its own.
    """
    flags = _flags(values)
    if len(x) <= count:
        finite = np.where(flags == 0, values, np.nan)
        ones = np.ones(len(x), np.int64)
        return Buckets(x, finite, finite, finite, ones, flags)
    starts = _starts(x, count)
    is_finite = flags == 0
    counts = np.diff(np.append(starts, len(x)))
    finite_counts = np.add.reduceat(is_finite.astype(np.int64), starts)
    low = np.minimum.reduceat(np.where(is_finite, values, np.inf), starts)
    high = np.maximum.reduceat(np.where(is_finite, values, -np.inf), starts)
    total = np.add.reduceat(np.where(is_finite, values, 0.0), starts)
    empty = finite_counts == 0
    mean = total / np.maximum(finite_counts, 1)
    for column in (low, high, mean):
        column[empty] = np.nan
    return Buckets(x[starts], low, high, mean, counts, np.bitwise_or.reduceat(flags, starts))


def _starts(x: Ints, count: int) -> Ints:
    width = (int(x[-1]) - int(x[0]) + 1) / count
    index = ((x - x[0]) / width).astype(np.int64)
    return np.flatnonzero(np.diff(index, prepend=-1))


def _flags(values: Floats) -> Bytes:
    flags = np.zeros(len(values), np.uint8)
    if not np.isfinite(values).all():
        flags |= np.where(np.isnan(values), NAN, 0).astype(np.uint8)
        flags |= np.where(np.isposinf(values), PLUS_INFINITY, 0).astype(np.uint8)
        flags |= np.where(np.isneginf(values), MINUS_INFINITY, 0).astype(np.uint8)
    return flags
