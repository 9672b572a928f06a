"""Builds the working parts of a run from its settings and facts."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any, Final

from pluto.background import METADATA_TIMEOUT, collect_metadata
from pluto.config import deep_merge
from pluto.crash import CrashTrace
from pluto.death import circumstances
from pluto.errors import RunExistsError, RunInUse, StorageError
from pluto.facts import dated, run_info
from pluto.file_system import is_on_network
from pluto.home import home, working_directory
from pluto.iface import ServerInterface
from pluto.journal import Journal
from pluto.launcher import is_on_first_node
from pluto.names import directory_name
from pluto.notice import Notices
from pluto.record import RunInfo
from pluto.recorder import JournalRecorder
from pluto.redact import Redactor
from pluto.session import Session
from pluto.sets import Destination, Settings
from pluto.storage import Outbox, Rewind, RunReader, is_run_directory
from pluto.store import JOURNAL, Store, has_live_process, shown
from pluto.sys import FactsCollector
from pluto.uploader import Delivery, Ownership, Uploader

logger = logging.getLogger("pluto")

GITIGNORE: Final = "*\n"
FACTS_TIMEOUT: Final = 5.0  # seconds between the directory of a run and its first facts


def assemble(settings: Settings, facts: dict[str, Any], where: Destination | None) -> Session:
    """Make the run's directory and start what works in the background.

    Args:
        settings: of the run.
        facts: what is known about it; an existing run that is resumed keeps its own identity.
        where: the server; None for a local run.

    Raises:
        RunExistsError: a run with the external id is there, and `resume` was not asked for.
        StorageError: the directory holds something foreign.
        OSError: it cannot be written.
    """
    redactor = Redactor(enabled=settings.sanitize_logs)
    facts = {**facts, "config": redactor.value(facts["config"])}
    directory = run_directory(settings, facts, settings.project)
    network = _is_on_network(settings, directory)
    resumed = is_run_directory(directory)
    step = facts["resume_step"]
    store = _own(directory, network=network)
    if store is not None:
        store.absorb_all()  # what a process left that was killed before it could
        facts = _remember(store, facts, resumed, where)
        _go_back(store, facts, settings.x_sys_label)
    else:
        facts = _known_facts(directory) | {"config": facts["config"]}
    journal = Journal(directory / JOURNAL, mapped=not network)
    recorder = JournalRecorder(journal, Notices(), first_line=_first_line(store))
    collector = collect_metadata(settings, recorder, redactor)
    acquire = _Acquire(directory, store, where, settings, collector)
    uploader = _begin_uploading(acquire, directory, journal, settings)
    return Session(
        directory,
        journal,
        recorder,
        uploader,
        redactor,
        CrashTrace(directory),
        sink=acquire.sink,
        address=acquire.address,
        facts=facts,
        resumed=resumed,
        first_step=1 + _step_before(directory, step, resumed),
        parts=[collector] if collector else [],
    )


class _Acquire:
    """Takes the ownership of a run when nobody has it, with the delivery that goes with it.

    Args:
        directory: of the run.
        store: what is owned already.
        where: the server; None for a local run.
        settings: of the run.
        collector: of the metadata that the server is told when it creates the run.
    """

    def __init__(
        self,
        directory: Path,
        store: Store | None,
        where: Destination | None,
        settings: Settings,
        collector: FactsCollector | None,
    ) -> None:
        self.address = where.urls.api if where else None
        self.sink = ServerInterface(where.urls, where.key, settings) if where else None
        self._directory = directory
        self._store = store
        self._given = settings.compat.get("systemMetadata") or {}
        self._collector = collector

    def __call__(self) -> Ownership | None:
        store, self._store = self._store or _own(self._directory), None
        if store is None:
            return None
        if self.sink is None or self.address is None:
            return Ownership(store)
        return Ownership(store, Delivery(store, self.sink, self.address, lambda: self._run(store)))

    def _run(self, store: Store) -> RunInfo:
        metadata = self._collector.result(METADATA_TIMEOUT) if self._collector else self._given
        run = run_info(store.writer.facts())._replace(system_metadata=metadata)
        return dated(run, time.time_ns() // 1_000_000)


def _begin_uploading(
    acquire: _Acquire, directory: Path, journal: Journal, settings: Settings
) -> Uploader:
    uploader = Uploader(
        acquire,
        directory,
        journal,
        interval=float(settings.sync_process_flush_interval),
        fsync=settings.durability == "fsync",
    )
    if acquire.sink is not None:
        acquire.sink.meanwhile = uploader.meanwhile
    uploader.start()
    return uploader


def run_directory(settings: Settings, facts: dict[str, Any], project: str) -> Path:
    """Make and return `<dir>/.pluto/<project>/<run>`; processes with one external id share it.

    Where the working directory cannot be written, `~/.pluto/runs` takes the place of `.pluto`.
    """
    external_id = facts.get("external_id")
    name = directory_name(external_id or facts["name"])
    own = name if external_id else f"{name}-{facts['uid'][:6]}"
    place = Path(directory_name(project), own)
    try:
        return _made(Path(settings.dir) / f".{settings.tag}", place)
    except OSError as error:
        if settings.dir != working_directory():  # somebody chose it
            raise
        instead = home() / "runs"
        directory = _made(instead, place)
        logger.warning(
            "%s cannot be written (%s): the run goes to %s; init(dir=...) or PLUTO_DIR chooses"
            " another place",
            settings.dir or "the working directory",
            error.strerror,
            instead,
        )
        return directory


def _made(root: Path, place: Path) -> Path:
    directory = root / place
    directory.mkdir(parents=True, exist_ok=True)
    (root / ".gitignore").write_text(GITIGNORE)
    return directory


def _is_on_network(settings: Settings, directory: Path) -> bool:
    if settings.file_system == "auto":
        return is_on_network(directory)
    return bool(settings.file_system == "network")


def _own(directory: Path, *, network: bool | None = None) -> Store | None:
    """Return the store of a run, or None if another live process owns it."""
    try:
        return Store(directory, network=network)
    except RunInUse:
        return None


def _refuse_to_go_on(store: Store, facts: dict[str, Any]) -> None:
    store.close()
    raise RunExistsError(
        f"a run with the id {facts['external_id']!r} is kept in {shown(store.directory)}: pass"
        " resume=True to go on with it, or choose another run_id"
    )


def _remember(
    store: Store, facts: dict[str, Any], resumed: bool, where: Destination | None
) -> dict[str, Any]:
    """Write the facts down, and return them as they now are."""
    before = store.writer.facts().get("status") if resumed else None
    if resumed:
        if not facts["resume"]:
            _refuse_to_go_on(store, facts)
        known = store.writer.facts()
        kept = ("uid", "name", "created_at", "tags", "status_history")
        facts = {**known, **facts, **{key: known[key] for key in kept if key in known}}
        if known.get("config"):
            facts["config"] = deep_merge(known["config"], facts["config"] or {})
    if where is not None:
        facts["destination"] = where.urls._asdict()
    facts |= circumstances()
    facts |= {"finished_at": None, "ends": [], "closed": None}
    facts["status_history"] = [*facts.get("status_history", []), _beginning(facts, before)]
    store.set_facts(facts)
    return facts


def _beginning(facts: dict[str, Any], before: str | None) -> dict[str, Any]:
    """Return the event that a run begins, or goes on from the status it had."""
    at = facts["created_at"] if before is None else time.time_ns() // 1_000_000
    return {
        "from": before,
        "to": "RUNNING",
        "source": "client",
        "metadata": None,
        "createdAt": at,
    }


def _go_back(store: Store, facts: dict[str, Any], system_label: str) -> None:
    """Hide what was logged behind the step that the run goes on from.

    That is done once for all processes of a job, before any of them logs: by the one on the first
    node that owns the run there.
    """
    step = facts["resume_step"]
    if step is None or not is_on_first_node(os.environ) or has_live_process(store.directory):
        return
    store.writer.rewind(Rewind(step, time.time_ns() // 1_000_000, f"{system_label}/"))


def _known_facts(directory: Path) -> dict[str, Any]:
    """Return the facts of a run that another process is just beginning, once they are there."""
    deadline = time.monotonic() + FACTS_TIMEOUT
    while True:
        facts = _facts_so_far(directory)
        if "uid" in facts:
            return facts
        if time.monotonic() > deadline:
            raise StorageError(f"{directory} is held by a process that does not begin its run")
        time.sleep(0.01)


def _facts_so_far(directory: Path) -> dict[str, Any]:
    if not is_run_directory(directory):
        return {}
    try:
        reader = RunReader(directory)
    except StorageError:  # its tables are being made
        return {}
    try:
        return reader.facts()
    finally:
        reader.close()


def _first_line(store: Store | None) -> int:
    return 1 if store is None else Outbox(store.writer, "").count("console") + 1


def _step_before(directory: Path, checkpoint: int | None, resumed: bool) -> int:
    if checkpoint is not None:
        return checkpoint
    return last_step(directory) if resumed else 0


def last_step(directory: Path) -> int:
    """Return the greatest step of what the user logged to a run, or 0."""
    reader = RunReader(directory)
    try:
        steps = [name.last_step for name in reader.names() if not name.name.startswith("sys/")]
    finally:
        reader.close()
    return max((step for step in steps if step is not None), default=0)
