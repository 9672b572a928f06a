"""Heartbeats, alerts and the search for silent runs: the py service."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pluto.server.auth import Gate
from pluto.server.catalog import ReadOnlyCatalog
from pluto.server.liveness import SILENCE_GRACE_SECONDS
from pluto.server.state import ServerState


class _Trigger(msgspec.Struct, rename="camel"):
    run_id: int


class _Alert(msgspec.Struct, rename="camel"):
    run_id: int
    alert: dict[str, str | int | bool | None]


class SignalRoutes:
    """Serves the paths below `/api/runs/` and `/api/stale-runs/` that are not api's."""

    def __init__(self, state: ServerState, gate: Gate) -> None:
        self._state = state
        self._gate = gate

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/runs/trigger", self._trigger, methods=["POST"]),
            Route("/api/runs/alert", self._alert, methods=["POST"]),
            Route("/api/stale-runs/trigger", self._reap, methods=["POST"]),
        ]

    async def _trigger(self, request: Request) -> Response:
        asked = await _body(request, _Trigger)
        if isinstance(asked, Response):
            return asked
        refusal = self._refusal(request, asked.run_id)
        if refusal:
            return refusal
        status = await run_in_threadpool(self._state.liveness.beat, asked.run_id)
        return _json(200, {"status": status, "triggers": None})

    async def _alert(self, request: Request) -> Response:
        asked = await _body(request, _Alert)
        if isinstance(asked, Response):
            return asked
        refusal = self._refusal(request, asked.run_id)
        if refusal:
            return refusal
        await run_in_threadpool(self._state.changes.add_alert, asked.run_id, asked.alert)
        return _json(200, {"status": "success"})

    async def _reap(self, _: Request) -> Response:
        failed = await run_in_threadpool(self._state.liveness.reap)
        return _json(
            200,
            {
                "processed": len(failed),
                "marked_failed": failed,
                "grace_seconds": SILENCE_GRACE_SECONDS,
            },
        )

    def _refusal(self, request: Request, run_id: int) -> Response | None:
        unauthorized = self._gate.py(request.scope)
        if unauthorized:
            return _json(401, unauthorized)
        try:
            known = self._state.catalog.own.get(run_id)
        except ReadOnlyCatalog as error:
            return _json(403, {"detail": str(error)})
        return None if known else _json(404, {"detail": "Run not found"})


async def _body(request: Request, kind: type[Any]) -> Any:
    """Return the body, or the answer to one that is no such thing."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        detail = [{"type": "value_error", "loc": ["body"], "msg": str(error), "input": None}]
        return _json(422, {"detail": detail})


def _json(status: int, value: Any) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
