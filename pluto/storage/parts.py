"""Compacted rows: parts, in which each series has a chunk of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pluto.storage.codec import Block, pack_columns
from pluto.storage.rows import Floats, Ints
from pluto.storage.series import ROWS, STEPS, TIMES

_INSERT = (
    "INSERT INTO part (system, shape, first_row, last_row, count, min_step, max_step, min_time,"
    " max_time, axes) VALUES (?,?,?,?,?,?,?,?,?,?)"
)


class Rows(NamedTuple):
    """n rows with the same k names, in the order of writing.

    Attributes:
        rows: (n,) their numbers in the run's stream.
        steps, times: (n,).
        values: (n, k).
    """

    rows: Ints
    steps: Ints
    times: Ints
    values: Floats

    def cut(self, start: int, stop: int) -> Rows:
        """Return some of the rows."""
        part = slice(start, stop)
        return Rows(self.rows[part], self.steps[part], self.times[part], self.values[part])


class Packed(NamedTuple):
    """Rows as they are stored: the extents and axes of a part, and the block of each column."""

    extents: tuple[int, ...]
    axes: bytes
    blocks: list[bytes]


def chained(pieces: Sequence[Rows]) -> Rows:
    """Return pieces that follow upon each other as one."""
    if len(pieces) == 1:
        return pieces[0]
    return Rows(*map(np.concatenate, zip(*pieces, strict=True)))


def pack_parts(rows: Rows, size: int) -> list[Packed]:
    """Return rows as parts of `size` rows, the last of up to twice as many."""
    count = max(1, len(rows.rows) // size)
    ends = [size * number for number in range(1, count)] + [len(rows.rows)]
    return [_pack(rows.cut(start, end)) for start, end in zip([0, *ends], ends, strict=False)]


def insert_part(
    connection: sqlite3.Connection, system: int, shape: tuple[int, Sequence[int]], packed: Packed
) -> None:
    """Write a part.

    Args:
        connection: in a transaction.
        system: whether the rows are the sampler's.
        shape: its id, and the ids of its names.
        packed: the rows.
    """
    key, names = shape
    row = (system, key, *packed.extents, packed.axes)
    part = connection.execute(_INSERT, row).lastrowid
    connection.executemany(
        "INSERT INTO chunk (name, part, block) VALUES (?,?,?)",
        [(name, part, block) for name, block in zip(names, packed.blocks, strict=True)],
    )


def read_part(connection: sqlite3.Connection, part: int, names: Sequence[int]) -> Rows:
    """Return the rows of a part; `names` are the ids of its names, in the order of its shape."""
    (axes,) = connection.execute("SELECT axes FROM part WHERE id=?", (part,)).fetchone()
    axis = Block(axes)
    values = np.empty((axis.count, len(names)), np.float64)
    for column, name in enumerate(names):
        (block,) = connection.execute(
            "SELECT block FROM chunk WHERE name=? AND part=?", (name, part)
        ).fetchone()
        values[:, column] = Block(block).floats(0)
    return Rows(axis.ints(ROWS), axis.ints(STEPS), axis.ints(TIMES), values)


def remove_part(connection: sqlite3.Connection, part: int, names: Sequence[int]) -> None:
    """Delete a part; `names` are the ids of its names."""
    connection.executemany(
        "DELETE FROM chunk WHERE name=? AND part=?", [(name, part) for name in names]
    )
    connection.execute("DELETE FROM part WHERE id=?", (part,))


def _pack(rows: Rows) -> Packed:
    extents = (
        int(rows.rows[0]),
        int(rows.rows[-1]),
        len(rows.rows),
        int(rows.steps.min()),
        int(rows.steps.max()),
        int(rows.times.min()),
        int(rows.times.max()),
    )
    axes = pack_columns((rows.rows, rows.steps, rows.times), ())
    columns = np.ascontiguousarray(rows.values.T)
    return Packed(extents, axes, [pack_columns((), (column,)) for column in columns])
