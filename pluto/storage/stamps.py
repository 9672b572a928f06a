"""What of a run's files tells whether anything was written to them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final, NamedTuple

from pluto.storage.schema import RUN_DB

_SETTLED_NANOSECONDS: Final = 2_000_000_000
"""A file that changed this recently may change again within the resolution of its time stamp."""


class Stamp(NamedTuple):
    """Times of writing, in ns since the epoch, and sizes of `run.db` and its write-ahead log.

    An empty log is as good as none: SQLite leaves one behind when a reader opens the store.
    """

    written: int
    size: int
    log_written: int
    log_size: int

    @property
    def written_at(self) -> int:
        """When the run was written last, in ns since the epoch; 0 if nothing is there."""
        return max(self.written, self.log_written)

    def is_settled(self) -> bool:
        """Tell whether the next write will change this stamp for certain."""
        return time.time_ns() - self.written_at > _SETTLED_NANOSECONDS


def stamp_of(directory: Path) -> Stamp:
    """Return the stamp of the run in a directory; zeros for a file that is not there.

    Example:
        >>> stamp_of(Path("run")).written_at
        1764355200000000000
    """
    file, log = map(_status, _paths(directory))
    return Stamp(
        file.st_mtime_ns if file else 0,
        file.st_size if file else 0,
        log.st_mtime_ns if log else 0,
        log.st_size if log else 0,
    )


State = tuple[tuple[int, ...], ...]


def state_of(directory: Path) -> State:
    """Return what changes with every write, also if a program sets the times of the files back."""
    statuses = map(_status, _paths(directory))
    return tuple(
        (each.st_mtime_ns, each.st_ctime_ns, each.st_size, each.st_ino) if each else ()
        for each in statuses
    )


def _paths(directory: Path) -> tuple[str, str]:
    return f"{directory}/{RUN_DB}", f"{directory}/{RUN_DB}-wal"


def _status(path: str) -> os.stat_result | None:
    try:
        status = os.stat(path)
    except OSError:  # gone or out of reach: opening the run will say why
        return None
    return status if status.st_size else None
