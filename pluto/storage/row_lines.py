"""Rows of metrics by their numbers, as wire lines, wherever compaction has put them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np

from pluto.storage.codec import Block, unpack
from pluto.storage.lines import encode_metric_lines
from pluto.storage.parts import read_part
from pluto.storage.rows import Ints, MetricGroup
from pluto.storage.series import ROWS

BYTES_A_POINT: Final = 40  # of a metric line: name, value, separators

_PARTS = (
    "SELECT part.id, shape.names, axes FROM part JOIN shape ON shape.id = part.shape"
    " WHERE system=? AND last_row >= ? AND first_row < ?"
)
_TAILS = (
    "SELECT tail.id, shape.names, count, first_row FROM tail JOIN shape ON shape.id = tail.shape"
    " WHERE system=? AND first_row < ? AND first_row >= coalesce("
    "(SELECT max(first_row) FROM tail WHERE system=? AND first_row <= ?), 0)"
)


class _Piece(NamedTuple):
    """Rows that lie together: consecutive ones of those with their names."""

    is_part: bool
    id: int
    names: list[int]
    rows: Ints

    @property
    def identity(self) -> tuple[int, int]:
        """The same for the same rows, whatever compaction does."""
        return int(self.rows[0]), len(self.rows)


class RowLines:
    """Builds the lines of the rows of one stream, in the order in which they were logged.

    Args:
        system: whether the stream is the sampler's.
        names_of: gives the names of ids.
    """

    def __init__(self, system: bool, names_of: Callable[[list[int]], tuple[str, ...]]) -> None:
        self._system = system
        self._names_of = names_of
        self._decoded: dict[tuple[int, int], MetricGroup] = {}

    def read(
        self, connection: sqlite3.Connection, first: int, limit: int, room: int
    ) -> list[bytes]:
        """Return the lines of the rows from number `first` on.

        Args:
            connection: in one transaction.
            first: number of the first row.
            limit: the most rows to return.
            room: about so many bytes, but at least one row.
        """
        pieces = list(self._pieces(connection, first, first + limit))
        if not pieces:
            return []
        rows = np.concatenate([piece.rows for piece in pieces])
        owner = np.repeat(np.arange(len(pieces)), [len(piece.rows) for piece in pieces])
        place = np.concatenate([np.arange(len(piece.rows)) for piece in pieces])
        order = np.argsort(rows)
        order = order[(rows[order] >= first) & (rows[order] < first + limit)]
        sizes = np.array([BYTES_A_POINT * len(piece.names) for piece in pieces])
        order = order[: 1 + int(np.searchsorted(np.cumsum(sizes[owner[order]]), room))]
        lines = np.empty(len(order), object)
        decoded = {}
        for number in np.unique(owner[order]).tolist():
            mine = owner[order] == number
            group = self._group(connection, pieces[number])
            decoded[pieces[number].identity] = group
            lines[mine] = encode_metric_lines(_taken(group, place[order][mine]))
        self._decoded = decoded
        found: list[bytes] = lines.tolist()
        return found

    def _pieces(self, connection: sqlite3.Connection, first: int, end: int) -> Iterator[_Piece]:
        system = self._system
        for key, names, axes in connection.execute(_PARTS, (system, first, end)):
            yield _Piece(True, key, json.loads(names), Block(axes).ints(ROWS))
        for key, names, count, start in connection.execute(_TAILS, (system, end, system, first)):
            yield _Piece(False, key, json.loads(names), np.arange(start, start + count))

    def _group(self, connection: sqlite3.Connection, piece: _Piece) -> MetricGroup:
        """Return all rows of a piece; wide ones come in many small portions, decoded once."""
        known = self._decoded.get(piece.identity)
        if known is not None:
            return known
        names = self._names_of(piece.names)
        if piece.is_part:
            return MetricGroup(names, *read_part(connection, piece.id, piece.names)[1:])
        (block,) = connection.execute("SELECT block FROM tail WHERE id=?", (piece.id,)).fetchone()
        return MetricGroup(names, *unpack(block))


def _taken(group: MetricGroup, chosen: Ints) -> MetricGroup:
    return MetricGroup(group.names, group.steps[chosen], group.times[chosen], group.values[chosen])
