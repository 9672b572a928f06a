"""What runs beside the training: metadata, sampler and heartbeat of one run."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pluto import console, process_exit
from pluto.launcher import rank_of
from pluto.op import Op
from pluto.probes import FACTS, Surroundings
from pluto.recorder import JournalRecorder
from pluto.redact import Redactor
from pluto.sampler import Sampler, Sampling, lane_of
from pluto.session import Session
from pluto.sets import Settings
from pluto.storage import RunReader
from pluto.sys import FactsCollector

logger = logging.getLogger("pluto")

METADATA_TIMEOUT: Final = 2.0  # seconds that the creation of a run on a server waits for it


def collect_metadata(
    settings: Settings, recorder: JournalRecorder, redactor: Redactor
) -> FactsCollector | None:
    """Begin to collect the run's system metadata on a thread of its own, unless it is unwanted."""
    if settings.disable_system_metrics or settings.compat.get("systemMetadata") is not None:
        return None
    facts = {
        name: fact for name, fact in FACTS.items() if not (name == "git" and settings.disable_git)
    }
    collector = FactsCollector(
        Surroundings(detailed=settings.mode == "debug"),
        redactor,
        facts=facts,
        when_done=lambda found: recorder.fact("system_metadata", found),
    )
    collector.start()
    return collector


def accompany(run: Op, session: Session) -> None:
    """Start what runs beside the training and add it to the session, which stops it."""

    def cancel() -> None:
        logger.error("the server cancelled the run: the script is interrupted, the run stored")
        run.cancel()
        process_exit.interrupt()

    if not run.settings.disable_console:
        listener = console.shared().attach(
            session.recorder,
            session.directory,
            redactor=session.redactor,
            descriptors=run.settings.x_console_fd_capture,
            rank=rank_of(os.environ),
        )
        session.parts.append(listener)
    watch = process_exit.shared()
    watch.add(
        run,
        sigterm=run.settings.x_sigterm_status_enabled,
        timeout=run.settings.x_sigterm_status_timeout_seconds,
    )
    session.notify.append(lambda: watch.remove(run))
    heartbeat = session.heartbeat if session.sink is not None else None
    sampler = make_sampler(run.settings, session, heartbeat, cancel)
    if sampler is not None:
        sampler.start()
        session.parts.append(sampler)


def make_sampler(
    settings: Settings,
    session: Session,
    heartbeat: Callable[[], str | None] | None,
    on_cancel: Callable[[], None],
) -> Sampler | None:
    """Return the sampler of a run, not started; None if there is nothing for it to do."""
    lane, probes = lane_of(os.environ)
    if settings.disable_system_metrics:
        probes = {}
        if heartbeat is None:
            return None
    sampling = Sampling(
        session.directory,
        interval=float(settings.x_sys_sampling_interval),
        label=settings.x_sys_label,
        lane=lane,
        first_step=_next_sample(session.directory, settings.x_sys_label, lane),
        probes=probes,
    )
    return Sampler(session.recorder, sampling, heartbeat=heartbeat, on_cancel=on_cancel)


def _next_sample(directory: Path, label: str, lane: str) -> int:
    """Return the number behind the last sample of this lane, if the run is gone on with."""
    reader = RunReader(directory)
    try:
        last = [name.last_step for name in reader.names(f"{label}/{lane}")]
    finally:
        reader.close()
    return max((step for step in last if step is not None), default=0) + 1
