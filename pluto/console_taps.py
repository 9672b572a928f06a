"""Takes a copy of what a process writes to its descriptors 1 and 2 or to a Python stream.

**Descriptors.** The descriptor is replaced by a pipe, and a `tee` process of its own copies the
pipe to the original destination, at once and byte by byte, and to an unlinked file, which the
console thread follows. That the copying is not done by a thread of this process is the point:

* The last words of a crash (`Segmentation fault`, a CUDA assertion) reach the user's log. A
  thread would die with the process, the words still in the pipe.
* Printing cannot deadlock: C code that writes more than a pipe holds while it has the GIL would
  wait for a thread that waits for the GIL.
* Printing is as fast as before: no thread wakes up at each line and asks for the GIL.
* A background process that outlives the script keeps a working stdout.

If `tee` dies, nothing is lost: this process holds the read end of the pipe too, notices, gives
the original descriptor back and empties the pipe itself.

**A terminal** is never replaced, because programs ask it for its size, its colours and its
modes; and no pseudo-terminal can pass all of that on without a signal handler of ours. There,
and where `sys.stdout` is no descriptor (notebooks, pytest), the stream object is tapped: its
`write` attribute, not `sys.stdout` itself. So logging handlers that were bound to the stream
earlier are recorded, and `redirect_stdout` or a replaced `sys.stdout` keep working.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import fcntl
import logging
import os
import subprocess
import sys
import termios
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

logger = logging.getLogger("pluto")

READ_SIZE: Final = 1 << 20
RELEASE_EVERY: Final = 16 << 20  # bytes of the copy that were read and may be given back
BACKLOG_MAX: Final = 64 << 20  # bytes of the copy, characters of a stream, that may wait
QUIET: Final = 0.1  # seconds; what tee has read it has copied by then, on a busy machine too
PAUSE: Final = 0.002

# Ignores the signals that are meant for the training and reach the whole session or group.
SCRIPT: Final = """
command -v tee >/dev/null || exit 127
exec 3<&0
(trap '' HUP INT QUIT TERM; exec tee -a "/dev/fd/$1") <&3 3<&- &
"""

Chunk = tuple[int, str]
"""When (ms since the epoch) something was written, and what."""


class Untappable(Exception):
    """This descriptor or stream cannot be tapped here; the message says why."""


def now_ms() -> int:
    """Return the time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class DescriptorTap:
    """A copy of everything that is written to a descriptor, by Python, C or child processes.

    Made, it waits for nothing; `begin` makes it effective. So two are begun in the time of one.

    Args:
        fd: 1 or 2.
        directory: where the unlinked copy takes its space.

    Raises:
        Untappable: the descriptor is closed or a terminal, or the copying cannot be started.
    """

    def __init__(self, fd: int, directory: Path) -> None:
        self.fd = fd
        self.left_out = 0
        self._offset = self._released = 0
        self._partial = b""
        self._undo = contextlib.ExitStack()
        try:
            self._prepare(directory)
        except (OSError, Untappable) as error:
            self._undo.close()
            raise Untappable(f"descriptor {fd}: {error}") from error

    def _prepare(self, directory: Path) -> None:
        if os.isatty(self.fd):
            raise Untappable("it is a terminal")
        self._original = self._keep(os.dup(self.fd))
        self._copy = self._keep(_unlinked_file(directory, self.fd))
        self._pipe, self._entrance = map(self._keep, os.pipe())
        self._alive, self._held_by_tee = map(self._keep, os.pipe())
        self._shell = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", SCRIPT, "sh", str(self._copy)],
            stdin=self._pipe,
            stdout=self._original,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._copy, self._held_by_tee),
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath)},
            start_new_session=True,
        )

    def _keep(self, fd: int) -> int:
        """Take a descriptor; `close` closes it. Single digits are left to scripts and shells."""
        raised = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
        os.close(fd)
        self._undo.callback(os.close, raised)
        return raised

    def begin(self) -> None:
        """Put the pipe in the place of the descriptor.

        Raises:
            Untappable: there is no program `tee`; then nothing has changed.
        """
        if self._shell.wait():
            self._undo.close()
            raise Untappable(f"descriptor {self.fd}: there is no program 'tee'")
        flush(self.fd)
        self._identity = os.fstat(self._entrance)
        os.dup2(self._entrance, self.fd)
        # From now on the end of the pipe is the end of what has descriptor 1 or 2.
        os.close(self._entrance)
        os.close(self._held_by_tee)
        self._undo.pop_all()
        for fd in (self._original, self._copy, self._pipe, self._alive):
            self._undo.callback(os.close, fd)

    @property
    def is_broken(self) -> bool:
        """Whether `tee` has ended although the descriptor is still tapped."""
        return _is_readable(self._alive)

    def covers(self, stream: object) -> bool:
        """Return whether what is written to this Python stream arrives here."""
        try:
            return bool(stream.fileno() == self.fd)  # type: ignore[attr-defined]
        except (AttributeError, OSError, TypeError, ValueError):
            return False

    def read(self) -> list[Chunk]:
        """Return what was written since the last call, as far as it makes whole characters."""
        backlog = os.fstat(self._copy).st_size - self._offset
        if backlog > BACKLOG_MAX:
            self.left_out += backlog - READ_SIZE
            self._offset += backlog - READ_SIZE
            self._partial = b""
        chunks: list[Chunk] = []
        while piece := os.pread(self._copy, READ_SIZE, self._offset):
            self._offset += len(piece)
            chunks.append((now_ms(), self._decode(piece)))
        if self._offset - self._released >= RELEASE_EVERY:
            _punch_hole(self._copy, self._offset)
            self._released = self._offset
        return chunks

    def settle(self, deadline: float, quiet: float = QUIET) -> None:
        """Wait until everything that was written so far can be read here, or until `deadline`.

        As long as somebody else holds the descriptor (a background process, say), that is
        when the pipe has been empty, and the copy has not grown, for `quiet` seconds.
        """
        size, since = -1, time.monotonic()
        while not self.is_broken and (now := time.monotonic()) < deadline:
            grown = os.fstat(self._copy).st_size
            if grown != size or _waiting(self._pipe):
                size, since = grown, now
            elif now - since >= quiet:
                return
            time.sleep(PAUSE)

    def restore(self) -> None:
        """Give the descriptor back, unless it was replaced by somebody else meanwhile."""
        flush(self.fd)
        with contextlib.suppress(OSError):  # closed by the program: nothing to give back
            if os.path.samestat(os.fstat(self.fd), self._identity):
                os.dup2(self._original, self.fd)

    def rescue(self) -> None:
        """Empty the pipe of a `tee` that died, to where its content belongs and to the copy."""
        os.set_blocking(self._pipe, False)
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._pipe, READ_SIZE):
                _write_all(self._copy, piece)
                _write_all(self._original, piece)

    def close(self) -> None:
        """Let go of everything; the descriptor must have been restored."""
        self._undo.close()

    def _decode(self, piece: bytes) -> str:
        piece = self._partial + piece
        whole = _whole_characters(piece)
        self._partial = piece[whole:]
        return piece[:whole].decode("utf-8", "replace")


