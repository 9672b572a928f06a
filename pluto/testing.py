"""For tests of code that uses Pluto: a destination in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import orjson

from pluto.record import RemoteRun, Rows, RunInfo, Stream


class MemorySink:
    """Takes rows as a server does, and keeps them in `rows`.

    Args:
        trouble: called with the rows before they are taken; what it raises (`RetryLater`,
            `Rejected`, `ServerDecision`) is what the server answers.

    Attributes:
        runs: what `open` was called with.
        rows: stream -> accepted lines, in order.

    Example:
        >>> sink = MemorySink()
        >>> sink.send(Rows("metrics", 0, [b'{"time":1,"step":0,"data":{"loss":0.5}}']))
        >>> sink.metrics()
        [{'time': 1, 'step': 0, 'data': {'loss': 0.5}}]
    """

    def __init__(self, trouble: Callable[[Rows], None] = lambda _: None) -> None:
        self.runs: list[RunInfo] = []
        self.rows: dict[Stream, list[bytes]] = {}
        self.closed = False
        self._trouble = trouble
        self._lock = threading.Lock()  # guards rows

    def open(self, run: RunInfo) -> RemoteRun:
        """Accept the run as number 1."""
        self.runs.append(run)
        return RemoteRun(run_id=1, url="memory://runs/1", display_id="MEM-1")

    def send(self, rows: Rows) -> None:
        """Keep the rows, unless `trouble` raises."""
        self._trouble(rows)
        with self._lock:
            self.rows.setdefault(rows.stream, []).extend(rows.lines)

    def metrics(self) -> list[dict[str, Any]]:
        """Return the accepted metric lines as JSON values."""
        with self._lock:
            return [orjson.loads(line) for line in self.rows.get("metrics", [])]

    def shorten(self, deadline: float) -> None:
        """Do nothing: memory is quick."""

    def heartbeat(self) -> str | None:
        """Say that the run is running."""
        return "RUNNING"

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True
