"""The thread that turns counts from a device into the run's histograms."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from dataclasses import dataclass
from typing import Final

from pluto.compat.torch_histogram import PendingHistogram
from pluto.op import Op
from pluto.record import Recorder
from pluto.worker import Worker

_MOST_PENDING: Final = 1024
_IDLE_SECONDS: Final = 3600.0  # it is woken when there is something to do


@dataclass(frozen=True)
class _Firing:
    name: str
    step: int
    time_ms: int
    pending: PendingHistogram


class Resolver(Worker):
    """Waits for the histograms of one run, in their order, and records them.

    Where there is no thread (in a forked child, after the run's end) or it falls behind, the
    caller does the work: nothing is dropped and memory stays bounded.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__("pluto-watch")
        self._recorder = recorder
        self._firings: deque[_Firing] = deque()
        self._process = os.getpid()

    def add(self, name: str, pending: PendingHistogram, step: int) -> None:
        """Record a histogram under a name and step when its numbers have arrived."""
        self._firings.append(_Firing(name, step, time.time_ns() // 1_000_000, pending))
        if self.stopping or os.getpid() != self._process or len(self._firings) > _MOST_PENDING:
            self._drain()
        else:
            self.wake()

    def step(self) -> float:
        """Record what has been added."""
        self._drain()
        return _IDLE_SECONDS

    def last_step(self) -> None:
        """Record the rest before the run ends."""
        self._drain()

    def _drain(self) -> None:
        while self._firings:
            try:
                firing = self._firings.popleft()
            except IndexError:  # the other thread was faster
                return
            histogram = firing.pending.resolve()
            if histogram is not None:
                body, kind, step = histogram.to_json(), histogram.type_name, firing.step
                self._recorder.data(firing.name, kind, body, step=step, time_ms=firing.time_ms)


_resolvers: weakref.WeakKeyDictionary[Op, Resolver] = weakref.WeakKeyDictionary()
_lock = threading.Lock()  # guards _resolvers


def resolver_of(run: Op) -> Resolver | None:
    """Return the run's resolver, starting it on first use; None if the run records nothing."""
    session = run._session  # noqa: SLF001 - a part of the session stops before its journal
    if session is None:
        return None
    with _lock:
        resolver = _resolvers.get(run)
        if resolver is None:
            resolver = _resolvers[run] = Resolver(session.recorder)
            resolver.start()
            session.parts.append(resolver)
        return resolver
