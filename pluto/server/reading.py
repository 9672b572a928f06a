"""The routes of everything that only reads, and of the dashboard's own API."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from pluto.server import (
    charts,
    compare,
    runs_read,
    series_read,
    ui_alerts,
    ui_changes,
    ui_lineage,
    ui_records,
    ui_runs,
    ui_search,
    ui_story,
)
from pluto.server.endpoints import Endpoint, Reads
from pluto.server.live import live_route
from pluto.server.state import ServerState

ENDPOINTS: tuple[Endpoint[Any], ...] = (
    *series_read.ENDPOINTS,
    *compare.ENDPOINTS,
    *runs_read.ENDPOINTS,
    *ui_runs.ENDPOINTS,
    *charts.ENDPOINTS,
    *ui_records.ENDPOINTS,
    *ui_alerts.ENDPOINTS,
    *ui_search.ENDPOINTS,
    *ui_story.ENDPOINTS,
    *ui_lineage.ENDPOINTS,
    *ui_changes.ENDPOINTS,
)


def routes(state: ServerState) -> list[Route]:
    """Return the routes in the order of matching."""
    reads = Reads(state)
    return [live_route(state.catalog), *(endpoint.route(reads) for endpoint in ENDPOINTS)]


def last_routes(state: ServerState) -> list[Route]:
    """Return the routes that match what no other route below `/api/runs/` does."""
    reads = Reads(state)
    return [endpoint.route(reads) for endpoint in runs_read.LAST_ENDPOINTS]
