"""The whole server on an engine that is not SQLite answers as it does on SQLite."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from pluto.server.app import Server
from pluto.server.data_directory import Secrets
from pluto.server.serve import make_state
from pluto.server.settings import ServerSettings
from tests.conformance.conftest import ENGINES

BORN = 1_767_225_600_000
HEADERS = {"X-Run-Id": "1", "X-Project-Name": "mnist"}
CHANGING = re.compile(
    r'"(uid|updatedAt|updated_at|durationMs|createdAt|statusUpdated|latency_ms)":\s*("[^"]*"|\d+)'
    r"|\?[^\"]*exp=[^\"]*|\d+ ms"
)
METRICS = [  # sums of these values are exact, in whichever order
    {"time": BORN + 10 * step, "step": step % 700, "data": {"loss": step % 64 / 64, "acc": step}}
    for step in range(900)
]
LOGS = [
    {"time": BORN + n, "message": f"line {n}", "lineNumber": n, "logType": kind}
    for n, kind in enumerate(["INFO", "ERROR", "INFO"] * 20, 1)
]
DATA = [
    {
        "time": BORN + step,
        "step": step,
        "dataType": "HISTOGRAM",
        "logName": "weights",
        "data": json.dumps({"freq": [1, 2], "bins": {"min": 0, "max": 1, "num": 2}}),
    }
    for step in range(5)
]
RUN = {"runName": "a", "projectName": "mnist", "externalId": "job", "createdAt": BORN}
FORK = {"runName": "b", "projectName": "mnist", "createdAt": BORN, "forkRunId": 1, "forkStep": 7}
NAMES = {"runId": 1, "logName": ["val"], "logType": "DATA"}
FILE = {
    "fileName": "cat.txt",
    "logName": "cats",
    "fileSize": 4,
    "fileType": "txt",
    "step": 1,
    "time": BORN,
}
CHART = {"runs": [1, 2], "names": ["loss", "acc", "none"], "buckets": 40}
BUCKETS = {
    "organizationId": "local",
    "projectName": "mnist",
    "runIds": ["MNI-1"],
    "logNames": ["loss"],
    "buckets": 20,
}

STORY: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/runs/create", {"json": {**RUN, "tags": ["x"], "config": '{"lr": 0.1}'}}),
    ("POST", "/api/runs/create", {"json": RUN}),
    ("POST", "/ingest/metrics", {"rows": METRICS}),
    ("POST", "/ingest/metrics", {"rows": METRICS[:20], "numbered": "w/metrics/0"}),
    ("POST", "/ingest/metrics", {"rows": METRICS[:25], "numbered": "w/metrics/0"}),
    ("POST", "/ingest/metrics", {"content": '{"time": 1, "step": 1, "data": {"loss": NaN}}\n{"x"'}),
    ("POST", "/ingest/logs", {"rows": LOGS}),
    ("POST", "/ingest/data", {"rows": DATA}),
    ("POST", "/step", {}),
    ("POST", "/api/runs/create", {"json": FORK}),
    (
        "POST",
        "/api/runs/logName/add",
        {"json": NAMES},
    ),
    ("POST", "/api/runs/config/update", {"json": {"runId": 1, "config": '{"seed": 1}'}}),
    ("POST", "/api/runs/tags/update", {"json": {"runId": 1, "tags": ["y"]}}),
    ("POST", "/api/runs/trigger", {"json": {"runId": 1}}),
    ("POST", "/api/runs/status/update", {"json": {"runId": 1, "status": "COMPLETED"}}),
    ("GET", "/api/runs/projects", {}),
    ("GET", "/api/runs/list", {"params": {"projectName": "mnist", "search": "a"}}),
    ("GET", "/api/runs/details/1", {}),
    ("GET", "/api/runs/status/history", {"params": {"runId": 1}}),
    ("GET", "/api/runs/metrics", {"params": {"runId": 1, "projectName": "mnist", "limit": 50}}),
    (
        "GET",
        "/api/runs/metrics/raw",
        {"params": {"runId": 1, "projectName": "mnist", "logName": "loss"}},
    ),
    ("GET", "/api/runs/statistics", {"params": {"runId": 1, "projectName": "mnist"}}),
    ("GET", "/api/runs/logs", {"params": {"runId": 1, "projectName": "mnist", "logType": "ERROR"}}),
    (
        "GET",
        "/api/runs/leaderboard",
        {"params": {"projectName": "mnist", "logName": "acc", "aggregation": "MAX"}},
    ),
    ("GET", "/api/runs/metric-names", {"params": {"projectName": "mnist", "search": "los"}}),
    (
        "GET",
        "/api/runs/compare",
        {"params": {"projectName": "mnist", "logName": "acc", "runIds": "1,2"}},
    ),
    (
        "GET",
        "/api/chart-data/multi-metric-batch-bucketed",
        {"params": {"input": json.dumps(BUCKETS)}},
    ),
    ("GET", "/api/ui/projects", {}),
    ("GET", "/api/ui/runs", {"params": {"project": "mnist"}}),
    ("GET", "/api/ui/runs/1", {}),
    ("GET", "/api/ui/runs/2/story", {}),
    ("GET", "/api/ui/runs/1/console", {"params": {"last": 10}}),
    ("GET", "/api/ui/runs/1/data", {"params": {"name": "weights"}}),
    ("POST", "/api/ui/series", {"json": CHART}),
    ("POST", "/api/ui/series", {"json": {**CHART, "x": "relative", "lo": 50, "hi": 5000}}),
    ("POST", "/api/ui/summaries", {"json": {"project": "mnist", "names": ["acc"]}}),
    ("POST", "/api/ui/runs/delete", {"json": {"runs": [1]}}),
    ("GET", "/api/ui/runs/1", {}),
    ("POST", "/ingest/metrics", {"rows": METRICS[:1]}),
    ("POST", "/api/ui/runs/restore", {"json": {"runs": [1, 7]}}),
    ("GET", "/api/ui/runs", {}),
    ("GET", "/api/health/ready", {}),
]


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Server]]:
    """One server on each engine."""
    with ExitStack() as stack:
        servers = []
        for name, engine in ENGINES.items():
            (tmp_path / name).mkdir()
            settings = ServerSettings(tmp_path / name, auth="off")
            state = make_state(settings, Secrets("mlpl_x", b"x"), engine(tmp_path / name))
            servers.append(Server(state))
            stack.callback(state.catalog.close)
            stack.callback(servers[-1].close)
        yield servers


def ask(app: Server, method: str, path: str, asked: dict[str, Any]) -> httpx.Response:
    arguments = dict(asked)
    headers = dict(HEADERS)
    if "rows" in arguments:
        arguments["content"] = "\n".join(map(json.dumps, arguments.pop("rows")))
    if "numbered" in arguments:
        headers["X-Pluto-Rows"] = arguments.pop("numbered")

    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as one:
            return await one.request(method, path, headers=headers, **arguments)

    return asyncio.run(call())


def told(answer: httpx.Response) -> tuple[int, str | bytes]:
    """Return status and body, without what the clock has a say in."""
    if "json" not in answer.headers.get("content-type", ""):
        return answer.status_code, answer.content
    return answer.status_code, CHANGING.sub("", answer.text)


def test_every_answer_of_a_server_is_the_same_on_every_engine(servers: list[Server]) -> None:
    statuses = []
    for method, path, asked in STORY:
        answers = [told(ask(app, method, path, asked)) for app in servers]
        assert answers[0] == answers[1], path
        statuses.append(answers[0][0])
    refused = [place for place, status in enumerate(statuses) if status >= 400]
    assert [STORY[place][1] for place in refused] == [
        "/ingest/metrics",  # half a line
        "/api/ui/runs/1",  # deleted
        "/ingest/metrics",
    ]


def test_a_file_is_announced_taken_and_given_out_on_every_engine(servers: list[Server]) -> None:
    for app in servers:
        ask(app, "POST", "/api/runs/create", {"json": RUN})
        announced = ask(app, "POST", "/files", {"json": {"files": [FILE]}})
        before = ask(app, "GET", "/api/ui/runs/1/files", {}).json()
        (upload,) = announced.json()["cats"][0].values()
        put = ask(app, "PUT", upload, {"content": b"meow"})
        (file,) = ask(app, "GET", "/api/ui/runs/1/files", {}).json()["files"]
        given = ask(app, "GET", file["url"], {})
        assert (put.status_code, before["files"], file["fileName"]) == (200, [], "cat.txt")
        assert (given.status_code, given.content) == (200, b"meow")
