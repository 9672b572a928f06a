"""`neptune_query` on runs of Pluto: those of its server, or of this machine.

A script that has `import neptune_query as nq` reads from Pluto with
`import pluto.compat.neptune_query as nq`. Experiments are runs by their names; `runs` has the same
for runs by their ids. Needs pandas.

Example:
    >>> import pluto.compat.neptune_query as nq
    >>> nq.fetch_metrics(project="lab/digits", experiments="baseline", attributes="^train/")
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pluto.compat.neptune_query import filters, runs, tables, types
from pluto.compat.neptune_query.buckets import metric_buckets
from pluto.compat.neptune_query.filters import Attribute
from pluto.compat.neptune_query.tables import EXPERIMENT, Attributes, Chosen, Question

__all__ = [
    "download_files",
    "fetch_experiments_table",
    "fetch_metric_buckets",
    "fetch_metrics",
    "fetch_series",
    "filters",
    "list_attributes",
    "list_experiments",
    "runs",
    "set_api_token",
    "types",
]


def set_api_token(api_token: str) -> None:
    """Do nothing: a token of Neptune opens nothing here. See `pluto login`."""


def list_experiments(project: str | None = None, experiments: Chosen = None) -> list[str]:
    """Return the names of experiments, the newest first.

    Args:
        project: `workspace/name`, or the name; by default `NEPTUNE_PROJECT`, then Pluto's own.
        experiments: a pattern of names, a list of names, or a `Filter`; all by default.
    """
    return tables.names(Question(project, experiments, EXPERIMENT))


def list_attributes(
    project: str | None = None, experiments: Chosen = None, attributes: Attributes = None
) -> list[str]:
    """Return the paths of the attributes of experiments.

    Args:
        project: see `list_experiments`.
        experiments: see `list_experiments`.
        attributes: a pattern of paths, a list of paths, or an `AttributeFilter`; all by default.
    """
    return tables.attributes(Question(project, experiments, EXPERIMENT), attributes)


def fetch_experiments_table(
    project: str | None = None,
    experiments: Chosen = None,
    attributes: Attributes = (),  # type: ignore[assignment]
    sort_by: str | Attribute = "sys/creation_time",
    sort_direction: Literal["asc", "desc"] = "desc",
    **options: Any,
) -> Any:
    """Return a frame with a row for each experiment and a column for each attribute.

    Of a series it has the last value.

    Args:
        project: see `list_experiments`.
        experiments: see `list_experiments`.
        attributes: see `list_attributes`; none by default.
        sort_by: path of an attribute.
        sort_direction: `asc` = the smallest first.
        **options: `limit`: how many experiments at most;
            `type_suffix_in_column_names`: whether columns are called `<path>:<type>`.
    """
    question = Question(project, experiments, EXPERIMENT)
    return tables.overview(question, attributes, sort_by, sort_direction, **options)


def fetch_metrics(
    project: str | None = None,
    experiments: Chosen = None,
    attributes: Attributes = None,
    **options: Any,
) -> Any:
    """Return a frame with every point: a row for each experiment and step, a column each metric.

    Args:
        project: see `list_experiments`.
        experiments: see `list_experiments`.
        attributes: see `list_attributes`.
        **options: those of `fetch_series`, and
            `type_suffix_in_column_names`: whether columns are called `<path>:<type>`;
            `include_point_previews`: whether previews are points; columns then tell which are.
    """
    return tables.metrics(Question(project, experiments, EXPERIMENT), attributes, **options)


def fetch_metric_buckets(
    project: str | None = None,
    experiments: Chosen = None,
    x: Literal["step"] = "step",
    y: Attributes = None,
    **options: Any,
) -> Any:
    """Return a frame with a row for each range of steps, and one point of each metric in it.

    Args:
        project: see `list_experiments`.
        experiments: see `list_experiments`.
        x: only `step` is known.
        y: the metrics; see `list_attributes`.
        **options: `limit`: how many ranges, 1000 by default;
            `include_point_previews`: whether previews are points.
    """
    return metric_buckets(Question(project, experiments, EXPERIMENT), x, y, **options)


def fetch_series(
    project: str | None = None,
    experiments: Chosen = None,
    attributes: Attributes = None,
    **options: Any,
) -> Any:
    """Return texts, histograms and files as `fetch_metrics` returns numbers.

    Args:
        project: see `list_experiments`.
        experiments: see `list_experiments`.
        attributes: see `list_attributes`.
        **options: `include_time`: `absolute` gives each series the columns `value` and
            `absolute_time`; `step_range`: the lowest and the highest step, None is open;
            `tail_limit`: how many points of each series at most, from its end;
            `lineage_to_the_root`: without effect, a fork has the history of its parent.

    Raises:
        QueryError: texts and histograms are asked of a server, which gives numbers and files.
    """
    return tables.series(Question(project, experiments, EXPERIMENT), attributes, **options)


def download_files(files: Any, destination: str | Path | None = None) -> Any:
    """Fetch files that a table has; return a frame of where they are.

    Args:
        files: what `fetch_series` or `fetch_experiments_table` returned, or the `File` of it.
        destination: a directory; the working directory by default.
    """
    return tables.download(files, destination)
