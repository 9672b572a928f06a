"""The working parts of one live run: store, journal, threads; started and ended together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from pluto.crash import CrashTrace
from pluto.journal import Journal
from pluto.record import Receipt, RemoteRun
from pluto.recorder import JournalRecorder
from pluto.redact import Redactor
from pluto.sets import Settings
from pluto.sink import Sink
from pluto.storage import RunReader
from pluto.store import Store, shown
from pluto.uploader import Uploader
from pluto.webhook import Webhook

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
        crash: what writes the trace of a crash.
        parts: sampler, console capture and the like, in the order in which they stop.
        notify: called once when everything has ended.
        webhook: posts alerts, once there was one to post.
    """

    directory: Path
    journal: Journal
    recorder: JournalRecorder
    uploader: Uploader
    redactor: Redactor
    crash: CrashTrace
    sink: Sink | None = None
    address: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    resumed: bool = False
    first_step: int = 1
    parts: list[Part] = field(default_factory=list)
    notify: list[Callable[[], None]] = field(default_factory=list)
    webhook: Webhook | None = None

    def first_contact(self, timeout: float) -> RemoteRun | None:
        """Wait up to `timeout` seconds until the server has taken the run; None if it has not.

        Raises:
            ServerDecision: it refuses.
        """
        deadline = time.monotonic() + timeout
        while True:
            owned = self.uploader.owned
            if owned is not None:
                self.uploader.opened.wait(max(0.0, deadline - time.monotonic()))
            remote = self.remote()
            if self.uploader.decision is not None:
                raise self.uploader.decision
            if remote is not None or owned is not None or time.monotonic() > deadline:
                return remote
            time.sleep(0.05)

    def remote(self) -> RemoteRun | None:
        """Return the server's run if it is there by now: this process or another has opened it."""
        owned = self.uploader.owned
        if owned is None:
            return remote_of(self.directory)
        return owned.delivery.remote if owned.delivery else None

    def end(self, status: dict[str, object] | None, timeout: float) -> Receipt:
        """Store everything, deliver what `timeout` seconds allow, and say what became of it.

        Args:
            status: the final status to report; None leaves the run as it is.
            timeout: seconds; a local run, which waits for its disk only, gets a minute more.
        """
        deadline = time.monotonic() + timeout
        # First: the process may be killed while the parts stop.
        if status is not None:
            self.recorder.fact("end", {**status, "writer": self.journal.writer})
        else:
            self.recorder.fact("closed", {"writer": self.journal.writer})
        for part in self.parts:
            part.stop(deadline)
        self.recorder.ended = True
        self.journal.close()
        self._stop_uploader(deadline)
        receipt = self._receipt()._replace(masked=self.redactor.masked)
        if self.uploader.owned is not None:
            self.uploader.at_end(self.uploader.owned.store.close)
        self.crash.stop()
        for call in self.notify:
            call()
        return receipt

    def _stop_uploader(self, deadline: float) -> None:
        if self.sink is None:
            self.uploader.stop(deadline + LOCAL_TIMEOUT)
            return
        self.sink.shorten(deadline)
        if not self.uploader.stop(deadline):
            self.sink.close()
            self.uploader.stop(time.monotonic() + GRACE)
        self.sink.close()

    def _receipt(self) -> Receipt:
        owned = self.uploader.owned
        if owned is not None and not self.directory.is_dir():
            return self._receipt_of_deleted(owned.store)
        if owned is not None:
            return owned.store.receipt(self.address, self.recorder.lost, self.journal.writer)
        logged, lost = self.recorder.logged, self.recorder.lost
        return Receipt(logged, lost=lost, kept_in=shown(self.directory), handed_over=True)

    def post(self, settings: Settings, url: str, text: str, delay: float) -> None:
        """Post a text to the webhook of a chat, in `delay` seconds or when the run ends."""
        if self.webhook is None:
            self.webhook = Webhook(settings)
            self.parts.append(self.webhook)
        self.webhook.post(url, text, delay)

    def _receipt_of_deleted(self, store: Store) -> Receipt:
        """Say what became of a run whose directory was deleted under it."""
        known = store.receipt(self.address, self.recorder.lost)
        passed = known.delivered + known.rejected
        lost = max(self.recorder.logged, known.logged) - passed + known.lost
        return known._replace(logged=passed, lost=lost, kept_in=None, local=False)

    def heartbeat(self) -> str | None:
        """Tell the server that the run lives, if this process is the one that speaks to it."""
        is_owner = self.uploader.owned is not None
        return self.sink.heartbeat() if is_owner and self.sink is not None else None

    def after_fork(self) -> None:
        """In a forked child: record beside the parent, whose threads store and deliver it."""
        self.webhook = None  # its thread is the parent's
        self.crash.after_fork()
        self.recorder.after_fork()


def remote_of(directory: Path) -> RemoteRun | None:
    """Return the server's run as another process of this run has written it down."""
    reader = RunReader(directory)
    try:
        facts = reader.facts()
    finally:
        reader.close()
    if facts.get("run_id") is None:
        return None
    return RemoteRun(facts["run_id"], facts["url"], facts.get("display_id"), resumed=True)
