"""Takes a large file without copying it in the call that logs it.

Where the file system shares blocks (FICLONE, see ioctl_ficlone(2)) the copy is made at once. Else,
on a local file system of Linux, the file is put under a read lease (fcntl(2), F_SETLEASE) and goes
to the process of `pluto.media.copier`: whoever opens or truncates it for writing is held up by the
kernel until it is copied, and deleting or replacing it does no harm. Where no lease can be had,
because somebody has the file open for writing or it belongs to somebody else, the call copies.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pluto.errors import MediaError, RetryLater
from pluto.file_system import is_on_network
from pluto.media.staging import EXISTING_FILE, StagingArea

if sys.platform == "linux":
    import fcntl

if TYPE_CHECKING:
    import socket

LARGE: Final = 8 << 20  # bytes; copying fewer takes some milliseconds
COPY: Final = ".copy"
DIGEST: Final = ".sha256"
_FICLONE: Final = 0x40049409
_START_SECONDS: Final = 5.0  # it takes some 0.03
_is_network: Final[dict[int, bool]] = {}  # by device
_LAUNCH: Final = '"$0" "$@" <&- >/dev/null 2>&1 &'  # by a shell, so that it is no child of ours


class Origin(NamedTuple):
    """Which file was logged, and by what it is known to be unchanged since."""

    path: str
    size: int
    mtime_ns: int
    inode: int
    device: int


def take_file(area: StagingArea, path: str) -> tuple[str, Origin | None]:
    """Stage a file as it is now.

    Returns:
        The name of the staged file, and where it comes from if it is there later only.

    Raises:
        OSError: the file cannot be read, or there is no space.
    """
    with _opened(path) as source:
        if sys.platform == "linux" and os.fstat(source).st_size >= LARGE:
            name = _share_blocks(area, source)
            if name is not None:
                return name, None
            name = _hand_over(area, source, path)
            if name is not None:
                return name, _origin(path, source)
        return area.put_open_file(source), None


def fetch(staged: Path, origin: Origin | None) -> None:
    """Make sure that the bytes of a file that was handed over are there.

    If the copying process died, the file is taken from where it was, provided that it is unchanged.

    Raises:
        RetryLater: they are still being copied.
        MediaError: they are gone.
        OSError: bad luck such as a full disk.
    """
    if staged.exists() or _is_copied_now(staged):
        return
    if origin is None:
        raise MediaError(f"the staged bytes {staged} are gone; they cannot be uploaded")
    try:
        with _opened(origin.path) as source:
            _copy_unchanged(source, staged, origin)
    except FileNotFoundError as error:
        raise MediaError(f"{origin.path} is gone, and the copy of it is not complete") from error


def digest_of(staged: Path) -> str | None:
    """Return the SHA-256 of a file that was handed over, in hexadecimal, if it is known."""
    try:
        return staged.with_name(staged.name + DIGEST).read_text("ascii")
    except FileNotFoundError:
        return None


def _is_copied_now(staged: Path) -> bool:
    """Return whether the copy has just been completed; False if it never will be."""
    if sys.platform != "linux":
        return False
    with contextlib.suppress(FileNotFoundError), _opened(f"{staged}{COPY}") as copy:
        try:
            fcntl.flock(copy, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RetryLater(f"{staged} is still being copied", after=0.1) from None
    return staged.exists()


def _copy_unchanged(source: int, staged: Path, origin: Origin) -> None:
    with StagingArea(staged.parent) as area:
        name = area.put_open_file(source)
        if _origin(origin.path, source) != origin:
            raise MediaError(f"{origin.path} was changed before it could be copied")
        os.replace(staged.parent / name, staged)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, EXISTING_FILE)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _origin(path: str, source: int) -> Origin:
    now = os.fstat(source)
    return Origin(path, now.st_size, now.st_mtime_ns, now.st_ino, now.st_dev)


def _share_blocks(area: StagingArea, source: int) -> str | None:
    target = area.create()
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        area.discard()
        return None
    finally:
        os.close(target)
    return area.last


def _hand_over(area: StagingArea, source: int, path: str) -> str | None:
    directory = os.path.abspath(area.directory)
    target = area.create(COPY)
    try:
        _refuse_network(os.fstat(source).st_dev, path)
        _refuse_network(os.fstat(target).st_dev, directory)
        fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _lease(source)
        now = os.fstat(source)
        place = os.path.join(directory, area.last)
        message = f"{now.st_size} {now.st_mtime_ns} {place}"
        _shared.send(os.fsencode(message), source, target)
    except OSError:
        area.discard()
        with contextlib.suppress(OSError):
            fcntl.fcntl(source, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return None
    finally:
        os.close(target)
    return area.last


def _refuse_network(device: int, path: str) -> None:
    if device not in _is_network:
        _is_network[device] = is_on_network(Path(path))
    if _is_network[device]:
        raise OSError("other machines write to this file system, whom no lease holds up")


def _lease(source: int) -> None:
    """Take a read lease of which nobody is told when it is to end: the copying process looks.

    The signal of a lease is SIGIO, which kills a process that does not expect it. SIGURG does
    nothing where nobody expects it, and without an owner none is sent.
    """
    fcntl.fcntl(source, fcntl.F_SETSIG, signal.SIGURG)
    fcntl.fcntl(source, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    fcntl.fcntl(source, fcntl.F_SETOWN, 0)


class Copier:
    """The copying process of this one, started when it is first needed."""

    def __init__(self) -> None:
        self._connection: socket.socket | None = None
        self._tries = 2  # to start it, before that is given up for good
        self._lock = threading.Lock()  # guards _connection; held for a start, never for a copy

    def send(self, message: bytes, source: int, target: int) -> None:
        """Hand over a job.

        Raises:
            OSError: it cannot be; nothing was handed over.
        """
        import socket

        with self._lock:
            if self._connection is None:
                if not self._tries:
                    raise OSError("the copying process does not start here")
                self._tries -= 1
                self._connection = _start()
                self._tries += 1
            try:
                socket.send_fds(self._connection, [message], [source, target])
            except BlockingIOError:  # it has enough to do
                raise
            except OSError:
                self._connection.close()
                self._connection = None  # it died: the next file starts another one
                raise

    def after_fork(self) -> None:
        """In a forked child: leave the process to the parent."""
        self._lock = threading.Lock()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _start() -> socket.socket:
    """Start the copying process; return the socket to it, which never blocks."""
    import socket

    from pluto.media import copier

    script = Path(copier.__file__)
    is_python = Path(sys.executable).name.startswith(("python", "pypy"))
    if not is_python or not script.is_file():  # embedded, frozen, or in an archive
        raise OSError("there is no interpreter to copy with")
    ours, its = socket.socketpair()
    with its:
        shell = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", _LAUNCH, sys.executable, "-I", "-S", str(script)],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, its.fileno(), copier.SOCKET)],
        )
        with contextlib.suppress(ChildProcessError):  # somebody waits for all children
            os.waitpid(shell, 0)
    ours.settimeout(_START_SECONDS)
    with contextlib.ExitStack() as undo:
        undo.callback(ours.close)
        if ours.recv(1) != copier.READY:
            raise OSError("the copying process does not start here")
        undo.pop_all()
    ours.setblocking(False)
    return ours


_shared: Final = Copier()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_shared.after_fork)
