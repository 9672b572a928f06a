"""Rows of metrics, console lines and data: from the wire to disk, before the answer."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from starlette.types import Receive, Scope, Send

from pluto.errors import StorageError
from pluto.server.auth import Gate
from pluto.server.backend import RunWrites
from pluto.server.ingest_errors import IngestError, not_stored
from pluto.server.ingest_run import run_of
from pluto.server.limits import TooManyNames, check_names
from pluto.server.record_lines import BadRecordLine, parse_data_lines, parse_log_lines
from pluto.server.state import ServerState
from pluto.server.wire import RequestBody, answer, answer_json, text_header
from pluto.storage import BadLine, Batch, Record, parse_metric_lines

logger = logging.getLogger("pluto")

STREAMS: Final = {"/ingest/metrics": "metrics", "/ingest/logs": "logs", "/ingest/data": "data"}
PART_BYTES: Final = 256 << 10
"""Of a body are stored at once: between two parts, who looks has a turn."""
MAX_LINE_BYTES: Final = 64 << 20
_THREADS: Final = 1
"""More store no faster: they compute in the same interpreter, and would keep a look waiting."""

_DATA_TYPES: Final = {"STRING-SERIES": "DATA"}
_SEMANTIC: Final = {
    "'data' field cannot be empty": "InvalidMetricFormat",
    "metric name cannot be empty": "InvalidMetricFormat",
    "'logType' field cannot be empty": "InvalidLogFormat",
    "'dataType' field cannot be empty": "InvalidLogFormat",
    "'logName' field cannot be empty": "InvalidLogFormat",
}


@dataclass
class Numbering:
    """Which rows of which stream a body holds, as the client counts them.

    From the header `X-Pluto-Rows: <writer>/<stream>/<first>`: line i of the body is row first + i.
    Rows that have come before are skipped, so that a request can be repeated safely.
    """

    writer: str
    stream: str
    first: int


@dataclass(frozen=True)
class Taken:
    """What became of a part of a body: rows stored, and the line that stopped it, if any."""

    rows: int
    error: IngestError | None = None


class _Lines:
    """The lines of a body as its pieces arrive; `whole` counts the bytes of finished ones."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self.whole = 0

    def add(self, piece: bytes) -> None:
        """Take a piece, looking only at it: a line may be long, and its pieces many."""
        end = piece.rfind(b"\n") + 1
        if end:
            self.whole = len(self._pending) + end
        self._pending += piece
        if len(self._pending) - self.whole > MAX_LINE_BYTES:
            raise IngestError("InvalidInput", f"a line is longer than {MAX_LINE_BYTES:,} bytes")

    def cut(self) -> bytes:
        """Return the finished lines and forget them."""
        lines = bytes(memoryview(self._pending)[: self.whole])
        del self._pending[: self.whole]
        self.whole = 0
        return lines

    def rest(self) -> bytes:
        """Return everything that is left, a last line without an end too."""
        return bytes(self._pending)


