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
from pluto.server.catalog import Catalog
from pluto.server.changes import ChangeRefused

_lock = threading.Lock()  # held while directories are moved and noted
_decoder = msgspec.json.Decoder(dict[int, str])


class Trash:
    """Moves runs out of a catalog and back; `notes` is a file that remembers where from.

    Example:
        >>> trash = Trash(catalog, Path("trash.json"))
        >>> trash.delete(7)
        >>> trash.restore(7)
    """

    def __init__(self, catalog: Catalog, notes: Path) -> None:
        self._catalog = catalog
        self._notes = notes

    def delete(self, run_id: int) -> None:
        """Move a run into the trash.

        Raises:
            KeyError: there is no such run.
            ChangeRefused: it is running, or it cannot be moved.
        """
        row = self._catalog.get(run_id)
        if row is None:
            raise KeyError(run_id)
        if row.status == "RUNNING":
            raise ChangeRefused("it is running: stop it first")
        aside = row.path.parent / TRASH / row.path.name
        try:
            with _lock, self._catalog.moved_away(run_id) as path, _unused(path):
                aside.parent.mkdir(exist_ok=True)
                self._note(run_id, path)
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

    def _take_back(self, path: Path, aside: Path) -> None:
        try:
            self._catalog.take_back(path)
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
