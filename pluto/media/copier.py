"""The process that copies large files while the training goes on.

`pluto.media.handover` starts it as `python -I -S copier.py`: it knows the standard library only.
It is a process because a thread would not do: a program that opens a leased file for writing may
hold the interpreter lock while it waits for the lease (`torch.save` does), and a thread that needs
the lock to go on would keep it waiting for ever.

Over the socket that is descriptor 3 come jobs: a text `<size> <mtime in ns> <path>`, the descriptor
of a file with a read lease, and that of the locked, empty file `<path>.copy`. When that has all
bytes and `<path>.sha256` their digest, it is renamed to `path`. If it cannot be completed it is
removed. The lease ends as soon as the bytes are copied. The process ends when the socket does.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import resource
import select
import signal
import socket

SOCKET = 3
READY = b"r"  # is said when jobs can come
MOST_JOBS = 100
COPY_PIECE = 32 << 20
HASH_PIECE = 8 << 20
MESSAGE_BYTES = 8192


class Job:
    """One file on its way.

    Args:
        message: what came with the descriptors.
        source: the file, under a lease.
        target: the file to copy to, under a lock that others see.
    """

    def __init__(self, message: bytes, source: int, target: int) -> None:
        size, mtime, path = message.split(b" ", 2)
        self.path = os.fsdecode(path)
        self.is_copied = False
        self._stamp = int(size), int(mtime)
        self._source = source
        self._target = target
        self._digest = hashlib.sha256()
        self._hashed = 0

    def somebody_waits(self) -> bool:
        """Tell whether a program is held up that wants to write to the file."""
        return not self.is_copied and fcntl.fcntl(self._source, fcntl.F_GETLEASE) != fcntl.F_RDLCK

    def step(self) -> bool:
        """Do a piece of the work; return True when nothing is left to do.

        Raises:
            OSError: it cannot be done.
        """
        if self.is_copied:
            return self._hash_piece()
        if not _copy_piece(self._source, self._target):
            self._check()
            self.release()
        return False

    def release(self) -> None:
        """Let those go on that want to write to the file; idempotent."""
        if not self.is_copied:
            self.is_copied = True
            with contextlib.suppress(OSError):
                fcntl.fcntl(self._source, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            os.close(self._source)

    def close(self) -> None:
        """Give up what has no name by now."""
        self.release()
        with contextlib.suppress(OSError):
            os.unlink(f"{self.path}.copy")
        fcntl.flock(self._target, fcntl.LOCK_UN)  # a forked child may have inherited it
        os.close(self._target)

    def _check(self) -> None:
        """Make sure that the kernel has not ended the lease in favour of a writer.

        It does so after /proc/sys/fs/lease-break-time, 45 seconds.
        """
        if self.somebody_waits():
            now = os.fstat(self._source)
            if (now.st_size, now.st_mtime_ns) != self._stamp:
                raise OSError("the file was changed while it was copied")

    def _hash_piece(self) -> bool:
        piece = os.pread(self._target, HASH_PIECE, self._hashed)
        self._digest.update(piece)
        self._hashed += len(piece)
        if piece:
            return False
        with open(f"{self.path}.sha256", "w", encoding="ascii") as file:
            file.write(self._digest.hexdigest())
        os.rename(f"{self.path}.copy", self.path)
        return True


def _copy_piece(source: int, target: int) -> int:
    """Copy from where the descriptors stand; return the number of bytes, 0 at the end."""
    try:
        return os.copy_file_range(source, target, COPY_PIECE)
    except OSError:  # not between these two file systems
        piece = os.read(source, HASH_PIECE)
        left = memoryview(piece)
        while left:
            left = left[os.write(target, left) :]
        return len(piece)


def most_urgent(jobs: list[Job]) -> Job:
    """Return the job that somebody waits for, else one that holds a lease, else the oldest."""
    return min(jobs, key=lambda job: (not job.somebody_waits(), job.is_copied))


def serve(connection: socket.socket) -> None:
    """Do what comes over the socket, until it ends and all is done."""
    jobs: list[Job] = []
    most = _most_jobs()
    is_open = True
    while jobs or is_open:
        wait = 0 if jobs else None
        if is_open and len(jobs) < most and select.select([connection], [], [], wait)[0]:
            message, descriptors, _, _ = socket.recv_fds(connection, MESSAGE_BYTES, 2)
            is_open = bool(message)
            if is_open:
                jobs.append(Job(message, *descriptors))
            continue
        job = most_urgent(jobs)
        try:
            is_done = job.step()
        except OSError:
            is_done = True
        if is_done:
            job.close()
            jobs.remove(job)


def _most_jobs() -> int:
    """Return for how many jobs there are descriptors: two for each, and some to work with."""
    return max(1, min(MOST_JOBS, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 16) // 2))


def stand_alone() -> None:
    """Keep nothing of the program that started this one, and outlive it."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > SOCKET:
            with contextlib.suppress(OSError):
                os.close(int(name))
    os.chdir("/")
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    stand_alone()
    training = socket.socket(fileno=SOCKET)
    training.send(READY)
    serve(training)
