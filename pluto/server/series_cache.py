"""Thinned series kept for the next look at the same chart."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

MAX_BYTES = 64 << 20
ENTRY_OVERHEAD = 500


class Thinned(NamedTuple):
    """A series as it goes over the wire.

    Attributes:
        columns: its points, or its buckets.
        downsampled: whether they are buckets.
        exists: False where the run has no such series.
    """

    columns: bytes
    downsampled: bool
    exists: bool = True


class SeriesCache:
    """The most recently used series, up to a number of bytes; safe from any thread.

    A key names the run's version, so that nothing stale is ever found.

    Example:
        >>> SeriesCache().get([("run", 7, "loss")], lambda places: [Thinned(b"", False)])
        [Thinned(columns=b'', downsampled=False, exists=True)]
    """

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._limit = limit
        self._lock = threading.Lock()  # guards the mapping and its size, not held while reading
        self._kept: OrderedDict[Hashable, Thinned] = OrderedDict()
        self._size = 0

    def get(
        self, keys: Sequence[Hashable], read: Callable[[list[int]], Sequence[Thinned]]
    ) -> list[Thinned]:
        """Return the series of keys.

        Args:
            keys: of the series.
            read: is called once with the places in `keys` of those that are not at hand, if any.
        """
        with self._lock:
            found = [self._kept.get(key) for key in keys]
            for key, kept in zip(keys, found, strict=True):
                if kept is not None:
                    self._kept.move_to_end(key)
        missing = [place for place, kept in enumerate(found) if kept is None]
        if missing:
            for place, fresh in zip(missing, read(missing), strict=True):
                found[place] = fresh
                self._keep(keys[place], fresh)
        return [each for each in found if each is not None]

    def _keep(self, key: Hashable, fresh: Thinned) -> None:
        with self._lock:
            if self._kept.setdefault(key, fresh) is fresh:
                self._size += _size(fresh)
            while self._size > self._limit:
                self._size -= _size(self._kept.popitem(last=False)[1])


def _size(series: Thinned) -> int:
    return len(series.columns) + ENTRY_OVERHEAD
