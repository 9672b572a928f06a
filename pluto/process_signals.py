"""SIGTERM and SIGHUP end the runs within a time limit, then do what they would have done.

The signal handler itself does nothing but wake a thread: it may interrupt the main thread
anywhere, with any lock held. The thread is also woken through `signal.set_wakeup_fd`, so that a
process whose main thread hangs in C code (a collective that waits for a dead node) still dies
of the signal, as it would have without us.

What happens next depends on what the signal would have done:

* the default: the runs end, then the process dies of the signal (exit code -15 or -1);
* a handler of the user: it runs at once, as if we were not there; the process may save a
  checkpoint and go on logging, and when it ends its runs are TERMINATED;
* ignored (`nohup`), or handled by C code: nothing is installed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any, Final

# A preemption; a terminal or a connection that was closed (unknown on Windows).
SIGNALS: Final = tuple(number for number in signal.Signals if number.name in {"SIGTERM", "SIGHUP"})
GRACE: Final = 1.0  # seconds for the process to die of the signal


class Terminator:
    """Handles `SIGNALS` while installed.

    Args:
        end_runs: ends the runs because of a signal; called on a thread of its own, which is
            abandoned after the time limit.
        has_runs: whether there are any.

    Attributes:
        noted: the signal that a handler of the user took last since `install`, if any.
    """

    def __init__(
        self, end_runs: Callable[[signal.Signals], None], has_runs: Callable[[], bool]
    ) -> None:
        self.noted: signal.Signals | None = None
        self._end_runs = end_runs
        self._has_runs = has_runs
        self._timeout = 5.0
        self._previous: dict[int, Any] = {}  # signal -> its handler before ours
        self._received = 0  # signals that our handler took; the second kills at once
        self._installed = False
        self._waker: _Waker | None = None  # only where the default would kill the process
        self._ending = threading.Event()

    def install(self, timeout: float) -> None:
        """Begin, if this is the main thread, with those signals that are not ignored.

        Args:
            timeout: seconds that the end of the runs may take.
        """
        self._timeout = timeout
        on_main_thread = threading.current_thread() is threading.main_thread()
        if self._installed or not on_main_thread:
            return
        self.noted = None
        self._received = 0
        self._previous = {number: self._before(number) for number in SIGNALS}
        for number in [n for n, it in self._previous.items() if it in (None, signal.SIG_IGN)]:
            del self._previous[number]
        deadly = {number for number, handler in self._previous.items() if not callable(handler)}
        self._waker = _Waker(deadly, self._end_and_die) if deadly else None
        self._installed = True
        for number in self._previous:
            signal.signal(number, self._handle)

    def uninstall(self) -> None:
        """Put the previous handlers back, unless the user has set another one meanwhile."""
        if threading.current_thread() is not threading.main_thread():
            return  # signal handlers belong to the main thread; ours passes on
        self._close_waker()
        for number, previous in self._previous.items() if self._installed else ():
            if signal.getsignal(number) == self._handle:
                signal.signal(number, previous)
        self._installed = False

    def _before(self, number: int) -> Any:
        handler = signal.getsignal(number)
        if handler == self._handle:  # left over from an `uninstall` off the main thread
            return self._previous[number]
        return handler

    def in_child(self) -> None:
        """In a forked child: the signals do what they did before."""
        self._ending = threading.Event()
        if self._waker is not None:
            self._waker.forget_thread()
        self.uninstall()

    def _close_waker(self) -> None:
        waker, self._waker = self._waker, None
        if waker is not None:
            waker.close()

    def wait_for_death(self) -> None:
        """While the process dies of a signal, do not let it end in another way."""
        if self._ending.is_set():
            time.sleep(self._timeout + GRACE)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        previous = self._previous[number]
        if callable(previous):
            self.noted = signal.Signals(number)
            previous(number, frame)
            return
        self._received += 1
        if self._received > 1 or self._waker is None or not self._has_runs():
            _die(number)
        else:
            self._waker.wake(number)

    def _end_and_die(self, number: int) -> None:
        if self._ending.is_set() or not self._has_runs():
            return
        if signal.getsignal(number) != self._handle:  # the user has set a handler since `install`
            self.noted = signal.Signals(number)
            return
        self._ending.set()
        ender = threading.Thread(
            target=self._end_runs,
            args=(signal.Signals(number),),
            name="pluto-terminate",
            daemon=True,
        )
        ender.start()
        ender.join(self._timeout)
        _die(number)


class _Waker:
    """A thread that calls `on_signal` when one of `numbers` arrives or the handler says so."""

    def __init__(self, numbers: Collection[int], on_signal: Callable[[int], None]) -> None:
        self._numbers = numbers
        self._on_signal = on_signal
        self._exit, self._entrance = os.pipe()
        os.set_blocking(self._entrance, False)
        others = signal.set_wakeup_fd(self._entrance, warn_on_full_buffer=False)
        if others != -1:  # an event loop was there first: the handler alone has to do
            signal.set_wakeup_fd(others)
        threading.Thread(target=self._listen, name="pluto-signals", daemon=True).start()

    def wake(self, number: int) -> None:
        """Report a signal; safe in a signal handler."""
        with contextlib.suppress(BlockingIOError):  # full of wake-ups already
            os.write(self._entrance, bytes([number]))

    def close(self) -> None:
        """End the thread; only on the main thread."""
        current = signal.set_wakeup_fd(-1)
        if current not in (-1, self._entrance):
            signal.set_wakeup_fd(current)
        os.close(self._entrance)

    def forget_thread(self) -> None:
        """In a forked child: the thread stayed with the parent."""
        os.close(self._exit)

    def _listen(self) -> None:
        while numbers := os.read(self._exit, 512):
            for number in filter(self._numbers.__contains__, numbers):
                self._on_signal(number)
        os.close(self._exit)


def _die(number: int) -> None:
    """Die of a signal, from any thread; `signal.signal` works on the main thread only."""
    ctypes.CDLL(None).signal(number, None)
    os.kill(os.getpid(), number)
