"""The crash-proof front of the store: what this process logs, in segments on disk."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from time import time_ns
from typing import Final
from zlib import crc32

from pluto.held import NO_SPACE, HeldFrames
from pluto.names import random_id
from pluto.process_identity import identity
from pluto.segments import (
    COUNTED,
    END_BYTES,
    FORKED,
    ROW,
    SHAPE,
    SUFFIX,
    MappedSegment,
    NoSegment,
    PlainSegment,
    Segment,
    row_struct,
)

logger = logging.getLogger("pluto")

SEGMENT_BYTES: Final = 4 << 20
MOST_SHAPES: Final = 1000


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
        self._next: Segment | None = None
        self._retired: list[Segment] = []
        self._closed = threading.Event()
        # Of the present segment: names to the offset of their frame and what packs a row of them.
        self._shapes: dict[tuple[str, ...], tuple[int, Callable[..., bytes]]] = {}
        self.on_roll: Callable[[], None] = lambda: None
        self._held = HeldFrames()
        self.lost = 0
        directory.mkdir(parents=True, exist_ok=True)
        self._segment: Segment = self._open(segment_bytes)

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
            self._shapes.clear()  # no row overtakes those that wait
            if not self._held.add(kind, body):
                self.lost += kind in COUNTED
        if problem is not None:  # said without the lock: what is printed may be recorded
            logger.warning("rows wait in memory until the disk takes them: %s", problem)

    def append_row(self, names: tuple[str, ...], step: int, values: Iterable[float]) -> bool:
        """Append a row of numbers under the present time: the fast way.

        Returns:
            False if nothing was written: the row has to take the way of `append`.

        Raises:
            struct.error: a value is too large for a float.
            ValueError: the names are no text that UTF-8 can carry.
            OSError: there is no space; the row has to take the way of `append`.
        """
        with self._lock:
            shape = self._shapes.get(names) or self._add_shape(names)
            if shape is None:
                return False
            place, pack = shape
            body = pack(place, time_ns() // 1_000_000, step, *values)
            return self._segment.append(ROW, body, crc32(body, ROW))

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
            self._shapes.clear()
            self._closed.set()

    def after_fork(self) -> None:
        """In a forked child: leave the parent's segments alone and get one when it logs."""
        self._lock = threading.Lock()
        self._writer = _writer_name(FORKED)
        self._numbers = itertools.count(1)
        self.on_roll = lambda: None
        self._next = None
        self._retired = []
        self._segment = NoSegment(self._directory)
        self._shapes = {}
        self._held = HeldFrames()

    def _add_shape(self, names: tuple[str, ...]) -> tuple[int, Callable[..., bytes]] | None:
        if self._held.frames or self._closed.is_set() or not {str}.issuperset(map(type, names)):
            return None
        body, place = json.dumps(names, ensure_ascii=False).encode(), self._segment.end
        if not self._segment.append(SHAPE, body, crc32(body, SHAPE)):
            return None
        if len(self._shapes) == MOST_SHAPES:  # names that change all the time
            self._shapes.clear()
        shape = self._shapes[names] = place, row_struct(len(names)).pack
        return shape

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
        if segment is not None and size > self._segment_bytes - 2 * END_BYTES:
            self._retired.append(segment)  # too small, and its number has passed
            segment = None
        if segment is None:
            segment = self._open(max(self._segment_bytes, size + 2 * END_BYTES))
        self._retired.append(self._segment)
        self._segment = segment
        self._shapes.clear()
        self.on_roll()

    def _open(self, size: int) -> Segment:
        path = self._directory / f"{self._writer}-{next(self._numbers):06d}{SUFFIX}"
        if self._mapped:
            try:
                return MappedSegment(path, size)
            except (OSError, ValueError) as error:
                full = isinstance(error, OSError) and error.errno in NO_SPACE
                self._mapped = full  # a full disk may be mapped again when it has space
        return PlainSegment(path, size)


def _finish(segments: list[Segment]) -> None:
    for segment in segments:
        with contextlib.suppress(OSError):  # a full disk: what is in it stays there, unended
            segment.finish()


def _writer_name(mark: str = "") -> str:
    return f"{identity()}-{mark}{random_id(6)}"
