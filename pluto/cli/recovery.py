"""Puts local runs in order whose processes died, or could not finish, while they are shown."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from pluto.errors import PlutoError, RunInUse
from pluto.server.sqlite.tree import RunTree
from pluto.storage import RUN_DB, RunReader
from pluto.store import JOURNAL, STAGING, Store, has_live_process
from pluto.worker import Worker

logger = logging.getLogger("pluto")

PAUSE: Final = 2.0
COMPACTION: Final = 1.0  # seconds for one run before the next one has its turn

Stamp = tuple[float, tuple[str, ...]]


class Recovery(Worker):
    """Looks after the runs below a directory that no process looks after.

    What a killed process left in its journal is absorbed, its run is given the status that it
    could not give itself, and long runs are compacted. Runs of a live process, and those that a
    server received, are left alone.

    Args:
        root: searched for runs.

    Example:
        >>> recovery = Recovery(Path("."))
        >>> recovery.start()
        >>> recovery.stop(deadline=time.monotonic() + 5)
    """

    def __init__(self, root: Path) -> None:
        super().__init__("pluto-recovery")
        self._tree = RunTree(root)
        self._known: dict[Path, Stamp] = {}

    def step(self) -> float:
        """Look at every run that has changed since the last look."""
        started = time.monotonic()
        for directory in self._tree.walk():
            if self.stopping:
                break
            if self._known.get(directory) != _stamp(directory):
                self._look(directory)
        # However many runs there are, looking takes a tenth of the time at most.
        return max(PAUSE, 10 * (time.monotonic() - started))

    def _look(self, directory: Path) -> None:
        try:
            if has_live_process(directory) or not _recover(directory):
                return  # and looked at again the next time
        except RunInUse:
            return
        except (PlutoError, OSError, sqlite3.Error) as error:
            logger.debug("%s is shown as it is: %s", directory, error)
        self._known[directory] = _stamp(directory)


def _recover(directory: Path) -> bool:
    """Put a run in order that no process writes; return False if more is left to be done."""
    with closing(RunReader(directory)) as reader:
        facts, needs_compaction = reader.facts("destination", "status"), reader.needs_compaction()
    if "destination" not in facts:  # it was received by a server, which looks after it
        return True
    waits = any(_holds_something(directory / place) for place in (JOURNAL, STAGING))
    is_left = waits or facts.get("status") == "RUNNING"
    if not (is_left or needs_compaction):
        return True
    with closing(Store(directory)) as store:
        store.absorb_all()
        store.encode_all()
        store.note_death()
        return store.compact(COMPACTION)


def _holds_something(directory: Path) -> bool:
    try:
        return bool(os.listdir(directory))
    except FileNotFoundError:
        return False


def _stamp(directory: Path) -> Stamp:
    """Return what changes when anything is written to a run."""
    try:
        changed = (directory / RUN_DB).stat().st_mtime
        return changed, tuple(sorted(os.listdir(directory / JOURNAL)))
    except OSError:  # no journal, or gone
        return 0.0, ()
