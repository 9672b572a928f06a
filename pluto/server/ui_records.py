"""What a run's page shows besides curves: console, files, structured values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

from msgspec import Meta

from pluto.server.backend import RunReads
from pluto.server.endpoints import Endpoint, Reads
from pluto.server.fields import json_safe
from pluto.server.file_rows import FileRow
from pluto.server.files import media_type
from pluto.server.schemas import MAX_INTEGER, Answer, Json, Query, RunId
from pluto.storage import Kind, StoredRecord

PAGE = 5000
MAX_DATA_POINTS = 5000
MAX_RAW_VALUES = 1000
MAX_RAW_BYTES = 8 << 20

RecordId = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]


class ConsoleQuery(Query):
    """Console lines with an id above `after`, of the `last` ones if that is given.

    With `before`, those right before that id, so that a page that shows the end of a long console
    can go up from there. With `search` those that contain the text.
    """

    run_id: RunId
    after: RecordId = 0
    before: RecordId | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = 1000
    last: Annotated[int, Meta(ge=1, le=PAGE)] | None = None
    search: str = ""


class ConsoleLine(Answer):
    """One line; `n` is its number, `type` INFO, ERROR, ..."""

    id: int
    n: int
    time: int
    type: str
    text: str


class ConsolePage(Answer):
    """Lines in the order of writing; `total` counts all lines of the run.

    `more` follow, or come before these where `before` was asked for.
    """

    lines: list[ConsoleLine]
    more: bool
    total: int


class UiFilesQuery(Query):
    """Files of a run, or of one log name."""

    run_id: RunId
    name: str | None = None


class UiFile(Answer, kw_only=True):
    """A file; `url` is signed and of the same origin."""

    name: str
    type: str
    file_name: str
    file_type: str
    mime: str | None
    size: int
    step: int
    time: int
    caption: str | None
    sample_index: int
    annotations: Json
    url: str


class UiFiles(Answer):
    """Files by step, sample index and file name."""

    files: list[UiFile]


class DataQuery(Query):
    """Structured values under one name, at one step or at all; thinned to `limit`."""

    run_id: RunId
    name: str
    step: Annotated[int, Meta(ge=0, le=MAX_INTEGER)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_DATA_POINTS)] = 1000


class DataPoint(Answer):
    """One value: `data` is its parsed JSON, or its text where it is not JSON."""

    step: int
    time: int
    type: str
    data: Json


class DataPoints(Answer):
    """Values by step."""

    points: list[DataPoint]


class RawDataQuery(Query):
    """Structured values with an id above `after`, of one name or of all."""

    run_id: RunId
    name: str | None = None
    after: RecordId = 0
    limit: Annotated[int, Meta(ge=1, le=MAX_RAW_VALUES)] = MAX_RAW_VALUES


class RawDataPoint(Answer):
    """One value as it was logged: `data` is its JSON, or the text of a string series."""

    name: str
    step: int
    time: int
    type: str
    data: str


class RawDataPage(Answer):
    """Values in the order of writing; `next` is `after` of the next page, null on the last one."""

    points: list[RawDataPoint]
    next: int | None


def console(reads: Reads, query: ConsoleQuery) -> ConsolePage:
    """Return a page of console lines.

    The last id of a page is `after` of the next one, the first id `before` of the one above.
    """
    reader = reads.reader(reads.require(query.run_id))
    wanted = query.search.lower()
    found: list[ConsoleLine] = []
    for record in _console(reader, query):
        text = record.body.decode("utf-8", "replace")
        if wanted in text.lower():
            found.append(ConsoleLine(record.id, record.step, record.time, record.type, text))
            if len(found) > query.limit:
                break
    more = len(found) > query.limit
    lines = sorted(found[: query.limit], key=lambda line: line.id)
    return ConsolePage(lines, more, reader.count(Kind.CONSOLE))


def _console(reader: RunReads, query: ConsoleQuery) -> Iterator[StoredRecord]:
    """Go through the lines page by page, from the end where earlier ones are wanted."""
    read = partial(reader.records, Kind.CONSOLE, limit=PAGE if query.search else query.limit + 1)
    after, before = query.after, query.before
    if query.last is not None:
        last = read(after=after, before=before, limit=query.last, newest_first=True)
        yield from reversed(last)
    elif before is not None:
        while page := read(after=after, before=before, newest_first=True):
            yield from page
            before = page[-1].id
    else:
        while page := read(after=after):
            yield from page
            after = page[-1].id


def files(reads: Reads, query: UiFilesQuery) -> UiFiles:
    """Return the files of a run whose bytes have come."""
    row = reads.require(query.run_id)
    rows = reads.state.files.rows(row.id, query.name)
    return UiFiles([_file(reads, row.id, file) for file in rows if file.sha256])


def _file(reads: Reads, run_id: int, file: FileRow) -> UiFile:
    return UiFile(
        name=file.name,
        type=file.type,
        file_name=file.file_name,
        file_type=file.file_type,
        mime=media_type(file) or None,
        size=file.size,
        step=file.step,
        time=file.time,
        caption=file.caption,
        sample_index=file.sample_index,
        annotations=None if file.annotations is None else parsed(file.annotations),
        url=reads.file_url(run_id, file),
    )


def data(reads: Reads, query: DataQuery) -> DataPoints:
    """Return structured values of one name, evenly thinned where there are more than `limit`."""
    reader = reads.reader(reads.require(query.run_id))
    count = reader.count(Kind.DATA, query.name, step=query.step)
    stride = max(1, -(-count // query.limit))
    records = (
        record
        for place, record in enumerate(_data(reader, query))
        if place % stride == 0 or place == count - 1
    )
    points = [
        DataPoint(record.step, record.time, record.type, _payload(record)) for record in records
    ]
    return DataPoints(sorted(points, key=lambda point: point.step))


def _data(reader: RunReads, query: DataQuery) -> Iterator[StoredRecord]:
    """Go through the values page by page: one of them may be a large table."""
    after = 0
    while page := reader.records(Kind.DATA, query.name, step=query.step, after=after, limit=100):
        yield from page
        after = page[-1].id


def raw_data(reads: Reads, query: RawDataQuery) -> RawDataPage:
    """Return a page of structured values, which holds some `MAX_RAW_BYTES` of them at most."""
    reader = reads.reader(reads.require(query.run_id))
    points: list[RawDataPoint] = []
    after, size = query.after, 0
    while page := reader.records(Kind.DATA, query.name, after=after, limit=100):
        for record in page:
            if len(points) == query.limit or size >= MAX_RAW_BYTES:
                return RawDataPage(points, after)
            text = record.body.decode("utf-8", "replace")
            points.append(RawDataPoint(record.name, record.step, record.time, record.type, text))
            after, size = record.id, size + len(record.body)
    return RawDataPage(points, None)


def _payload(record: StoredRecord) -> object:
    text = record.body.decode("utf-8", "replace")
    return text if record.type.lower() == "string-series" else parsed(text)


def parsed(text: str) -> object:
    """Return the JSON value in a text, or the text where it holds none.

    Example:
        >>> parsed('{"x": NaN}'), parsed("free text")
        ({'x': 'NaN'}, 'free text')
    """
    try:
        return json_safe(json.loads(text))
    except (ValueError, RecursionError):
        return text


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/ui/runs/{runId}/console", ConsoleQuery, ConsolePage, console),
    Endpoint("/api/ui/runs/{runId}/files", UiFilesQuery, UiFiles, files),
    Endpoint("/api/ui/runs/{runId}/data", DataQuery, DataPoints, data),
    Endpoint("/api/ui/runs/{runId}/data/raw", RawDataQuery, RawDataPage, raw_data),
)
