"""Frames that wait in memory for space on the disk."""

from __future__ import annotations

import errno
import time
from collections import deque
from collections.abc import Callable
from typing import Final

LIMIT: Final = 32 << 20  # bytes
RETRY_SECONDS: Final = 1.0
NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FRAME_BYTES: Final = 100  # of memory, beside the body


class HeldFrames:
    """A queue of frames that could not be written; it does not lock.

    Attributes:
        frames: kind and body of each, the oldest first.

    Args:
        limit: bytes; beyond it, frames are refused.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.frames: deque[tuple[int, bytes]] = deque()
        self._limit = limit
        self._bytes = 0
        self._not_before = 0.0

    def add(self, kind: int, body: bytes) -> bool:
        """Keep a frame; False if there is no room for it here either."""
        size = len(body) + _FRAME_BYTES
        if self._bytes + size > self._limit:
            return False
        self.frames.append((kind, body))
        self._bytes += size
        return True

    def write(self, append: Callable[[int, bytes], None], *, now: bool = False) -> bool:
        """Hand the frames to `append` in their order until it raises OSError.

        Args:
            append: writes a frame.
            now: also if the last try was just made.

        Returns:
            True if none is left.
        """
        if not self.frames:
            return True
        if not now and time.monotonic() < self._not_before:
            return False
        try:
            while self.frames:
                append(*self.frames[0])
                _, body = self.frames.popleft()
                self._bytes -= len(body) + _FRAME_BYTES
        except OSError:
            self._not_before = time.monotonic() + RETRY_SECONDS
        return not self.frames
