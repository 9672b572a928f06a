"""The dashboard's charts: many series of many runs in one binary answer."""

from __future__ import annotations

import logging
import math
from functools import partial
from typing import Annotated, Any, Literal

from msgspec import Meta
from starlette.responses import Response

from pluto.errors import StorageError
from pluto.server.backend import RunReads
from pluto.server.endpoints import BINARY, Endpoint, Reads
from pluto.server.frames import Frame, encode_frames, pack_columns
from pluto.server.rows import RunRow
from pluto.server.schemas import Query, RunId
from pluto.server.series_cache import Thinned

logger = logging.getLogger("pluto")

MAX_BUCKETS = 4000
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


class SeriesQuery(Query):
    """Which series to thin to how many buckets.

    `x` is in steps, in ms since the epoch, or in ms since the run's creation; `lo` and `hi` are
    inclusive. With `since`, runs that are still at that version are left out of the answer.
    """

    runs: Annotated[list[RunId], Meta(max_length=500)]
    names: Annotated[list[str], Meta(max_length=1000)]
    x: Literal["step", "time", "relative"] = "step"
    lo: float | None = None
    hi: float | None = None
    buckets: Annotated[int, Meta(ge=1, le=MAX_BUCKETS)] = 1000
    since: dict[str, int] | None = None


def series(reads: Reads, query: SeriesQuery) -> Response:
    """Return buckets of every metric that a run has; the layout is that of `frames.py`.

    Of several runs, one whose files are damaged is left out.
    """
    frames: list[Frame] = []
    for row in filter(None, map(reads.run, query.runs)):
        frames += _readable_frames(reads, row, query)
    return Response(encode_frames(frames), media_type=BINARY)


def _readable_frames(reads: Reads, row: RunRow, query: SeriesQuery) -> list[Frame]:
    try:
        version = reads.state.catalog.backend.version(row)
        if (query.since or {}).get(str(row.id)) == version:
            return []
        return _frames(reads, row, version, query)
    except StorageError as error:
        if len(query.runs) == 1:
            raise
        logger.warning("run %s is left out of a chart: %s", row.id, error)
        return []


def _frames(reads: Reads, row: RunRow, version: int, query: SeriesQuery) -> list[Frame]:
    reader = reads.reader(row)
    start = row.created_at if query.x == "relative" else 0
    lo, hi = _bound(query.lo, math.ceil, start), _bound(query.hi, math.floor, start)
    frames = []
    for name in query.names:
        key = (row.place, version, name, query.x, lo, hi, query.buckets)
        read = partial(_thinned, reader, name, (lo, hi), query, start)
        thinned = reads.series.get(key, read)
        if thinned.columns or reader.name(name):
            frames.append(Frame(row.id, name, version, thinned.downsampled, thinned.columns))
    return frames


def _thinned(
    reader: RunReads,
    name: str,
    limits: tuple[int | None, int | None],
    query: SeriesQuery,
    start: int,
) -> Thinned:
    axis: Literal["step", "time"] = "step" if query.x == "step" else "time"
    buckets = reader.buckets(name, *limits, query.buckets, axis)
    return Thinned(pack_columns(buckets, start), bool((buckets.count > 1).any()))


def _bound(value: float | None, rounded: Any, start: int) -> int | None:
    """Return a limit on x as storage takes it; what is out of its range limits nothing."""
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return _HIGHEST if value > 0 else _LOWEST
    return max(_LOWEST, min(_HIGHEST, int(rounded(value)) + start))


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/ui/series", SeriesQuery, None, series, method="POST", media=BINARY, look=True),
)
