"""Requests to a Pluto server over HTTP/2; the only module that knows httpx."""

from __future__ import annotations

import functools
import logging
import os
import random
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import orjson

from pluto import api
from pluto.addresses import PORTS, ServerUrls
from pluto.api import Request
from pluto.attach import attach
from pluto.delivery import RowSender
from pluto.errors import AuthError, PlutoError, Rejected, RetryLater, ServerDecision
from pluto.record import RemoteRun, Rows, RunInfo
from pluto.sets import Settings

if TYPE_CHECKING:
    import ssl

    import httpx

logger = logging.getLogger("pluto")

CONNECT_SECONDS: Final = 5.0
HEARTBEAT_SECONDS: Final = 5.0
PIECE: Final = 64 << 10  # httpcore copies the rest of a piece for each HTTP/2 frame
FILE_PIECE: Final = 256 << 10
MAX_ANSWER: Final = 16 << 20
MAX_PAUSE: Final = 60.0
MAX_RETRY_AFTER: Final = 300.0

# The names by which scripts of the earlier client catch what a server refuses.
PlutoRequestError = ServerDecision
PlutoAuthError = AuthError

Lane = Literal["rows", "heartbeat", "files"]
LANES: Final[tuple[Lane, ...]] = ("rows", "heartbeat", "files")

_ONE_PORT: Final = (
    " (host=NAME means four ports: 'pluto server' has them with --compat-ports; without, set"
    " PLUTO_URL=http://NAME:3000)"
)
_LOOPBACK: Final = ("all://127.0.0.1", "all://localhost", "all://[::1]")


