"""Send what earlier runs left behind."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pluto.errors import PlutoError, RetryLater, RunInUse, ServerDecision
from pluto.facts import dated, run_info
from pluto.names import TRASH
from pluto.old_store import old_stores, take_over
from pluto.record import Receipt, RunInfo
from pluto.sink import Sink
from pluto.storage import RUN_DB, is_run_directory
from pluto.store import Store
from pluto.uploader import Delivery

__path__.append(str(Path(__file__).parent.parent / "legacy" / "sync"))

PAUSE: Final = 1.0
# What reading a file with flipped bytes raises, wherever they are.
_DAMAGE: Final = (sqlite3.Error, zlib.error, ValueError)

SinkFor = Callable[[RunInfo, dict[str, str] | None], tuple[Sink, str] | None]
"""Gives the sink of a run and its address, from the run and the server that it was meant for."""


@dataclass(frozen=True)
class RunReport:
    """What became of one run.

    Attributes:
        problem: why rows were left, in words; None if none were.
        skipped: nothing was to be done: a local run, one that was delivered whole before, or one
            whose own process sends it.
    """

    directory: Path
    name: str
    receipt: Receipt | None = None
    problem: str | None = None
    skipped: bool = False


@dataclass(frozen=True)
class SyncReport:
    """What became of every run below a directory."""

    runs: list[RunReport] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Rows that still have to be sent, and at least 1 for a run that could not be read."""
        return sum(_left(run) for run in self.runs)

    @property
    def sent(self) -> int:
        """Rows that their servers have."""
        return sum(run.receipt.delivered for run in self.runs if run.receipt)


def sync_directory(
    root: Path,
    sink_for: SinkFor,
    *,
    include_local: bool = False,
    timeout: float | None = None,
    report: Callable[[RunReport], None] = lambda _: None,
) -> SyncReport:
    """Deliver what the runs below `root` have not delivered; each row once, however often called.

    A run that cannot be read or sent does not keep the others from it. A run whose process still
    lives is left to it.

    Args:
        root: searched for runs, at any depth, also for those of the earlier client.
        sink_for: gives the destination of a run; None = a local run that stays local.
        include_local: send local runs too.
        timeout: seconds for all runs together; None = as long as it takes to try each once.
        report: called after each run.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    done = SyncReport()
    for problem in filter(None, map(_take_over, old_stores(root))):
        done.runs.append(problem)
        report(problem)
    for directory in run_directories(root):
        outcome = _sync_run(directory, sink_for, include_local, deadline)
        done.runs.append(outcome)
        report(outcome)
    return done


def _take_over(directory: Path) -> RunReport | None:
    """Take over what the earlier client has left; return what is in the way of it, or None."""
    try:
        take_over(directory)
    except RunInUse as error:
        return RunReport(directory, directory.name, problem=str(error), skipped=True)
    except (PlutoError, OSError) as error:
        return RunReport(directory, directory.name, problem=str(error))
    return None


def run_directories(root: Path) -> Iterator[Path]:
    """Yield the run directories at and below `root`, sorted; deleted ones are left out."""
    if is_run_directory(root):
        yield root
        return
    try:
        children = sorted(child for child in root.iterdir() if child.is_dir())
    except OSError:
        return
    for child in children:
        if not child.is_symlink() and child.name != TRASH:
            yield from run_directories(child)


def _sync_run(
    directory: Path, sink_for: SinkFor, include_local: bool, deadline: float | None
) -> RunReport:
    try:
        if not (directory / RUN_DB).stat().st_size:  # its process died in its first moment
            return RunReport(directory, directory.name, skipped=True)
        store = Store(directory)
        try:
            return _sync_store(store, sink_for, include_local, deadline)
        finally:
            store.close()
    except RunInUse as error:
        return RunReport(directory, directory.name, problem=str(error), skipped=True)
    except (PlutoError, OSError) as error:
        return RunReport(directory, directory.name, problem=str(error))
    except _DAMAGE as error:
        fix = "if it is damaged, restore it from a copy or move it away"
        problem = f"{directory} cannot be read ({error}): {fix}"
        return RunReport(directory, directory.name, problem=problem)


def _sync_store(
    store: Store, sink_for: SinkFor, include_local: bool, deadline: float | None
) -> RunReport:
    directory, facts = store.directory, store.writer.facts()
    received_by_a_server = "destination" not in facts
    if received_by_a_server or not (facts["destination"] or include_local):
        return RunReport(directory, directory.name, skipped=True)
    store.absorb_all()
    store.encode_all()
    store.note_death()
    facts = store.writer.facts()
    run = run_info(facts)._replace(resume=bool(facts.get("resume") or facts.get("run_id")))
    run = dated(run, time.time_ns() // 1_000_000)
    target = sink_for(run, facts["destination"])
    if target is None:
        return RunReport(directory, run.name, problem="no server is configured for it")
    sink, address = target
    delivery = Delivery(store, sink, address, lambda: run)
    was_finished = delivery.finished()
    problem = _deliver(delivery, sink, deadline)
    return RunReport(directory, run.name, store.receipt(address), problem, was_finished)


def _deliver(delivery: Delivery, sink: Sink, deadline: float | None) -> str | None:
    """Send a run; return why rows were left, or None."""
    if deadline is not None:
        sink.shorten(deadline)
    try:
        while not delivery.finished():
            delay = _attempt(delivery)
            if delay is None and not delivery.finished():
                return "media of it cannot be stored for now"
            if delay is None:
                break
            if deadline is None or time.monotonic() + delay.after >= deadline:
                return str(delay)
            time.sleep(min(delay.after, PAUSE))
    except ServerDecision as error:
        return str(error)
    finally:
        sink.close()
    return None


def _attempt(delivery: Delivery) -> RetryLater | None:
    try:
        delivery.send_all()
    except RetryLater as error:
        return error
    return None


def _left(run: RunReport) -> int:
    if run.skipped:
        return 0
    kept = run.receipt.kept if run.receipt else 0
    return kept or int(run.problem is not None)
