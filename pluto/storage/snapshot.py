"""A run as one transaction sees it: what several series share is read once.

Metrics that are logged together lie in the same rows. A chart of ten of them would otherwise read
each block ten times.
"""

from __future__ import annotations

import sqlite3
from functools import cached_property
from typing import Final, NamedTuple

from pluto.storage.codec import Block
from pluto.storage.migrations import version_of
from pluto.storage.rewind import Rewind, read_rewinds

LOWEST: Final = -(2**63)
HIGHEST: Final = 2**63 - 1


class Window(NamedTuple):
    """Limits of what is read of a series, all inclusive."""

    lo_step: int = LOWEST
    hi_step: int = HIGHEST
    lo_time: int = LOWEST
    hi_time: int = HIGHEST


EVERYTHING: Final = Window()

_INSIDE: Final = "max_step >= ? AND min_step <= ? AND max_time >= ? AND min_time <= ?"
_SHAPES: Final = "SELECT shape, place FROM shape_name WHERE name = ?"
_FRESH: Final = "SELECT min(min_step) FROM tail WHERE shape = ?"
_TAILS: Final = (
    "SELECT system, first_row, first_row + count - 1, block FROM tail"  # noqa: S608
    f" WHERE shape = ? AND {_INSIDE}"
)
_PARTS: Final = (
    "SELECT id, system, first_row, last_row, axes FROM part"  # noqa: S608
    f" WHERE shape = ? AND {_INSIDE}"
)


class Tail(NamedTuple):
    """Rows as they were appended; their numbers have no gaps."""

    system: int
    first_row: int
    last_row: int
    block: Block


class Part(NamedTuple):
    """Compacted rows; `axes` holds the number, the step and the time of each."""

    id: int
    system: int
    first_row: int
    last_row: int
    axes: bytes


class Snapshot:
    """Reads over a connection that is in a transaction; for one thread, until it ends.

    Example:
        >>> snapshot = Snapshot(connection)
        >>> [tail.block.count for tail in snapshot.tails(shape=1, window=EVERYTHING)]
        [512, 37]
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._shapes: dict[int, list[tuple[int, int]]] = {}
        self._fresh: dict[int, int] = {}
        self._tails: dict[tuple[int, Window], list[Tail]] = {}
        self._parts: dict[tuple[int, Window], list[Part]] = {}

    @cached_property
    def has_parts(self) -> bool:
        """Whether the store has a place for compacted rows: files of version 1 have none."""
        return version_of(self.connection) > 1

    @cached_property
    def rewinds(self) -> list[Rewind]:
        """The rewinds of the run."""
        return read_rewinds(self.connection)

    def shapes(self, name: int) -> list[tuple[int, int]]:
        """Return the shapes of the rows that have a series, and its place among their columns."""
        if name not in self._shapes:
            self._shapes[name] = self.connection.execute(_SHAPES, (name,)).fetchall()
        return self._shapes[name]

    def first_fresh_step(self, name: int) -> int:
        """Return the least step of a series that is not compacted; beyond all steps if all is."""
        steps = [self._first_fresh(shape) for shape, _ in self.shapes(name)]
        return min(steps, default=HIGHEST + 1)

    def tails(self, shape: int, window: Window) -> list[Tail]:
        """Return the tails of a shape that may have rows in a window."""
        if window.hi_step < self._first_fresh(shape):
            return []
        key = (shape, window)
        if key not in self._tails:
            rows = self.connection.execute(_TAILS, (shape, *_limits(window)))
            self._tails[key] = [
                Tail(system, first, last, Block(block)) for system, first, last, block in rows
            ]
        return self._tails[key]

    def parts(self, shape: int, window: Window) -> list[Part]:
        """Return the parts of a shape that may have rows in a window."""
        key = (shape, window)
        if key not in self._parts:
            rows = self.connection.execute(_PARTS, (shape, *_limits(window)))
            self._parts[key] = [Part(*row) for row in rows]
        return self._parts[key]

    def _first_fresh(self, shape: int) -> int:
        if shape not in self._fresh:
            (least,) = self.connection.execute(_FRESH, (shape,)).fetchone()
            self._fresh[shape] = HIGHEST + 1 if least is None else int(least)
        return self._fresh[shape]


def _limits(window: Window) -> tuple[int, int, int, int]:
    return window.lo_step, window.hi_step, window.lo_time, window.hi_time
