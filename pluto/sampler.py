"""The thread that samples the machine at an interval and tells the server that the run lives."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pluto.errors import PlutoError
from pluto.launcher import node_of, place_of
from pluto.probes import PROBES, OpenProbe, Probe, open_all
from pluto.record import Recorder
from pluto.worker import Worker

logger = logging.getLogger("pluto")

FIRST_SAMPLE_AFTER: Final = 0.5  # seconds; loads and rates need two looks at the counters
HEARTBEAT_PAUSE_MAX: Final = 30.0  # a server gives a run up after 150 s without a sign of life

CANCELLED: Final = "CANCELLED"
COMPLETED: Final = "COMPLETED"


@dataclass(frozen=True)
class Sampling:
    """How a run samples its machine.

    Attributes:
        directory: where the run is stored; `sys/disk.*` speaks of that file system.
        interval: seconds between samples, and between heartbeats.
        label: what stands before the slash of every name.
        lane: put before the rest of every name, so that the processes of one run do not write
            over each other; see `lane_of`.
        first_step: number of the first sample; a resumed run goes on where it stopped.
        probes: what to sample; empty if only the heartbeat is wanted.
    """

    directory: Path
    interval: float = 4.0
    label: str = "sys"
    lane: str = ""
    first_step: int = 1
    probes: Mapping[str, OpenProbe] = field(default_factory=lambda: PROBES)


class Sampler(Worker):
    """Samples every `interval` seconds; each cycle begins with the heartbeat.

    Neither can stop the other: a probe that fails is warned about once and asked again in the
    next cycle, and a heartbeat that cannot be delivered is tried again, at first in the next
    cycle, then less often.

    Args:
        recorder: where the samples go.
        sampling: what to sample, how often, under which names.
        heartbeat: tells the server that the run lives; returns the status that the server has
            for it, None if it did not say.
        on_cancel: called once, on this thread, when that status is CANCELLED.
    """

    def __init__(
        self,
        recorder: Recorder,
        sampling: Sampling,
        *,
        heartbeat: Callable[[], str | None] | None = None,
        on_cancel: Callable[[], None] | None = None,
    ) -> None:
        super().__init__("pluto-sampler")
        self.next_step = sampling.first_step
        self._recorder = recorder
        self._sampling = sampling
        self._heart = None if heartbeat is None else _Heart(heartbeat, sampling.interval)
        self._on_cancel = on_cancel
        self._open: dict[str, Probe] | None = None
        self._failing: set[str] = set()

    def step(self) -> float:
        """Beat, then sample; return the seconds until the next cycle."""
        began = time.monotonic()
        if self._heart is not None:
            self._heed(self._heart.beat())
        if self._open is None:
            self._open = open_all(self._sampling.probes, self._sampling.directory)
            return min(FIRST_SAMPLE_AFTER, self._sampling.interval)
        self.sample()
        return max(0.0, self._sampling.interval - (time.monotonic() - began))

    def sample(self) -> None:
        """Ask every probe and record what they say as one step."""
        prefix = f"{self._sampling.label}/{self._sampling.lane}"
        readings: dict[str, float] = {}
        for name, probe in (self._open or {}).items():
            readings.update((prefix + metric, value) for metric, value in self._ask(name, probe))
        if readings:
            now = time.time_ns() // 1_000_000
            self._recorder.metrics(readings, step=self.next_step, time_ms=now, system=True)
            self.next_step += 1

    def _ask(self, name: str, probe: Probe) -> list[tuple[str, float]]:
        try:
            readings = list(probe().items())
        except Exception as error:  # noqa: BLE001 - a driver may fail in any way
            if name not in self._failing:
                self._failing.add(name)
                logger.warning("%s metrics fail: %s: %s", name, type(error).__name__, error)
            return []
        self._failing.discard(name)
        return readings

    def _heed(self, status: str | None) -> None:
        """Act on the status that the server has for the run.

        COMPLETED is what another machine of the job said that ended before this one: the run goes
        on, and ends as its last process says. A worse end stays, as it does within a machine.
        """
        if status == CANCELLED:
            self._cancel()
        elif status == COMPLETED:
            self._recorder.fact("status", {"status": "RUNNING", "statusMetadata": None})

    def _cancel(self) -> None:
        on_cancel, self._on_cancel = self._on_cancel, None
        if on_cancel is not None:
            on_cancel()


class _Heart:
    """Beats at most every `interval` seconds, less often while beats fail."""

    def __init__(self, heartbeat: Callable[[], str | None], interval: float) -> None:
        self._heartbeat = heartbeat
        self._interval = interval
        self._failures = 0
        self._due = 0.0

    def beat(self) -> str | None:
        if time.monotonic() < self._due:
            return None
        try:
            status = self._heartbeat()
        except Exception as error:  # noqa: BLE001 - it crosses the network
            # Bad luck is the uploader's to warn about; it tries the same server.
            quiet = self._failures or isinstance(error, PlutoError)
            level = logging.DEBUG if quiet else logging.WARNING
            logger.log(level, "heartbeat failed: %s: %s", type(error).__name__, error)
            self._failures += 1
            pause = self._interval * 2 ** min(self._failures, 10)
            self._due = time.monotonic() + min(pause, max(self._interval, HEARTBEAT_PAUSE_MAX))
            return None
        self._failures, self._due = 0, 0.0
        return status


def lane_of(environ: Mapping[str, str]) -> tuple[str, Mapping[str, OpenProbe]]:
    """Return the lane and the probes of this process among those that write to one run.

    The first process of each node samples the node, the others only themselves. The first
    process of all has the plain names (`sys/memory.used`), the first of another node has
    `sys/node1.memory.used`, any other process `sys/rank3.process.memory.rss`.

    Args:
        environ: variables of the launcher.
    """
    rank, local = place_of(environ)
    node = node_of(environ)
    if local != "0":
        return f"rank{rank}.", {"process": PROBES["process"]}
    return ("" if node == "0" else f"node{node}."), PROBES