class Ingest:
    """Serves `/ingest/*` and `/step`; storage work runs in threads of its own."""

    def __init__(self, state: ServerState, gate: Gate) -> None:
        self._state = state
        self._gate = gate
        self._threads = ThreadPoolExecutor(_THREADS, "pluto-ingest")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request to `/ingest/*`."""
        stream, body = STREAMS[scope["path"]], RequestBody(receive)
        try:
            rows = await self._store_body(scope, body, stream)
        except IngestError as error:
            await body.drain()
            # "Database" errors pass: a client repeats a 5xx, while a 422 makes it drop the rows.
            status = error.status if error.status > 500 else 422
            await answer_json(send, status, error.wrapped(stream))
        except ConnectionError as error:
            logger.info("a request to %s ended early: %s", scope["path"], error)
        else:
            text = f"Stream processed successfully: {rows} records"
            await answer(send, 200, text.encode())

    async def step(self, scope: Scope, send: Send) -> None:
        """Answer `POST /step`: the greatest step of the run, 0 when it has no metric."""
        error = self._gate.ingest(scope)
        try:
            if error:
                raise error
            run_id = run_of(scope, self._state.catalog)
            names = await asyncio.to_thread(lambda: self._state.catalog.reader(run_id).names())
        except IngestError as refusal:
            await answer_json(send, refusal.status, refusal.body())
            return
        steps = [info.last_step for info in names if info.type == "METRIC" and info.last_step]
        await answer_json(send, 200, {"step": max(steps, default=0)})

    def close(self) -> None:
        """Finish what has begun."""
        self._threads.shutdown()

    async def _store_body(self, scope: Scope, body: RequestBody, stream: str) -> int:
        error = self._gate.ingest(scope)
        if error:
            raise error
        run_id = run_of(scope, self._state.catalog)
        numbering = _numbering(scope)
        loop, total, lines = asyncio.get_running_loop(), 0, _Lines()

        async def take(part: bytes) -> None:
            nonlocal total
            taken = await loop.run_in_executor(
                self._threads, self._take, run_id, stream, part, numbering
            )
            total += taken.rows
            if taken.error:
                raise taken.error

        async for piece in body.pieces():
            lines.add(piece)
            if lines.whole >= PART_BYTES:
                await take(lines.cut())
        await take(lines.rest())
        return total

    def _take(self, run_id: int, stream: str, body: bytes, numbering: Numbering | None) -> Taken:
        if not body.strip():
            return Taken(0)
        try:
            with self._state.turns.storing(), self._state.catalog.write(run_id) as writer:
                taken = _append(writer, stream, body, numbering)
        except TooManyNames as error:
            return Taken(0, IngestError("InvalidInput", str(error)))
        except StorageError as error:
            logger.error("rows of run %s could not be stored: %s", run_id, error)
            return Taken(0, not_stored(error))
        self._state.liveness.rows_came(run_id)
        return taken


def _append(writer: RunWrites, stream: str, body: bytes, numbering: Numbering | None) -> Taken:
    """Parse and store lines; the caller holds the run, so that no row slips in between."""
    first, rows = 0, body
    if numbering:
        lines = body.count(b"\n") + (not body.endswith(b"\n"))
        first = numbering.first
        numbering.first += lines
        known = writer.received(numbering.writer, numbering.stream)
        if known >= numbering.first:
            return Taken(0)
        if known > first:
            rows = body.split(b"\n", known - first)[known - first]
            first = known
    batch, bad = _parse(stream, rows)
    if numbering:
        next_row = first + bad.number if bad else numbering.first
        batch.received = (numbering.writer, numbering.stream, next_row)
    count = sum(group.values.size for group in batch.groups) + len(batch.records)
    check_names(writer, _names(batch))
    if count or numbering:
        writer.append(batch)
    return Taken(count, _refusal(bad, bad.number == rows.count(b"\n")) if bad else None)


def _names(batch: Batch) -> set[str]:
    return set(batch.names).union(*{group.names for group in batch.groups})


def _parse(stream: str, body: bytes) -> tuple[Batch, BadLine | None]:
    if stream == "metrics":
        try:
            return Batch(groups=parse_metric_lines(body)), None
        except BadLine as bad:
            return Batch(groups=bad.groups), bad
    parse = parse_log_lines if stream == "logs" else parse_data_lines
    try:
        return _record_batch(parse(body)), None
    except BadRecordLine as bad:
        return _record_batch(bad.records), bad


def _record_batch(records: list[Record]) -> Batch:
    names: dict[str, str] = {}
    for record in records:
        kind = record.type.upper()
        if record.name:
            names.setdefault(record.name, _DATA_TYPES.get(kind, kind))
    return Batch(records=records, names=names)


def _refusal(bad: BadLine, is_cut_off: bool) -> IngestError:
    """Return what the client is told of a line, which may be a last one without an end."""
    if bad.reason in _SEMANTIC:
        return IngestError(_SEMANTIC[bad.reason], bad.reason)
    words = "final JSON line" if is_cut_off else "JSON line"
    text = f"Failed to parse {words} (bytes): '{bad.line}': {bad.reason}"
    return IngestError("StreamDecodingError", text)


def _numbering(scope: Scope) -> Numbering | None:
    text = text_header(scope, b"x-pluto-rows")
    if not text:
        return None
    parts = text.rsplit("/", 2)
    if len(parts) != 3 or not (parts[2].isdecimal() and len(parts[2]) < 19):
        raise IngestError(
            "InvalidHeaderFormat", f"X-Pluto-Rows is <writer>/<stream>/<first>, not {text!r}"
        )
    return Numbering(parts[0], parts[1], int(parts[2]))
