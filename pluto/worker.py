"""A background thread that works, sleeps, wakes and stops by a deadline."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

logger = logging.getLogger("pluto")


class Worker(ABC):
    """Calls `step()` again and again on a thread of its own.

    `step()` returns the seconds to sleep until its next call. An exception in it is our bug:
    it is logged with its traceback and kept in `failure`, and the work goes on after
    `PAUSE_AFTER_FAILURE` seconds. After `stop(deadline)`, `last_step()` runs once on the thread;
    it finds the time by which it must be done in `deadline`.

    Example:
        >>> class Clock(Worker):
        ...     def step(self) -> float:
        ...         print(time.time())
        ...         return 1.0
    """

    PAUSE_AFTER_FAILURE = 5.0

    def __init__(self, name: str) -> None:
        self.failure: BaseException | None = None
        self.deadline = float("inf")
        self._wake = threading.Event()
        self._at_end: list[Callable[[], None]] = []
        self._ended = False
        self._lock = threading.Lock()  # guards _at_end and _ended
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def step(self) -> float:
        """Do one round of work; return the seconds until the next one."""

    def last_step(self) -> None:  # noqa: B027 most workers have nothing left
        """Do what is left when the thread was asked to stop; nothing by default."""

    def start(self) -> None:
        """Start the thread; may be called once."""
        self._thread.start()

    def wake(self) -> None:
        """End the current sleep, now or as soon as it begins."""
        self._wake.set()

    def rest(self, seconds: float) -> None:
        """Do nothing for a while in the midst of a step; a thread that is to stop does not rest."""
        self._stopping.wait(max(0.0, seconds))

    @property
    def stopping(self) -> bool:
        """True once `stop` was called."""
        return self._stopping.is_set()

    def stop(self, deadline: float) -> bool:
        """Ask the thread to end and wait for it until `deadline` (`time.monotonic()` seconds).

        Returns:
            True if the thread has ended.
        """
        self.deadline = deadline
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(max(0.0, deadline - time.monotonic()))
        return not self._thread.is_alive()

    def at_end(self, call: Callable[[], None]) -> None:
        """Have `call` called when the thread has done its last step, or now if it has."""
        with self._lock:
            if not self._ended:
                self._at_end.append(call)
                return
        call()

    def _call_at_end(self) -> None:
        with self._lock:
            self._ended = True
        for call in self._at_end:
            call()

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = self._guard(self.step)
            self._wake.wait(self.PAUSE_AFTER_FAILURE if pause is None else pause)
            self._wake.clear()
        self._guard(self.last_step)
        self._guard(self._call_at_end)

    def _guard(self, work: Callable[[], float | None]) -> float | None:
        try:
            return work()
        except Exception as error:
            self.failure = error
            logger.exception("internal error in %s", self._thread.name)
            return None
