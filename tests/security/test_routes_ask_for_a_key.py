"""Every route of the server, documented or not, tried without a key."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.routing import BaseRoute, Route

from pluto.server.app import Server
from pluto.server.data_directory import Secrets
from pluto.server.openapi import document
from pluto.server.serve import make_state
from pluto.server.settings import ServerSettings
from tests.integration.server.harness import Run
from tests.security.conftest import raw
from tests.server_process import RunningServer

# Each is open for a reason: health and version for watchdogs, the page and its files to sign in
# with, and the arithmetic of short ids.
OPEN = {
    "/api/health",
    "/api/health/ready",
    "/health",
    "/health/ready",
    "/health/dlq",
    "/healthz",
    "/api/version",
    "/api/version/all",
    "/version",
    "/api/openapi.json",
    "/api/docs",
    "/api/runs/{sqid}",
    "/sign-in",
    "/",
    "/p/{rest:path}",
    "/o/{rest:path}",
    "/{file:path}",
}
UNROUTED = ("/ingest/metrics", "/ingest/logs", "/ingest/data", "/files", "/step")
REFUSED = {401, 403}


def all_routes(directory: Path) -> Iterator[tuple[str, str]]:
    state = make_state(ServerSettings(directory), Secrets("mlpl_key", b"secret"))
    app = Server(state)
    routes: list[BaseRoute] = app._routed.routes
    for route in routes:
        assert isinstance(route, Route)
        for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
            yield method, route.path
    app.close()
    state.catalog.close()


def test_every_route_but_those_meant_to_be_open_asks_for_a_key(
    server: RunningServer, full_run: Run, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    routes = list(all_routes(tmp_path / "data"))
    assert len(routes) > 30
    for method, path in [*routes, *itertools.product(["POST"], UNROUTED)]:
        if path in OPEN:
            continue
        address = re.sub(r"{(\w+)(:\w+)?}", str(full_run.id), path)
        body = {"runId": full_run.id, "alert": {}, "files": []}
        for headers in ({}, {"Authorization": "Bearer mlpl_wrong"}, {"Cookie": forged(server)}):
            answer = httpx.request(method, server.url + address, headers=headers, json=body)
            is_wrapped = path.startswith("/ingest/") and answer.status_code == 422
            assert answer.status_code in REFUSED or is_wrapped, (method, path, answer.text)
            assert "Token" in answer.text or not is_wrapped


def forged(server: RunningServer) -> str:
    port = urlsplit(server.url).port
    return f"pluto_session_{port}=9999999999.abcdef.{'0' * 64}"


def test_what_is_open_tells_nothing_of_runs(server: RunningServer, full_run: Run) -> None:
    for path in OPEN:
        address = re.sub("{.*?}", "attacked", path)
        answer = httpx.get(server.url + address)
        # The page of the sign-in knows where it shall lead to, which the stranger told it.
        told = answer.text.replace(f'name="to" value="{address}"', "")
        assert "attacked" not in told.replace("attacked.", ""), path
        assert answer.status_code < 500


def test_the_document_asks_for_a_key_wherever_the_server_does() -> None:
    described = document()
    assert described["security"] == [{"bearerAuth": []}]
    open_paths = {
        path
        for path, operations in described["paths"].items()
        if any(operation.get("security") == [] for operation in operations.values())
    }
    assert open_paths <= OPEN


@pytest.mark.parametrize(
    "path",
    [
        "/api//runs/list",
        "//api/runs/list",
        "/API/runs/list",
        "/api/../api/runs/list",
        "/api/health/../runs/list",
        "/api/runs/list/",
        "/api/runs/list%2f",
        "/api/runs%2flist",
        "/%61pi/runs/list",
        "/api/runs/./list",
        "/p/../api/runs/list",
        "/api/runs/list;x=/api/health",
        "/api/runs/projects?x=/api/health",
        "/api/health%00/../runs/list",
    ],
)
def test_no_spelling_of_a_path_gets_around_the_key(
    server: RunningServer, full_run: Run, path: str
) -> None:
    for method in ("GET", "POST", "PUT", "HEAD", "OPTIONS", "TRACE"):
        answer = raw(server, f"{method} {path} HTTP/1.1")
        assert b"attacked" not in answer, (method, answer)
