"""Queries and answers about what a run logged: metrics, console, files, comparisons."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from pluto.server.schemas import MAX_INTEGER, Answer, Json, Query, RunId, Status

StepBound = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
ConsoleType = Literal["INFO", "ERROR", "WARNING", "DEBUG", "PRINT"]


class MetricsQuery(Query):
    """Parameters of `GET /api/runs/metrics`; `limit` is per metric."""

    run_id: RunId
    project_name: str
    log_name: str | None = None
    log_group: str | None = None
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 2000
    step_min: StepBound | None = None
    step_max: StepBound | None = None


class MetricPoint(Answer):
    """One point; where `valueFlag` is set, `value` is 0."""

    log_name: str
    log_group: str
    value: float
    value_flag: Literal["", "NaN", "Inf", "-Inf"]
    time: str
    step: int


class Metrics(Answer):
    """Answer to `GET /api/runs/metrics`, ordered by name, then step."""

    metrics: list[MetricPoint]


class RawQuery(Query):
    """Parameters of `GET /api/runs/metrics/raw`."""

    run_id: RunId
    project_name: str
    log_name: str
    step_min: StepBound | None = None
    step_max: StepBound | None = None
    limit: Annotated[int, Meta(ge=1, le=50_000)] = 50_000


class RawPoint(Answer):
    """One stored write; `nonFiniteFlags`: bit 0 NaN, bit 1 +Inf, bit 2 -Inf (`value` is 0)."""

    log_group: str
    step: int
    time: str
    value: float
    non_finite_flags: int


class RawPoints(Answer):
    """Every stored write, ordered by step, then time."""

    rows: list[RawPoint]
    truncated: bool


class LogsQuery(Query):
    """Parameters of `GET /api/runs/logs`."""

    run_id: RunId
    project_name: str
    log_type: ConsoleType | None = None
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    offset: Annotated[int, Meta(ge=0, le=MAX_INTEGER)] = 0


class LogLine(Answer):
    """One console line."""

    time: str
    log_type: str
    line_number: int
    message: str
    step: int


class Logs(Answer):
    """A page of console lines ordered by line number; `total` counts all matches."""

    logs: list[LogLine]
    total: int


class FilesQuery(Query):
    """Parameters of `GET /api/runs/files`."""

    run_id: RunId
    project_name: str
    log_name: str | None = None
    log_group: str | None = None


class FileItem(Answer):
    """One file; `url` is signed and needs no other authentication."""

    file_name: str
    file_type: str
    file_size: int
    log_name: str
    log_group: str
    time: str
    step: int
    caption: str | None
    annotations: str | None
    url: str


class Files(Answer):
    """At most 1000 files, ordered by step, sample index, file name."""

    files: list[FileItem]


class StatisticsQuery(Query):
    """Parameters of `GET /api/runs/statistics`; an empty `logGroup` is the top level."""

    run_id: RunId
    project_name: str
    log_name: str | None = None
    log_group: str | None = None


class LastPoint(Answer):
    """The greatest step and its value, null unless finite."""

    step: int
    value: float | None


class Statistics(Answer):
    """Of the finite values of one metric; null where it has none."""

    log_name: str
    log_group: str
    count: int
    min: float | None
    max: float | None
    mean: float | None
    stddev: float | None
    last: LastPoint


class RunStatistics(Answer):
    """Answer to `GET /api/runs/statistics`; at most 100 metrics."""

    run_id: int
    run_name: str
    project_name: str
    url: str
    metrics: list[Statistics]


class CompareQuery(Query):
    """Parameters of `GET /api/runs/compare`; `runIds` is csv."""

    run_ids: str
    project_name: str
    log_name: str


class ComparedStatistics(Answer):
    """Of the finite values of the metric in one run."""

    count: int
    min: float
    max: float
    mean: float
    final: float | None


class ComparedRun(Answer):
    """One run beside the others; `stats` is null without finite values."""

    run_id: int
    run_name: str
    url: str
    status: Status
    config: Json
    stats: ComparedStatistics | None


class Comparison(Answer):
    """Answer to `GET /api/runs/compare`."""

    project_name: str
    log_name: str
    comparison_url: str
    runs: list[ComparedRun]


class MetricNamesQuery(Query):
    """Parameters of `GET /api/runs/metric-names`; `runIds` is csv."""

    project_name: str
    search: str | None = None
    run_ids: str | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 500


class MetricNames(Answer):
    """Metric names of a project."""

    project_name: str
    metric_names: list[str]


Aggregation = Literal["MIN", "MAX", "AVG", "LAST", "VARIANCE"]
Direction = Literal["ASC", "DESC"]


class LeaderboardQuery(Query):
    """Parameters of `GET /api/runs/leaderboard`; more than 100 are answered with 100."""

    project_name: str
    log_name: str
    aggregation: Aggregation = "LAST"
    direction: Direction = "ASC"
    limit: Annotated[int, Meta(ge=1, le=MAX_INTEGER)] = 20
    offset: Annotated[int, Meta(ge=0, le=MAX_INTEGER)] = 0


class RankedRun(Answer):
    """A run at its place."""

    rank: int
    run_id: int
    run_name: str
    status: Status
    url: str
    value: float
    config: Json
    tags: list[str]
    created_at: str


class Leaderboard(Answer):
    """A page of the runs that have the metric; `total` counts them all."""

    project_name: str
    log_name: str
    aggregation: Aggregation
    direction: Direction
    runs: list[RankedRun]
    total: int


class BucketsQuery(Query):
    """`input` is the JSON text of a `BucketsInput`; it must be there."""

    input: str = ""


class BucketsInput(Query):
    """What `input` holds; runs by short id or display id."""

    organization_id: str
    project_name: str
    run_ids: Annotated[list[str], Meta(min_length=1, max_length=200)]
    log_names: Annotated[list[str], Meta(min_length=1, max_length=200)]
    buckets: Annotated[int, Meta(ge=10, le=20_000)] = 1000
    step_min: StepBound | None = None
    step_max: StepBound | None = None


class BucketSeries(Answer):
    """Parallel arrays, one item a bucket; `nfFlags` as in `RawPoint`."""

    steps: list[int]
    times: list[str]
    values: list[float]
    min_ys: list[float] = msgspec.field(name="minYs")
    max_ys: list[float] = msgspec.field(name="maxYs")
    counts: list[int]
    nf_flags: list[int] = msgspec.field(name="nfFlags")
