"""A background thread that works, sleeps, wakes and stops by a deadline."""

from __future__ import annotations

import logging
import threading
import time

logger = logging.getLogger("pluto")


class Worker:
    """Calls `step()` again and again on a thread of its own.

    `step()` returns the seconds to sleep until its next call. An exception in it is our bug:
    it is logged with its traceback and kept in `failure`, and the work goes on after
    `PAUSE_AFTER_FAILURE` seconds.

    Example:
        >>> class Clock(Worker):
        ...     def step(self) -> float:
        ...         print(time.time())
        ...         return 1.0
    """

    PAUSE_AFTER_FAILURE = 5.0

    def __init__(self, name: str) -> None:
        self.failure: BaseException | None = None
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def step(self) -> float:
        """Do one round of work; return the seconds until the next one."""
        raise NotImplementedError("subclasses say what the work is")

    def start(self) -> None:
        """Start the thread; may be called once."""
        self._thread.start()

    def wake(self) -> None:
        """End the current sleep, now or as soon as it begins."""
        self._wake.set()

    @property
    def stopping(self) -> bool:
        """True once `stop` was called."""
        return self._stopping.is_set()

    def stop(self, deadline: float) -> bool:
        """Ask the thread to end and wait for it until `deadline` (`time.monotonic()` seconds).

        Returns:
            True if the thread has ended.
        """
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(max(0.0, deadline - time.monotonic()))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                pause = self.step()
            except Exception as error:
                self.failure = error
                logger.exception("internal error in %s", self._thread.name)
                pause = self.PAUSE_AFTER_FAILURE
            self._wake.wait(pause)
            self._wake.clear()
