"""`neptune_query.runs`: as `neptune_query`, for runs by their ids.

An id is the display id that a server gave (`MMP-42`), or the `run_id` of the script.
"""

from __future__ import annotations

from typing import Any, Literal

from pluto.compat.neptune_query.filters import Attribute
from pluto.compat.neptune_query.tables import (
    RUN,
    Attributes,
    Chosen,
    Question,
    attribute_filter,
    names,
    overview,
    series,
)
from pluto.compat.neptune_query.tables import (
    attributes as list_of_attributes,
)
from pluto.compat.neptune_query.tables import (
    download as download_files,
)
from pluto.compat.neptune_reading import FILE, FILES, FLOATS, HISTOGRAMS, STRINGS

__all__ = [
    "download_files",
    "fetch_metrics",
    "fetch_runs_table",
    "fetch_series",
    "list_attributes",
    "list_runs",
]

Range = tuple[float | None, float | None]


def list_runs(project: str | None = None, runs: Chosen = None) -> list[str]:
    """Return the ids of runs, the newest first.

    Args:
        project: `workspace/name`, or the name; by default `NEPTUNE_PROJECT`, then Pluto's own.
        runs: a pattern of ids, a list of ids, or a `Filter`; all by default.
    """
    return names(Question(project, runs, RUN))


def list_attributes(
    project: str | None = None, runs: Chosen = None, attributes: Attributes = None
) -> list[str]:
    """Return the paths of the attributes of runs.

    Args:
        project: see `list_runs`.
        runs: see `list_runs`.
        attributes: a pattern of paths, a list of paths, or an `AttributeFilter`; all by default.
    """
    return list_of_attributes(Question(project, runs, RUN), attributes)


def fetch_runs_table(
    project: str | None = None,
    runs: Chosen = None,
    attributes: Attributes = (),  # type: ignore[assignment]
    sort_by: str | Attribute = "sys/creation_time",
    sort_direction: Literal["asc", "desc"] = "desc",
    *,
    limit: int | None = None,
    type_suffix_in_column_names: bool = False,
) -> Any:
    """Return a frame with a row for each run and a column for each attribute.

    Of a series it has the last value.

    Args:
        project: see `list_runs`.
        runs: see `list_runs`.
        attributes: see `list_attributes`; none by default.
        sort_by: path of an attribute.
        sort_direction: `asc` = the smallest first.
        limit: how many runs at most.
        type_suffix_in_column_names: whether columns are called `<path>:<type>`.
    """
    return overview(
        Question(project, runs, RUN),
        attribute_filter(attributes),
        sort_by=sort_by if isinstance(sort_by, str) else sort_by.name,
        ascending=sort_direction == "asc",
        limit=limit,
        suffix=type_suffix_in_column_names,
    )


def fetch_metrics(
    project: str | None = None,
    runs: Chosen = None,
    attributes: Attributes = None,
    *,
    include_time: Literal["absolute"] | None = None,
    step_range: Range = (None, None),
    lineage_to_the_root: bool = True,  # noqa: ARG001 - a fork has its history, here too
    tail_limit: int | None = None,
    type_suffix_in_column_names: bool = False,
    include_point_previews: bool = False,
) -> Any:
    """Return a frame with every point: a row for each run and step, a column each metric.

    Args:
        project: see `list_runs`.
        runs: see `list_runs`.
        attributes: see `list_attributes`.
        include_time: `absolute` gives each metric the columns `value` and `absolute_time`.
        step_range: the lowest and the highest step.
        lineage_to_the_root: without effect: a fork has the history of its parent.
        tail_limit: how many points of each metric at most, from its end.
        type_suffix_in_column_names: whether columns are called `<path>:<type>`.
        include_point_previews: whether previews are points; columns then tell which are.
    """
    return series(
        Question(project, runs, RUN),
        attribute_filter(attributes),
        (FLOATS,),
        step_range=step_range,
        tail_limit=tail_limit,
        with_time=include_time is not None,
        with_previews=include_point_previews,
        suffix=type_suffix_in_column_names,
    )


def fetch_series(
    project: str | None = None,
    runs: Chosen = None,
    attributes: Attributes = None,
    *,
    include_time: Literal["absolute"] | None = None,
    step_range: Range = (None, None),
    lineage_to_the_root: bool = True,  # noqa: ARG001 - a fork has its history, here too
    tail_limit: int | None = None,
) -> Any:
    """Return texts, histograms and files as `fetch_metrics` returns numbers.

    Raises:
        QueryError: texts and histograms are asked of a server, which gives numbers and files.
    """
    return series(
        Question(project, runs, RUN),
        attribute_filter(attributes),
        (STRINGS, HISTOGRAMS, FILES, FILE),
        step_range=step_range,
        tail_limit=tail_limit,
        with_time=include_time is not None,
    )
