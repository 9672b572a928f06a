"""The working parts of one live run: store, journal, threads; started and ended together."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from pluto.journal import Journal
from pluto.record import Receipt, RemoteRun
from pluto.recorder import JournalRecorder
from pluto.redact import Redactor
from pluto.sink import Sink
from pluto.store import Store
from pluto.uploader import Delivery, Uploader

GRACE: Final = 1.0
LOCAL_TIMEOUT: Final = 60.0


class Part(Protocol):
    """Something that runs beside the training and is stopped before the store closes."""

    def stop(self, deadline: float) -> object:
        """End by `deadline` (`time.monotonic()` seconds)."""


@dataclass
class Session:
    """What `Op` works with while its run is live.

    Attributes:
        redactor: masks secrets in everything that describes the run, and counts them.
        address: the name of the destination; None for a local run.
        facts: what is known about the run, as it began.
        resumed: whether the run's directory was there before.
        first_step: of the next row that names no step.
        parts: sampler, console capture and the like, in the order in which they stop.
        notify: called once when everything has ended.
    """

    store: Store
    journal: Journal
    recorder: JournalRecorder
    uploader: Uploader
    redactor: Redactor
    delivery: Delivery | None = None
    sink: Sink | None = None
    address: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    resumed: bool = False
    first_step: int = 1
    parts: list[Part] = field(default_factory=list)
    notify: list[Callable[[], None]] = field(default_factory=list)

    def first_contact(self, timeout: float) -> RemoteRun | None:
        """Wait up to `timeout` seconds until the server has taken the run; None if it has not.

        Raises:
            ServerDecision: it refuses.
        """
        self.uploader.opened.wait(timeout)
        if self.uploader.decision is not None:
            raise self.uploader.decision
        return self.delivery.remote if self.delivery else None

    def end(self, status: dict[str, object] | None, timeout: float) -> Receipt:
        """Store everything, deliver what `timeout` seconds allow, and say what became of it.

        Args:
            status: the final status to report; None leaves the run as it is.
            timeout: seconds; a local run, which waits for its disk only, gets a minute more.
        """
        deadline = time.monotonic() + timeout
        for part in self.parts:
            part.stop(deadline)
        if status is not None:
            self.recorder.fact("status", status)
        with contextlib.suppress(OSError):  # a full disk: what is in the journal stays there
            self.journal.close()
        if self.sink is not None:
            self.sink.shorten(deadline)
        if self.sink is None:
            self.uploader.stop(deadline + LOCAL_TIMEOUT)
        elif not self.uploader.stop(deadline):
            self.sink.close()
            self.uploader.stop(time.monotonic() + GRACE)
        receipt = self.store.receipt(self.address, self.recorder.lost)
        receipt = replace(receipt, masked=self.redactor.masked)
        if self.sink is not None:
            self.sink.close()
        self.uploader.at_end(self.store.close)
        for call in self.notify:
            call()
        return receipt

    def after_fork(self) -> None:
        """In a forked child: record beside the parent, whose threads store and deliver it."""
        self.recorder.after_fork()
