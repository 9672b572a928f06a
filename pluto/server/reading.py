"""The routes of everything that only reads, and of the dashboard's own API."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from pluto.server import (
    charts,
    compare,
    runs_read,
    series_read,
    ui_changes,
    ui_records,
    ui_runs,
    ui_story,
)
from pluto.server.endpoints import Endpoint, Reads
from pluto.server.live import live_route
from pluto.server.run_cache import RunCache
from pluto.server.state import ServerState
from pluto.server.views import Views

ENDPOINTS: tuple[Endpoint[Any], ...] = (
    *series_read.ENDPOINTS,
    *compare.ENDPOINTS,
    *runs_read.ENDPOINTS,
    *ui_runs.ENDPOINTS,
    *charts.ENDPOINTS,
    *ui_records.ENDPOINTS,
    *ui_story.ENDPOINTS,
    *ui_changes.ENDPOINTS,
)


def routes(state: ServerState) -> list[Route]:
    """Return the routes in the order of matching; all share one cache of what runs hold."""
    reads = Reads(state, Views(RunCache(state.settings.cache("views.db"))))
    live = live_route(state.catalog, reads.views.versions)
    return [live, *(endpoint.route(reads) for endpoint in ENDPOINTS)]


def last_routes(state: ServerState) -> list[Route]:
    """Return the routes that match what no other route below `/api/runs/` does."""
    reads = Reads(state)
    return [endpoint.route(reads) for endpoint in runs_read.LAST_ENDPOINTS]