class ServerInterface:
    """Implements `pluto.sink.Sink` for a Pluto server; safe to use from several threads.

    One connection over HTTP/2, where the server offers it, carries everything but heartbeats and
    the bytes of files; those have their own, so that neither waits for a long upload. A connection
    is used by one thread at a time: two that begin streams on one HTTP/2 connection of httpcore can
    send them out of order, which makes the server drop the connection and all that is under way.
    Redirects are not followed, and the key goes to no address but the four roots.

    Args:
        urls: the roots of the server.
        key: the API key; "" sends none.
        settings: timeouts, proxies, certificates.
        clock: returns monotonic seconds.

    Attributes:
        meanwhile: called between two pieces of a file, on the thread that sends it.
    """

    def __init__(
        self,
        urls: ServerUrls,
        key: str,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._urls = urls
        self._key = key
        self._settings = settings
        self._clock = clock
        self._deadline = float("inf")
        self._failures = 0
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()  # guards _clients and _closed
        self._clients: dict[Lane, httpx.Client] = {}
        self._turns = {lane: threading.Lock() for lane in LANES}  # a connection, one user at a time
        self._closed = False
        self._sender: RowSender | None = None
        self.meanwhile: Callable[[], None] = lambda: None

    def open(self, run: RunInfo) -> RemoteRun:
        """Create the run, or attach to it.

        Raises:
            RunExistsError: the user's external id is taken and `resume` was not asked for.
            ServerDecision: the server refuses.
            RetryLater: nothing was decided.
        """
        remote, project = attach(run, self.call, self.read)
        headers = {"x-run-id": str(remote.run_id), "x-project-name": api.wire_name(project)}
        self._sender = RowSender(run.uid, remote.run_id, headers, self.call, self.put)
        return remote

    def send(self, rows: Rows) -> None:
        """Deliver rows of the opened run.

        Rows that the server took before it refused or failed are not sent again, whatever slice of
        them the next call has.

        Raises:
            Rejected: the server will never take one of these rows.
            RetryLater: nothing was decided about those that are left.
            AuthError: the key is refused.
        """
        if self._sender is None:
            raise RetryLater("the run is not open yet")
        self._sender.send(rows)

    def heartbeat(self) -> str | None:
        """Tell the server that the run lives; return the status that the server has for it.

        Raises:
            PlutoError: it could not be told.
        """
        if self._sender is None:
            return None
        answer = self.call(
            api.heartbeat_request(self._sender.run_id), limit=HEARTBEAT_SECONDS, lane="heartbeat"
        )
        status = answer.get("status")
        return status if isinstance(status, str) else None

    def organization(self) -> str:
        """Return the name of the organisation that the key belongs to.

        Raises:
            AuthError: the key is refused.
            RetryLater: nothing was decided.
        """
        answer = self.call(Request("api", "/api/slug", b"{}"))
        try:
            return str(answer["organization"]["slug"])
        except (KeyError, TypeError) as error:
            raise RetryLater(f"{self._urls.api} does not answer as a Pluto server") from error

    def shorten(self, deadline: float) -> None:
        """Let no request that begins from now on outlive `deadline`; `close` ends the others."""
        self._deadline = deadline

    def close(self) -> None:
        """End every request and connection; idempotent, from any thread."""
        with self._lock:
            self._closed = True
            clients, self._clients = self._clients, {}
        for each in list(self._sockets):
            with suppress(OSError):  # the connection is gone already
                # The plain shutdown, also for TLS: it wakes a thread that reads the socket.
                socket.socket.shutdown(each, socket.SHUT_RDWR)
        for client in clients.values():
            client.close()

    def call(
        self,
        request: Request,
        headers: Mapping[str, str] | None = None,
        limit: float | None = None,
        lane: Lane = "rows",
    ) -> dict[str, Any]:
        """Post a request; return the object that a JSON answer holds, else an empty one.

        Raises:
            PlutoError: as `api.read_error` says.
        """
        url = getattr(self._urls, request.service) + request.path
        own = {"content-type": request.content_type, "content-length": str(len(request.body))}
        body = (request.body[at : at + PIECE] for at in range(0, len(request.body), PIECE))
        return self._exchange("POST", url, {**own, **(headers or {})}, body, lane, limit)

    def read(self, path: str) -> dict[str, Any]:
        """Get a JSON object from the api service.

        Raises:
            PlutoError: as `api.read_error` says.
        """
        return self._exchange("GET", self._urls.api + path, {}, None, "rows")

    def put(self, url: str, path: Path, mime: str) -> None:
        """Put the bytes of a file at a presigned URL; without the key, which is not for it.

        Raises:
            Rejected: the file is gone, or the storage refuses it.
            RetryLater: nothing was decided.
        """
        try:
            file = path.open("rb")
        except OSError as error:
            raise Rejected(f"the file to upload is gone: {error}") from error
        with file:
            headers = {"content-type": mime, "content-length": str(path.stat().st_size)}
            pieces = iter(lambda: file.read(FILE_PIECE), b"")
            self._exchange("PUT", url, headers, self._until_deadline(pieces), "files")

    def _exchange(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: Iterator[bytes] | None,
        lane: Lane,
        limit: float | None = None,
    ) -> dict[str, Any]:
        import httpx

        limit = limit or self._settings.x_file_stream_timeout_seconds
        seconds = min(limit, self._deadline - self._clock())
        if seconds <= 0:
            raise RetryLater("no time left", after=0.0)
        timeout = httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
        ends = float("inf") if lane == "files" else self._clock() + seconds
        try:
            with self._turns[lane], self._client(lane).stream(
                method, url, headers=headers, content=body, timeout=timeout,
                extensions={"trace": self._note_socket},
            ) as response:  # fmt: skip
                content = self._content(response, ends)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError, ValueError) as error:
            # OSError: SSL_CERT_FILE is missing; ValueError: a proxy variable makes no sense;
            # RuntimeError: close() has closed the client meanwhile.
            raise self._later(f"{url}: {_words(error)}{_hint(url, error)}") from error
        if lane == "files":
            return self._stored(response, content)
        return self._outcome(response, content)

    def _stored(self, response: httpx.Response, content: bytes) -> dict[str, Any]:
        """Judge the answer of a file storage, whose pages and bodies are its own affair."""
        if response.is_success:
            return {}
        raise self._error(response, content.decode("utf-8", "replace"))

    def _outcome(self, response: httpx.Response, content: bytes) -> dict[str, Any]:
        text = content.decode("utf-8", "replace")
        if response.status_code not in (200, 201):
            if response.is_redirect:
                text = f"{response.url} leads to {response.headers['location']}: set that address"
            error = self._error(response, text)
            raise self._explained(error) if isinstance(error, AuthError) else error
        kind = response.headers.get("content-type", "")
        if kind.startswith("text/html"):
            raise self._later(f"{response.url} answers with a web page, not as a Pluto server")
        self._failures = 0
        if not kind.startswith(api.JSON):
            return {}
        try:
            answer = orjson.loads(content)
        except ValueError as error:
            raise self._later(f"{response.url} answers with broken JSON") from error
        return answer if isinstance(answer, dict) else {}

    def _error(self, response: httpx.Response, text: str) -> PlutoError:
        error = api.read_error(response.status_code, text)
        if isinstance(error, RetryLater):
            return self._later(str(error), response.headers.get("retry-after"))
        return error

    def _explained(self, error: AuthError) -> AuthError:
        fix = (
            f"set PLUTO_API_KEY or run 'pluto login', key from {self._urls.app}/api-keys or, "
            "for a server of your own, from 'pluto server key create NAME'"
        )
        said = f"refuses the API key: {error}" if self._key else "wants an API key"
        return AuthError(f"{self._urls.api} {said}; {fix}", error.status_code)

    def _content(self, response: httpx.Response, ends: float) -> bytes:
        content = bytearray()
        for piece in response.iter_bytes():
            content += piece
            if self._clock() > min(ends, self._deadline) or len(content) > MAX_ANSWER:
                raise self._later(f"{response.url}: the answer does not end")
        return bytes(content)

    def _until_deadline(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            if self._clock() > self._deadline:
                raise RetryLater("no time left for the file", after=0.0)
            self.meanwhile()
            yield piece

    def _later(self, reason: str, retry_after: str | None = None) -> RetryLater:
        asked = seconds_asked(retry_after)
        if asked is not None:
            return RetryLater(reason, min(asked, MAX_RETRY_AFTER))
        self._failures += 1
        pause = min(MAX_PAUSE, 0.5 * 2 ** min(self._failures, 10))
        return RetryLater(reason, pause * random.uniform(0.5, 1.0))

    def _client(self, lane: Lane) -> httpx.Client:
        with self._lock:
            if self._closed:
                raise RetryLater("the connection is closed", after=0.0)
            if lane not in self._clients:
                is_ours = lane != "files"
                key = self._key if is_ours else ""
                self._clients[lane] = new_client(self._settings, key, http2=is_ours)
            return self._clients[lane]

    def _note_socket(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            found = info["return_value"].get_extra_info("socket")
            if isinstance(found, socket.socket):
                self._sockets.add(found)


def new_client(settings: Settings, key: str, *, http2: bool) -> httpx.Client:
    """Return a client with the proxies and certificates of `settings`; "" as key sends none."""
    import httpx

    logging.getLogger("httpx").addFilter(_is_not_ours)  # adding it again does nothing
    places = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    verify = _certificates(settings.insecure_disable_ssl, http2, places)
    mounts: dict[str, httpx.BaseTransport | None] = dict.fromkeys(_LOOPBACK)
    for scheme, proxy in (("http", settings.http_proxy), ("https", settings.https_proxy)):
        if proxy:
            mounts[f"{scheme}://"] = httpx.HTTPTransport(verify=verify, http2=http2, proxy=proxy)
    headers = {"user-agent": "pluto", "accept-encoding": "identity"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    return httpx.Client(http2=http2, verify=verify, mounts=mounts, headers=headers)


def _is_not_ours(record: logging.LogRecord) -> bool:
    """Keep the line that httpx logs for each request of our threads out of the program's log."""
    return not (record.threadName or "").startswith("pluto-")


@functools.lru_cache(maxsize=8)
def _certificates(
    insecure: bool,
    http2: bool,  # noqa: ARG001 - httpcore writes the protocols into the context
    places: tuple[str | None, ...],  # noqa: ARG001 - that it depends on
) -> ssl.SSLContext:
    """Return what checks certificates; reading them takes a tenth of a second."""
    import httpx

    return httpx.create_ssl_context(verify=not insecure)


def seconds_asked(retry_after: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number of them, or a date."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _hint(url: str, error: Exception) -> str:
    """Tell what may be meant where nobody listens on the ports that go with a host's name."""
    import httpx

    is_refused = isinstance(error, httpx.ConnectError)
    return _ONE_PORT if is_refused and f":{PORTS['api']}/" in url else ""
