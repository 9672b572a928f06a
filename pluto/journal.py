"""Append-only segments of this process: the crash-proof front of the store.

A segment is a file of frames, `<u32 size, u32 CRC-32, u8 kind>` and then `size` bytes; a zero
size ends it. It is memory-mapped and preallocated, so that appending is a copy into the page
cache: it survives SIGKILL, makes no system call and never lets go of the interpreter lock. Where
mapping fails, frames are appended with `write(2)`. The body is written before its header: a
reader never takes a torn frame for a whole one.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import mmap
import os
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol
from zlib import crc32

from pluto.held import NO_SPACE, HeldFrames
from pluto.names import random_id
from pluto.process_identity import identity, is_gone

logger = logging.getLogger("pluto")

HEADER: Final = struct.Struct("<IIB")
SUFFIX: Final = ".seg"
FORKED: Final = "fork-"  # in the names of segments of children, which never end the run
SEGMENT_BYTES: Final = 4 << 20
MADV_POPULATE_WRITE: Final = 23  # Linux 5.14

METRICS, SYSTEM, CONSOLE, DATA, FILE, FACT = range(1, 7)
COUNTED: Final = (METRICS, DATA, FILE)  # rows that the user logs
END: Final = 255
_END_BODY: Final = b"\n"
_HEADER_BYTES: Final = HEADER.size
_END_BYTES: Final = _HEADER_BYTES + len(_END_BODY)
_pack_into: Final = HEADER.pack_into
_POPULATE_BYTES: Final = 128 << 10


Frame = tuple[int, bytes, int]
"""Kind, body, and the offset behind the frame."""


class _Segment(Protocol):
    path: Path

    def populate(self) -> None: ...
    def append(self, kind: int, body: bytes, checksum: int) -> bool: ...
    def finish(self) -> None: ...


class _MappedSegment:
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
        self._end = 0
        self._limit = size - _END_BYTES
        self._cold = 0  # from here on, no page is mapped yet

    def populate(self) -> None:
        """Take the page faults that are left, before the appends come to them."""
        try:
            while self._cold < len(self._map):
                length = min(_POPULATE_BYTES, len(self._map) - self._cold)
                self._map.madvise(MADV_POPULATE_WRITE, self._cold, length)
                self._cold += length
                time.sleep(0)  # madvise keeps the interpreter lock: let a training step in
        except (OSError, ValueError, AttributeError):
            self._cold = sys.maxsize  # another system, an older kernel, or ended meanwhile

    def append(self, kind: int, body: bytes, checksum: int) -> bool:
        start = self._end
        place = start + _HEADER_BYTES
        size = len(body)
        stop = place + size
        if stop > self._limit:
            return False
        self._map[place:stop] = body
        _pack_into(self._map, start, size, checksum, kind)
        self._end = stop
        return True

    def finish(self) -> None:
        self._limit += _END_BYTES
        self.append(END, _END_BODY, crc32(_END_BODY, END))
        self._map.close()
        os.truncate(self.path, self._end)


class _PlainSegment:
    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self._limit = size
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._end = 0

    def populate(self) -> None:
        """Nothing is mapped."""

    def append(self, kind: int, body: bytes, checksum: int) -> bool:
        frame = HEADER.pack(len(body), checksum, kind) + body
        if self._end and self._end + len(frame) > self._limit:
            return False
        written = os.write(self._descriptor, frame)
        if written < len(frame):  # a full disk took a part: take it back, so that no frame is torn
            os.ftruncate(self._descriptor, self._end)
            raise OSError(f"no space left for {self.path}")
        self._end += written
        return True

    def finish(self) -> None:
        try:
            self.append(END, _END_BODY, crc32(_END_BODY, END))
        finally:
            os.close(self._descriptor)


class _NoSegment:
    """Takes nothing, so that the first append opens a real segment."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def populate(self) -> None:
        """Nothing is mapped."""

    def append(self, kind: int, body: bytes, checksum: int) -> bool:  # noqa: ARG002
        return False

    def finish(self) -> None:
        """Nothing was begun."""


