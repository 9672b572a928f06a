"""Compacts the runs of this server in the background, beside requests and in their favour."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from pluto.errors import StorageError
from pluto.server.catalog import Catalog
from pluto.server.rows import RunRow
from pluto.server.turns import Turns

logger = logging.getLogger("pluto")

PAUSE_SECONDS: Final = 2.0
LEAST_REST: Final = 0.005


class Compaction:
    """A thread that goes round the runs and compacts those that have changed.

    It holds a run for one piece of work at a time, and rests as long as it worked.

    Example:
        >>> with Compaction(catalog, turns):
        ...     serve()
    """

    def __init__(self, catalog: Catalog, turns: Turns, pause: float = PAUSE_SECONDS) -> None:
        self._catalog = catalog
        self._turns = turns
        self._pause = pause
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._go_round, name="pluto-compaction", daemon=True)
        self._done: dict[int, tuple[int, str]] = {}

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """End the thread after the piece of work that it is at."""
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """Compact every run that has changed since it was compacted."""
        for row in self._catalog.runs():
            seen = (row.updated_at, row.status)
            if self._stopping.is_set():
                return
            if self._done.get(row.id) != seen:
                self._compact(row)
                self._done[row.id] = seen

    def _go_round(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except Exception:
                logger.exception("compaction failed")
            self._stopping.wait(self._pause)

    def _compact(self, row: RunRow) -> None:
        try:
            # Of thousands of runs that have ended hardly one has work.
            if not self._catalog.backend.needs_compaction(row):
                return
            while not self._stopping.is_set() and self._step(row):
                pass
        except StorageError as error:
            if self._catalog.get(row.id) is None:
                logger.debug("run %s was deleted while it was compacted", row.id)
            else:
                logger.warning("run %s stays as it is: %s", row.id, error)

    def _step(self, row: RunRow) -> bool:
        with self._turns.storing():
            started = time.monotonic()
            more = self._catalog.backend.compact(row)
        self._stopping.wait(max(LEAST_REST, time.monotonic() - started))
        return more
