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
from pluto.server.sqlite.places import run_directory

_lock = threading.Lock()  # held while directories are moved and noted
_decoder = msgspec.json.Decoder(dict[int, str])


class Trash:
    """Moves runs out of the list and back.

    Args:
        own: the list of the runs of a server; None where runs are listed by where they are.
        writers: of the runs.
        notes: a file that remembers where runs were.

    Example:
        >>> trash = Trash(own, writers, Path("trash.json"))
        >>> trash.delete(own.get(7))
        >>> trash.restore(7)
    """

    def __init__(self, own: IndexedRuns | None, writers: Writers, notes: Path) -> None:
        self._own = own
        self._writers = writers
        self._notes = notes

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
            noted = self._noted()
            path = Path(noted.pop(run_id))
            aside = path.parent / TRASH / path.name
            try:
                aside.rename(path)
                self._take_back(path, aside)
                self._keep(noted)
            except (OSError, StorageError) as error:
                raise ChangeRefused(f"it cannot be taken back: {error}") from None

    @contextmanager
    def _forgotten(self, row: RunRow, path: Path) -> Iterator[None]:
        """Forget a run; if the block raises, the run is known again."""
        if self._own is None:
            yield
            return
        self._own.forget(row.id)
        try:
            yield
        except BaseException:
            self._own.take_back(path)
            raise

    def _take_back(self, path: Path, aside: Path) -> None:
        try:
            if self._own:
                self._own.take_back(path)
        except StorageError:
            path.rename(aside)  # the next start would list it in the place of the other
            raise

    def _note(self, run_id: int, path: Path) -> None:
        self._keep({**self._noted(), run_id: str(path)})

    def _noted(self) -> dict[int, str]:
        try:
            return _decoder.decode(self._notes.read_bytes())
        except FileNotFoundError:
            return {}
        except msgspec.DecodeError as error:
            raise ChangeRefused(f"{self._notes} is damaged: {error}") from None

    def _keep(self, noted: dict[int, str]) -> None:
        self._notes.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._notes.with_name(self._notes.name + ".new")
        unfinished.write_bytes(msgspec.json.encode(noted))
        os.replace(unfinished, self._notes)


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
