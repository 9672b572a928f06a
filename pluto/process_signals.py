"""SIGTERM: ends the runs within a time limit, then lets the signal do what it would have done.

The signal handler itself does nothing but wake a thread: it may interrupt the main thread
anywhere, with any lock held. The thread is also woken through `signal.set_wakeup_fd`, so that a
process whose main thread hangs in C code (a collective that waits for a dead node) still dies
of SIGTERM, as it would have without us.

What happens next depends on what SIGTERM would have done:

* the default: the runs end, then the process dies of the signal (exit code -15);
* a handler of the user: it runs at once, as if we were not there; the process may save a
  checkpoint and go on logging, and when it ends its runs are TERMINATED;
* ignored, or handled by C code: nothing is installed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

GRACE = 1.0  # seconds for the process to die of the signal


class Terminator:
    """Handles SIGTERM while installed.

    Args:
        end_runs: ends the runs; called on a thread of its own, abandoned after the time limit.
        has_runs: whether there are any.

    Attributes:
        noted: whether a handler of the user took a SIGTERM since `install`.
    """

    def __init__(self, end_runs: Callable[[], None], has_runs: Callable[[], bool]) -> None:
        self.noted = False
        self._end_runs = end_runs
        self._has_runs = has_runs
        self._timeout = 5.0
        self._previous: Any = None
        self._received = 0  # signals that our handler took; the second kills at once
        self._installed = False
        self._waker: _Waker | None = None  # only where the default would kill the process
        self._ending = threading.Event()

    def install(self, timeout: float) -> None:
        """Begin, if this is the main thread and SIGTERM is not ignored.

        Args:
            timeout: seconds that the end of the runs may take.
        """
        self._timeout = timeout
        on_main_thread = threading.current_thread() is threading.main_thread()
        if self._installed or not on_main_thread:
            return
        previous = signal.getsignal(signal.SIGTERM)
        if previous == self._handle:  # left over from an `uninstall` off the main thread
            previous = self._previous
        if previous in (None, signal.SIG_IGN):
            return
        self.noted = False
        self._received = 0
        self._previous = previous
        self._waker = None if callable(previous) else _Waker(self._end_and_die)
        self._installed = True
        signal.signal(signal.SIGTERM, self._handle)

    def uninstall(self) -> None:
        """Put the previous handler back, unless the user has set another one meanwhile."""
        if threading.current_thread() is not threading.main_thread():
            return  # signal handlers belong to the main thread; ours passes on
        self._close_waker()
        if self._installed and signal.getsignal(signal.SIGTERM) == self._handle:
            signal.signal(signal.SIGTERM, self._previous)
        self._installed = False

    def in_child(self) -> None:
        """In a forked child: SIGTERM is what it was before."""
        self._ending = threading.Event()
        if self._waker is not None:
            self._waker.forget_thread()
        self.uninstall()

    def _close_waker(self) -> None:
        waker, self._waker = self._waker, None
        if waker is not None:
            waker.close()

    def wait_for_death(self) -> None:
        """While the process dies of SIGTERM, do not let it end in another way."""
        if self._ending.is_set():
            time.sleep(self._timeout + GRACE)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if callable(self._previous):
            self.noted = True
            self._previous(number, frame)
            return
        self._received += 1
        if self._received > 1 or self._waker is None or not self._has_runs():
            _die()
        else:
            self._waker.wake()

    def _end_and_die(self) -> None:
        if self._ending.is_set() or not self._has_runs():
            return
        self._ending.set()
        ender = threading.Thread(target=self._end_runs, name="pluto-terminate", daemon=True)
        ender.start()
        ender.join(self._timeout)
        _die()


class _Waker:
    """A thread that calls `on_sigterm` when a SIGTERM arrives or the handler says so."""

    def __init__(self, on_sigterm: Callable[[], None]) -> None:
        self._on_sigterm = on_sigterm
        self._exit, self._entrance = os.pipe()
        os.set_blocking(self._entrance, False)
        others = signal.set_wakeup_fd(self._entrance, warn_on_full_buffer=False)
        if others != -1:  # an event loop was there first: the handler alone has to do
            signal.set_wakeup_fd(others)
        threading.Thread(target=self._listen, name="pluto-signals", daemon=True).start()

    def wake(self) -> None:
        """Report a SIGTERM; safe in a signal handler."""
        with contextlib.suppress(BlockingIOError):  # full of wake-ups already
            os.write(self._entrance, bytes([signal.SIGTERM]))

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
            if signal.SIGTERM in numbers:
                self._on_sigterm()
        os.close(self._exit)


def _die() -> None:
    """Die of SIGTERM, from any thread; `signal.signal` works on the main thread only."""
    ctypes.CDLL(None).signal(int(signal.SIGTERM), None)
    os.kill(os.getpid(), signal.SIGTERM)
