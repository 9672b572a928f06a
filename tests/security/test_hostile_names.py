"""Names that lead elsewhere when they are taken for paths: in every place where a name goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.server.harness import DATA, GOOD, LOG, Run, lines
from tests.security.conftest import raw, upload
from tests.server_process import RunningServer

NAMES = [
    "../../../escaped",
    "..",
    "/etc/escaped",
    "a/../../../../escaped",
    "..\\..\\escaped",
    "%2e%2e%2fescaped",
    "escaped\x00.png",
    "~/escaped",
    "C:\\escaped",
    "file:///escaped",
    "\u202e../escaped",
    "\uff0e\uff0e/escaped",
    "con",
    "é" * 4000,
    "'; DROP TABLE run; --",
    "${HOME}/escaped",
    "$(touch escaped)",
]
SECRETS = ("secrets.json", "index.db", "server.lock", "cert.pem", "rows.db")


def tree(directory: Path) -> set[Path]:
    """Return everything around a server's data directory, but not what is in it."""
    return {
        path
        for path in directory.parent.rglob("*")
        if directory not in (path, *path.parents) and ".pluto" not in path.parts
    }


def directories(server: RunningServer) -> list[Path]:
    return [path for path in (server.data / "runs").rglob("*") if path.is_dir()]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_never_becomes_a_place(
    server: RunningServer, client: httpx.Client, name: str
) -> None:
    before = tree(server.data)
    body = {"runName": name, "projectName": name, "externalId": name, "tags": [name]}
    created = client.post("/api/runs/create", json=body)
    assert created.status_code in (200, 400), created.text
    run = Run(client, "names")
    answers = [
        run.send("metrics", lines({"time": 1, "step": 1, "data": {name: 1.0}})),
        run.send("logs", lines({**LOG, "message": name})),
        run.send("data", lines({**DATA, "logName": name, "data": name})),
        upload(run, b"x", name, "text/plain", log_name=name),
    ]
    if name.isprintable() and name.isascii():  # as a header has to be
        answers.append(run.send("metrics", GOOD, f"{name}/metrics/0"))

    assert {answer.status_code for answer in answers} <= {200, 422}
    assert tree(server.data) == before
    for path in directories(server):
        assert path.resolve().is_relative_to(server.data.resolve())
        assert "escaped" not in path.parts
    listed = client.get("/api/runs/list", params={"projectName": name})
    assert listed.status_code in (200, 400)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "pattern",
    [
        "/{}",
        "/../{}",
        "/../../{}",
        "/assets/../../../{}",
        "/assets/..%2f..%2f{}",
        "/%2e%2e/%2e%2e/{}",
        "/assets/....//....//{}",
        "//{}",
        "/o/blob/../../{}",
        "/o/blob/1/../../../{}",
        "/o/blob/1/..%2f..%2f{}",
        "/p/../{}",
        "/assets/\\..\\..\\{}",
        "/%00/{}",
        "/file:///{}",
    ],
)
def test_no_path_leads_to_what_the_server_keeps(
    server: RunningServer, secret: str, pattern: str
) -> None:
    signing = (server.data / "secrets.json").read_bytes()
    for key in ("", server.key):
        answer = raw(server, f"GET {pattern.format(secret)} HTTP/1.1", key)
        assert server.key.encode() not in answer
        assert signing[20:60] not in answer
        assert b"SQLite format" not in answer


@pytest.mark.parametrize(
    "place", ["../secrets.json", "..%2Fsecrets.json", "0" * 64, "A" * 64, "f" * 65, "", "..", "~"]
)
def test_bytes_of_files_are_found_by_digest_alone(
    server: RunningServer, full_run: Run, place: str
) -> None:
    for run in (str(full_run.id), "..", "-1", "9" * 40, "%D9%A1"):
        answer = raw(server, f"GET /o/blob/{run}/{place} HTTP/1.1", server.key)
        assert answer.split()[1] in (b"400", b"404"), answer


def test_a_run_is_told_from_another_by_its_id_alone(client: httpx.Client) -> None:
    """Two names that are alike on disk are two runs, each with its own rows."""
    runs = [Run(client, project) for project in ("a/b", "a-b", "a b", "a\\b", "A/B")]
    for number, run in enumerate(runs):
        row: dict[str, Any] = {"time": 1, "step": 1, "data": {"x": float(number)}}
        assert run.send("metrics", lines(row)).status_code == 200

    assert [run.raw("x") for run in runs] == [[(1, float(number))] for number in range(len(runs))]
