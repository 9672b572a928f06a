"""One file of the journal: frames, appended to by one process and read by any.

A segment is a file of frames, `<u32 size, u32 CRC-32, u8 kind>` and then `size` bytes; a zero
size ends it. It is memory-mapped and preallocated, so that appending is a copy into the page
cache: it survives SIGKILL, makes no system call and never lets go of the interpreter lock. Where
mapping fails, frames are appended with `write(2)`. The body is written before its header: a
reader never takes a torn frame for a whole one.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol
from zlib import crc32

from pluto.process_identity import is_gone

HEADER: Final = struct.Struct("<IIB")
SUFFIX: Final = ".seg"
FORKED: Final = "fork-"  # in the names of segments of children, which never end the run
MADV_POPULATE_WRITE: Final = 23  # Linux 5.14

METRICS, SYSTEM, CONSOLE, DATA, FILE, FACT, SHAPE, ROW = range(1, 9)
COUNTED: Final = (METRICS, DATA, FILE, ROW)  # rows that the user logs
END: Final = 255
_END_BODY: Final = b"\n"
_HEADER_BYTES: Final = HEADER.size
END_BYTES: Final = _HEADER_BYTES + len(_END_BODY)
_pack_into: Final = HEADER.pack_into
_POPULATE_BYTES: Final = 128 << 10


def row_struct(width: int) -> struct.Struct:
    """Return the form of a ROW: offset of its SHAPE in the segment, time in ms, step, values."""
    return struct.Struct(f"<Iqq{width}d")


Frame = tuple[int, bytes, int]
"""Kind, body, and the offset behind the frame."""


class Segment(Protocol):
    """A file that frames are appended to; `end` is the offset of the next one."""

    path: Path
    end: int

    def populate(self) -> None:
        """Take the page faults that are left, before the appends come to them."""

    def append(self, kind: int, body: bytes, checksum: int) -> bool:
        """Append a frame; False if there is no room for it."""

    def finish(self) -> None:
        """Mark the segment as complete, give back the room that is left, and close it."""


class MappedSegment:
    """A segment of a fixed size in memory that is the page cache's."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
            self._map = mmap.mmap(descriptor, size)
        except (OSError, ValueError):
            path.unlink()
            raise
        finally:
            os.close(descriptor)
        self.end = 0
        self._limit = size - END_BYTES
        self._cold = 0  # from here on, no page is mapped yet

    def populate(self) -> None:
        """See `Segment`."""
        try:
            while self._cold < len(self._map):
                length = min(_POPULATE_BYTES, len(self._map) - self._cold)
                self._map.madvise(MADV_POPULATE_WRITE, self._cold, length)
                self._cold += length
                time.sleep(0)  # madvise keeps the interpreter lock: let a training step in
        except (OSError, ValueError, AttributeError):
            self._cold = sys.maxsize  # another system, an older kernel, or ended meanwhile

    def append(self, kind: int, body: bytes, checksum: int) -> bool:
        """See `Segment`."""
        start = self.end
        place = start + _HEADER_BYTES
        size = len(body)
        stop = place + size
        if stop > self._limit:
            return False
        self._map[place:stop] = body
        _pack_into(self._map, start, size, checksum, kind)
        self.end = stop
        return True

    def finish(self) -> None:
        """See `Segment`."""
        self._limit += END_BYTES
        self.append(END, _END_BODY, crc32(_END_BODY, END))
        self._map.close()
        os.truncate(self.path, self.end)


class PlainSegment:
    """A segment that every frame is written to with a system call."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self._limit = size
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self.end = 0

    def populate(self) -> None:
        """Nothing is mapped."""

    def append(self, kind: int, body: bytes, checksum: int) -> bool:
        """See `Segment`.

        Raises:
            OSError: there is no space on the disk.
        """
        frame = HEADER.pack(len(body), checksum, kind) + body
        if self.end and self.end + len(frame) > self._limit:
            return False
        written = os.write(self._descriptor, frame)
        if written < len(frame):  # a full disk took a part: take it back, so that no frame is torn
            os.ftruncate(self._descriptor, self.end)
            raise OSError(f"no space left for {self.path}")
        self.end += written
        return True

    def finish(self) -> None:
        """See `Segment`."""
        try:
            self.append(END, _END_BODY, crc32(_END_BODY, END))
        finally:
            os.close(self._descriptor)


class NoSegment:
    """Takes nothing, so that the first append opens a real segment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.end = 0

    def populate(self) -> None:
        """Nothing is mapped."""

    def append(self, kind: int, body: bytes, checksum: int) -> bool:  # noqa: ARG002
        """There is no room."""
        return False

    def finish(self) -> None:
        """Nothing was begun."""


def writer_of(path: Path) -> str:
    """Return the name of what wrote a segment: a `Journal`, or one of its forked children.

    Example:
        >>> writer_of(Path("run/journal/7.99.c0ffee00-x5k2p1-000003.seg"))
        '7.99.c0ffee00-x5k2p1'
    """
    return path.name.rpartition("-")[0]


def writer_is_gone(path: Path) -> bool:
    """Tell whether the process that wrote a segment is certainly dead."""
    return is_gone(path.name.partition("-")[0])


def is_ended(path: Path) -> bool:
    """Tell whether a segment was ended by its writer, and not by its writer's death."""
    mark = HEADER.pack(len(_END_BODY), crc32(_END_BODY, END), END) + _END_BODY
    try:
        with path.open("rb") as file:
            file.seek(-len(mark), os.SEEK_END)
            return file.read() == mark
    except OSError:  # shorter than a mark, or absorbed meanwhile
        return not path.exists()


def read_frames(path: Path, offset: int, limit: int = 1 << 20) -> Iterator[Frame]:
    """Yield the whole frames of a segment from `offset` on, about `limit` bytes of them.

    A torn or still unwritten tail ends the frames without an error.
    """
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(limit)
        end, place, unpack = len(data), 0, HEADER.unpack_from
        while place + _HEADER_BYTES <= end:
            size, checksum, kind = unpack(data, place)
            if size == 0:
                return
            start = place + _HEADER_BYTES
            stop = start + size
            if stop > end:
                if place:
                    return
                data += file.read(stop - end)
                end = len(data)
            body = data[start:stop]
            if len(body) < size or crc32(body, kind) != checksum:
                return
            place = stop
            yield kind, body, offset + place
