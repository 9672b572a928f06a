"""Where the rows of a run go: the interface that the uploader knows a server by."""

from __future__ import annotations

from typing import Protocol

from pluto.record import RemoteRun, Rows, RunInfo


class Sink(Protocol):
    """A destination of rows.

    Every method may raise `RetryLater` (keep the rows and try again) or `ServerDecision`
    (stop and tell the user); `send` may also raise `Rejected` (these rows never will).
    """

    def open(self, run: RunInfo) -> RemoteRun:
        """Create the run at the destination, or attach to it."""

    def send(self, rows: Rows) -> None:
        """Deliver rows; returning means that they were accepted."""

    def shorten(self, deadline: float) -> None:
        """Let no request outlive `deadline` (a `time.monotonic()` value)."""

    def heartbeat(self) -> str | None:
        """Tell the destination that the run lives; return the status that it has for it."""

    def close(self) -> None:
        """Release connections; idempotent."""
