"""Finding runs: projects, the list with its filters, and the details of one run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from pluto.record import STATUSES
from pluto.server import schemas
from pluto.server.clock import iso
from pluto.server.endpoints import Endpoint, Reads, Refused
from pluto.server.field_filters import compile_terms, parse_terms
from pluto.server.fields import flatten, json_safe
from pluto.server.filters import FilterError, Predicate, compile_filter, parse_time
from pluto.server.rows import RunRow
from pluto.server.settings import ORGANIZATION
from pluto.server.sorting import Order
from pluto.server.sqid import decode_sqid
from pluto.server.views import RunView
from pluto.storage import NameInfo

MAX_LISTED = 1000
MAX_COLUMNS = 1000


def validate(_: Reads, __: schemas.NoQuery) -> schemas.Validated:
    """Tell a caller that the key is good, and whose it is."""
    organization = schemas.Organization(id=ORGANIZATION, slug=ORGANIZATION)
    return schemas.Validated(valid=True, organization=organization, user=schemas.User(ORGANIZATION))


def projects(reads: Reads, _: schemas.NoQuery) -> schemas.Projects:
    """List the projects, the one that was created last first."""
    rows = sorted(
        reads.state.catalog.projects(), key=lambda row: (row.created_at, row.id), reverse=True
    )
    return schemas.Projects(
        [
            schemas.Project(
                id=row.id,
                name=row.name,
                created_at=iso(row.created_at),
                updated_at=iso(row.updated_at),
                run_count=row.runs,
            )
            for row in reads.cut(rows, MAX_LISTED)
        ]
    )


def list_runs(reads: Reads, query: schemas.ListQuery) -> schemas.ListedRuns:
    """List runs that satisfy every condition, in the order asked for.

    An unknown project has no runs. `projectName` may be left out only with `konduktorJobPrefix`.
    """
    if query.project_name is None and not query.konduktor_job_prefix:
        raise Refused(400, "projectName is required")
    conditions = [*_conditions(query)]
    order = Order(query.sort)
    shown = _columns(query)
    views = reads.views.of(reads.state.catalog.runs(query.project_name))
    found = {view.row.id: view for view in views if all(holds(view) for holds in conditions)}
    ids = order.apply(found.items())
    page = ids[query.offset : query.offset + query.limit]
    return schemas.ListedRuns([_listed(found[run_id], shown) for run_id in page], len(ids))


def _conditions(query: schemas.ListQuery) -> Iterable[Predicate]:
    if query.search:
        yield _search(query.search)
    if query.tags:
        tags = set(_csv(query.tags))
        yield lambda run: not tags.isdisjoint(run.tags)
    if query.status:
        yield _status(_csv(query.status))
    if query.heartbeat_after or query.heartbeat_before:
        yield _heartbeat(query.heartbeat_after, query.heartbeat_before)
    if query.field_filters:
        yield compile_terms(parse_terms(query.field_filters))
    if query.filter:
        yield compile_filter(_json(query.filter, "filter"))
    if query.konduktor_job_prefix:
        yield _konduktor(query.konduktor_job_prefix)


def _search(text: str) -> Predicate:
    wanted = text.lower()

    def holds(run: Any) -> bool:
        return wanted in run.name.lower() or wanted in (run.row.display_id or "").lower()

    return holds


def _status(wanted: list[str]) -> Predicate:
    unknown = [status for status in wanted if status not in STATUSES]
    if unknown:
        known = ", ".join(STATUSES)
        raise FilterError(f"Invalid status: {', '.join(unknown)}. Use one of {known}")
    return lambda run: run.status in wanted


def _heartbeat(after: str | None, before: str | None) -> Predicate:
    low = parse_time(after) if after else None
    high = parse_time(before) if before else None

    def holds(run: Any) -> bool:
        at = run.heartbeat_at
        return at is not None and (low is None or at >= low) and (high is None or at <= high)

    return holds


def _konduktor(prefix: str) -> Predicate:
    def holds(run: Any) -> bool:
        job = run.system_metadata.get("konduktor.job_name")
        return job is not None and (job.text or "").startswith(prefix)

    return holds


def _csv(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _json(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FilterError(f"Invalid {name}: not JSON: {error}") from None


Columns = dict[str, set[str] | None]


def _columns(query: schemas.ListQuery) -> Columns | None:
    """Return the keys to show by source, None where no values are asked for."""
    if not query.include_field_values:  # any text asks for them, "false" too
        return None
    if not query.visible_columns:
        return {"config": None, "systemMetadata": None}
    try:
        columns = msgspec.json.decode(query.visible_columns, type=list[schemas.VisibleColumn])
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise FilterError(f"Invalid visibleColumns: {error}") from None
    if len(columns) > MAX_COLUMNS:
        raise FilterError(f"Invalid visibleColumns: at most {MAX_COLUMNS}")
    return {
        source: {column.key for column in columns if column.source == source}
        for source in ("config", "systemMetadata")
    }


def _listed(view: RunView, shown: Columns | None) -> schemas.ListedRun:
    row = view.row
    listed = schemas.ListedRun(
        id=row.id,
        name=row.name,
        number=row.number,
        display_id=row.display_id,
        project_name=row.project,
        status=row.status,
        tags=list(row.tags),
        created_at=iso(row.created_at),
    )
    if shown is not None:
        listed.flat_config = _chosen(view.stored.config, shown["config"])
        listed.flat_system_metadata = _chosen(view.stored.system_metadata, shown["systemMetadata"])
    return listed


def _chosen(values: object, keys: set[str] | None) -> dict[str, object]:
    return {key: value for key, value in flatten(values).items() if keys is None or key in keys}


def details(reads: Reads, query: schemas.DetailsQuery) -> schemas.Details:
    """Return everything that is known about a run."""
    row = reads.require(query.run_id)
    found = _details(reads, row)
    facts = reads.reader(row).facts()
    found.forked_from_run_id, found.fork_step = facts.get("fork_run_id"), facts.get("fork_step")
    return found


def details_by_display_id(reads: Reads, query: schemas.DisplayIdQuery) -> schemas.Details:
    """Return everything about the run with a display id such as `MMP-1`, in any case."""
    row = reads.by_display_id(query.display_id, query.project_name)
    return _details(reads, row)


def _details(reads: Reads, row: RunRow) -> schemas.Details:
    reader = reads.reader(row)
    facts = reader.facts()
    known: dict[str, Any] = {
        key: json_safe(facts.get(key))
        for key in ("config", "system_metadata", "logger_settings", "status_metadata")
    }
    changed_at = facts.get("status_updated")
    return schemas.Details(
        **known,
        id=row.id,
        name=row.name,
        number=row.number,
        display_id=row.display_id,
        status=row.status,
        tags=list(row.tags),
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
        status_updated=None if changed_at is None else iso(changed_at),
        project_name=row.project,
        external_id=row.external_id,
        log_names=[_log_name(info) for info in reads.cut(reader.names(), MAX_LISTED)],
    )


def _log_name(info: NameInfo) -> schemas.LogName:
    return schemas.LogName(info.name, info.type, group_of(info.name))


def group_of(name: str) -> str:
    """Return the group of a log name: what is before its last slash.

    Example:
        >>> group_of("train/layer/loss")
        'train/layer'
    """
    return name.rpartition("/")[0]


def unsqid(_: Reads, query: schemas.SqidQuery) -> schemas.Unsqid:
    """Return the run number in a short id; arithmetic only, the run need not exist."""
    number = decode_sqid(query.sqid)
    return schemas.Unsqid() if number is None else schemas.Unsqid(number)


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/runs/auth/validate", schemas.NoQuery, schemas.Validated, validate),
    Endpoint("/api/runs/projects", schemas.NoQuery, schemas.Projects, projects),
    Endpoint("/api/runs/list", schemas.ListQuery, schemas.ListedRuns, list_runs),
    Endpoint(
        "/api/runs/details/by-display-id/{displayId}",
        schemas.DisplayIdQuery,
        schemas.Details,
        details_by_display_id,
    ),
    Endpoint("/api/runs/details/{runId}", schemas.DetailsQuery, schemas.Details, details),
)
LAST_ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/runs/{sqid}", schemas.SqidQuery, schemas.Unsqid, unsqid, public=True),
)
"""Match every other path of this depth too."""
