"""Who looks goes before who stores rows, and neither waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from pluto.server.turns import AT_ONCE, Turns

PATIENCE = 20.0
LONG = 1e6


class Look:
    """A look that begins in a thread of its own and ends when told."""

    def __init__(self, turns: Turns) -> None:
        self.begun, self.over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(turns.look(self._answer)))
        self._thread.start()

    def _answer(self) -> None:
        self.begun.set()
        assert self.over.wait(PATIENCE)

    def end(self) -> None:
        self.over.set()
        self._thread.join()


@pytest.fixture
def turns() -> Iterator[Turns]:
    with closing(Turns()) as made:
        yield made


@pytest.fixture
def patient() -> Iterator[Turns]:
    """Rows that have taken a moment wait here as long as somebody looks."""
    with closing(Turns(wait_for_work=1e9, longest=LONG)) as made:
        work(made, 0.01)
        yield made


def work(turns: Turns, seconds: float) -> None:
    with turns.storing():
        threading.Event().wait(seconds)


def test_a_look_returns_what_was_asked_for(turns: Turns) -> None:
    assert asyncio.run(turns.look(divmod, 7, 2)) == (3, 1)


def test_rows_that_have_taken_time_wait_until_nobody_looks(patient: Turns) -> None:
    look = Look(patient)
    assert look.begun.wait(PATIENCE)
    order: list[str] = []

    def store() -> None:
        with patient.storing():
            order.append("stored")

    thread = threading.Thread(target=store)
    thread.start()
    threading.Event().wait(0.05)
    order.append("answered")
    look.end()
    thread.join()
    assert order == ["answered", "stored"]


def test_rows_are_stored_although_somebody_looks_without_end(turns: Turns) -> None:
    look = Look(turns)
    assert look.begun.wait(PATIENCE)
    for _ in range(3):
        work(turns, 0.01)
    assert not look.over.is_set()
    look.end()


def test_more_looks_than_are_answered_at_once_take_turns(turns: Turns) -> None:
    looks = [Look(turns) for _ in range(AT_ONCE)]
    assert all(look.begun.wait(PATIENCE) for look in looks)
    waiting = Look(turns)
    assert not waiting.begun.wait(0.05)
    looks[0].end()
    assert waiting.begun.wait(PATIENCE)
    for look in (looks[1], waiting):
        look.end()


def test_a_look_that_fails_lets_rows_go_on(patient: Turns) -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(patient.look(divmod, 1, 0))
    thread = threading.Thread(target=work, args=(patient, 0), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()