class Journal:
    """The segments that this process appends to, in one directory; safe from any thread.

    When `append` returns, the frame survives the death of the process. Only while there is no
    space on the disk frames wait in memory, up to a limit: training goes on.

    Attributes:
        lost: rows of the user for which there was no space anywhere.

    Args:
        directory: where segments go; made if missing.
        mapped: False for file systems on which mapping is unsafe (network file systems).
        segment_bytes: size of a segment; a larger frame gets a segment of its own.

    Attributes:
        on_roll: called when a new segment begins; `prepare` is due then.

    Example:
        >>> journal = Journal(Path("run/journal"))
        >>> journal.append(METRICS, b'{"time":1,"step":0,"data":{"loss":0.5}}')
        >>> [kind for kind, _, _ in read_frames(journal.path, 0)]
        [1]
    """

    def __init__(
        self, directory: Path, *, mapped: bool = True, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._mapped = mapped and hasattr(os, "posix_fallocate")
        self._lock = threading.Lock()  # guards the segments; held for a copy, never for a wait
        self._writer = _writer_name()
        self._numbers = itertools.count(1)
        self._next: _Segment | None = None
        self._retired: list[_Segment] = []
        self._closed = threading.Event()
        self.on_roll: Callable[[], None] = lambda: None
        self._held = HeldFrames()
        self.lost = 0
        directory.mkdir(parents=True, exist_ok=True)
        self._segment: _Segment = self._open(segment_bytes)

    @property
    def writer(self) -> str:
        """Names this journal: see `writer_of`."""
        return self._writer

    @property
    def path(self) -> Path:
        """The segment that is being appended to."""
        return self._segment.path

    def append(self, kind: int, body: bytes) -> None:
        """Append one frame.

        Raises:
            ValueError: the journal is closed.
        """
        problem: OSError | None = None
        checksum = crc32(body, kind)
        with self._lock:
            try:
                if not self._held.frames or self._held.write(self._append):
                    if not self._segment.append(kind, body, checksum):
                        self._roll(len(body))
                        self._segment.append(kind, body, checksum)
                    return
            except OSError as error:
                problem = error
            if not self._held.add(kind, body):
                self.lost += kind in COUNTED
        if problem is not None:  # said without the lock: what is printed may be recorded
            logger.warning("rows wait in memory until the disk takes them: %s", problem)

    def prepare(self) -> None:
        """Have this and the next segment ready and end full ones, so that no append has to.

        Raises:
            OSError: there is no space for a segment.
        """
        self._write_held()
        self._segment.populate()
        if self._next is None and self._mapped and not self._closed.is_set():
            segment = self._open(self._segment_bytes)
            segment.populate()
            with self._lock:
                # Rows are read in the order of names: behind a later segment, this one is useless.
                if self._closed.is_set() or segment.path < self._segment.path:
                    self._retired.append(segment)
                else:
                    self._next = segment
        with self._lock:
            retired, self._retired = self._retired, []
        for segment in retired:
            segment.finish()

    def sync(self) -> None:
        """Write what was appended to the disk, so that it survives a loss of power."""
        with self._lock:
            paths = [segment.path for segment in (*self._retired, self._segment)]
        for path in paths:
            with contextlib.suppress(FileNotFoundError):  # ended and absorbed meanwhile
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def close(self) -> None:
        """End the journal; appending to it is over."""
        with self._lock:
            spare = [] if self._next is None else [self._next]
            _finish(self._retired + spare)  # gives space back
            self._retired, self._next = [], None
            self._held.write(self._append, now=True)
            self.lost += sum(kind in COUNTED for kind, _ in self._held.frames)
            self._held = HeldFrames()
            _finish([*self._retired, self._segment])
            self._retired = []
            self._closed.set()

    def after_fork(self) -> None:
        """In a forked child: leave the parent's segments alone and get one when it logs."""
        self._lock = threading.Lock()
        self._writer = _writer_name(FORKED)
        self._numbers = itertools.count(1)
        self.on_roll = lambda: None
        self._next = None
        self._retired = []
        self._segment = _NoSegment(self._directory)
        self._held = HeldFrames()

    def _append(self, kind: int, body: bytes) -> None:
        checksum = crc32(body, kind)
        if not self._segment.append(kind, body, checksum):
            self._roll(len(body))
            self._segment.append(kind, body, checksum)

    def _write_held(self) -> None:
        with self._lock:
            count = len(self._held.frames)
            is_written = count > 0 and self._held.write(self._append)
        if is_written:
            logger.warning("the disk takes rows again: %d that waited in memory are stored", count)

    def _roll(self, size: int) -> None:
        segment, self._next = self._next, None
        if segment is not None and size > self._segment_bytes - 2 * _END_BYTES:
            self._retired.append(segment)  # too small, and its number has passed
            segment = None
        if segment is None:
            segment = self._open(max(self._segment_bytes, size + 2 * _END_BYTES))
        self._retired.append(self._segment)
        self._segment = segment
        self.on_roll()

    def _open(self, size: int) -> _Segment:
        path = self._directory / f"{self._writer}-{next(self._numbers):06d}{SUFFIX}"
        if self._mapped:
            try:
                return _MappedSegment(path, size)
            except (OSError, ValueError) as error:
                full = isinstance(error, OSError) and error.errno in NO_SPACE
                self._mapped = full  # a full disk may be mapped again when it has space
        return _PlainSegment(path, size)


def _finish(segments: list[_Segment]) -> None:
    for segment in segments:
        with contextlib.suppress(OSError):  # a full disk: what is in it stays there, unended
            segment.finish()


def _writer_name(mark: str = "") -> str:
    return f"{identity()}-{mark}{random_id(6)}"


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
