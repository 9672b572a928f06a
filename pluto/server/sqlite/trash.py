"""Deleted runs: their directories stand aside, in `.trash` beside the others, until taken back.

Nothing empties the trash by itself. A run that somebody writes is not deleted.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from pluto.errors import StorageError
from pluto.names import TRASH
from pluto.server.backend import ChangeRefused
from pluto.server.rows import RunRow
from pluto.server.sqlite.handles import Writers
from pluto.server.sqlite.indexed import IndexedRuns
from pluto.server.sqlite.local import LocalRuns
from pluto.server.sqlite.places import run_directory

_lock = threading.Lock()  # held while directories are moved and noted
_decoder = msgspec.json.Decoder(dict[int, str | None])


class Trash:
    """Moves runs out of the list and back.

    Args:
        runs: the list that they leave and come back to.
        writers: of the runs.
        notes: a file that remembers where runs were: a line of JSON a change, null for one that
            came back.

    Example:
        >>> trash = Trash(runs, writers, Path("trash.json"))
        >>> trash.delete(runs.get(7))
        >>> trash.restore(7)
    """

    def __init__(self, runs: IndexedRuns | LocalRuns, writers: Writers, notes: Path) -> None:
        self._runs = runs
        self._writers = writers
        self._notes = notes
        self._places: dict[int, str] = {}  # what the notes say, as of `_size` bytes of them
        self._size = 0

    def delete(self, row: RunRow) -> None:
        """Move a run into the trash.

        Raises:
            ChangeRefused: somebody is writing it, or it cannot be moved.
        """
        path = run_directory(row)
        aside = path.parent / TRASH / path.name
        try:
            with _lock, self._writers.without(path), self._forgotten(row, path), _unused(path):
                aside.parent.mkdir(exist_ok=True)
                self._note(row.id, path)
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
            path = Path(self._noted()[run_id])
            aside = path.parent / TRASH / path.name
            try:
                aside.rename(path)
                self._take_back(path, aside)
                self._note(run_id, None)
            except (OSError, StorageError) as error:
                raise ChangeRefused(f"it cannot be taken back: {error}") from None

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

    def _note(self, run_id: int, path: Path | None) -> None:
        """Add a line: thousands of runs may go at once, each noted before it moves."""
        change = {run_id: None if path is None else str(path)}
        places = self._noted()
        self._notes.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._notes.open("ab") as file:
            file.write(b"\n" + msgspec.json.encode(change))
        self._size = self._notes.stat().st_size
        _apply(places, change)

    def _noted(self) -> dict[int, str]:
        """Return where deleted runs were; read afresh where somebody else noted something."""
        size = self._notes.stat().st_size if self._notes.exists() else 0
        if size != self._size:
            self._places = self._read(self._notes.read_bytes() if size else b"")
            self._size = size
        return self._places

    def _read(self, text: bytes) -> dict[int, str]:
        places: dict[int, str] = {}
        try:
            for line in filter(None, text.split(b"\n")):
                _apply(places, _decoder.decode(line))
        except msgspec.DecodeError as error:
            raise ChangeRefused(f"{self._notes} is damaged: {error}") from None
        return places


def _apply(places: dict[int, str], changes: dict[int, str | None]) -> None:
    for run_id, place in changes.items():
        if place is None:
            places.pop(run_id, None)
        else:
            places[run_id] = place


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
