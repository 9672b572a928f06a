"""A server with a key, a run that has something of everything, and a browser that is signed in."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page

from tests.e2e.browser import browsing, signed_in
from tests.integration.server.harness import DATA, LOG, Run, lines, metric_lines
from tests.server_process import RunningServer


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture(scope="module")
def full_run(client: httpx.Client) -> Run:
    """A run with metrics, console lines, data and a file."""
    run = Run(client, "attacked")
    table = json.dumps({"col": ["a"], "row": ["b"], "table": [[1]]})
    for answer in (
        run.send("metrics", metric_lines(0, 100)),
        run.send("logs", lines(LOG)),
        run.send("data", lines({**DATA, "data": table})),
        upload(run, b"hello", "notes.txt", "text/plain"),
    ):
        assert answer.status_code == 200, answer.text
    return run


@pytest.fixture(scope="module")
def person(chromium: Path, server: RunningServer) -> Iterator[BrowserContext]:
    with browsing(chromium) as browser:
        yield signed_in(browser, server)


@pytest.fixture
def page(person: BrowserContext) -> Iterator[Page]:
    page = person.new_page()
    yield page
    page.close()


def upload(
    run: Run, content: bytes, name: str, mime: str, log_name: str = "file"
) -> httpx.Response:
    """Log a file as a client does."""
    asked = {
        "fileName": name,
        "logName": log_name,
        "fileSize": len(content),
        "fileType": name.rpartition(".")[2],
        "step": 1,
        "time": 1,
    }
    answer = run.client.post("/files", json={"files": [asked]}, headers=run.headers)
    assert answer.status_code == 200, answer.text
    url = answer.json()[log_name][0][name]
    return httpx.put(url, content=content, headers={"Content-Type": mime})


def raw(server: RunningServer, first_line: str, key: str = "") -> bytes:
    """Send a request as it stands: HTTP clients would put the path in order."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = f"{first_line}\r\nHost: {host}:{port}\r\nConnection: close\r\n"
        head += f"Authorization: Bearer {key}\r\n" if key else ""
        connection.sendall(f"{head}\r\n".encode())
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
    return answer
