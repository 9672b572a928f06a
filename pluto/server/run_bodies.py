"""Bodies and answers of the requests that create and change runs (protocol section 3.1)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pluto.server.schemas import Answer, Query, RunId

MilliSeconds = Annotated[int, Meta(ge=0, le=8_640_000_000_000_000)]
Status = Literal["RUNNING", "COMPLETED", "FAILED", "TERMINATED", "CANCELLED"]
LogType = Literal[
    "METRIC",
    "IMAGE",
    "VIDEO",
    "AUDIO",
    "FILE",
    "TEXT",
    "ARTIFACT",
    "HISTOGRAM",
    "TABLE",
    "DATA",
    "GRAPH",
]


class RewindTo(Query):
    """A checkpoint that the run went on from: what is behind it and older is not shown."""

    step: Annotated[int, Meta(ge=0)]
    time: MilliSeconds
    spared: str = ""


class CreateRun(Query):
    """A new run, or one to attach to; `config` and its like are JSON texts.

    The `...Utf8` names are the true ones where a client sends both.
    """

    run_name: str
    project_name: str
    external_id: Annotated[str, Meta(min_length=1)] | None = None
    tags: list[str] | None = None
    logger_settings: str | None = None
    system_metadata: str | None = None
    config: str | None = None
    created_at: MilliSeconds | None = None
    updated_at: MilliSeconds | None = None
    fork_run_id: int | None = None
    fork_step: float | None = None
    inherit_config: bool | None = None
    inherit_tags: bool | None = None
    project_name_utf8: str | None = None
    run_name_utf8: str | None = None
    rewinds: tuple[RewindTo, ...] = ()


class ResumeRun(Query):
    """A run to take up again, by exactly one of its ids."""

    run_id: RunId | UnsetType = UNSET
    display_id: str | UnsetType = UNSET
    external_id: str | UnsetType = UNSET
    project_name: str | None = None
    project_name_utf8: str | None = None
    rewinds: tuple[RewindTo, ...] = ()


class UpdateStatus(Query):
    """A status that the client reports."""

    run_id: RunId
    status: Status
    status_metadata: str | UnsetType | None = UNSET
    logger_settings: str | None = None
    status_updated: MilliSeconds | None = None


class OneRun(Query):
    """A run."""

    run_id: RunId


class AddLogNames(Query):
    """Log names of one type."""

    run_id: RunId
    log_name: list[str]
    log_type: LogType


class UpdateTags(Query):
    """All tags that the run shall have."""

    run_id: RunId
    tags: list[str]


class UpdateNotes(Query):
    """The notes that the run shall have."""

    run_id: RunId
    notes: Annotated[str, Meta(max_length=1000)] | None


class UpdateConfig(Query):
    """JSON text of an object to merge into the config."""

    run_id: RunId
    config: str | None


class GraphNode(msgspec.Struct):
    """One module of a model."""

    type: str
    depth: int
    order: int | UnsetType | None = UNSET
    label: str | UnsetType | None = UNSET
    node_id: str | UnsetType | None = UNSET
    node_type: Literal["MODULE", "UNKNOWN", "CONTAINER", "IO"] | UnsetType | None = UNSET
    inst_id: str | UnsetType | None = UNSET
    args: list[Any] | UnsetType | None = UNSET
    kwargs: dict[str, Any] | UnsetType | None = UNSET
    params: dict[str, list[float]] | UnsetType | None = UNSET
    edges: list[tuple[str, str]] | UnsetType | None = UNSET


class Graph(msgspec.Struct):
    """The modules of a model by name."""

    format: str
    nodes: dict[str, GraphNode]


class CreateGraph(Query):
    """A model graph."""

    run_id: RunId
    graph: Graph


class Capabilities(Answer):
    """What this server does beyond the protocol."""

    version: str
    idempotent_rows: bool = True
    rewinds: bool = True


class RunAnswer(Answer):
    """A run that was created or taken up."""

    run_id: int
    number: int | None
    display_id: str | None
    project_name: str
    organization_slug: str
    url: str
    resumed: bool
    pluto: Capabilities
    forked_from_run_id: int | None = None
    fork_step: int | None = None


class Success(Answer):
    """Done."""

    success: bool = True


class StatusEvent(Answer):
    """One change of the status."""

    id: str
    run_id: int
    from_status: str | None
    to_status: str
    source: str
    metadata: Any
    actor_id: str | None
    api_key_id: str | None
    created_at: str


class StatusHistory(Answer):
    """All changes of the status, the oldest first."""

    run_id: int
    events: list[StatusEvent]


class Organization(Answer):
    """The organisation that a key belongs to."""

    slug: str


class SlugAnswer(Answer):
    """The answer to a key that is good."""

    organization: Organization
