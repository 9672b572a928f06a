"""SIGKILL of the server between any two of its steps: runs, files and changes are whole."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx

from pluto.server.file_rows import from_record
from pluto.server.sqlite import SqliteBackend
from pluto.storage import Kind
from tests.integration.server.harness import ServerProcess

KILLS = 12


def until_taken(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Repeat a request for as long as nobody answers it."""
    while True:
        try:
            answer = ask()
        except httpx.TransportError:
            time.sleep(0.01)
            continue
        assert answer.status_code in (200, 201), answer.text
        return answer


def record_one(client: httpx.Client, text: str) -> None:
    """Create a run, log a file, change tags and status: each once it is accepted."""
    new = {"runName": text, "projectName": "killed", "externalId": text}
    created = until_taken(lambda: client.post("/api/runs/create", json=new)).json()
    run_id = created["runId"]
    headers = {"X-Run-Id": str(run_id), "X-Project-Name": "killed"}
    file = {"fileName": "a.txt", "logName": "a", "fileSize": 1, "fileType": "txt"}
    files = {"files": [{**file, "step": 1, "time": 1}]}
    asked = until_taken(lambda: client.post("/files", json=files, headers=headers)).json()
    until_taken(lambda: client.put(asked["a"][0]["a.txt"], content=text * 9999))
    for path, change in (("tags", {"tags": [text]}), ("status", {"status": "COMPLETED"})):
        body = {"runId": run_id, **change}
        until_taken(lambda: client.post(f"/api/runs/{path}/update", json=body))  # noqa: B023


def test_runs_files_and_changes_that_were_accepted_outlive_sigkill(tmp_path: Path) -> None:
    data, chance, stop = tmp_path / "data", random.Random(11), threading.Event()
    server = ServerProcess(data)
    server.start()
    accepted = 0

    def record() -> None:
        nonlocal accepted
        with httpx.Client(base_url=server.url, timeout=30) as client:
            while not stop.is_set():
                record_one(client, str(accepted))
                accepted += 1

    thread = threading.Thread(target=record)
    thread.start()
    try:
        for kill in range(KILLS):
            while accepted <= kill and thread.is_alive():
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.1))
            server.kill()
            server.start()
    finally:
        stop.set()
        thread.join()
    server.close()

    assert accepted >= KILLS
    with closing(SqliteBackend(data)) as backend:
        assert backend.own is not None
        rows = sorted(backend.own.rows(), key=lambda row: row.id)
        assert [row.external_id for row in rows] == [str(number) for number in range(accepted)]
        assert [row.number for row in rows] == list(range(1, accepted + 1))
        for row in rows:
            assert (row.tags, row.status) == ((row.name,), "COMPLETED")
            (file,) = map(from_record, backend.reader(row).records(Kind.FILE))
            assert file is not None
            content = backend.blobs(row).path(str(file.sha256)).read_text()
            assert content == row.name * 9999
