"""Whose turn it is: pages that are looked at are answered first, rows are stored in between.

Both compute in the same interpreter. A look gives the interpreter away some hundred times, at each
block that it reads or inflates, and gets it back late from a thread that parses and packs rows:
beside two such threads a look of 15 ms takes more than a second. So rows wait while somebody looks.
How long they wait is bounded by the time they took before: a busy server is always looked at.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

Result = TypeVar("Result")

AT_ONCE: Final = 2
"""Looks that are answered at the same time; more would wait for the interpreter in turns."""
WAIT_FOR_WORK: Final = 2.0
LONGEST_WAIT: Final = 0.2


class Turns:
    """Lets looks go before the storing of rows; safe from any thread.

    Args:
        wait_for_work: seconds that rows may wait for each second that was spent on storing rows.
        longest: seconds that they never wait longer than.

    Example:
        >>> turns = Turns()
        >>> with turns.storing():  # returns at once: nobody looks
        ...     writer.append(batch)
    """

    def __init__(self, wait_for_work: float = WAIT_FOR_WORK, longest: float = LONGEST_WAIT) -> None:
        self._wait_for_work = wait_for_work
        self._longest = longest
        self._threads = ThreadPoolExecutor(AT_ONCE, "pluto-look")
        self._quiet = threading.Condition()  # guards both numbers
        self._looks = 0
        self._credit = 0.0

    async def look(self, answer: Callable[..., Result], *arguments: object) -> Result:
        """Return what a function answers, called in a thread for looks."""
        with self._looking():
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, answer, *arguments
            )

    @contextmanager
    def storing(self) -> Iterator[None]:
        """Store something inside the block, which begins when nobody looks, or soon after."""
        self._give_way()
        began = time.monotonic()
        try:
            yield
        finally:
            worked = time.monotonic() - began
            with self._quiet:
                self._credit = min(self._longest, self._credit + self._wait_for_work * worked)

    def close(self) -> None:
        """Finish the looks that have begun."""
        self._threads.shutdown()

    def _give_way(self) -> None:
        with self._quiet:
            if self._looks:
                began = time.monotonic()
                self._quiet.wait_for(lambda: not self._looks, self._credit)
                self._credit = max(0.0, self._credit - (time.monotonic() - began))

    @contextmanager
    def _looking(self) -> Iterator[None]:
        with self._quiet:
            self._looks += 1
        try:
            yield
        finally:
            with self._quiet:
                self._looks -= 1
                if not self._looks:
                    self._quiet.notify_all()
