"""Serves logged files: announcing them, taking their bytes, giving them out."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
from pathlib import Path
from typing import IO, Annotated, Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from pluto.errors import StorageError
from pluto.server.auth import Gate
from pluto.server.file_rows import FileRow
from pluto.server.files import IN_FRAME, ROUTE
from pluto.server.full_disk import storage_status
from pluto.server.ingest_errors import IngestError, not_stored
from pluto.server.ingest_run import run_of
from pluto.server.state import ServerState
from pluto.server.wire import RequestBody, answer, answer_json, header, text_header

logger = logging.getLogger("pluto")

MAX_ANNOUNCEMENT_BYTES: Final = 16 << 20
MAX_FILE_BYTES: Final = 5 << 30
_PIECE_BYTES: Final = 1 << 20

_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[0-9a-f]{32}")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")
_UNTOLD: Final = ("application/octet-stream", "application/x-www-form-urlencoded")

# What a browser may show by itself; a document that could run scripts is kept in a sandbox.
_SHOWN = re.compile(
    r"image/(png|jpeg|gif|webp|avif|bmp|svg\+xml)|audio/[\w.+-]+|video/[\w.+-]+"
    r"|text/(plain|html)|application/json"
)
_SANDBOX: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:;"
    " media-src 'self' data:; frame-ancestors 'self'"
)
# A document in a frame of the dashboard may run its own scripts: from an origin that is nobody's,
# so that it reads neither cookie nor storage nor page, and without any request.
_SCRIPTED: Final = (
    "sandbox allow-scripts; default-src 'none';"
    " script-src 'unsafe-inline' 'unsafe-eval' data: blob:;"
    " style-src 'unsafe-inline'; img-src data: blob:; media-src data: blob:; font-src data:;"
    " worker-src blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)

Natural = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _CustomType(msgspec.Struct):
    custom: str


class _File(msgspec.Struct, rename="camel"):
    file_name: str
    log_name: str
    file_size: Natural
    file_type: str | _CustomType
    step: Natural
    time: Natural
    caption: str | None = None
    sample_index: Annotated[int, msgspec.Meta(ge=0, lt=2**32)] = 0
    annotations: str | None = None

    def row(self) -> FileRow:
        given = self.file_type.custom if isinstance(self.file_type, _CustomType) else self.file_type
        file_type = given.lower()
        return FileRow(
            name=self.log_name,
            file_name=self.file_name,
            file_type="yaml" if file_type == "yml" else file_type,
            size=self.file_size,
            step=self.step,
            time=self.time,
            sample_index=self.sample_index,
            caption=self.caption,
            annotations=self.annotations,
        )


class _Files(msgspec.Struct):
    files: list[_File]


_decoder = msgspec.json.Decoder(_Files)


class FileRoutes:
    """Serves `POST /files` and everything below `/o/blob/`."""

    def __init__(self, state: ServerState, gate: Gate) -> None:
        self._state = state
        self._gate = gate

    async def announce(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `POST /files`: for each file, where to PUT its bytes."""
        body = RequestBody(receive)
        try:
            asked = await _read_files(scope, body)
            error = self._gate.ingest(scope)
            if error:
                raise error
            run_id = run_of(scope, self._state.catalog)
            rows = [file.row() for file in asked]
            await self._remember(run_id, rows)
        except _Unreadable as problem:
            await body.drain()
            await answer(send, problem.status, str(problem).encode())
        except IngestError as error:
            await answer_json(send, error.status, error.body())
        else:
            await answer_json(send, 200, self._uploads(scope, run_id, rows))

    async def blob(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET, HEAD and PUT below `/o/blob/`."""
        body = RequestBody(receive)
        run, _, name = scope["path"][len(ROUTE) :].partition("/")
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        signed = self._state.files.is_signed(method, scope["path"], query)
        if not signed and not (method == "GET" and self._gate.api(scope) is None):
            await body.drain()
            text = b"This link is wrong or older than its hour: ask for a new one.\n"
            await answer(send, 403, text)
        elif not run.isdecimal() or self._state.catalog.get(int(run)) is None:
            await body.drain()
            await answer(send, 404, b"There is no such run.\n")
        elif method == "PUT" and _KEY.fullmatch(name):
            await self._take(scope, body, send, (int(run), name))
        elif method == "GET":
            await self._give(scope, receive, send, (int(run), name, query))
        else:
            await body.drain()
            await answer(send, 405, b"Use GET, HEAD or PUT.\n")

    async def _remember(self, run_id: int, rows: list[FileRow]) -> None:
        try:
            await asyncio.to_thread(self._state.files.announce, run_id, rows)
        except StorageError as error:
            logger.error("files of run %s could not be announced: %s", run_id, error)
            raise not_stored(error) from error

    def _uploads(
        self, scope: Scope, run_id: int, rows: list[FileRow]
    ) -> dict[str, list[dict[str, str]]]:
        host = text_header(scope, b"host")
        settings = self._state.settings
        origin = f"{settings.scheme}://{host}" if host else settings.url
        uploads: dict[str, list[dict[str, str]]] = {}
        for row in rows:
            url = self._state.files.upload_url(origin, run_id, row)
            uploads.setdefault(row.name, []).append({row.file_name: url})
        return uploads

    async def _take(
        self, scope: Scope, body: RequestBody, send: Send, place: tuple[int, str]
    ) -> None:
        run_id, key = place
        row = await asyncio.to_thread(self._state.files.announced, run_id, key)
        if row is None:
            await body.drain()
            await answer(send, 404, b"This file was never announced: POST /files first.\n")
            return
        try:
            upload = await _Upload.receive(body, self._state.catalog.blobs(run_id).open_temp())
            told = text_header(scope, b"content-type").partition(";")[0].strip().lower()
            mime = told if _MEDIA_TYPE.fullmatch(told) and told not in _UNTOLD else ""
            await asyncio.to_thread(self._keep, run_id, row, upload, mime)
        except _Unreadable as problem:
            await body.drain()
            await answer(send, problem.status, str(problem).encode())
        except (OSError, StorageError) as error:
            logger.error("a file of run %s could not be stored: %s", run_id, error)
            await body.drain()
            text = f"The file could not be stored: {error}\n"
            await answer(send, storage_status(error), text.encode())
        else:
            await answer(send, 200, b"", headers=[(b"etag", f'"{upload.digest}"'.encode())])

    def _keep(self, run_id: int, row: FileRow, upload: _Upload, mime: str) -> None:
        self._state.catalog.blobs(run_id).adopt(upload.path, upload.digest)
        self._state.files.store(run_id, row.with_bytes(upload.digest, upload.size, mime))
        self._state.liveness.rows_came(run_id)

    async def _give(
        self, scope: Scope, receive: Receive, send: Send, place: tuple[int, str, dict[str, str]]
    ) -> None:
        run_id, digest, query = place
        known = _DIGEST.fullmatch(digest)
        path = self._state.catalog.blobs(run_id).path(digest) if known else None
        if path is None or not await asyncio.to_thread(path.is_file):
            await answer(send, 404, b"The bytes of this file never arrived.\n")
            return
        etag = f'"{digest}"'
        headers = {
            "etag": etag,
            "cache-control": "private, max-age=3600",
            **_policy(scope, query),
            "x-content-type-options": "nosniff",
            "cross-origin-resource-policy": "same-origin",
            "referrer-policy": "no-referrer",
        }
        if etag.encode() in (header(scope, b"if-none-match") or b""):
            await answer(send, 304, b"", headers=[(b"etag", etag.encode())])
            return
        response = FileResponse(path, headers=headers, **_shown_as(query))
        await response(scope, receive, send)


class _Unreadable(Exception):
    """A request that is refused before it is looked at; the text is the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Upload:
    """Bytes that arrived in a temporary file."""

    def __init__(self, path: Path, digest: str, size: int) -> None:
        self.path = path
        self.digest = digest
        self.size = size

    @staticmethod
    async def receive(body: RequestBody, file: IO[bytes]) -> _Upload:
        """Stream a request body into `file`, hashing it; the file is removed on failure."""
        digest, size, pending = hashlib.sha256(), 0, bytearray()

        def write(content: bytes) -> None:
            digest.update(content)
            file.write(content)

        try:
            async for piece in body.pieces():
                pending += piece
                size += len(piece)
                _check_size(size)
                if len(pending) >= _PIECE_BYTES:
                    await asyncio.to_thread(write, bytes(pending))
                    pending.clear()
            write(bytes(pending))
            file.close()
        except BaseException:
            file.close()
            os.unlink(file.name)
            raise
        return _Upload(Path(file.name), digest.hexdigest(), size)


def _check_size(size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise _Unreadable(413, f"A file may have {MAX_FILE_BYTES:,} bytes.\n")


async def _read_files(scope: Scope, body: RequestBody) -> list[_File]:
    if not text_header(scope, b"content-type").lower().startswith("application/json"):
        raise _Unreadable(415, "Expected request with `Content-Type: application/json`")
    content = bytearray()
    async for piece in body.pieces():
        content += piece
        if len(content) > MAX_ANNOUNCEMENT_BYTES:
            raise _Unreadable(413, f"Announce files in parts of {MAX_ANNOUNCEMENT_BYTES:,} bytes")
    try:
        return _decoder.decode(bytes(content)).files
    except msgspec.ValidationError as error:
        raise _Unreadable(422, f"Failed to deserialize the JSON body: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _Unreadable(400, f"Failed to parse the request body as JSON: {error}") from None


def _policy(scope: Scope, query: dict[str, str]) -> dict[str, str]:
    """Return the headers that say what a document may do.

    Opened by itself, no document runs a script, whatever its address asks for. Where a browser
    does not tell (HTTP from another machine), the address decides.
    """
    asked = query.get(IN_FRAME) == "1" and query.get("type") == "text/html"
    if not asked or text_header(scope, b"sec-fetch-dest") not in ("", "iframe"):
        return {"content-security-policy": _SANDBOX}
    return {"content-security-policy": _SCRIPTED, "vary": "sec-fetch-dest"}


def _shown_as(query: dict[str, str]) -> dict[str, Any]:
    """Return type, name and disposition under which a file is given out."""
    media_type, name = query.get("type", ""), query.get("name", "") or "file"
    if media_type.startswith("text/") and media_type != "text/html":
        media_type = "text/plain"
    if not _SHOWN.fullmatch(media_type):
        return {
            "media_type": "application/octet-stream",
            "filename": name,
            "content_disposition_type": "attachment",
        }
    return {"media_type": media_type, "filename": name, "content_disposition_type": "inline"}
