"""Columns of integers and floats to bytes and back, without loss.

A block is `<u32 rows, u32 columns of floats>`, then for each column, those of integers first,
`<u8 encoding, u32 size>` and its bytes.
Encodings: raw; stride (first value and a constant difference); deflate (differences of integers,
or byte-shuffled floats, in a zlib stream). Byte shuffling puts the bytes of equal significance
side by side, as Blosc and HDF5 do.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, TypeVar

import numpy as np

from pluto.errors import StorageError
from pluto.storage.rows import Floats, Ints

Numbers = TypeVar("Numbers", Ints, Floats)
Place = tuple[int, int, int]
"""Encoding, offset and size of a column."""

_HEADER: Final = struct.Struct("<II")
_COLUMN: Final = struct.Struct("<BI")
_STRIDE: Final = struct.Struct("<qq")
RAW, STRIDE, DEFLATE = 0, 1, 2

MIN_ROWS_TO_DEFLATE: Final = 64
_REGULAR_BYTES: Final = 128


class DamagedBlock(StorageError):
    """Bytes that no block can be: the file was changed by something else, or the disk fails."""


class Block:
    """A packed block, of which columns are decoded one by one.

    Every method raises `DamagedBlock` for bytes that `pack_columns` did not make.

    Example:
        >>> Block(pack_columns([np.arange(3)], [np.zeros(3)])).ints(0)
        array([0, 1, 2])
    """

    def __init__(self, data: bytes) -> None:
        try:
            self.count, self.width = _HEADER.unpack_from(data)
        except struct.error as error:
            raise DamagedBlock(f"a block is damaged: {error}") from error
        self._data = data
        self._places: list[Place] = []
        self._end = _HEADER.size

    def ints(self, column: int) -> Ints:
        """Return a column of integers, (count,)."""
        return self._unpacked(_unpack_ints, column)

    def floats(self, column: int) -> Floats:
        """Return a column of floats, (count,)."""
        return self._unpacked(_unpack_floats, column)

    def _unpacked(self, unpack: Callable[[bytes, Place, int], Numbers], column: int) -> Numbers:
        try:
            return unpack(self._data, self._place(column), self.count)
        except (struct.error, zlib.error, ValueError) as error:
            raise DamagedBlock(f"a block is damaged: {error}") from error

    def _place(self, column: int) -> Place:
        while len(self._places) <= column:
            encoding, size = _COLUMN.unpack_from(self._data, self._end)
            self._end += _COLUMN.size
            self._places.append((encoding, self._end, size))
            self._end += size
        return self._places[column]


def pack_columns(
    ints: Sequence[Ints],
    floats: Sequence[Floats],
    *,
    deflate_ints: bool = True,
    deflate_floats: bool = True,
) -> bytes:
    """Return a block of columns of equal length, the integers first.

    Args:
        ints: columns, each (n,).
        floats: columns, each (n,).
        deflate_ints: False for speed; what is equally spaced becomes small all the same.
        deflate_floats: False for a block that will soon be written anew, or is read often.
    """
    count = len(ints[0] if ints else floats[0])
    large = count >= MIN_ROWS_TO_DEFLATE
    parts = [_HEADER.pack(count, len(floats))]
    for column in ints:
        parts += _framed(*_pack_ints(column, deflate_ints and large))
    for values in floats:
        parts += _framed(*_pack_floats(np.ascontiguousarray(values), deflate_floats and large))
    return b"".join(parts)


def pack(steps: Ints, times: Ints, values: Floats, *, deflate: bool = True) -> bytes:
    """Return the block of n rows: steps (n,), times (n,), values (n, k), a series a column."""
    columns = [values[:, index] for index in range(values.shape[1])]
    return pack_columns([steps, times], columns, deflate_ints=deflate, deflate_floats=deflate)


def unpack(block: bytes, columns: Sequence[int] | None = None) -> tuple[Ints, Ints, Floats]:
    """Return steps (n,), times (n,) and values (n, len(columns)); None = every column."""
    packed = Block(block)
    wanted = range(packed.width) if columns is None else columns
    values = np.empty((packed.count, len(wanted)), np.float64)
    for position, column in enumerate(wanted):
        values[:, position] = packed.floats(column + 2)
    return packed.ints(0), packed.ints(1), values


def _framed(encoding: int, data: bytes) -> tuple[bytes, bytes]:
    return _COLUMN.pack(encoding, len(data)), data


def _pack_ints(column: Ints, deflate: bool) -> tuple[int, bytes]:
    count = len(column)
    differences = np.diff(column)
    stride = int(differences[0]) if count > 1 else 0
    if count == 1 or (differences == stride).all():
        return STRIDE, _STRIDE.pack(int(column[0]), stride)
    if not deflate:
        return RAW, column.astype("<i8").tobytes()
    start = np.concatenate((column[:1], differences)).astype("<i8")
    return DEFLATE, _deflate(_shuffle(start.tobytes(), count))


def _unpack_ints(block: bytes, place: Place, count: int) -> Ints:
    encoding, offset, size = place
    if encoding == STRIDE:
        first, stride = _STRIDE.unpack_from(block, offset)
        ramp: Ints = first + stride * np.arange(count, dtype=np.int64)
        return ramp
    if encoding == RAW:
        return np.frombuffer(block, "<i8", count, offset).astype(np.int64, copy=False)
    stream = block[offset : offset + size]
    return (_known_ints if size <= _REGULAR_BYTES else _inflated_ints)(stream, count)


def _inflated_ints(stream: bytes, count: int) -> Ints:
    raw = _unshuffle(zlib.decompress(stream), count)
    return np.cumsum(np.frombuffer(raw, "<i8", count), dtype=np.int64)


@lru_cache(maxsize=256)
def _known_ints(stream: bytes, count: int) -> Ints:
    """Inflate what is so regular that other blocks, and other runs, have the same column."""
    column = _inflated_ints(stream, count)
    column.flags.writeable = False
    return column


def _pack_floats(column: Floats, deflate: bool) -> tuple[int, bytes]:
    raw = column.astype("<f8", copy=False).tobytes()
    if not deflate:
        return RAW, raw
    return DEFLATE, _deflate(_shuffle(raw, len(column)))


def _unpack_floats(block: bytes, place: Place, count: int) -> Floats:
    encoding, offset, size = place
    if encoding == RAW:
        return np.frombuffer(block, "<f8", count, offset).astype(np.float64, copy=False)
    raw = _unshuffle(zlib.decompress(block[offset : offset + size]), count)
    return np.frombuffer(raw, "<f8", count).astype(np.float64, copy=False)


def _deflate(raw: bytes) -> bytes:
    # Shuffled bytes either run or are noise: searching for longer matches only takes time.
    stream = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    return stream.compress(raw) + stream.flush()


def _shuffle(raw: bytes, count: int) -> bytes:
    return np.frombuffer(raw, np.uint8).reshape(count, 8).T.tobytes()


def _unshuffle(raw: bytes, count: int) -> bytes:
    return np.frombuffer(raw, np.uint8).reshape(8, count).T.tobytes()
