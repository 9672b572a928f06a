"""Creating runs and changing them: the write side of the api service."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET
from starlette.routing import Route

from pluto.server.backend import ChangeRefused
from pluto.server.catalog import ReadOnlyCatalog
from pluto.server.changes import StatusChange
from pluto.server.clock import iso
from pluto.server.endpoints import BadParameters, Endpoint, Reads, Refused
from pluto.server.forks import ForkRefused, inherited_tags, resolve_fork
from pluto.server.rows import CLOSED, NewRun, RunRow
from pluto.server.run_bodies import (
    AddLogNames,
    Capabilities,
    CreateGraph,
    CreateRun,
    OneRun,
    Organization,
    ResumeRun,
    RewindTo,
    RunAnswer,
    SlugAnswer,
    StatusEvent,
    StatusHistory,
    Success,
    UpdateConfig,
    UpdateNotes,
    UpdateStatus,
    UpdateTags,
)
from pluto.server.schemas import NoQuery, Query
from pluto.server.settings import ORGANIZATION, version
from pluto.server.state import ServerState
from pluto.storage import Rewind

MAX_TAGS = 50

Q = TypeVar("Q", bound=Query)


def routes(state: ServerState) -> list[Route]:
    """Return the routes of the write side."""
    reads = Reads(state)
    return [endpoint.route(reads) for endpoint in ENDPOINTS]


def _slug(_: Reads, __: NoQuery) -> SlugAnswer:
    return SlugAnswer(Organization(ORGANIZATION))


def _create(reads: Reads, asked: CreateRun) -> RunAnswer:
    tags = tuple(asked.tags or ())
    check_tags(tags)
    catalog = reads.state.catalog
    project = asked.project_name_utf8 or asked.project_name
    config = _json(asked.config, "Invalid JSON format in request body")
    machine = _json(asked.system_metadata, "Invalid JSON format in request body")
    known = asked.external_id and catalog.by_external_id(asked.external_id, project)
    if known:
        row = reads.state.changes.reopen(known.id, config, machine)
        return _begun(reads, row, asked.rewinds, resumed=True)
    new = NewRun(
        project=project,
        name=asked.run_name_utf8 or asked.run_name,
        external_id=asked.external_id,
        tags=tags,
        config=config,
        logger_settings=_json(asked.logger_settings, "Invalid JSON format in request body"),
        system_metadata=machine,
        created_at=asked.created_at,
        updated_at=asked.updated_at,
    )
    row, created = catalog.create(_forked(reads, asked, new))
    if not created:  # another process of the same job came first
        row = reads.state.changes.reopen(row.id, config, machine)
    return _begun(reads, row, asked.rewinds, resumed=not created)


def _forked(reads: Reads, asked: CreateRun, new: NewRun) -> NewRun:
    """Return the new run with what it inherits from the run that it begins at."""
    if asked.fork_run_id is None:
        return new
    catalog = reads.state.catalog
    fork = resolve_fork(catalog, new.project, asked.fork_run_id, asked.fork_step)
    config, tags = new.config, new.tags
    if asked.inherit_config is not False and isinstance(fork.config, dict):
        config = {**fork.config, **(config if isinstance(config, dict) else {})}
    if asked.inherit_tags:
        tags = inherited_tags(fork.tags, tags)
    return replace(new, config=config, tags=tags, forked_from=fork.parent.id, fork_step=fork.step)


def _resume(reads: Reads, asked: ResumeRun) -> RunAnswer:
    ids = (asked.run_id, asked.display_id, asked.external_id)
    if sum(each is not UNSET for each in ids) != 1:
        text = "Provide exactly one of: runId, displayId, or externalId"
        raise BadParameters("custom", [], text)
    row = reads.state.changes.reopen(_resumed(reads, asked).id)
    return _begun(reads, row, asked.rewinds, resumed=True)


def _begun(reads: Reads, row: RunRow, rewinds: Sequence[RewindTo], *, resumed: bool) -> RunAnswer:
    reads.state.liveness.seen(row.id)
    if rewinds:
        found = [Rewind(each.step, each.time, each.spared) for each in rewinds]
        reads.state.changes.rewind(row.id, found)
    return _run_answer(reads, row, resumed=resumed)


def _resumed(reads: Reads, asked: ResumeRun) -> RunRow:
    project = asked.project_name_utf8 or asked.project_name
    if isinstance(asked.run_id, int):
        return reads.require(asked.run_id)
    if isinstance(asked.display_id, str):
        return reads.by_display_id(asked.display_id, project)
    if not project:
        raise Refused(400, "projectName is required when using externalId")
    row = reads.state.catalog.by_external_id(str(asked.external_id), project)
    if row is None:
        raise Refused(404, "Run not found")
    return row


def _update_status(reads: Reads, asked: UpdateStatus) -> Success:
    reads.require(asked.run_id)
    metadata: Any = asked.status_metadata
    if isinstance(metadata, str):
        metadata = _json(metadata, "Invalid statusMetadata JSON")
    change = StatusChange(
        asked.status,
        metadata=metadata,
        cause=CLOSED if _is_closed(asked.status, metadata) else None,
        at=asked.status_updated,
        logger_settings=_json(asked.logger_settings, "Invalid loggerSettings JSON"),
    )
    reads.state.changes.set_status(asked.run_id, change)
    return Success()


def _is_closed(status: str, metadata: Any) -> bool:
    return status == "RUNNING" and isinstance(metadata, dict) and bool(metadata.get("closed"))


def _status_history(reads: Reads, asked: OneRun) -> StatusHistory:
    row = reads.require(asked.run_id)
    events = [
        StatusEvent(
            id=str(number),
            run_id=row.id,
            from_status=event["from"],
            to_status=event["to"],
            source=event["source"],
            metadata=event["metadata"],
            actor_id=None,
            api_key_id=None,
            created_at=iso(event["createdAt"]),
        )
        for number, event in enumerate(reads.reader(row).facts().get("status_history") or (), 1)
    ]
    return StatusHistory(row.id, events)


def _add_log_names(reads: Reads, asked: AddLogNames) -> Success:
    reads.require(asked.run_id)
    names = dict.fromkeys(asked.log_name, asked.log_type)
    if names:
        reads.state.changes.register_names(asked.run_id, names)
    return Success()


def _update_tags(reads: Reads, asked: UpdateTags) -> Success:
    check_tags(asked.tags)
    reads.require(asked.run_id)
    reads.state.changes.set_tags(asked.run_id, asked.tags)
    return Success()


def _update_notes(reads: Reads, asked: UpdateNotes) -> Success:
    reads.require(asked.run_id)
    reads.state.changes.set_notes(asked.run_id, asked.notes)
    return Success()


def _update_config(reads: Reads, asked: UpdateConfig) -> Success:
    reads.require(asked.run_id)
    config = _json(asked.config, "Invalid config JSON")
    if config is not None:
        if not isinstance(config, dict):
            raise Refused(400, "Invalid config JSON: expected an object")
        reads.state.changes.merge_config(asked.run_id, config)
    return Success()


def _create_graph(reads: Reads, asked: CreateGraph) -> Success:
    reads.require(asked.run_id)
    reads.state.changes.add_graph(asked.run_id, msgspec.to_builtins(asked.graph))
    return Success()


def _run_answer(reads: Reads, row: RunRow, *, resumed: bool) -> RunAnswer:
    facts = reads.reader(row).facts()
    return RunAnswer(
        run_id=row.id,
        number=row.number,
        display_id=row.display_id,
        project_name=row.project,
        organization_slug=ORGANIZATION,
        url=reads.url(row),
        resumed=resumed,
        pluto=Capabilities(version()),
        forked_from_run_id=facts.get("fork_run_id"),
        fork_step=facts.get("fork_step"),
    )


def check_tags(tags: Sequence[str]) -> None:
    """Refuse tags that no run may have.

    Raises:
        BadParameters: more than 50.
        Refused: 400 for two that begin with `group:`.
    """
    if len(tags) > MAX_TAGS:
        raise BadParameters("too_big", ["tags"], f"A run can have at most {MAX_TAGS} tags")
    if sum(tag.startswith("group:") for tag in tags) > 1:
        raise Refused(400, "A run can have at most one group:* tag.")


def _json(text: str | None, complaint: str) -> Any:
    """Return the value of a JSON text; nothing, an empty text and `null` count as absent."""
    if not text:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Refused(400, complaint) from None


def _guarded(call: Callable[[Reads, Q], Any]) -> Callable[[Reads, Q], Any]:
    """Give refusals of the catalog the status that fits them."""

    @functools.wraps(call)
    def guarded(reads: Reads, asked: Q) -> Any:
        try:
            return call(reads, asked)
        except ReadOnlyCatalog as error:
            raise Refused(403, str(error)) from error
        except ChangeRefused as error:
            raise Refused(409, str(error)) from error
        except ForkRefused as error:
            raise Refused(400, str(error)) from error

    return guarded


def _post(path: str, query: type[Q], answer: Any, call: Callable[[Reads, Q], Any]) -> Endpoint[Q]:
    return Endpoint(path, query, answer, _guarded(call), method="POST")


ENDPOINTS: list[Endpoint[Any]] = [
    _post("/api/slug", NoQuery, SlugAnswer, _slug),
    _post("/api/runs/create", CreateRun, RunAnswer, _create),
    _post("/api/runs/resume", ResumeRun, RunAnswer, _resume),
    _post("/api/runs/status/update", UpdateStatus, Success, _update_status),
    Endpoint("/api/runs/status/history", OneRun, StatusHistory, _status_history),
    _post("/api/runs/logName/add", AddLogNames, Success, _add_log_names),
    _post("/api/runs/tags/update", UpdateTags, Success, _update_tags),
    _post("/api/runs/notes/update", UpdateNotes, Success, _update_notes),
    _post("/api/runs/config/update", UpdateConfig, Success, _update_config),
    _post("/api/runs/modelGraph/create", CreateGraph, Success, _create_graph),
]
