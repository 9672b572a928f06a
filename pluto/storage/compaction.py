"""Compaction: tails become parts, and long series get rollups; readers see the same all along.

A piece of rows is read in one transaction, packed without holding anything, and exchanged for its
parts in another. A process that is killed in between has changed nothing.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pluto.errors import StorageError
from pluto.storage import rollups
from pluto.storage.codec import unpack
from pluto.storage.parts import (
    Packed,
    Rows,
    chained,
    insert_part,
    pack_parts,
    read_part,
    remove_part,
)
from pluto.storage.sizes import SIZES, Sizes, is_worth_it
from pluto.storage.snapshot import Snapshot
from pluto.storage.writer import RunWriter

_TAILS = (
    "SELECT id, shape, first_row, count, length(block) FROM tail WHERE system=?"
    " ORDER BY first_row LIMIT ?"
)
_UNROLLED = "SELECT id, dirty FROM name WHERE unrolled >= ? OR (? AND unrolled < 0) LIMIT ?"
_DIRTY = "SELECT id FROM name WHERE dirty AND type='METRIC' LIMIT ?"


class _Tail(NamedTuple):
    id: int
    shape: int
    first_row: int
    rows: int
    size: int


class _Shape(NamedTuple):
    """The rows of one shape that are compacted together, and the small parts that they absorb."""

    id: int
    names: Sequence[int]
    rows: list[Rows]
    old_parts: list[int]
    new_rows: int


class _Piece(NamedTuple):
    system: int
    tails: list[int]
    shapes: list[_Shape]


class Compactor:
    """Compacts one run, a piece at a time, while others append to it and read it.

    Args:
        writer: of the run.
        ended: the run is over: take the last rows too, and return unused disk space.
        sizes: of the pieces.

    Example:
        >>> Compactor(writer, ended=True).run(seconds=1.0)
        True
    """

    def __init__(self, writer: RunWriter, *, ended: bool = False, sizes: Sizes = SIZES) -> None:
        self._writer = writer
        self._ended = ended
        self._sizes = sizes
        if ended:
            writer.seal()

    def run(self, seconds: float) -> bool:
        """Work for about so many seconds; return True when nothing is left to do.

        Raises:
            StorageError: the run cannot be written.
        """
        deadline = time.monotonic() + seconds
        while self.step():
            if time.monotonic() >= deadline:
                return False
        return True

    def keep_up(self) -> None:
        """Compact as long as twice the rows wait that are worth it.

        For who appends: where compaction in the background falls behind, it slows down those who
        write, and not those who read.

        Raises:
            StorageError: the run cannot be written.
        """
        while self._writer.waiting_rows >= 2 * self._sizes.part_rows and self.step():
            pass

    def step(self) -> bool:
        """Do a piece of work, some tens of milliseconds of it; return False if there was none.

        Raises:
            StorageError: the run cannot be written.
        """
        if self._roll_up():
            return True
        for system in (0, 1):
            piece = self._read_piece(system)
            if piece:
                size = self._sizes.part_rows
                packed = [pack_parts(chained(shape.rows), size) for shape in piece.shapes]
                self._exchange(piece, packed)
                return True
        if not self._ended:
            return False
        return self._summarise() or self._writer.give_back(self._sizes.pages_at_once)

    def _read_piece(self, system: int) -> _Piece | None:
        with self._writer.transaction() as connection:
            tails = self._choose(connection, system)
            if not self._is_due(tails):
                return None
            by_shape: dict[int, list[_Tail]] = {}
            for tail in tails:
                by_shape.setdefault(tail.shape, []).append(tail)
            shapes = [
                self._read_shape(connection, (system, shape), of_shape)
                for shape, of_shape in by_shape.items()
            ]
        return _Piece(system, [tail.id for tail in tails], shapes)

    def _choose(self, connection: sqlite3.Connection, system: int) -> list[_Tail]:
        chosen: list[_Tail] = []
        rows = size = 0
        for row in connection.execute(_TAILS, (system, self._sizes.part_rows)):
            tail = _Tail(*row)
            rows, size = rows + tail.rows, size + tail.size
            too_much = rows > self._sizes.piece_rows or size > self._sizes.piece_bytes
            if (chosen and too_much) or self._writer.is_open(tail.id):
                break
            chosen.append(tail)
        return chosen

    def _is_due(self, tails: Sequence[_Tail]) -> bool:
        size, sizes = sum(tail.size for tail in tails), self._sizes
        if self._ended:
            return is_worth_it(len(tails), size, sizes)
        return size >= sizes.tail_bytes or sum(tail.rows for tail in tails) >= sizes.part_rows

    def _read_shape(
        self, connection: sqlite3.Connection, stream: tuple[int, int], tails: Sequence[_Tail]
    ) -> _Shape:
        _, key = stream
        (names,) = connection.execute("SELECT names FROM shape WHERE id=?", (key,)).fetchone()
        ids: list[int] = json.loads(names)
        count = sum(tail.rows for tail in tails)
        old = self._small_parts(connection, stream, count, len(ids))
        rows = [read_part(connection, part, ids) for part in old]
        rows += [_read_tail(connection, tail) for tail in tails]
        return _Shape(key, ids, rows, old, count)

    def _small_parts(
        self, connection: sqlite3.Connection, stream: tuple[int, int], count: int, width: int
    ) -> list[int]:
        """Return the last parts of a shape that are no larger than what is joined to them.

        So a row is written again a few times only, however rarely its shape is logged.
        """
        chosen: list[int] = []
        for part, rows in connection.execute(
            "SELECT id, count FROM part WHERE system=? AND shape=? ORDER BY first_row DESC", stream
        ):
            is_large = rows >= self._sizes.part_rows or rows > count
            if is_large or (rows + count) * width > self._sizes.shape_values:
                break
            chosen.insert(0, part)
            count += rows
        return chosen

    def _exchange(self, piece: _Piece, packed: Sequence[Sequence[Packed]]) -> None:
        with self._writer.transaction() as connection:
            gone = connection.executemany(
                "DELETE FROM tail WHERE id=?", [(tail,) for tail in piece.tails]
            ).rowcount
            if gone != len(piece.tails):
                raise StorageError(f"{self._writer.directory} was compacted by another process")
            self._writer.note_compacted(sum(shape.new_rows for shape in piece.shapes))
            for shape, parts in zip(piece.shapes, packed, strict=True):
                for part in shape.old_parts:
                    remove_part(connection, part, shape.names)
                for new_part in parts:
                    insert_part(connection, piece.system, (shape.id, shape.names), new_part)
                self._note_rows(connection, shape)

    def _note_rows(self, connection: sqlite3.Connection, shape: _Shape) -> None:
        """Have the new rows rolled up, and forget what rollups say of the steps they rewrite."""
        new = shape.rows[len(shape.old_parts) :]
        first_step = min(int(rows.steps.min()) for rows in new)
        for name in shape.names:
            rollups.cut(connection, name, first_step, self._sizes)
        connection.executemany(
            "UPDATE name SET unrolled = unrolled + ? WHERE id=?",
            [(shape.new_rows, name) for name in shape.names],
        )

    def _roll_up(self) -> bool:
        sizes = self._sizes
        least = sizes.rest_points if self._ended else sizes.unrolled_points
        with self._writer.transaction() as connection:
            due = connection.execute(
                _UNROLLED, (least, self._ended, sizes.series_at_once)
            ).fetchall()
            snapshot = Snapshot(connection)  # only rollups change
            for name, dirty in due:
                read = rollups.extend(snapshot, name, whole=not self._ended, sizes=sizes)
                # What goes back to old steps again and again is not read whole each time: as
                # much as an eighth of what was read has to come first.
                wait = 0 if self._ended else min(0, sizes.unrolled_points - read // 8)
                connection.execute("UPDATE name SET unrolled=? WHERE id=?", (wait, name))
                if dirty:
                    self._writer.summarise_exactly(name)
        return bool(due)

    def _summarise(self) -> bool:
        with self._writer.transaction() as connection:
            due = connection.execute(_DIRTY, (self._sizes.series_at_once,)).fetchall()
            for (name,) in due:
                self._writer.summarise_exactly(name)
        return bool(due)


def _read_tail(connection: sqlite3.Connection, tail: _Tail) -> Rows:
    (block,) = connection.execute("SELECT block FROM tail WHERE id=?", (tail.id,)).fetchone()
    numbers = np.arange(tail.first_row, tail.first_row + tail.rows)
    return Rows(numbers, *unpack(block))
