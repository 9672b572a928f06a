"""Runs that clients left on this disk, or are writing there now."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from pluto.errors import StorageError
from pluto.server.later import Later
from pluto.server.rows import CLOSED, TERMINAL, RunRow
from pluto.server.sqlite.run_cache import CachedRun, RunCache
from pluto.server.sqlite.tree import RunTree
from pluto.storage import RUN_DB, RunReader, Stamp, stamp_of

logger = logging.getLogger("pluto")

PROCESS_DIED: Final = "process died"
_REFRESH_SECONDS: Final = 1.0
_FIRST_ID, _LAST_ID = 2**32, 2**48
PATIENCE_SECONDS: Final = 0.3
"""So long a look at the disk may read runs that were not seen before; a thread reads the rest."""

# Of the facts of a run those that make its row; others are large.
_FACTS: Final = (
    "uid", "project", "name", "number", "display_id", "external_id", "status", "tags",
    "created_at", "finished_at", "cause", "closed", "status_metadata",
)  # fmt: skip
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(RunRow)


@dataclass
class _Seen:
    stamp: Stamp
    row: RunRow | None  # None for a file that cannot be read
    problem: str = ""
    is_kept: bool = False


class LocalRuns:
    """The runs below a directory, read afresh when their files change; nothing is written.

    Ten thousand runs that nothing was kept of take seconds to read. Meanwhile `so_far`, `version`
    and `problems` answer with what is known; `rows` waits, and `get` for a run that it has not got.

    A run that says RUNNING while no process holds its lock is shown as FAILED, unless its process
    closed it.

    Example:
        >>> [row.status for row in LocalRuns(Path(".")).rows()]
        ['RUNNING', 'COMPLETED']
    """

    def __init__(
        self, root: Path, cache: RunCache | None = None, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._cache = cache or RunCache(None)
        self._patience = patience
        self._later = Later(self._look_later, "pluto-read-runs")
        self._tree = RunTree(root)
        self._lock = threading.Lock()  # guards everything below
        self._seen: dict[Path, _Seen] = {}
        self._rows: dict[int, RunRow] = {}
        self._version = 1
        self._due = 0.0

    def rows(self) -> list[RunRow]:
        """Return all rows, at most a second old (longer for huge trees)."""
        self._refresh()
        self._later.wait_for(lambda: False)
        return self.so_far()[0]

    def so_far(self) -> tuple[list[RunRow], int]:
        """Return the rows of the runs that were read, and how many are still to be read."""
        self._refresh()
        with self._lock:
            return list(self._rows.values()), self._later.waiting

    def get(self, run_id: int) -> RunRow | None:
        """Return one row, or None."""
        self._refresh()
        self._later.wait_for(lambda: run_id in self._rows)
        return self._rows.get(run_id)

    def version(self) -> int:
        """Return a number that grows whenever a row appears, changes or goes."""
        self._refresh()
        return self._version

    def problems(self) -> list[str]:
        """Return a line for each `run.db` that turned out not to be readable, with the reason."""
        self._refresh()
        return sorted(seen.problem for seen in list(self._seen.values()) if seen.problem)

    def expire(self) -> None:
        """Let the next look see the disk as it is then, however short ago the last one was."""
        with self._lock:
            self._due = 0.0

    def forget(self, run_id: int) -> None:
        """Take a run out of the list whose directory is moved away within a second."""
        with self._lock:
            del self._seen[Path(self._rows.pop(run_id).place)]
            self._version += 1
            # A walk before the move would list it again.
            self._due = max(self._due, time.monotonic() + _REFRESH_SECONDS)

    def take_back(self, path: Path) -> None:
        """List a run whose directory was moved back to `path`."""
        with self._lock:
            self._seen[path] = seen = self._look(path)
            if seen.row:
                self._rows[seen.row.id] = seen.row
            self._version += 1

    def _refresh(self) -> None:
        with self._lock:
            started = time.monotonic()
            if started < self._due:
                return
            self._scan()
            # A walk may take a tenth of the time, however large the tree is.
            self._due = started + max(_REFRESH_SECONDS, 10 * (time.monotonic() - started))

    def _scan(self) -> None:
        paths = self._tree.walk()
        self._take_cached([path for path in paths if path not in self._seen])
        seen, unread = self._look_at(paths)
        rows = {each.row.id: each.row for each in seen.values() if each.row}
        if _without_times(rows) != _without_times(self._rows):
            self._version += 1
        self._seen, self._rows = seen, rows
        self._later.add(unread)
        self._keep()

    def _look_at(self, paths: Iterable[Path]) -> tuple[dict[Path, _Seen], list[Path]]:
        """Look at runs; return what was seen, and which new ones there was no time for."""
        seen, unread = {}, []
        deadline = time.monotonic() + (0 if self._later.waiting else self._patience)
        for path in paths:
            if path in self._seen or time.monotonic() < deadline:
                seen[path] = self._look(path)
            else:
                unread.append(path)
        return seen, unread

    def _look_later(self, path: Path) -> None:
        seen = self._look(path)
        with self._lock:
            self._seen[path] = seen
            if seen.row:
                self._rows[seen.row.id] = seen.row
                self._version += 1

    def close(self) -> None:
        """Read no more."""
        self._later.close()

    def _take_cached(self, paths: Iterable[Path]) -> None:
        for kept in self._cache.load(map(str, paths)):
            path = Path(kept.place)
            stamp = stamp_of(path)
            if kept.stamp == repr(stamp):
                self._seen[path] = _Seen(stamp, _decoder.decode(kept.body), is_kept=True)

    def _keep(self) -> None:
        """Keep the rows of runs that have ended and that nobody is writing just now."""
        ready = []
        for path, seen in self._seen.items():
            ended = seen.row is not None and seen.row.status in TERMINAL
            if ended and not seen.is_kept and seen.stamp.is_settled():
                body = _encoder.encode(seen.row)
                ready.append(CachedRun(str(path), repr(seen.stamp), body))
                seen.is_kept = True
        if ready:
            self._cache.save(ready)

    def _look(self, path: Path) -> _Seen:
        known = self._seen.get(path)
        stamp = stamp_of(path)
        if known is None or known.stamp != stamp:
            known = self._read(path, stamp, known)
        row = known.row
        may_be_dead = row is not None and row.status == "RUNNING" and row.cause != CLOSED
        if row and may_be_dead and not _is_written(path):
            known.row = replace(
                row, status="FAILED", cause=PROCESS_DIED, finished_at=row.updated_at
            )
        return known

    def _read(self, path: Path, stamp: Stamp, known: _Seen | None) -> _Seen:
        try:
            reader = RunReader(path)
            try:
                return _Seen(stamp, _row(path, reader.facts(*_FACTS), stamp))
            finally:
                reader.close()
        except KeyError as error:  # it is just being created, or its creator died
            return _Seen(stamp, None, f"{path / RUN_DB} is skipped: it has no {error} yet")
        except (StorageError, TypeError, ValueError) as error:
            problem = f"{path / RUN_DB} is skipped: {error}"
            if known is None or known.problem != problem:
                logger.warning("%s", problem)
            return _Seen(stamp, None, problem)


def local_id(uid: str) -> int:
    """Return the id under which a run found on disk is served: stable, 2**32 ≤ id < 2**48."""
    digest = int.from_bytes(hashlib.sha256(uid.encode()).digest()[:8], "big")
    return _FIRST_ID + digest % (_LAST_ID - _FIRST_ID)


def _without_times(rows: dict[int, RunRow]) -> dict[int, RunRow]:
    """Return the rows without what changes every second while a run is written."""
    return {key: replace(row, updated_at=0) for key, row in rows.items()}


def _row(path: Path, facts: dict[str, Any], stamp: Stamp) -> RunRow:
    written_at = stamp.written_at // 1_000_000
    status = str(facts["status"])
    finished_at = facts.get("finished_at")
    return RunRow(
        id=local_id(facts["uid"]),
        uid=facts["uid"],
        project=facts["project"],
        name=facts["name"],
        number=facts.get("number"),
        display_id=facts.get("display_id"),
        external_id=facts.get("external_id"),
        status=status,
        tags=tuple(facts.get("tags") or ()),
        created_at=facts["created_at"],
        updated_at=finished_at if status in TERMINAL and finished_at else written_at,
        place=str(path),
        finished_at=finished_at,
        cause=facts.get("cause") or _cause(status, facts),
        local=True,
    )


def _cause(status: str, facts: dict[str, Any]) -> str | None:
    """Return why a run failed, in the words of whoever found it dead, or why it is silent."""
    if status == "RUNNING" and facts.get("closed"):
        return CLOSED
    metadata = facts.get("status_metadata")
    if status != "FAILED" or not isinstance(metadata, dict):
        return None
    reason = metadata.get("reason")
    return None if reason is None else str(reason)


def _is_written(path: Path) -> bool:
    """Tell whether a process holds the run's lock; unknown counts as yes.

    The test takes a shared lock for some microseconds. It is made only while the run says RUNNING
    and never again once it has failed, so that it hardly ever meets a process that resumes.
    """
    try:
        descriptor = os.open(path / "run.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
