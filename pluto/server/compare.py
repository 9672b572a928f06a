"""The same metric in many runs: comparison, leaderboard, names, buckets for charts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import numpy as np

from pluto.server import series_schemas as schemas
from pluto.server.clock import iso, point_times
from pluto.server.endpoints import BadParameters, Endpoint, Reads, Refused, parse
from pluto.server.metric_table import MetricSummary
from pluto.server.rows import RunRow
from pluto.server.series_read import finite
from pluto.server.settings import ORGANIZATION
from pluto.server.sqid import decode_sqid
from pluto.server.views import RunView

BUCKETS = "/api/chart-data/multi-metric-batch-bucketed"
MAX_COMPARED = 100
MAX_RANKED = 100

_AGGREGATES: dict[schemas.Aggregation, Callable[[MetricSummary], float]] = {
    "MIN": lambda summary: summary.min,
    "MAX": lambda summary: summary.max,
    "AVG": lambda summary: summary.mean,
    "LAST": lambda summary: summary.last,
    "VARIANCE": lambda summary: summary.std**2,
}


def compare(reads: Reads, query: schemas.CompareQuery) -> schemas.Comparison:
    """Return the statistics of one metric in up to 100 runs; unknown runs are left out."""
    ids = run_numbers(query.run_ids)
    if not ids:
        raise Refused(400, "No valid run IDs provided")
    if len(ids) > MAX_COMPARED:
        raise Refused(400, f"Too many runs to compare. Maximum is {MAX_COMPARED}, got {len(ids)}")
    rows = [row for row in (reads.run(each, query.project_name) for each in ids) if row]
    origin = reads.state.settings.dashboard_origin(reads.host)
    project = quote(query.project_name, safe="")
    chosen = ",".join(map(str, ids))
    return schemas.Comparison(
        project_name=query.project_name,
        log_name=query.log_name,
        comparison_url=f"{origin}/o/{ORGANIZATION}/projects/{project}?runs={chosen}",
        runs=[_compared(reads, view, query.log_name) for view in reads.views.of(rows)],
    )


def run_numbers(text: str) -> list[int]:
    """Return the run ids in a comma-separated text, each once; anything else is dropped.

    Example:
        >>> run_numbers("42, 7,x,42")
        [42, 7]
    """
    parts = (part.strip() for part in text.split(","))
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 17]
    return list(dict.fromkeys(numbers))


def _compared(reads: Reads, view: RunView, name: str) -> schemas.ComparedRun:
    row = view.row
    return schemas.ComparedRun(
        run_id=row.id,
        run_name=row.name,
        url=reads.url(row),
        status=row.status,
        config=view.stored.config,
        stats=_compared_statistics(view, name),
    )


def _compared_statistics(view: RunView, name: str) -> schemas.ComparedStatistics | None:
    if name not in view.summary:
        return None
    summary = view.summary.row(name)
    if not summary.finite:
        return None
    return schemas.ComparedStatistics(
        count=int(summary.finite),
        min=summary.min,
        max=summary.max,
        mean=summary.mean,
        final=finite(summary.last),
    )


def leaderboard(reads: Reads, query: schemas.LeaderboardQuery) -> schemas.Leaderboard:
    """Rank the runs of a project by one number of a metric; runs without it are left out."""
    aggregate = _AGGREGATES[query.aggregation]
    ranked: list[tuple[float, RunView]] = []
    for view in _with_metric(reads, query.project_name, query.log_name):
        value = finite(aggregate(view.summary.row(query.log_name)))
        if value is not None:
            ranked.append((value, view))
    ranked.sort(key=lambda pair: (pair[0], pair[1].row.id), reverse=query.direction == "DESC")
    page = reads.cut(ranked[query.offset : query.offset + query.limit], MAX_RANKED)
    return schemas.Leaderboard(
        project_name=query.project_name,
        log_name=query.log_name,
        aggregation=query.aggregation,
        direction=query.direction,
        runs=[
            _ranked(reads, place, view, value)
            for place, (value, view) in enumerate(page, query.offset + 1)
        ],
        total=len(ranked),
    )


def _with_metric(reads: Reads, project: str, name: str) -> Iterable[RunView]:
    views = reads.views.of(reads.state.catalog.runs(project))
    return (view for view in views if name in view.summary)


def _ranked(reads: Reads, place: int, view: RunView, value: float) -> schemas.RankedRun:
    row = view.row
    return schemas.RankedRun(
        rank=place,
        run_id=row.id,
        run_name=row.name,
        status=row.status,
        url=reads.url(row),
        value=value,
        config=view.stored.config,
        tags=list(row.tags),
        created_at=iso(row.created_at),
    )


def metric_names(reads: Reads, query: schemas.MetricNamesQuery) -> schemas.MetricNames:
    """Return the metric names of a project, or of some runs of it, by name."""
    views = reads.views.of(reads.state.catalog.runs(query.project_name))
    if query.run_ids:
        chosen = set(run_numbers(query.run_ids))
        views = [view for view in views if view.row.id in chosen]
    names = sorted({name for view in views for name in view.summary})
    if query.search:
        names = search_names(names, query.search)
    return schemas.MetricNames(query.project_name, names[: query.limit])


def search_names(names: Iterable[str], text: str) -> list[str]:
    """Return the names that contain a text, then those with its letters in order.

    Example:
        >>> search_names(["val/loss", "train/loss", "lr"], "tloss")
        ['train/loss']
    """
    wanted = text.lower()
    names = list(names)
    containing = [name for name in names if wanted in name.lower()]
    known = set(containing)
    return containing + [name for name in names if name not in known and _fuzzy(wanted, name)]


def _fuzzy(wanted: str, name: str) -> bool:
    letters = iter(name.lower())
    return all(letter in letters for letter in wanted)


def bucketed(reads: Reads, query: schemas.BucketsQuery) -> dict[str, dict[str, object]]:
    """Return several metrics of several runs, thinned, as parallel arrays by name and run."""
    if not query.input:
        raise Refused(400, "Missing input parameter")
    try:
        wanted = parse(schemas.BucketsInput, json.loads(query.input))
    except (ValueError, RecursionError, BadParameters):
        raise Refused(400, "Invalid input") from None
    if wanted.organization_id != ORGANIZATION:
        raise Refused(403, "API key does not authorize this organization")
    rows = {each: _named_run(reads, each, wanted.project_name) for each in wanted.run_ids}
    return {
        name: {
            each: _series(reads, row, name, wanted)
            for each, row in rows.items()
            if row and reads.reader(row).name(name)
        }
        for name in wanted.log_names
    }


def _named_run(reads: Reads, text: str, project: str) -> RunRow | None:
    """Find a run by short id or display id."""
    found = reads.state.catalog.by_display_id(text, project)
    if found:
        return found[0]
    number = decode_sqid(text)
    return None if number is None else reads.run(number, project)


def _series(
    reads: Reads, row: RunRow, name: str, wanted: schemas.BucketsInput
) -> schemas.BucketSeries:
    reader = reads.reader(row)
    buckets = reader.buckets(name, wanted.step_min, wanted.step_max, wanted.buckets)
    # Points that came since then have greater steps or times, and move no bucket's first step.
    points = reader.points(name, wanted.step_min, wanted.step_max)
    times = points.times[np.searchsorted(points.steps, buckets.x)]
    return schemas.BucketSeries(
        steps=buckets.x.tolist(),
        times=point_times(times),
        values=np.nan_to_num(buckets.mean).tolist(),
        min_ys=np.nan_to_num(buckets.min).tolist(),
        max_ys=np.nan_to_num(buckets.max).tolist(),
        counts=buckets.count.tolist(),
        nf_flags=buckets.flags.tolist(),
    )


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/runs/compare", schemas.CompareQuery, schemas.Comparison, compare),
    Endpoint("/api/runs/leaderboard", schemas.LeaderboardQuery, schemas.Leaderboard, leaderboard),
    Endpoint("/api/runs/metric-names", schemas.MetricNamesQuery, schemas.MetricNames, metric_names),
    Endpoint(
        BUCKETS,
        schemas.BucketsQuery,
        dict[str, dict[str, schemas.BucketSeries]],
        bucketed,
    ),
)
