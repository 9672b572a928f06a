"""Delivers the rows of one run: which request for which stream, and what is delivered already."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from pluto import api
from pluto.api import Request
from pluto.errors import AuthError, Rejected, RetryLater
from pluto.record import Rows, Stream

MAX_BODY: Final = 1 << 20
MAX_REFUSALS: Final = 3  # of a storage, for one file, each with a fresh URL
URL_SECONDS: Final = 3000.0  # a presigned URL lives for an hour


class Call(Protocol):
    """Posts a request and returns the JSON answer."""

    def __call__(
        self, request: Request, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Raise PlutoError for anything but success."""


class RowSender:
    """Sends rows, each accepted one once.

    A server that refuses a batch keeps the rows before the bad one, and a connection can break
    between two requests of a batch. What was accepted is remembered here by row number.

    Args:
        uid: the run; names the writer in the header that makes a repeated request harmless.
        run_id: the server's number of the run.
        headers: what every request for rows carries.
        call: posts a request.
        put: puts a file at a URL.
    """

    def __init__(
        self,
        uid: str,
        run_id: int,
        headers: Mapping[str, str],
        call: Call,
        put: Callable[[str, Path, str], None],
    ) -> None:
        self.run_id = run_id
        self._uid = uid
        self._headers = headers
        self._call = call
        self._put = put
        self._next: dict[Stream, int] = {}
        self._urls: dict[int, tuple[str, float]] = {}
        self._refusals: dict[int, int] = {}
        self._ways: dict[Stream, Callable[[Rows], None]] = {
            "names": self._send_names,
            "facts": self._send_facts,
            "status": self._send_status,
            "files": self._send_files,
        }

    def send(self, rows: Rows) -> None:
        """Send those of the rows that are not delivered; see `ServerInterface.send`."""
        known = max(0, self._next.get(rows.stream, 0) - rows.first)
        left = Rows(rows.stream, rows.first + known, rows.lines[known:])
        if left.lines:
            self._ways.get(rows.stream, self._send_lines)(left)

    def _accept(self, stream: Stream, next_row: int) -> None:
        self._next[stream] = next_row

    def _send_lines(self, rows: Rows) -> None:
        for part in _parts(rows):
            headers = {
                **self._headers,
                "x-pluto-rows": f"{self._uid}/{part.stream}/{part.first}",
            }
            body = b"\n".join(part.lines) + b"\n"
            path = api.INGEST_PATHS[part.stream]
            try:
                self._call(Request("ingest", path, body, api.LINES), headers)
            except Rejected as error:
                bad = api.refused_line(error, part.lines)
                if bad:  # those before it were taken
                    self._accept(part.stream, part.first + bad)
                raise
            self._accept(part.stream, part.first + len(part.lines))

    def _send_names(self, rows: Rows) -> None:
        for request in api.name_requests(self.run_id, rows.lines):
            self._call(request)

    def _send_facts(self, rows: Rows) -> None:
        for number, line in enumerate(rows.lines, rows.first):
            request = api.fact_request(self.run_id, line)
            if request is not None:
                self._call_once(request)
            self._accept("facts", number + 1)

    def _call_once(self, request: Request) -> None:
        try:
            self._call(request)
        except RetryLater as error:
            if request.service == "py" and "HTTP 5" in str(error):
                # The public server sends an alert's mails before it fails: no second try.
                raise Rejected(str(error)) from error
            raise

    def _send_status(self, rows: Rows) -> None:
        for line in rows.lines:
            self._call(api.status_request(self.run_id, orjson.loads(line)))

    def _send_files(self, rows: Rows) -> None:
        for number, line in enumerate(rows.lines, rows.first):
            row = orjson.loads(line)
            self._upload(number, row)
            self._urls.pop(number, None)
            self._accept("files", number + 1)

    def _upload(self, number: int, row: Mapping[str, Any]) -> None:
        url = self._presigned(number, row)
        try:
            self._put(url, Path(row["path"]), row.get("mime") or "application/octet-stream")
        except AuthError as error:  # what a storage answers to an expired URL
            self._urls.pop(number)
            self._refusals[number] = self._refusals.get(number, 0) + 1
            if self._refusals[number] >= MAX_REFUSALS:
                raise Rejected(f"{row['fileName']}: {error}") from error
            raise RetryLater(f"{row['fileName']}: {error}") from error

    def _presigned(self, number: int, row: Mapping[str, Any]) -> str:
        """Return the file's URL; asked for once, because asking is what lists the file."""
        url, until = self._urls.get(number, ("", 0.0))
        if time.monotonic() >= until:
            request = api.presign_request(row)
            headers = {**self._headers, "x-pluto-rows": f"{self._uid}/files/{number}"}
            url = api.read_presigned(self._call(request, headers), row)
            self._urls[number] = (url, time.monotonic() + URL_SECONDS)
        return url


def _parts(rows: Rows) -> Iterator[Rows]:
    """Cut rows into requests of at most `MAX_BODY` bytes, but at least one row."""
    start, size = 0, 0
    for index, line in enumerate(rows.lines):
        if size and size + len(line) > MAX_BODY:
            yield Rows(rows.stream, rows.first + start, rows.lines[start:index])
            start, size = index, 0
        size += len(line) + 1
    yield Rows(rows.stream, rows.first + start, rows.lines[start:])
