"""The life of a run on its page: alerts, the family of forks, the graph of its model."""

from __future__ import annotations

import json
from typing import Any, Final

from pluto.errors import StorageError
from pluto.server.backend import RunReads
from pluto.server.changes import deep_merge
from pluto.server.endpoints import Endpoint, Reads
from pluto.server.fields import json_safe
from pluto.server.rows import RunRow
from pluto.server.schemas import Answer, DetailsQuery, Json
from pluto.storage import Kind, StoredRecord

MAX_ALERTS: Final = 500
MAX_GENERATIONS: Final = 10
MAX_SEARCHED: Final = 500
"""So many younger runs of the project are asked whether they are forks of this one."""


class Alert(Answer):
    """An alert that the run raised; times are ms since the epoch."""

    time: int
    level: str
    title: str
    body: str
    url: str | None


class Relative(Answer):
    """A run of the same family; `step` is the last that parent and fork share."""

    id: int
    name: str
    project: str
    status: str
    step: int


class Story(Answer):
    """`ancestors` begin with the parent; `forks` are the run's own."""

    alerts: list[Alert]
    ancestors: list[Relative]
    forks: list[Relative]


class ModelGraph(Answer):
    """The graph as it was recorded; null where there is none."""

    graph: Json


def story(reads: Reads, query: DetailsQuery) -> Story:
    """Return alerts, newest first, and the runs that this one came from or that came from it."""
    row = reads.require(query.run_id)
    alerts = alerts_of(reads.reader(row), MAX_ALERTS)
    return Story(alerts, _ancestors(reads, row), _forks(reads, row))


def alerts_of(reader: RunReads, limit: int) -> list[Alert]:
    """Return at most `limit` alerts of a run, newest first."""
    found = reader.records(Kind.FACT, "alert", limit=limit, newest_first=True)
    return [_alert(record) for record in found]


def _alert(record: StoredRecord) -> Alert:
    told = json.loads(record.body)
    told = told if isinstance(told, dict) else {}
    return Alert(
        time=record.time,
        level=str(told.get("level") or record.type or "INFO"),
        title=str(told.get("title") or ""),
        body=str(told.get("body") or ""),
        url=str(told["url"]) if told.get("url") else None,
    )


def _ancestors(reads: Reads, row: RunRow) -> list[Relative]:
    found: list[Relative] = []
    while len(found) < MAX_GENERATIONS:
        parent, step = _parent(reads, row)
        if parent is None:
            break
        found.append(_relative(parent, step))
        row = parent
    return found


def _forks(reads: Reads, row: RunRow) -> list[Relative]:
    runs = reads.state.catalog.runs(row.project)
    younger = [run for run in runs if run.created_at >= row.created_at and run.id != row.id]
    forks = []
    for run in younger[:MAX_SEARCHED]:
        try:
            parent, step = _parent(reads, run)
        except StorageError:
            continue  # the runs table says what is wrong with it
        if parent is not None and parent.id == row.id:
            forks.append(_relative(run, step))
    return forks


def _parent(reads: Reads, row: RunRow) -> tuple[RunRow | None, int]:
    facts = reads.reader(row).facts()
    number, step = facts.get("fork_run_id"), facts.get("fork_step")
    if not isinstance(number, int) or not isinstance(step, int):
        return None, 0
    return reads.run(number, row.project), step


def _relative(row: RunRow, step: int) -> Relative:
    return Relative(id=row.id, name=row.name, project=row.project, status=row.status, step=step)


def graph(reads: Reads, query: DetailsQuery) -> ModelGraph:
    """Return the graph of the model that was watched; later parts are laid over earlier ones."""
    reader = reads.reader(reads.require(query.run_id))
    whole = reader.facts().get("modelGraph")
    if whole is None:  # a client's own directory has the parts as they were recorded
        for record in reader.records(Kind.FACT, "modelGraph"):
            whole = deep_merge(whole, json.loads(record.body))
    return ModelGraph(json_safe(whole))


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/ui/runs/{runId}/story", DetailsQuery, Story, story),
    Endpoint("/api/ui/runs/{runId}/graph", DetailsQuery, ModelGraph, graph),
)
