"""Writes GIF films a frame at a time; Pillow would hold all frames in memory.

A film is made of the blocks of single pictures, which Pillow encodes (GIF89a specification,
sections 17 to 27): each with its own colours, and of each only the part that differs from the one
before.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FOR_EVER: Final = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
_TABLE: Final = 0x80  # a flag: a table of colours follows
_TABLE_SIZE: Final = 0x07
_LEAVE_IN_PLACE: Final = 0x04  # what is drawn stays for the next frame


class _Picture(NamedTuple):
    """The blocks of one picture: its colours, with the flag that tells how many, and its data."""

    flags: int
    colours: bytes
    data: bytes


def write_gif(frames: Iterator[NDArray[np.uint8]], milliseconds: int, target: Path) -> None:
    """Write frames (HxWx3, all of one size) that follow each other, again and again."""
    delay = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, _LEAVE_IN_PLACE, round(milliseconds / 10), 0, 0)
    before = None
    with target.open("wb") as file:
        for pixels in frames:
            height, width = pixels.shape[:2]
            if before is None:
                file.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + _FOR_EVER)
            top, bottom, left, right = _changed(before, pixels)
            picture = _encoded(pixels[top:bottom, left:right])
            place = struct.pack("<BHHHH", 0x2C, left, top, right - left, bottom - top)
            file.write(delay + place + bytes([picture.flags]) + picture.colours + picture.data)
            before = pixels
        file.write(b"\x3b")


def _changed(
    before: NDArray[np.uint8] | None, pixels: NDArray[np.uint8]
) -> tuple[int, int, int, int]:
    """Return top, bottom, left and right of what differs; one pixel if nothing does."""
    import numpy as np

    if before is None:
        return 0, pixels.shape[0], 0, pixels.shape[1]
    differs = (pixels != before).any(axis=-1)
    rows, columns = (np.flatnonzero(differs.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return 0, 1, 0, 1
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _encoded(pixels: NDArray[np.uint8]) -> _Picture:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="GIF")
    return _blocks(content.getvalue())


def _blocks(content: bytes) -> _Picture:
    """Take a GIF of one picture apart."""
    flags, at = content[10], 13
    size = _colour_bytes(flags)
    colours, at = content[at : at + size], at + size
    while content[at] == 0x21:  # extensions: a label, then blocks up to an empty one
        at += 2
        while content[at]:
            at += content[at] + 1
        at += 1
    own = content[at + 9]
    at += 10
    if own & _TABLE:
        size = _colour_bytes(own)
        flags, colours, at = own, content[at : at + size], at + size
    return _Picture(_TABLE | flags & _TABLE_SIZE | own & 0x40, colours, content[at:-1])


def _colour_bytes(flags: int) -> int:
    return 3 << (flags & _TABLE_SIZE) + 1 if flags & _TABLE else 0
