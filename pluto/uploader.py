"""The thread that moves a run: from the journal into the store, and from there to a server."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from pluto.errors import Rejected, RetryLater, ServerDecision, StorageError
from pluto.journal import Journal
from pluto.notice import Notices
from pluto.record import RemoteRun, Rows, RunInfo, Stream
from pluto.sink import Sink
from pluto.storage import Outbox
from pluto.store import ABSORB_BYTES, COPY_PAUSE, Store, has_live_process
from pluto.worker import Worker

logger = logging.getLogger("pluto")

STREAMS: Final[tuple[Stream, ...]] = (
    "facts",
    "names",
    "metrics",
    "system",
    "data",
    "console",
    "files",
)
ROWS_A_BATCH: Final = 4096
PAUSE_AFTER_DECISION: Final = 60.0
TRIES_OF_INIT: Final = 3
TRIES_AT_THE_END: Final = 3
PAUSE_AT_THE_END: Final = 0.5
COMPACTION_A_ROUND: Final = 0.1  # seconds
COMPACTION_AT_THE_END: Final = 1.0  # what is left of a local run, `pluto ui` does


class Delivery:
    """Sends the rows of one run to one sink, each once, and remembers what was accepted.

    Args:
        store: the run.
        sink: the destination.
        address: names the destination for ever, such as the API's URL.
        run: returns what the destination has to know to create the run; called when it is due.
    """

    def __init__(
        self,
        store: Store,
        sink: Sink,
        address: str,
        run: Callable[[], RunInfo],
    ) -> None:
        self.remote: RemoteRun | None = None
        self._store = store
        self._sink = sink
        self._run = run
        self._outbox = Outbox(store.writer, address)

    def open(self) -> RemoteRun:
        """Create the run at the destination unless that is done.

        Raises:
            RetryLater: nothing was decided.
            ServerDecision: the destination refuses.
        """
        if self.remote is None:
            self.remote = self._sink.open(self._run())
            self._store.set_facts(
                {
                    "run_id": self.remote.run_id,
                    "url": self.remote.url,
                    "display_id": self.remote.display_id,
                }
            )
        return self.remote

    def send_all(self, between: Callable[[], None] = lambda: None) -> None:
        """Send until nothing is pending.

        Args:
            between: called between two batches, so that nothing else has to wait for a backlog.

        Raises:
            RetryLater: the rest is kept for another try.
            ServerDecision: the destination refuses.
        """
        self.open()
        more = True
        while more:
            more = False
            for stream in STREAMS:
                more |= self._send_some(stream)
            between()

    def send_rows(self) -> None:
        """Send what is pending but files, while a file is on its way.

        Raises:
            RetryLater: the rest is kept for another try.
            ServerDecision: the destination refuses.
        """
        more = True
        while more:
            more = False
            for stream in STREAMS:
                more |= stream != "files" and self._send_some(stream)

    def finished(self) -> bool:
        """Tell whether nothing is pending."""
        streams: tuple[Stream, ...] = STREAMS
        return all(self._outbox.cursor(stream) >= self._outbox.count(stream) for stream in streams)

    def _send_some(self, stream: Stream) -> bool:
        first, lines = self._outbox.pending(stream, 1 if stream == "files" else ROWS_A_BATCH)
        if stream == "facts":
            lines = self._facts_due(lines)
        elif stream == "files":
            lines = self._files_due(first, lines)
        if lines:
            self._send(Rows(stream, first, lines))
        return bool(lines)

    def _send(self, rows: Rows) -> None:
        """Send rows; if the destination refuses some, find out which and set those aside."""
        try:
            self._sink.send(rows)
        except Rejected as error:
            if len(rows.lines) == 1:
                logger.warning("the server refused a row of %s: %s", rows.stream, error)
                self._outbox.reject(rows.stream, rows.first, str(error), rows.lines[0])
                return
            half = len(rows.lines) // 2
            self._send(Rows(rows.stream, rows.first, rows.lines[:half]))
            self._send(Rows(rows.stream, rows.first + half, rows.lines[half:]))
        else:
            self._outbox.accept(rows.stream, rows.first + len(rows.lines))

    def _facts_due(self, lines: list[bytes]) -> list[bytes]:
        """Return the facts before a final status; that one waits until all else is sent."""
        for index, line in enumerate(lines):
            fact = orjson.loads(line)
            if fact["fact"] == "status" and fact["value"]["status"] != "RUNNING":
                if index == 0 and self._all_else_is_sent():
                    return lines[:1]
                return lines[:index]
        return lines

    def _all_else_is_sent(self) -> bool:
        return all(
            self._outbox.cursor(stream) >= self._outbox.count(stream)
            for stream in STREAMS
            if stream != "facts"
        )

    def _files_due(self, first: int, lines: list[bytes]) -> list[bytes]:
        if not lines:
            return []
        value: dict[str, Any] = orjson.loads(lines[0])
        if "error" in value:
            self._outbox.reject("files", first, value["error"], lines[0])
            return []
        if "sha256" not in value:
            return []
        path = self._store.blobs.path(value["sha256"])
        return [orjson.dumps({**value, "path": str(path)})]


@dataclass(frozen=True)
class Ownership:
    """What the process has that moves a run: its store, and the delivery to a server if any."""

    store: Store
    delivery: Delivery | None = None


class Uploader(Worker):
    """Absorbs the journal every `interval` seconds and delivers where there is a destination.

    Of several processes that write to one run, one at a time owns it. The others only look
    whether the owner is gone, and take its place then.

    Args:
        acquire: returns the ownership of the run, or None while another process has it.
        directory: of the run.
        journal: of this process.
        interval: seconds between two rounds.
        fsync: make the journal survive a loss of power, once a round.
    """

    def __init__(
        self,
        acquire: Callable[[], Ownership | None],
        directory: Path,
        journal: Journal,
        *,
        interval: float = 1.0,
        fsync: bool = False,
    ) -> None:
        super().__init__("pluto-uploader")
        self._acquire = acquire
        self._directory = directory
        self._journal = journal
        self._interval = interval
        self._fsync = fsync
        self._due = 0.0
        self._not_before = 0.0
        self._failures = 0
        journal.on_roll = self.wake
        self._notices = Notices()
        self._is_stuck = False
        self._readers: list[threading.Event] = []
        self.owned: Ownership | None = acquire()
        self.opened = threading.Event()
        self.decision: ServerDecision | None = None

    def step(self) -> float:
        """Do one round: store what was logged, encode media, deliver.

        A journal that fills a segment wakes us before the round is due: then only the next segment
        is made ready, so that the training has the interpreter to itself. Who reads the run wakes
        us too: then what was logged is stored.
        """
        wait = self._due - time.monotonic()
        if wait > 0 and not self.stopping:
            with self._patience():
                self._journal.prepare()
                if self._readers and self.owned is not None:
                    self._store_for_readers(self.owned.store)
            return wait
        with self._patience():
            self._round()
        self._due = time.monotonic() + self._interval
        return self._interval

    def _round(self) -> None:
        if not self._directory.is_dir():
            raise FileNotFoundError(self._directory)
        self._journal.prepare()
        if self._fsync:
            self._journal.sync()
        if self.owned is None:
            self.owned = self._acquire()
        if self.owned is not None:
            self._store_for_readers(self.owned.store)
            if self.owned.delivery is not None and time.monotonic() >= self._not_before:
                self._deliver(self.owned.delivery)
            if not self.stopping:
                self.owned.store.compact(COMPACTION_A_ROUND)

    @contextlib.contextmanager
    def _patience(self) -> Iterator[None]:
        """Wait for a disk that takes nothing: full, over quota, gone."""
        try:
            yield
        except (StorageError, OSError) as error:
            self._is_stuck = True
            reason = error if self._directory.is_dir() else "its directory was deleted"
            self._notices.warn("disk", "the run cannot be stored for now: %s", reason)
        else:
            self._is_stuck = False
            if self._notices.forget("disk"):
                logger.warning("the run can be stored again")

    def catch_up(self, timeout: float) -> None:
        """Have what was logged before this call stored now, for somebody who reads the run.

        Args:
            timeout: seconds that the caller waits at most; another round of work may be under way.
        """
        # In a forked child the thread is not alive, nor is it behind the end.
        if self._thread.is_alive() and self.owned is not None:
            stored = threading.Event()
            self._readers.append(stored)
            self.wake()
            stored.wait(timeout)

    def meanwhile(self) -> None:
        """Between two pieces of a large file: have new rows not wait for the rest of it.

        Called on the thread that sends the file. What goes wrong is left to the next round.
        """
        if self.owned is None or self.owned.delivery is None or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + self._interval
        with self._patience():
            self._journal.prepare()
            while self.owned.store.absorb():
                self._journal.prepare()
            if time.monotonic() >= self._not_before:
                self._attempt(self.owned.delivery.send_rows)

    def last_step(self) -> None:
        """Store and deliver everything, as far as that goes until the deadline.

        The last process of a run gives it its final status. One that does not own the run leaves
        the rest to those that live; where none lives, it waits for the owner to let go.
        """
        self._finish()
        if self.owned is not None and self.owned.delivery is None and not self._is_stuck:
            left = self.deadline - time.monotonic()
            with self._patience():
                self.owned.store.compact(min(COMPACTION_AT_THE_END, left))

    def _finish(self) -> None:
        tries = 0
        while True:
            self._not_before = 0.0
            with self._patience():
                self._round()
                if self.owned is not None and self.owned.store.conclude():
                    self._round()
            tries += 1
            if not self._has_to_go_on(tries):
                return
            copying = self.owned is not None and self.owned.store.copying
            pause = COPY_PAUSE if copying else PAUSE_AT_THE_END
            if time.monotonic() + pause >= self.deadline:
                return
            time.sleep(pause)

    def _has_to_go_on(self, tries: int) -> bool:
        if self._is_stuck:
            return False
        if self.owned is None:
            return not has_live_process(self._directory)
        if self.owned.store.copying:
            return True
        return bool(self._failures) and not self.decision and tries < TRIES_AT_THE_END

    def _store_for_readers(self, store: Store) -> None:
        """Store what was logged, and tell those who wait for it since before."""
        waiting = len(self._readers)
        self._store_all(store)
        for _ in range(waiting):
            self._readers.pop(0).set()

    def _store_all(self, store: Store) -> None:
        """Store what was logged, a piece at a time.

        While more waits than a piece, the training has the processor for itself for twice as long
        after each; but not for more than an interval in all, so that who logs without a pause is
        caught up with.
        """
        courtesy = time.monotonic() + self._interval
        began = time.monotonic()
        while (moved := store.absorb()) or store.encode_next():
            self._journal.prepare()
            now = time.monotonic()
            if moved > ABSORB_BYTES // 2:  # a piece ends with a whole row, not at the very byte
                self.rest(min(2 * (now - began), courtesy - now))
            began = time.monotonic()

    def _deliver(self, delivery: Delivery) -> None:
        if self.stopping and delivery.finished():
            return  # to open an ended run would begin it again
        self._attempt(lambda: self._send_all(delivery))

    def _send_all(self, delivery: Delivery) -> None:
        delivery.open()
        self.opened.set()
        delivery.send_all(between=self._journal.prepare)

    def _attempt(self, send: Callable[[], None]) -> None:
        try:
            send()
        except RetryLater as error:
            self._hold(error.after, error)
        except ServerDecision as error:
            self.decision = error
            self.opened.set()
            self._hold(PAUSE_AFTER_DECISION, error)
        else:
            self._recovered()

    def _hold(self, pause: float, error: Exception) -> None:
        self._not_before = time.monotonic() + pause
        self._failures += 1
        if self._failures == TRIES_OF_INIT:
            self.opened.set()
        if self._failures == 1:
            what = "refuses" if error is self.decision else "cannot be reached"
            logger.warning("the server %s (%s); everything is kept on disk", what, error)

    def _recovered(self) -> None:
        if self._failures:
            self._failures = 0
            logger.warning("the server takes rows again")
        self.decision = None
