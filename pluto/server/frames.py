"""The binary answer of the dashboard's series request.

Layout: the length of the header as a little-endian u32, the header (JSON, padded with spaces so
that header and length together fill whole 8-byte words), then for each series five float64 columns
of n: x, min, max, mean, flags. A series' `offset` counts bytes from the end of the header.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import msgspec
import numpy as np

from pluto.storage import Buckets

COLUMNS = 5


class Frame(NamedTuple):
    """One series of an answer; `columns` holds x, min, max, mean, flags as float64 bytes."""

    run: int
    name: str
    version: int
    downsampled: bool
    columns: bytes


def pack_columns(buckets: Buckets, start: int = 0) -> bytes:
    """Return the five columns of a series; `start` is subtracted from x.

    Example:
        >>> len(pack_columns(reader.buckets("loss", None, None, 1000))) % 40
        0
    """
    columns = (buckets.x - start, buckets.min, buckets.max, buckets.mean, buckets.flags)
    return b"".join(np.ascontiguousarray(column, "<f8").tobytes() for column in columns)


def encode_frames(frames: list[Frame]) -> bytes:
    """Return the body of an answer."""
    entries, offset = [], 0
    for frame in frames:
        entries.append(
            {
                "run": frame.run,
                "name": frame.name,
                "n": len(frame.columns) // (8 * COLUMNS),
                "offset": offset,
                "downsampled": frame.downsampled,
                "version": frame.version,
            }
        )
        offset += len(frame.columns)
    header = msgspec.json.encode({"series": entries})
    header += b" " * (-(len(header) + 4) % 8)
    return b"".join([struct.pack("<I", len(header)), header, *(each.columns for each in frames)])
