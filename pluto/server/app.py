"""The ASGI application: every service on every port."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from pluto.server import openapi, reading, runs_write
from pluto.server.auth import Gate
from pluto.server.compare import BUCKETS
from pluto.server.file_routes import FileRoutes
from pluto.server.files import ROUTE
from pluto.server.health import HealthRoutes
from pluto.server.ingest import STREAMS, Ingest
from pluto.server.live import LIVE
from pluto.server.runs_signals import SignalRoutes
from pluto.server.state import ServerState
from pluto.server.static import DashboardRoutes
from pluto.server.wire import BodyTooLarge, RequestBody, answer, answer_json, limited

logger = logging.getLogger("pluto")

_OPEN: Final = frozenset(
    {
        "/api/health",
        "/api/health/ready",
        "/api/version",
        "/api/version/all",
        "/api/openapi.json",
        "/api/docs",
        "/api/runs/trigger",  # judged by its own route, in the words of the py service
        "/api/runs/alert",
    }
)
MAX_BODY_BYTES: Final = 64 << 20
MAX_OPEN_BODY_BYTES: Final = 64 << 10
"""Of a request that nobody has shown a key for when its body is read."""
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # without any, browsers call the page's own form foreign
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)


class Server:
    """Judges each request by address and key, then leads it to its route.

    The routes that carry much (rows, files) are reached before Starlette.
    """

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._gate = Gate(state.settings, state.keys, state.sessions)
        self._ingest = Ingest(state, self._gate)
        self._files = FileRoutes(state, self._gate)
        routes = [
            *runs_write.routes(state),
            *SignalRoutes(state, self._gate).routes(),
            *reading.routes(state),
            *openapi.routes(state),
            *HealthRoutes(state).routes(),
        ]
        self._named = {route.path for route in routes}
        last = [*reading.last_routes(state), *DashboardRoutes(state, self._gate).routes()]
        self._routed = Starlette(
            routes=[*routes, *last],
            exception_handlers={
                Exception: _unexpected,
                BodyTooLarge: _too_large,
                404: _not_found,
            },
        )
        self._routed.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            await self._answer(scope, receive, send)
        except (ConnectionError, ClientDisconnect):
            logger.info("%s %s was broken off by the client", scope["method"], scope["path"])
        except Exception:
            # Starlette has answered 500 already, and raises on for the log.
            logger.exception("%s %s failed", scope["method"], scope["path"])

    def close(self) -> None:
        """Finish the storage work that has begun."""
        self._ingest.close()
        self._state.turns.close()
        self._state.views.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        foreign = self._gate.wrong_address(scope)
        if foreign:
            await RequestBody(receive).drain()
            await answer_json(send, 403, {"error": foreign})
        elif path in STREAMS or path in ("/files", "/step"):
            await self._answer_ingest(scope, receive, send)
        elif path.startswith(ROUTE):
            await self._files.blob(scope, receive, send)
        else:
            await self._answer_routed(scope, receive, send)

    async def _answer_ingest(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["method"] != "POST":
            await answer(send, 405, b"")
        elif path == "/files":
            await self._files.announce(scope, receive, send)
        elif path == "/step":
            await self._ingest.step(scope, send)
        else:
            await self._ingest(scope, receive, send)

    async def _answer_routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = MAX_OPEN_BODY_BYTES
        if self._asks_for_key(scope):
            most = MAX_BODY_BYTES
            refusal = self._gate.api(scope)
            if refusal:
                await RequestBody(receive).drain()
                if scope["path"] == BUCKETS:  # the public service gives no reason there
                    refusal = {"error": refusal["error"]}
                await answer_json(send, 401, refusal)
                return
        if scope["path"] == LIVE:
            send = _while_allowed(send, lambda: self._gate.api(scope) is None)
        await self._routed(scope, limited(receive, most), _with_headers(send))

    def _asks_for_key(self, scope: Scope) -> bool:
        path: str = scope["path"]
        if not path.startswith("/api/") or path in _OPEN:
            return False
        folder, _, name = path.rpartition("/")
        # A short id is arithmetic, not data: anyone may have it decoded.
        is_short_id = folder == "/api/runs" and bool(name) and path not in self._named
        return not (is_short_id and scope["method"] == "GET")


def _while_allowed(send: Send, is_allowed: Callable[[], bool]) -> Send:
    """End an answer that goes on for hours once the key is revoked that it was given for."""

    async def send_while_allowed(message: Message) -> None:
        if message.get("more_body") and not is_allowed():
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            raise ConnectionAbortedError("the key was revoked")
        await send(message)

    return send_while_allowed


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            present = {name.lower() for name, _ in headers}
            headers += [pair for pair in _HEADERS if pair[0] not in present]
            message = {**message, "headers": headers}
        await send(message)

    return send_with_headers


async def _unexpected(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "Internal Server Error"}, 500)


async def _too_large(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 413)


async def _not_found(_: Request, __: Exception) -> Response:
    return Response("404 Not Found", 404, media_type="text/plain")
