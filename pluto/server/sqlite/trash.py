"""Deleted runs: their directories stand aside, in `.trash` beside the others, until taken back.

Nothing empties the trash by itself. A run that somebody writes is not deleted.

Where they were is noted in a file, a line of JSON a change: the run's id with what is known of it,
its former place alone in the lines of earlier versions, or null for one that came back or is gone.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from pluto.errors import StorageError
from pluto.names import TRASH, random_id
from pluto.server.backend import ChangeRefused
from pluto.server.rows import DeletedRun, RunRow
from pluto.server.sqlite.handles import Writers
from pluto.server.sqlite.indexed import IndexedRuns
from pluto.server.sqlite.local import LocalRuns
from pluto.server.sqlite.places import run_directory
from pluto.storage import RunReader

_lock = threading.Lock()  # held while directories are moved and noted


class _Noted(msgspec.Struct):
    """Where a deleted run was, and what it was called."""

    place: str
    run: DeletedRun

    @property
    def aside(self) -> Path:
        """Where it lies now."""
        return _aside(Path(self.place))


_decoder = msgspec.json.Decoder(dict[int, _Noted | str | None])


class Trash:
    """Moves runs out of the list and back.

    Args:
        runs: the list that they leave and come back to.
        writers: of the runs.
        notes: the file that remembers where runs were.

    Example:
        >>> trash = Trash(runs, writers, Path("trash.json"))
        >>> trash.delete(runs.get(7))
        >>> trash.restore(7)
    """

    def __init__(self, runs: IndexedRuns | LocalRuns, writers: Writers, notes: Path) -> None:
        self._runs = runs
        self._writers = writers
        self._notes = notes
        self._known: dict[int, _Noted] = {}  # what the notes say, as of `_size` bytes of them
        self._size = 0

    def delete(self, row: RunRow) -> None:
        """Move a run into the trash.

        Raises:
            ChangeRefused: somebody is writing it, or it cannot be moved.
        """
        path = run_directory(row)
        aside = _aside(path)
        try:
            with _lock, self._writers.without(path), self._forgotten(row, path), _unused(path):
                aside.parent.mkdir(exist_ok=True)
                self._note(row.id, _Noted(str(path), _as_deleted(row)))
                path.rename(aside)
        except OSError as error:
            raise ChangeRefused(f"it cannot be moved: {error}") from None

    def restore(self, run_id: int) -> None:
        """Move a run back to where it was.

        Raises:
            KeyError: it was not deleted here.
            ChangeRefused: it cannot be moved back, or its place is taken.
        """
        with _lock:
            noted = self._noted()[run_id]
            path, aside = Path(noted.place), noted.aside
            try:
                aside.rename(path)
                self._take_back(path, aside)
                self._note(run_id, None)
            except (OSError, StorageError) as error:
                raise ChangeRefused(f"it cannot be taken back: {error}") from None

    def runs(self) -> list[DeletedRun]:
        """Return the runs that lie in the trash, the last deleted first.

        Raises:
            ChangeRefused: the notes are damaged.
        """
        with _lock:
            found = [each.run for each in self._noted().values() if each.aside.is_dir()]
        return sorted(found, key=lambda run: (run.deleted_at, run.id), reverse=True)

    def discard(self, run_id: int) -> None:
        """Remove a run for good.

        Raises:
            KeyError: it was not deleted here, or is gone already.
            ChangeRefused: it cannot be removed.
        """
        try:
            with _lock:
                aside = self._noted()[run_id].aside
                gone = aside.with_name(f".removed-{random_id()}")
                aside.rename(gone)  # in one step: half a run is never brought back
                self._note(run_id, None)
            shutil.rmtree(gone)
        except FileNotFoundError:
            raise KeyError(run_id) from None
        except OSError as error:
            raise ChangeRefused(f"it cannot be removed: {error}") from None

    @contextmanager
    def _forgotten(self, row: RunRow, path: Path) -> Iterator[None]:
        """Forget a run; if the block raises, the run is known again."""
        self._runs.forget(row.id)
        try:
            yield
        except BaseException:
            self._runs.take_back(path)
            raise

    def _take_back(self, path: Path, aside: Path) -> None:
        try:
            self._runs.take_back(path)
        except StorageError:
            path.rename(aside)  # the next start would list it in the place of the other
            raise

    def _note(self, run_id: int, noted: _Noted | None) -> None:
        """Add a line: thousands of runs may go at once, each noted before it moves."""
        known = self._noted()
        self._notes.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._notes.open("ab") as file:
            file.write(b"\n" + msgspec.json.encode({run_id: noted}))
        self._size = self._notes.stat().st_size
        _apply(known, {run_id: noted})

    def _noted(self) -> dict[int, _Noted]:
        """Return where deleted runs were; read afresh where somebody else noted something."""
        size = self._notes.stat().st_size if self._notes.exists() else 0
        if size != self._size:
            self._known = self._read(self._notes.read_bytes() if size else b"")
            self._size = size
        return self._known

    def _read(self, text: bytes) -> dict[int, _Noted]:
        known: dict[int, _Noted | str] = {}
        try:
            for line in filter(None, text.split(b"\n")):
                _apply(known, _decoder.decode(line))
        except msgspec.DecodeError as error:
            raise ChangeRefused(f"{self._notes} is damaged: {error}") from None
        return {run_id: _completed(run_id, each) for run_id, each in known.items()}


N = TypeVar("N")


def _apply(known: dict[int, N], changes: Mapping[int, N | None]) -> None:
    for run_id, noted in changes.items():
        if noted is None:
            known.pop(run_id, None)
        else:
            known[run_id] = noted


def _aside(path: Path) -> Path:
    return path.parent / TRASH / path.name


def _as_deleted(row: RunRow) -> DeletedRun:
    now = time.time_ns() // 1_000_000
    return DeletedRun(row.id, row.project, row.name, row.display_id, row.status, now)


def _completed(run_id: int, noted: _Noted | str) -> _Noted:
    """Return a note of an earlier version, which is a place alone, with what the run tells."""
    if isinstance(noted, _Noted):
        return noted
    path = Path(noted)
    facts, deleted_at = {}, 0
    try:
        # To move a directory changes its inode, and nothing else does while it lies there.
        deleted_at = _aside(path).stat().st_ctime_ns // 1_000_000
        with closing(RunReader(_aside(path))) as reader:
            facts = reader.facts()
    except (OSError, StorageError):
        pass  # it is gone or damaged: its directory still has a name
    project = str(facts.get("project", path.parent.name))
    words = str(facts.get("name", path.name)), facts.get("display_id"), str(facts.get("status", ""))
    return _Noted(noted, DeletedRun(run_id, project, *words, deleted_at))


@contextmanager
def _unused(path: Path) -> Iterator[None]:
    """Hold the lock that a process which writes the run would hold.

    Raises:
        ChangeRefused: such a process has it.
    """
    try:
        descriptor = os.open(path / "run.lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:  # a server's own run has no such file
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ChangeRefused("a process is writing it: stop that first") from None
        yield
    finally:
        os.close(descriptor)
