"""Builds the working parts of a run from its settings and facts."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pluto.background import collect_metadata
from pluto.errors import StorageError
from pluto.facts import run_info
from pluto.iface import ServerInterface
from pluto.journal import Journal
from pluto.names import directory_name
from pluto.notice import Notices
from pluto.recorder import JournalRecorder
from pluto.redact import Redactor
from pluto.session import Session
from pluto.sets import Destination, Settings
from pluto.storage import Outbox, RunReader, is_run_directory
from pluto.store import JOURNAL, Store
from pluto.uploader import Delivery, Uploader

GITIGNORE: Final = "*\n"


def assemble(settings: Settings, facts: dict[str, Any], where: Destination | None) -> Session:
    """Make the run's directory and start what works in the background.

    Args:
        settings: of the run.
        facts: what is known about it; an existing run that is resumed keeps its own identity.
        where: the server; None for a local run.

    Raises:
        StorageError: the directory holds something foreign.
        OSError: it cannot be written.
    """
    redactor = Redactor(enabled=settings.sanitize_logs)
    facts = {**facts, "config": redactor.value(facts["config"])}
    store, resumed = _open_store(settings, facts)
    facts = _remember(store, facts, resumed, where)
    store.absorb_all()  # what a process left that was killed before it could
    outbox = Outbox(store.writer, "")
    journal = Journal(store.directory / JOURNAL)
    recorder = JournalRecorder(journal, Notices(), first_line=outbox.count("console") + 1)
    metadata = collect_metadata(settings, recorder, redactor)
    sink = None if where is None else ServerInterface(where.urls, where.key, settings)
    delivery = None
    if sink is not None and where is not None:
        delivery = Delivery(
            store,
            sink,
            where.urls.api,
            lambda: replace(run_info(facts), system_metadata=metadata()),
        )
    uploader = Uploader(
        store, journal.prepare, delivery, interval=float(settings.sync_process_flush_interval)
    )
    uploader.start()
    return Session(
        store,
        journal,
        recorder,
        uploader,
        redactor,
        delivery=delivery,
        sink=sink,
        address=where.urls.api if where else None,
        facts=facts,
        resumed=resumed,
        first_step=last_step(store.directory) + 1 if resumed else 1,
    )


def project_directory(settings: Settings) -> Path:
    """Return the directory of the project's runs, `<dir>/.pluto/<project>`."""
    return Path(settings.dir) / f".{settings.tag}" / directory_name(settings.project)


def _open_store(settings: Settings, facts: dict[str, Any]) -> tuple[Store, bool]:
    """Open the directory of a run that is gone on with, or make a new one."""
    parent = project_directory(settings)
    external_id = facts.get("external_id")
    own = f"{directory_name(facts['name'])}-{facts['uid'][:6]}"
    parent.mkdir(parents=True, exist_ok=True)
    (parent.parent / ".gitignore").write_text(GITIGNORE)
    if external_id is None:
        return Store(parent / own), False
    directory = parent / directory_name(external_id)
    resumed = is_run_directory(directory)
    try:
        return Store(directory), resumed
    except StorageError:
        if not resumed:
            raise
        # Another process of the same job writes there: this one keeps its rows beside it.
        return Store(parent / f"{directory.name}-{facts['uid'][:6]}"), False


def _remember(
    store: Store, facts: dict[str, Any], resumed: bool, where: Destination | None
) -> dict[str, Any]:
    """Write the facts down, and return them as they now are."""
    if resumed:
        known = store.writer.facts()
        kept = ("uid", "name", "created_at", "tags", "status_history")
        facts = {**known, **facts, **{key: known[key] for key in kept if key in known}}
    facts["destination"] = None if where is None else vars(where.urls)
    facts["host"] = os.uname().nodename
    facts["finished_at"] = None
    event = {"from": None, "to": "RUNNING", "source": "client", "metadata": None}
    history = facts.get("status_history", [])
    facts["status_history"] = [*history, {**event, "createdAt": facts["created_at"]}]
    store.set_facts(facts)
    return facts


def last_step(directory: Path) -> int:
    """Return the greatest step of what the user logged to a run, or 0."""
    reader = RunReader(directory)
    try:
        steps = [name.last_step for name in reader.names() if not name.name.startswith("sys/")]
    finally:
        reader.close()
    return max((step for step in steps if step is not None), default=0)
