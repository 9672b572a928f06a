"""What the runs table shows of a metric besides its last value: extremes, their steps, the mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta

from pluto.server.endpoints import Endpoint, Reads
from pluto.server.fields import json_number
from pluto.server.metric_table import MetricSummary
from pluto.server.schemas import Answer, Query
from pluto.server.ui_runs import Number

MAX_NAMES = 200


class SummariesQuery(Query):
    """Which metrics of the runs of one project, or of all."""

    names: Annotated[list[str], Meta(max_length=MAX_NAMES)]
    project: str | None = None


class UiSummary(Answer, kw_only=True):
    """Columns of one metric, a value a run; null where a run has none."""

    last: list[Number | None]
    min: list[Number | None]
    max: list[Number | None]
    mean: list[Number | None]
    min_step: list[Number | None]
    max_step: list[Number | None]


class UiSummaries(Answer):
    """The ids of the runs, and by metric a column for each of them in the same order."""

    runs: list[int]
    metrics: dict[str, UiSummary]


def summaries(reads: Reads, query: SummariesQuery) -> UiSummaries:
    """Return last, best and mean values of some metrics in all runs of a project."""
    views = reads.views.of(reads.state.catalog.runs(query.project))
    tables = [view.summary for view in views]
    metrics = {
        name: _columns([table.row(name) if name in table else None for table in tables])
        for name in query.names
    }
    return UiSummaries([view.row.id for view in views], metrics)


def _columns(rows: Sequence[MetricSummary | None]) -> UiSummary:
    def column(field: str) -> list[Number | None]:
        return [None if row is None else json_number(getattr(row, field)) for row in rows]

    return UiSummary(**{field: column(field) for field in UiSummary.__struct_fields__})


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/ui/summaries", SummariesQuery, UiSummaries, summaries, method="POST", look=True),
)
