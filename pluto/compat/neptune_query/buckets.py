"""Metrics by ranges of steps: one point of each for each range."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from pluto.compat.neptune_query.tables import (
    Attributes,
    Question,
    attribute_filter,
    chosen_paths,
    pandas_module,
)
from pluto.compat.neptune_reading import FLOATS, Point
from pluto.errors import UsageError


def metric_buckets(
    question: Question,
    x: Literal["step"],
    y: Attributes,
    *,
    limit: int | None = 1000,
    include_point_previews: bool = False,
    lineage_to_the_root: bool = True,  # noqa: ARG001 - a fork has its history, here too
) -> Any:
    """Return a frame with a row for each range of steps, and two columns for each metric.

    The range from the least to the greatest step of all series is cut into equal parts, closed at
    the right. Of each series, the first part that has points shows the first of them, the others
    the last; so its first and last points are always there.

    Args:
        question: which runs.
        x: only `step` is known.
        y: which metrics.
        limit: how many parts; 1000 where it is None.
        include_point_previews: whether previews are points.
        lineage_to_the_root: without effect: a fork has the history of its parent.

    Returns:
        A frame of pandas with an index of intervals called `bucket`, and columns of three levels:
        the run, the metric, and `x` or `y`.

    Raises:
        UsageError: `x` is not `step`, or `limit` no positive number.
    """
    if x != "step":
        raise UsageError(f"x is 'step', not {x!r}")
    if limit is not None and limit < 1:
        raise UsageError(f"limit is at least 1, not {limit}")
    found = _series(question, y, include_point_previews)
    pandas = pandas_module()
    if not found:
        return pandas.DataFrame()
    steps = [point.step for points in found.values() for point in points]
    edges = _edges(min(steps), max(steps), limit or 1000)
    columns: dict[Any, dict[int, float]] = {}
    for (label, path), points in found.items():
        picked = _picked(points, edges)
        columns[label, path, "x"] = {place: point.step for place, point in picked.items()}
        columns[label, path, "y"] = {place: point.value for place, point in picked.items()}
    rows = sorted({place for column in columns.values() for place in column})
    data = {head: [column.get(place, np.nan) for place in rows] for head, column in columns.items()}
    index = pandas.IntervalIndex.from_breaks(edges, closed="right", name="bucket")[rows]
    heads = pandas.MultiIndex.from_tuples(data, names=[question.unit, "metric", "bucket"])
    return pandas.DataFrame(np.array(list(data.values())).T, index=index, columns=heads)


def _series(
    question: Question, y: Attributes, with_previews: bool
) -> dict[tuple[str, str], list[Point]]:
    """Return the points of all metrics that are meant, by run and path."""
    found = {}
    with question.runs() as runs:
        for label, run in runs:
            for path in chosen_paths(run, attribute_filter(y)):
                if run.kinds[path] == FLOATS:
                    points = run.points(path)
                    found[label, path] = [p for p in points if with_previews or p.preview is None]
    return {key: found[key] for key in sorted(found) if found[key]}


def _edges(low: float, high: float, parts: int) -> np.ndarray[Any, Any]:
    return np.linspace(low, high if high > low else low + 1, parts + 1)


def _picked(points: list[Point], edges: np.ndarray[Any, Any]) -> dict[int, Point]:
    """Return a point for each part that has some; the least step of all is in the first part."""
    steps = np.array([point.step for point in points])
    places = np.clip(np.searchsorted(edges, steps, side="left") - 1, 0, None).tolist()
    picked = dict(zip(places, points, strict=True))
    picked[places[0]] = points[0]
    return picked
