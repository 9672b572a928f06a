"""`neptune_query.runs`: as `neptune_query`, for runs by their ids.

An id is the display id that a server gave (`MMP-42`), or the `run_id` of the script.
"""

from __future__ import annotations

from typing import Any, Literal

from pluto.compat.neptune_query import tables
from pluto.compat.neptune_query.buckets import metric_buckets
from pluto.compat.neptune_query.filters import Attribute
from pluto.compat.neptune_query.tables import Attributes, Chosen, Question
from pluto.compat.neptune_query.tables import download as download_files
from pluto.compat.neptune_reading import RUN

__all__ = [
    "download_files",
    "fetch_metric_buckets",
    "fetch_metrics",
    "fetch_runs_table",
    "fetch_series",
    "list_attributes",
    "list_runs",
]


def list_runs(project: str | None = None, runs: Chosen = None) -> list[str]:
    """Return the ids of runs, the newest first.

    Args:
        project: `workspace/name`, or the name; by default `NEPTUNE_PROJECT`, then Pluto's own.
        runs: a pattern of ids, a list of ids, or a `Filter`; all by default.
    """
    return tables.names(Question(project, runs, RUN))


def list_attributes(
    project: str | None = None, runs: Chosen = None, attributes: Attributes = None
) -> list[str]:
    """Return the paths of the attributes of runs.

    Args:
        project: see `list_runs`.
        runs: see `list_runs`.
        attributes: a pattern of paths, a list of paths, or an `AttributeFilter`; all by default.
    """
    return tables.attributes(Question(project, runs, RUN), attributes)


def fetch_runs_table(
    project: str | None = None,
    runs: Chosen = None,
    attributes: Attributes = (),  # type: ignore[assignment]
    sort_by: str | Attribute = "sys/creation_time",
    sort_direction: Literal["asc", "desc"] = "desc",
    **options: Any,
) -> Any:
    """As `neptune_query.fetch_experiments_table`, with a row for each run."""
    question = Question(project, runs, RUN)
    return tables.overview(question, attributes, sort_by, sort_direction, **options)


def fetch_metrics(
    project: str | None = None,
    runs: Chosen = None,
    attributes: Attributes = None,
    **options: Any,
) -> Any:
    """As `neptune_query.fetch_metrics`, with a row for each run and step."""
    return tables.metrics(Question(project, runs, RUN), attributes, **options)


def fetch_metric_buckets(
    project: str | None = None,
    runs: Chosen = None,
    x: Literal["step"] = "step",
    y: Attributes = None,
    **options: Any,
) -> Any:
    """As `neptune_query.fetch_metric_buckets`, with columns for each run."""
    return metric_buckets(Question(project, runs, RUN), x, y, **options)


def fetch_series(
    project: str | None = None,
    runs: Chosen = None,
    attributes: Attributes = None,
    **options: Any,
) -> Any:
    """As `neptune_query.fetch_series`, with a row for each run and step."""
    return tables.series(Question(project, runs, RUN), attributes, **options)
