"""The dashboard's charts: many series of many runs in one binary answer."""

from __future__ import annotations

import logging
import math
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
from pluto.storage import Buckets

logger = logging.getLogger("pluto")

MAX_BUCKETS = 4000
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


class SeriesQuery(Query):
    """Which series to thin to how many buckets.

    `x` is in steps, in ms since the epoch, or in ms since the run's creation; `lo` and `hi` are
    inclusive, but where points are many the first and the last bucket may reach beyond them, by
    less than a bucket. With `since`, runs that are still at that version are left out of the
    answer, and its buckets end where they should.
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
        reader = reads.reader(row)
        version = reads.state.catalog.backend.version(row)
        if (query.since or {}).get(str(row.id)) == version:
            return []
        return _frames(reads, row, (version, reader), query)
    except StorageError as error:
        if len(query.runs) == 1:
            raise
        logger.warning("run %s is left out of a chart: %s", row.id, error)
        return []


def _frames(
    reads: Reads, row: RunRow, seen: tuple[int, RunReads], query: SeriesQuery
) -> list[Frame]:
    version, reader = seen
    start = row.created_at if query.x == "relative" else 0
    limits = _bound(query.lo, math.ceil, start), _bound(query.hi, math.floor, start)
    axis: Literal["step", "time"] = "step" if query.x == "step" else "time"
    names, exact = query.names, query.since is not None  # a tail is joined with what a page has

    def read(places: list[int]) -> list[Thinned]:
        wanted = [names[place] for place in places]
        found = reader.buckets_of(wanted, *limits, query.buckets, axis, exact=exact)
        return [_thinned(buckets, start) for buckets in found]

    keys = [(row.place, version, name, query.x, limits, query.buckets, exact) for name in names]
    return [
        Frame(row.id, name, version, thinned.downsampled, thinned.columns)
        for name, thinned in zip(names, reads.series.get(keys, read), strict=True)
        if thinned.exists
    ]


def _thinned(buckets: Buckets | None, start: int) -> Thinned:
    if buckets is None:
        return Thinned(b"", downsampled=False, exists=False)
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
