"""An endpoint as data: path, parameters, answer and the function between them.

The routes and the OpenAPI document are made from the same table of endpoints.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pluto.errors import PlutoError, StorageError
from pluto.names import is_display_id
from pluto.server.backend import RunReads
from pluto.server.encoding import compressed, takes_gzip
from pluto.server.file_rows import FileRow
from pluto.server.filters import FilterError
from pluto.server.full_disk import FULL, storage_status
from pluto.server.rows import RunRow
from pluto.server.schemas import Query
from pluto.server.series_cache import SeriesCache
from pluto.server.state import ServerState
from pluto.server.views import Views

logger = logging.getLogger("pluto")

Q = TypeVar("Q", bound=Query)
T = TypeVar("T")
JSON = "application/json"
BINARY = "application/octet-stream"


class Refused(PlutoError):
    """The request cannot be answered; `status` and the text go to the caller."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class BadParameters(PlutoError):
    """Parameters of the wrong form: one issue, in the shape that zod gives it."""

    def __init__(self, code: str, path: list[str | int], text: str) -> None:
        super().__init__(text)
        self.issue = {"code": code, "path": path, "message": text}


@dataclass(frozen=True)
class Reads:
    """What the endpoints of the read side share, and how the caller reached them.

    Attributes:
        origin: scheme, host and port by which the caller came: files are fetched from there.
        host: the `Host` header, from which the dashboard's address follows.
    """

    state: ServerState
    series: SeriesCache = field(default_factory=SeriesCache)
    origin: str = ""
    host: str = ""

    @property
    def views(self) -> Views:
        """What the lists show of each run."""
        return self.state.views

    def run(self, run_id: int, project: str | None = None) -> RunRow | None:
        """Return a run, None where it is unknown or of another project."""
        row = self.state.catalog.get(run_id)
        return row if row and project in {None, row.project} else None

    def require(self, run_id: int, project: str | None = None) -> RunRow:
        """Return a run.

        Raises:
            Refused: 404 where it is unknown or of another project.
        """
        row = self.run(run_id, project)
        if row is None:
            raise Refused(404, "Run not found")
        return row

    def by_display_id(self, text: str, project: str | None) -> RunRow:
        """Return the run with a display id such as `MMP-1`, in upper or lower case.

        Raises:
            Refused: 400 for another form, 404 for an unknown one, 409 where projects share it.
        """
        display_id = text.upper()
        if not is_display_id(display_id):
            raise Refused(400, "Invalid displayId format. Expected PREFIX-NUMBER (e.g., 'MMP-1')")
        rows = self.state.catalog.by_display_id(display_id, project)
        if not rows:
            raise Refused(404, "Run not found")
        if len(rows) > 1:
            names = ", ".join(row.project for row in rows[:5])
            raise Refused(
                409,
                f"Display ID '{display_id}' is ambiguous across multiple projects (e.g. {names})."
                " Specify projectName to disambiguate.",
            )
        return rows[0]

    def reader(self, row: RunRow) -> RunReads:
        """Return the open reader of a run, for the length of this request.

        Raises:
            Refused: 404 where the run has gone since it was looked up.
            StorageError: its files cannot be read.
        """
        try:
            return self.state.catalog.reader(row.id)
        except KeyError:
            raise Refused(404, "Run not found") from None

    def cut(self, items: Sequence[T], most: int) -> list[T]:
        """Return as many items as one answer may hold."""
        return list(items[:most])

    def file_url(self, run_id: int, file: FileRow) -> str:
        """Return a signed address of a file's bytes."""
        return self.state.files.url(self.origin, run_id, file)

    def url(self, row: RunRow) -> str:
        """Return the address of a run's page."""
        return self.state.run_url(self.host, row)


@dataclass(frozen=True)
class Endpoint(Generic[Q]):
    """One path of the API.

    Attributes:
        path: with `{parameters}`, which are fields of `query` too.
        query: what is read from the path, and from the query string or the JSON body.
        answer: what `call` returns; `call` may make a `Response` of another media type instead.
        call: runs in a worker thread.
        public: True where no key is asked for; the document says so, `app` sees to it.
        look: a page that somebody looks at waits for it: it goes before the storing of rows.
    """

    path: str
    query: type[Q]
    answer: Any
    call: Callable[[Reads, Q], Any]
    method: Literal["GET", "POST"] = "GET"
    media: str = JSON
    public: bool = False
    look: bool = False

    def route(self, reads: Reads) -> Route:
        """Return the route that serves this endpoint."""

        async def serve(request: Request) -> Response:
            return await self._answer(reads, request)

        return Route(self.path, serve, methods=[self.method], name=self.call.__name__)

    async def _answer(self, reads: Reads, request: Request) -> Response:
        host = request.headers.get("host", "")
        here = replace(reads, origin=f"{request.url.scheme}://{request.url.netloc}", host=host)
        try:
            query = parse(self.query, await self._parameters(request))
            run = reads.state.turns.look if self.look else run_in_threadpool
            return await run(self._respond, here, query, takes_gzip(request))
        except (PlutoError, FilterError) as error:
            return refusal(error)

    def _respond(self, reads: Reads, query: Q, gzip: bool) -> Response:
        answer = self.call(reads, query)
        if isinstance(answer, Response):
            return answer
        response = json_response(answer)
        return compressed(response) if gzip else response

    async def _parameters(self, request: Request) -> dict[str, Any]:
        if self.method == "GET":
            return {**request.query_params, **request.path_params}
        body = await request.body()
        try:
            parameters = msgspec.json.decode(body or b"{}", type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise Refused(400, "Malformed JSON in request body") from None
        return {**parameters, **request.path_params}


def parse(query: type[Q], parameters: Mapping[str, Any]) -> Q:
    """Return checked parameters; texts are read as the numbers that fields ask for.

    Raises:
        BadParameters: one is missing, unreadable or out of range.
    """
    try:
        return msgspec.convert(parameters, query, strict=False)
    except msgspec.ValidationError as error:
        raise _bad_parameters(str(error)) from None


def _bad_parameters(text: str) -> BadParameters:
    """Name the parameter that msgspec complains about."""
    missing = re.fullmatch(r"Object missing required field `(.*?)`(?: - at `\$(.*)`)?", text)
    if missing:
        return BadParameters("invalid_type", [*_path(missing[2]), missing[1]], "Required")
    reason, _, place = text.partition(" - at `$")
    code = "invalid_type" if ", got " in reason else "custom"
    return BadParameters(code, _path(place.rstrip("`")), reason)


def _path(place: str | None) -> list[str | int]:
    parts = re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", place or "")
    return [name or (int(index) if index.isdigit() else index) for name, index in parts]


def refusal(error: Exception) -> Response:
    """Return what the caller is told of an expected failure."""
    if isinstance(error, BadParameters):
        body = {"success": False, "error": {"issues": [error.issue], "name": "ZodError"}}
        return json_response(body, 400)
    if isinstance(error, FilterError):
        return json_response({"error": str(error)}, 400)
    if isinstance(error, Refused):
        return json_response({"error": str(error)}, error.status)
    if isinstance(error, StorageError):
        logger.error("pluto: %s", error)
        status = FULL if storage_status(error) == FULL else 500
        return json_response({"error": str(error)}, status)
    return json_response({"error": str(error)}, 400)


def json_response(value: object, status: int = 200) -> Response:
    """Return a JSON answer."""
    return Response(msgspec.json.encode(value), status, media_type=JSON)
