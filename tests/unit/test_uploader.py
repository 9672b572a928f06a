"""Delivery: each row once, in order, whatever the destination answers."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from pluto.errors import AuthError, Rejected, RetryLater
from pluto.journal import Journal
from pluto.record import Rows, RunInfo
from pluto.segments import CONSOLE, DATA, FACT, METRICS, SYSTEM
from pluto.store import JOURNAL, Store
from pluto.testing import MemorySink
from pluto.uploader import Delivery, Ownership, Uploader

RUN = RunInfo(uid="u", project="p", name="n", created_at=0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "run")
    yield made
    made.close()


def log(store: Store, rows: int, start: int = 0) -> None:
    """Write `rows` metric lines, and one record of each other kind, as a run does."""
    journal = Journal(store.directory / JOURNAL)
    for step in range(start, start + rows):
        journal.append(METRICS, orjson.dumps({"time": 1, "step": step, "data": {"loss": step}}))
    journal.append(SYSTEM, orjson.dumps({"time": 1, "step": 1, "data": {"sys/cpu": 5}}))
    line = {"time": 1, "message": "hello", "lineNumber": start + 1, "logType": "INFO"}
    journal.append(CONSOLE, orjson.dumps(line))
    text = {"time": 1, "step": 0, "data": "warm", "dataType": "string-series", "logName": "state"}
    journal.append(DATA, orjson.dumps(text))
    journal.append(FACT, orjson.dumps({"time": 1, "name": "tags", "value": ["a"]}))
    done = {"status": "COMPLETED", "statusMetadata": None}
    journal.append(FACT, orjson.dumps({"time": 2, "name": "status", "value": done}))
    journal.close()
    store.absorb_all()


def deliver(store: Store, sink: MemorySink) -> Delivery:
    delivery = Delivery(store, sink, "memory", lambda: RUN)
    for _ in range(10_000):
        try:
            delivery.send_all()
        except RetryLater:
            continue
        return delivery
    raise AssertionError("never done")


def steps(sink: MemorySink) -> list[int]:
    return [line["step"] for line in sink.metrics()]


def test_every_stream_is_delivered_and_the_final_status_comes_last(store: Store) -> None:
    order: list[str] = []
    sink = MemorySink(lambda rows: order.append(f"{rows.stream}:{rows.lines[-1][:24]!r}"))
    log(store, 3)
    delivery = deliver(store, sink)
    assert delivery.finished()
    assert steps(sink) == [0, 1, 2]
    assert {stream: len(lines) for stream, lines in sink.rows.items()} == {
        "facts": 2,
        "names": 3,
        "metrics": 3,
        "system": 1,
        "data": 1,
        "console": 1,
    }
    assert "status" in order[-1]


def test_what_was_accepted_is_never_sent_again(store: Store) -> None:
    log(store, 5)
    deliver(store, MemorySink())
    again = MemorySink()
    deliver(store, again)
    assert again.rows == {}
    log(store, 2, start=5)
    deliver(store, again)
    assert steps(again) == [5, 6]


def test_a_destination_that_fails_at_random_gets_each_row_once_in_order(store: Store) -> None:
    chance = random.Random(7)

    def trouble(_rows: Rows) -> None:
        if chance.random() < 0.7:
            raise RetryLater("out of order", 0)

    sink = MemorySink(trouble)
    log(store, 10_000)
    deliver(store, sink)
    assert steps(sink) == list(range(10_000))


def test_refused_rows_are_set_aside_with_the_reason_and_the_others_arrive(store: Store) -> None:
    def trouble(rows: Rows) -> None:
        if rows.stream == "metrics" and any(b'"step":1777,' in line for line in rows.lines):
            raise Rejected("bad line")

    sink = MemorySink(trouble)
    log(store, 5000)
    delivery = deliver(store, sink)
    assert delivery.finished()
    assert steps(sink) == [step for step in range(5000) if step != 1777]
    receipt = store.receipt("memory")
    assert (receipt.logged, receipt.delivered, receipt.rejected, receipt.kept) == (5001, 5000, 1, 0)


def test_a_refused_key_stops_the_delivery_and_keeps_everything(store: Store) -> None:
    def trouble(_rows: Rows) -> None:
        raise AuthError("key revoked", 401)

    log(store, 5)
    delivery = Delivery(store, MemorySink(trouble), "memory", lambda: RUN)
    with pytest.raises(AuthError):
        delivery.send_all()
    receipt = store.receipt("memory")
    assert (receipt.logged, receipt.delivered, receipt.kept) == (6, 0, 6)


def test_the_last_step_sends_what_came_in_after_the_stop_was_asked_for(store: Store) -> None:
    sink = MemorySink()
    delivery = Delivery(store, sink, "memory", lambda: RUN)
    journal = Journal(store.directory / JOURNAL)
    uploader = Uploader(lambda: Ownership(store, delivery), store.directory, journal, interval=60)
    uploader.start()
    assert uploader.opened.wait(10)
    journal.append(METRICS, b'{"time":1,"step":9,"data":{"loss":1}}')
    journal.close()
    assert uploader.stop(time.monotonic() + 10)
    assert steps(sink) == [9]
    assert uploader.failure is None


def test_wide_rows_are_sent_in_bodies_of_bounded_size(store: Store) -> None:
    largest = 0

    def trouble(rows: Rows) -> None:
        nonlocal largest
        largest = max(largest, sum(map(len, rows.lines)))

    journal = Journal(store.directory / JOURNAL)
    data = {f"layer/{number}": 0.123456789 * number for number in range(10_000)}
    for step in range(30):
        journal.append(METRICS, orjson.dumps({"time": 1, "step": step, "data": data}))
    journal.close()
    store.absorb_all()
    sink = MemorySink(trouble)
    deliver(store, sink)
    assert len(sink.metrics()) == 30
    assert largest < 4 << 20


@pytest.mark.parametrize(("rows", "rests"), [(1_000, False), (20_000, True)])
def test_it_rests_only_while_more_waits_than_a_piece(store: Store, rows: int, rests: bool) -> None:
    class Watched(Uploader):
        rested = 0

        def rest(self, seconds: float) -> None:
            self.rested += 1
            log_row(-1)  # as a training does meanwhile: it must not keep the round going

    def log_row(step: int) -> None:
        journal.append(METRICS, b'{"time":1,"step":%d,"data":{"loss":1}}' % abs(step))

    journal = Journal(store.directory / JOURNAL)
    for step in range(rows):
        log_row(step)
    uploader = Watched(lambda: Ownership(store), store.directory, journal)
    uploader.step()
    journal.close()

    assert (uploader.rested > 0) is rests
    assert store.receipt(None).logged == rows + uploader.rested
