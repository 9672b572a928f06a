"""Heartbeats of runs, and the end of runs that fell silent."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Final

from pluto.errors import PlutoError
from pluto.server.catalog import Catalog
from pluto.server.changes import RunChanges, StatusChange
from pluto.server.rows import CLOSED, RunRow

logger = logging.getLogger("pluto")

HEARTBEAT_GRACE_SECONDS: Final = 150
SILENCE_GRACE_SECONDS: Final = 1800
_CYCLE_SECONDS: Final = 60.0
_WRITE_EVERY_MS: Final = 30_000


class Liveness:
    """Knows when each run was last heard of, by this server's own clock.

    A run that has ever sent a heartbeat fails after 150 s of silence, any other after 1800 s.
    Heartbeats and accepted rows count. A heartbeat takes a run up again that failed only so.
    """

    def __init__(
        self,
        catalog: Catalog,
        changes: RunChanges,
        now: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self._catalog = catalog
        self._changes = changes
        self._now = now
        self._started_at = now()
        self._lock = threading.Lock()  # guards _written and _beats
        self._written = catalog.backend.heartbeats.all()
        self._beats = dict(self._written)
        self._seen: dict[int, int] = {}

    def beat(self, run_id: int) -> str:
        """Note a heartbeat; return the status of the run, by which it learns of a cancellation.

        Raises:
            KeyError: there is no such run.
        """
        row = self._catalog.get(run_id)
        if row is None:
            raise KeyError(run_id)
        now = self._now()
        with self._lock:
            self._beats[run_id] = now
            overdue = now - self._written.get(run_id, 0) >= _WRITE_EVERY_MS
            if overdue:
                self._written[run_id] = now
        if overdue:
            self._catalog.backend.heartbeats.keep(run_id, now)
        if row.status == "FAILED" and self._failed_by_silence(run_id):
            row = self._changes.set_status(run_id, StatusChange("RUNNING", source="heartbeat"))
        return row.status

    def rows_came(self, run_id: int) -> None:
        """Note that rows of the run were accepted."""
        self.seen(run_id)
        self._catalog.own.touch(run_id, self._seen[run_id])

    def seen(self, run_id: int) -> None:
        """Note that a client created the run or took it up again."""
        self._seen[run_id] = self._now()

    def reap(self) -> list[int]:
        """Fail every run that was silent for too long; return their ids."""
        now = self._now()
        failed = []
        for row in self._catalog.runs():
            if row.status != "RUNNING":
                continue
            beaten = self._beats.get(row.id)
            grace = SILENCE_GRACE_SECONDS if beaten is None else HEARTBEAT_GRACE_SECONDS
            heard = max(self._heard(row, now), beaten or 0)
            if now - heard <= grace * 1000 or self._waits(row, heard, grace):
                continue
            if self._fail(row, heard, grace):
                failed.append(row.id)
        return failed

    async def run(self) -> None:
        """Reap once a minute until cancelled."""
        while True:
            await asyncio.sleep(_CYCLE_SECONDS)
            await asyncio.to_thread(self.reap)

    def _heard(self, row: RunRow, now: int) -> int:
        """Return the last sign of life other than heartbeats, not before this server's start."""
        # A client may say that a run was updated in the future: that is no sign of life.
        updated = row.updated_at if row.updated_at <= now else 0
        return max(self._seen.get(row.id, 0), updated, self._started_at)

    def _waits(self, row: RunRow, heard: int, grace: int) -> bool:
        """Tell whether a silent run was closed by the last process that was heard of."""
        if row.cause != CLOSED:
            return False
        closed = self._catalog.reader(row.id).facts()["status_updated"]
        return heard <= int(closed) + grace * 1000

    def _fail(self, row: RunRow, heard: int, grace: int) -> bool:
        silent = (self._now() - heard) // 1000
        beaten = row.id in self._beats
        metadata: dict[str, Any] = {
            "reason": "heartbeat-timeout" if beaten else "stale",
            "grace_seconds": grace,
            "stale_for_seconds": silent,
            "last_update_time": datetime.fromtimestamp(heard / 1000, timezone.utc).isoformat(),
        }
        change = StatusChange(
            "FAILED",
            source="stale-monitor",
            metadata=metadata,
            at=heard,
            cause=f"no sign of life for {silent} s",
        )
        try:
            self._changes.set_status(row.id, change)
        except PlutoError as error:
            logger.warning("run %s could not be marked as failed: %s", row.id, error)
            return False
        logger.info("run %s failed: no sign of life for %s s", row.id, silent)
        return True

    def _failed_by_silence(self, run_id: int) -> bool:
        history = self._catalog.reader(run_id).facts()["status_history"]
        return bool(history) and history[-1]["source"] == "stale-monitor"
