"""Columns of integers and floats to bytes and back, without loss.

A packed block is `<u32 rows, u32 columns>`, then for steps, times and each value column one
`<u8 encoding, u32 size>` and its bytes. Encodings: raw; stride (first value and a constant
difference); deflate (differences of integers, or byte-shuffled floats, zlib level 1). Byte
shuffling puts the bytes of equal significance side by side, as Blosc and HDF5 do.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from pluto.storage.rows import Floats, Ints

_HEADER: Final = struct.Struct("<II")
_COLUMN: Final = struct.Struct("<BI")
_STRIDE: Final = struct.Struct("<qq")
RAW, STRIDE, DEFLATE = 0, 1, 2

MIN_ROWS_TO_DEFLATE: Final = 64


def pack(steps: Ints, times: Ints, values: Floats, *, deflate: bool = True) -> bytes:
    """Return the block of n rows: steps (n,), times (n,), values (n, k).

    Args:
        steps: of the rows.
        times: of the rows, in milliseconds.
        values: a row a row, a series a column.
        deflate: False for a block that will soon be written anew, with more rows.
    """
    count, width = values.shape
    parts = [_HEADER.pack(count, width)]
    deflate = deflate and count >= MIN_ROWS_TO_DEFLATE
    for column in (steps, times):
        parts += _framed(*_pack_ints(column, deflate))
    for index in range(width):
        parts += _framed(*_pack_floats(np.ascontiguousarray(values[:, index]), deflate))
    return b"".join(parts)


def unpack(block: bytes, columns: Sequence[int] | None = None) -> tuple[Ints, Ints, Floats]:
    """Return steps (n,), times (n,) and values (n, len(columns)); None = every column."""
    count, width = _HEADER.unpack_from(block)
    wanted = range(width) if columns is None else columns
    places = _places(block, width + 2)
    steps = _unpack_ints(block, places[0], count)
    times = _unpack_ints(block, places[1], count)
    values = np.empty((count, len(wanted)), np.float64)
    for position, column in enumerate(wanted):
        values[:, position] = _unpack_floats(block, places[column + 2], count)
    return steps, times, values


def _framed(encoding: int, data: bytes) -> tuple[bytes, bytes]:
    return _COLUMN.pack(encoding, len(data)), data


def _places(block: bytes, columns: int) -> list[tuple[int, int, int]]:
    places = []
    offset = _HEADER.size
    for _ in range(columns):
        encoding, size = _COLUMN.unpack_from(block, offset)
        offset += _COLUMN.size
        places.append((encoding, offset, size))
        offset += size
    return places


def _pack_ints(column: Ints, deflate: bool) -> tuple[int, bytes]:
    count = len(column)
    differences = np.diff(column)
    stride = int(differences[0]) if count > 1 else 0
    if count == 1 or (differences == stride).all():
        return STRIDE, _STRIDE.pack(int(column[0]), stride)
    if not deflate:
        return RAW, column.astype("<i8").tobytes()
    start = np.concatenate((column[:1], differences)).astype("<i8")
    return DEFLATE, zlib.compress(_shuffle(start.tobytes(), count), 1)


def _unpack_ints(block: bytes, place: tuple[int, int, int], count: int) -> Ints:
    encoding, offset, size = place
    if encoding == STRIDE:
        first, stride = _STRIDE.unpack_from(block, offset)
        ramp: Ints = first + stride * np.arange(count, dtype=np.int64)
        return ramp
    if encoding == RAW:
        return np.frombuffer(block, "<i8", count, offset).astype(np.int64, copy=False)
    raw = _unshuffle(zlib.decompress(block[offset : offset + size]), count)
    return np.cumsum(np.frombuffer(raw, "<i8", count), dtype=np.int64)


def _pack_floats(column: Floats, deflate: bool) -> tuple[int, bytes]:
    raw = column.astype("<f8", copy=False).tobytes()
    if not deflate:
        return RAW, raw
    return DEFLATE, zlib.compress(_shuffle(raw, len(column)), 1)


def _unpack_floats(block: bytes, place: tuple[int, int, int], count: int) -> Floats:
    encoding, offset, size = place
    if encoding == RAW:
        return np.frombuffer(block, "<f8", count, offset).astype(np.float64, copy=False)
    raw = _unshuffle(zlib.decompress(block[offset : offset + size]), count)
    return np.frombuffer(raw, "<f8", count).astype(np.float64, copy=False)


def _shuffle(raw: bytes, count: int) -> bytes:
    return np.frombuffer(raw, np.uint8).reshape(count, 8).T.tobytes()


def _unshuffle(raw: bytes, count: int) -> bytes:
    return np.frombuffer(raw, np.uint8).reshape(8, count).T.tobytes()