class StreamTap:
    """A copy of the text that is written to a Python stream object.

    Args:
        stream: something with a method `write`.
        covered: True if a descriptor tap sees the text as well; then it is not kept here.

    Raises:
        Untappable: its `write` cannot be replaced.
    """

    # Whether a stream that this thread's write went through has kept the text: a stream that
    # writes to another tapped stream is not recorded twice.
    _thread: Final = threading.local()

    def __init__(self, stream: Any, *, covered: bool = False) -> None:
        self.left_out = 0
        self._stream = stream
        self._covered = covered
        self._chunks: deque[Chunk] = deque()
        self._waiting = 0
        self.is_active = True
        self._had_own = "write" in getattr(stream, "__dict__", {})
        try:
            self._put_on()
        except (AttributeError, TypeError) as error:
            raise Untappable(f"{type(stream).__name__}: {error}") from error

    def renew(self) -> None:
        """Tap the stream again if somebody has replaced its `write` or taken ours away.

        IPython does both: for each cell it puts a function of its own over `write`, and behind the
        cell it puts back what it had found.
        """
        current = self._stream.write
        is_ours = isinstance(current, _Layer) and current.tap is self
        if self.is_active and not self._covered and not is_ours:
            self._put_on()

    def _put_on(self) -> None:
        write = self._stream.write
        while isinstance(write, _Layer) and not write.tap.is_active:  # left by a run that has ended
            write = write.write
        layer = _Layer(self, write)
        self._stream.write = self._replacement = layer

    def tapped(self, write: Callable[[Any], Any], text: Any) -> Any:
        """Write a text and keep a copy of it."""
        if not self.is_active:
            return write(text)
        thread = self._thread
        thread.kept = False
        written = write(text)
        if not thread.kept:
            thread.kept = True
            if not self._covered and isinstance(text, str):
                self._keep(text)
        return written

    def _keep(self, text: str) -> None:
        if self._waiting > BACKLOG_MAX:
            self.left_out += len(text)
            return
        self._waiting += len(text)
        self._chunks.append((now_ms(), text))

    def read(self) -> list[Chunk]:
        """Return what was written since the last call."""
        chunks = [self._chunks.popleft() for _ in range(len(self._chunks))]
        self._waiting = 0
        return chunks

    def restore(self) -> None:
        """Stop; the stream is as it was, unless somebody else replaced its `write` meanwhile."""
        self.is_active = False
        if getattr(self._stream, "__dict__", {}).get("write") is not self._replacement:
            return
        if self._had_own:
            self._stream.write = self._replacement.write
        else:
            del self._stream.write


