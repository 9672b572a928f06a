"""What a run logged, over the public API: metric points, statistics, console lines, files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from pluto.server import series_schemas as schemas
from pluto.server.backend import RunReads
from pluto.server.clock import point_time, point_times
from pluto.server.endpoints import Endpoint, Reads
from pluto.server.file_rows import FileRow
from pluto.server.runs_read import group_of
from pluto.storage import Kind, NameInfo, Points

MAX_STATISTICS = 100
MAX_FILES = 1000

_FLAGS: dict[int, Literal["NaN", "Inf", "-Inf"]] = {1: "NaN", 2: "Inf", 4: "-Inf"}


def metrics(reads: Reads, query: schemas.MetricsQuery) -> schemas.Metrics:
    """Return the points of a run's metrics, at most about `limit` a metric; one point a step."""
    row = reads.run(query.run_id, query.project_name)
    if row is None:
        return schemas.Metrics([])
    reader = reads.reader(row)
    found: list[schemas.MetricPoint] = []
    for info in sorted(_metrics(reader, query.log_name, query.log_group), key=lambda i: i.name):
        points = reader.points(info.name, query.step_min, query.step_max)
        found += _points(info.name, thinned(points, query.limit))
    return schemas.Metrics(found)


def _metrics(reader: RunReads, name: str | None, group: str | None) -> Iterator[NameInfo]:
    if name is None:
        infos = reader.names()
    else:
        info = reader.name(name)
        infos = [info] if info else []
    for info in infos:
        if info.type == "METRIC" and info.count and group in {None, group_of(info.name)}:
            yield info


def thinned(points: Points, limit: int) -> Points:
    """Return at most `limit` points at a fixed stride, with the last one besides."""
    count = len(points.steps)
    if count <= limit:
        return points
    chosen = np.arange(0, count, -(-count // limit))
    if chosen[-1] != count - 1:
        chosen = np.append(chosen, count - 1)
    return Points(points.steps[chosen], points.times[chosen], points.values[chosen])


def _points(name: str, points: Points) -> Iterator[schemas.MetricPoint]:
    group = group_of(name)
    columns = zip(
        points.values.tolist(),
        flags_of(points.values),
        point_times(points.times),
        points.steps.tolist(),
        strict=True,
    )
    for value, flag, time, step in columns:
        word = _FLAGS[flag] if flag else ""
        yield schemas.MetricPoint(name, group, 0.0 if flag else value, word, time, step)


def flags_of(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[int]:
    """Return for each value 0, or bit 0 NaN, bit 1 +Inf, bit 2 -Inf."""
    flags = np.isnan(values) + 2 * np.isposinf(values) + 4 * np.isneginf(values)
    return [int(flag) for flag in flags]


def raw_metrics(reads: Reads, query: schemas.RawQuery) -> schemas.RawPoints:
    """Return every write of a metric that was stored, repeated steps included."""
    row = reads.run(query.run_id, query.project_name)
    if row is None:
        return schemas.RawPoints([], truncated=False)
    points = reads.reader(row).points(query.log_name, query.step_min, query.step_max, raw=True)
    order = np.lexsort((points.times, points.steps))[: query.limit]
    group = group_of(query.log_name)
    columns = zip(
        points.steps[order].tolist(),
        point_times(points.times[order]),
        points.values[order].tolist(),
        flags_of(points.values[order]),
        strict=True,
    )
    rows = [
        schemas.RawPoint(group, step, time, 0.0 if flag else value, flag)
        for step, time, value, flag in columns
    ]
    return schemas.RawPoints(rows, truncated=len(rows) == query.limit)


def statistics(reads: Reads, query: schemas.StatisticsQuery) -> schemas.RunStatistics:
    """Return count, extremes, mean, deviation and last point of a run's metrics."""
    row = reads.require(query.run_id, query.project_name)
    infos = list(_metrics(reads.reader(row), query.log_name, query.log_group))
    return schemas.RunStatistics(
        run_id=row.id,
        run_name=row.name,
        project_name=row.project,
        url=reads.url(row),
        metrics=[_statistics(info) for info in reads.cut(infos, MAX_STATISTICS)],
    )


def _statistics(info: NameInfo) -> schemas.Statistics:
    return schemas.Statistics(
        log_name=info.name,
        log_group=group_of(info.name),
        count=info.finite,
        min=info.min,
        max=info.max,
        mean=info.mean,
        stddev=info.std,
        last=schemas.LastPoint(info.last_step or 0, finite(info.last)),
    )


def finite(value: float | None) -> float | None:
    """Return a value that JSON can carry; None for NaN and infinities."""
    return value if value is not None and np.isfinite(value) else None


def logs(reads: Reads, query: schemas.LogsQuery) -> schemas.Logs:
    """Return a page of console lines in the order of their numbers."""
    row = reads.run(query.run_id, query.project_name)
    if row is None:
        return schemas.Logs([], 0)
    records = reads.reader(row).records(Kind.CONSOLE, type=query.log_type, limit=-1)
    records.sort(key=lambda record: (record.step, record.id))
    page = records[query.offset : query.offset + query.limit]
    lines = [
        schemas.LogLine(
            time=point_time(record.time),
            log_type=record.type,
            line_number=record.step,
            message=record.body.decode("utf-8", "replace"),
            step=0,
        )
        for record in page
    ]
    return schemas.Logs(lines, len(records))


def files(reads: Reads, query: schemas.FilesQuery) -> schemas.Files:
    """Return the files of a run; one whose bytes never came has an address that answers 404."""
    row = reads.run(query.run_id, query.project_name)
    if row is None:
        return schemas.Files([])
    rows = [
        file
        for file in reads.state.files.rows(row.id, query.log_name)
        if query.log_group in {None, group_of(file.name)}
    ]
    return schemas.Files([_file(reads, row.id, file) for file in reads.cut(rows, MAX_FILES)])


def _file(reads: Reads, run_id: int, file: FileRow) -> schemas.FileItem:
    return schemas.FileItem(
        file_name=file.file_name,
        file_type=file.file_type,
        file_size=file.size,
        log_name=file.name,
        log_group=group_of(file.name),
        time=point_time(file.time),
        step=file.step,
        caption=file.caption,
        annotations=file.annotations,
        url=reads.file_url(run_id, file),
    )


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/runs/metrics/raw", schemas.RawQuery, schemas.RawPoints, raw_metrics),
    Endpoint("/api/runs/metrics", schemas.MetricsQuery, schemas.Metrics, metrics),
    Endpoint("/api/runs/statistics", schemas.StatisticsQuery, schemas.RunStatistics, statistics),
    Endpoint("/api/runs/logs", schemas.LogsQuery, schemas.Logs, logs),
    Endpoint("/api/runs/files", schemas.FilesQuery, schemas.Files, files),
)
