"""The queries and answers of the public read API (protocol section 3.2), as msgspec structs.

Parsing, the answers and the OpenAPI document all come from these classes. Run times are ISO 8601
with `Z`; times of points are `YYYY-MM-DD HH:MM:SS.mmm` in UTC; `config` and the like are any JSON.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pluto.record import STATUSES

Json = Any
MAX_INTEGER = 2**53  # the largest that JavaScript counts to

RunId = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Offset = Annotated[int, Meta(ge=0, le=100_000)]
Status = Annotated[str, Meta(extra_json_schema={"enum": list(STATUSES)})]


class Query(msgspec.Struct, rename="camel", kw_only=True):
    """Base of everything that is read from a query string, a path or a request body."""


class Answer(msgspec.Struct, rename="camel"):
    """Base of everything that is answered."""


class NoQuery(Query):
    """An endpoint without parameters."""


class Failure(Answer):
    """What went wrong; `message` where the reason does not fit a status phrase."""

    error: Json
    message: str | UnsetType = UNSET


class Organization(Answer):
    """The organisation of the caller; an embedded server has one."""

    id: str
    slug: str


class User(Answer):
    """The caller."""

    id: str


class Validated(Answer):
    """Answer to `GET /api/runs/auth/validate`."""

    valid: bool
    organization: Organization
    user: User


class Project(Answer):
    """One project with the number of its runs."""

    id: int
    name: str
    created_at: str
    updated_at: str
    run_count: int


class Projects(Answer):
    """Answer to `GET /api/runs/projects`, newest first."""

    projects: list[Project]


class ListQuery(Query):
    """Parameters of `GET /api/runs/list`; csv where the plural says so, JSON for the filters."""

    project_name: str | None = None
    search: str | None = None
    tags: str | None = None
    status: str | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    offset: Offset = 0
    sort: str = "-createdAt"
    heartbeat_after: str | None = None
    heartbeat_before: str | None = None
    field_filters: str | None = None
    filter: str | None = None
    include_field_values: str = ""
    visible_columns: str | None = None
    konduktor_job_prefix: str | None = None


class VisibleColumn(msgspec.Struct):
    """One item of `visibleColumns`."""

    source: Literal["config", "systemMetadata"]
    key: str


class ListedRun(Answer):
    """A run in the list; the flat fields only with `includeFieldValues`."""

    id: int
    name: str
    number: int | None
    display_id: str | None
    project_name: str
    status: Status
    tags: list[str]
    created_at: str
    flat_config: dict[str, Json] | UnsetType = msgspec.field(name="_flatConfig", default=UNSET)
    flat_system_metadata: dict[str, Json] | UnsetType = msgspec.field(
        name="_flatSystemMetadata", default=UNSET
    )


class ListedRuns(Answer):
    """Answer to `GET /api/runs/list`; `total` counts all matches, not the page."""

    runs: list[ListedRun]
    total: int


class DetailsQuery(Query):
    """A run by its number."""

    run_id: RunId


class DisplayIdQuery(Query):
    """A run by its display id."""

    display_id: str
    project_name: str | None = None


class LogName(Answer):
    """A registered name with the type of what is logged under it."""

    log_name: str
    log_type: str
    log_group: str


class Details(Answer):
    """Everything that is known about a run; at most 1000 log names."""

    id: int
    name: str
    number: int | None
    display_id: str | None
    status: Status
    tags: list[str]
    config: Json
    system_metadata: Json
    logger_settings: Json
    status_metadata: Json
    created_at: str
    updated_at: str
    status_updated: str | None
    project_name: str
    external_id: str | None
    log_names: list[LogName]
    forked_from_run_id: int | UnsetType | None = UNSET
    fork_step: int | UnsetType | None = UNSET


class SqidQuery(Query):
    """A run by the short id of its URL."""

    sqid: str


class Unsqid(Answer):
    """The number behind a short id; empty for what is no short id."""

    run_id: int | UnsetType = UNSET