class _Layer:
    """What stands in the place of a stream's `write`; several may lie over each other."""

    def __init__(self, tap: StreamTap, write: Callable[[Any], Any]) -> None:
        self.tap = tap
        self.write = write

    def __call__(self, text: Any) -> Any:
        return self.tap.tapped(self.write, text)


def flush(fd: int) -> None:
    """Write out what Python's and C's buffers hold for descriptor 1 or 2."""
    names = ("stdout", "__stdout__") if fd == 1 else ("stderr", "__stderr__")
    for stream in {id(s): s for s in (getattr(sys, name) for name in names) if s}.values():
        with contextlib.suppress(OSError, ValueError):  # closed, or its reader is gone
            stream.flush()
    library = ctypes.CDLL(None)
    for symbol in (names[0], f"__{names[0]}p"):  # the second is macOS's
        with contextlib.suppress(ValueError):
            library.fflush(ctypes.c_void_p.in_dll(library, symbol))


def _unlinked_file(directory: Path, fd: int) -> int:
    """Open a file that has no name: what is in it is not redacted, and goes with the process."""
    path = directory / f".console-{os.getpid()}-{fd}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND
    copy = os.open(path, flags, 0o600)
    path.unlink()
    return copy


def _is_readable(fd: int) -> bool:
    import select

    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


def _waiting(pipe: int) -> int:
    """Return how many bytes are in a pipe."""
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


def _write_all(fd: int, data: bytes) -> None:
    with contextlib.suppress(OSError):  # its reader is gone, or the disk is full
        while data:
            data = data[os.write(fd, data) :]


def _whole_characters(data: bytes) -> int:
    """Return the length of `data` without the beginning of a UTF-8 character at its end."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) - back if length > back else len(data)
        if byte < 0x80:
            break
    return len(data)


def _punch_hole(fd: int, size: int) -> None:
    """Give the first `size` bytes of a file back to the disk; the length stays (Linux only)."""
    keep_size, punch_hole = 1, 2  # linux/falloc.h
    fallocate = getattr(ctypes.CDLL(None), "fallocate64", None)
    if fallocate is not None:
        offset = ctypes.c_int64
        fallocate(fd, keep_size | punch_hole, offset(0), offset(size))
