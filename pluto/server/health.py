"""Whether the server is well and which version it is, in the words of each service."""

from __future__ import annotations

import time
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pluto.errors import StorageError
from pluto.server.settings import version
from pluto.server.state import ServerState
from pluto.server.wire import local_port

_SERVICES: Final = {3001: "backend", 3003: "ingest", 3004: "py"}


class HealthRoutes:
    """Serves the health and version paths of the api, ingest and py services; no key is needed."""

    def __init__(self, state: ServerState) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Return the routes."""
        paths = {
            "/health": _ok,
            "/api/health": _ok,
            "/health/ready": self._ready,
            "/api/health/ready": self._ready,
            "/health/dlq": _dead_letters,
            "/healthz": _heartbeats,
            "/version": _version,
            "/api/version": _api_version,
            "/api/version/all": _all_versions,
        }
        return [Route(path, call, methods=["GET"]) for path, call in paths.items()]

    async def _ready(self, _: Request) -> Response:
        started = time.perf_counter()
        try:
            self._state.catalog.backend.check()
        except StorageError as error:
            check: dict[str, Any] = {"status": "down", "error": str(error)}
        else:
            check = {"status": "up"}
        check["latency_ms"] = round(1000 * (time.perf_counter() - started))
        healthy = check["status"] == "up"
        body = {"status": "healthy" if healthy else "unhealthy", "checks": {"index": check}}
        return _json(body, 200 if healthy else 503)


async def _ok(_: Request) -> Response:
    return PlainTextResponse("OK")


async def _dead_letters(_: Request) -> Response:
    return _json({"batches_pending": 0, "records_pending": 0, "disk_usage_mb": 0})


async def _heartbeats(_: Request) -> Response:
    return _json({"status": "ok", "heartbeatWrites": {"failing": False}})


async def _version(request: Request) -> Response:
    return _json(_description(_SERVICES.get(local_port(request.scope), "pluto")))


async def _api_version(_: Request) -> Response:
    return _json(_description("backend"))


async def _all_versions(_: Request) -> Response:
    return _json({name: _description(name) for name in _SERVICES.values()})


def _description(service: str) -> dict[str, str]:
    return {
        "service": service,
        "version": version(),
        "gitCommit": "unknown",
        "gitBranch": "unknown",
        "buildTime": "unknown",
    }


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
