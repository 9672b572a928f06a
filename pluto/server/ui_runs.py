"""The dashboard's lists: projects, the runs table, the page of a run, the session."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from pluto.server.causes import reported_cause
from pluto.server.endpoints import Endpoint, Reads
from pluto.server.fields import json_number, json_safe
from pluto.server.rows import TERMINAL, RunRow
from pluto.server.schemas import Answer, DetailsQuery, Json, NoQuery, Query, Status
from pluto.server.settings import ORGANIZATION, version
from pluto.server.views import RunView
from pluto.storage import NameInfo

Number = float | str
"""A number, or one of NaN, Infinity, -Infinity."""


class UiProject(Answer):
    """A project in the switcher; times are ms since the epoch, here and below."""

    name: str
    runs: int
    running: int
    updated_at: int


class UiProjects(Answer):
    """All projects, the one with the newest run first.

    `unread` is how many runs were found on the disk and may still add to it.
    """

    projects: list[UiProject]
    unread: int = 0


class RunsQuery(Query):
    """Runs of one project, or of all."""

    project: str | None = None


class UiRun(Answer, kw_only=True):
    """A row of the runs table; `config` is flat, `summary` has at most 200 last values."""

    id: int
    display_id: str
    name: str
    project: str
    status: Status
    cause: str | None
    tags: list[str]
    notes: str | None
    created_at: int
    updated_at: int
    duration_ms: int
    config: Json
    summary: Json
    metric_count: int


class UiRuns(Answer):
    """The runs table; `version` is that of the catalog.

    `unread` is how many runs are still being read: those that lack config, notes and summary here,
    and those that were found on the disk and may be of this project.
    """

    version: int
    runs: list[UiRun]
    unread: int = 0


class UiRunDetail(UiRun, kw_only=True):
    """A run on its page; `config` is nested as it was given.

    `sync_command` sends a run of this disk that ended and that no server has the whole of; of one
    that a server has in part, `unsent` rows are missing there.
    """

    external_id: str | None
    status_metadata: Json
    status_history: Json
    system_metadata: Json
    logger_settings: Json
    url: str
    sync_command: str | None
    unsent: int


class UiName(Answer, kw_only=True):
    """A log name with the summary of its series."""

    name: str
    type: str
    count: int
    first_step: int | None
    last_step: int | None
    last: Number | None
    min: Number | None
    max: Number | None
    mean: Number | None


class UiRunAnswer(Answer):
    """A run with its names; `version` is that of its files."""

    run: UiRunDetail
    names: list[UiName]
    version: int


class Session(Answer):
    """What the page needs to know of the server; `snippet` is Python that logs to it.

    `directory` is the one whose runs the viewer shows; null in server mode.
    """

    mode: Literal["ui", "server"]
    user: str | None
    version: str
    directory: str | None
    snippet: str


def projects(reads: Reads, _: NoQuery) -> UiProjects:
    """List the projects."""
    found, unread = reads.state.catalog.runs_so_far()
    rows = reads.state.catalog.projects(found)
    listed = [UiProject(row.name, row.runs, row.running, row.updated_at) for row in rows]
    return UiProjects(listed, unread)


def runs(reads: Reads, query: RunsQuery) -> UiRuns:
    """List the runs of a project, newest first, with what the table shows."""
    catalog = reads.state.catalog
    catalog_version = catalog.version()
    rows, unlisted = catalog.runs_so_far(query.project)
    views, empty = reads.views.so_far(rows)
    return UiRuns(catalog_version, _listed(views), unlisted + empty)


def all_runs(reads: Reads) -> list[UiRun]:
    """Return the runs of all projects, each with what the table shows."""
    return _listed(reads.views.of(reads.state.catalog.runs()))


def _listed(views: Iterable[RunView]) -> list[UiRun]:
    now = int(time.time() * 1000)
    return [UiRun(**_columns(view, now)) for view in views]


def _columns(view: RunView, now: int) -> dict[str, Any]:
    row, stored = view.row, view.stored
    return {
        "id": row.id,
        "display_id": row.display_id or row.name,
        "name": row.name,
        "project": row.project,
        "status": row.status,
        "cause": row.cause or _ended_by(view) or stored.problem,
        "tags": list(row.tags),
        "notes": stored.notes,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "duration_ms": duration(row, view.heartbeat_at, now),
        "config": msgspec.Raw(stored.shown_config),
        "summary": msgspec.Raw(stored.shown_summary),
        "metric_count": len(stored.summary),
    }


def _ended_by(view: RunView) -> str | None:
    ended = view.row.status in TERMINAL and view.row.status != "COMPLETED"
    return reported_cause(view.stored.status_metadata) if ended else None


def duration(row: RunRow, heartbeat_at: int | None, now: int) -> int:
    """Return how long a run took, in ms, or has taken so far."""
    if row.status not in TERMINAL:
        ended_at = now
    else:
        ended_at = row.finished_at or heartbeat_at or row.updated_at
    return max(0, ended_at - row.created_at)


def run(reads: Reads, query: DetailsQuery) -> UiRunAnswer:
    """Return everything about a run that its page shows besides the series."""
    row = reads.require(query.run_id)
    reader = reads.reader(row)
    stored_version, facts = reader.version(), reader.facts()
    (view,) = reads.views.of([row])
    known = {
        name: json_safe(facts.get(name))
        for name in ("config", "status_metadata", "system_metadata", "logger_settings")
    }
    unsent = reader.unsent()
    history = json_safe(facts.get("status_history") or [])
    columns = {**_columns(view, int(time.time() * 1000)), **known, "status_history": history}
    detail = UiRunDetail(
        **columns,
        external_id=row.external_id,
        url=reads.url(row),
        sync_command=_sync_command(row, facts, unsent),
        unsent=unsent,
    )
    return UiRunAnswer(detail, [_name(info) for info in reader.names()], stored_version)


def _sync_command(row: RunRow, facts: Mapping[str, Any], unsent: int) -> str | None:
    """Return what to type; a run without a `destination` was received by a server."""
    is_ours = row.local and "destination" in facts
    is_complete_there = bool(facts.get("run_id")) and not unsent
    if not is_ours or is_complete_there or row.status not in TERMINAL:
        return None
    local = "" if facts["destination"] else "--local "
    return f"pluto sync {local}--path {shlex.quote(os.path.abspath(row.place))}"


def _name(info: NameInfo) -> UiName:
    return UiName(
        name=info.name,
        type=info.type,
        count=info.count,
        first_step=info.first_step,
        last_step=info.last_step,
        last=_number(info.last),
        min=_number(info.min),
        max=_number(info.max),
        mean=_number(info.mean),
    )


def _number(value: float | None) -> Number | None:
    return None if value is None else json_number(value)


def session(reads: Reads, _: NoQuery) -> Session:
    """Tell the page what it is looking at."""
    settings = reads.state.settings
    arguments, first = 'project="my-project", config={"lr": 1e-3}', ""
    directory = str(settings.root) if settings.mode == "ui" else None
    if directory is not None:
        arguments = f"dir={directory!r}, {arguments}"
    elif settings.is_loopback:
        arguments += ', host="local"'
    else:
        first = f"# in the shell: export PLUTO_URL={reads.origin} PLUTO_API_KEY=...\n"
    snippet = first + _SNIPPET.format(arguments=arguments)
    return Session(settings.mode, ORGANIZATION, version(), directory, snippet)


_SNIPPET = """\
import pluto

run = pluto.init({arguments})
for step in range(100):
    run.log({{"loss": 1 / (step + 1)}}, step=step)
run.finish()
"""


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/ui/projects", NoQuery, UiProjects, projects, look=True),
    Endpoint("/api/ui/runs", RunsQuery, UiRuns, runs, look=True),
    Endpoint("/api/ui/runs/{runId}", DetailsQuery, UiRunAnswer, run, look=True),
    Endpoint("/api/ui/session", NoQuery, Session, session),
)
