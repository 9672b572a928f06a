"""Thinned series kept for the next look at the same chart."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

MAX_BYTES = 64 << 20
ENTRY_OVERHEAD = 500


class Thinned(NamedTuple):
    """A series as it goes over the wire, and whether its points were put into buckets."""

    columns: bytes
    downsampled: bool


class SeriesCache:
    """The most recently used series, up to a number of bytes; safe from any thread.

    A key names the run's version, so that nothing stale is ever found.

    Example:
        >>> SeriesCache().get(("run", 7, "loss"), lambda: Thinned(b"", False))
        Thinned(columns=b'', downsampled=False)
    """

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._limit = limit
        self._lock = threading.Lock()  # guards the mapping and its size, not held while reading
        self._kept: OrderedDict[Hashable, Thinned] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable, read: Callable[[], Thinned]) -> Thinned:
        """Return the series of a key, read if it is not at hand."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
        fresh = read()
        with self._lock:
            if self._kept.setdefault(key, fresh) is fresh:
                self._size += _size(fresh)
            while self._size > self._limit:
                self._size -= _size(self._kept.popitem(last=False)[1])
        return fresh


def _size(series: Thinned) -> int:
    return len(series.columns) + ENTRY_OVERHEAD
