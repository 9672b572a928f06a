"""What the dashboard does to many runs at once, in a server and over runs on disk."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pluto.server.app import Server
from pluto.server.catalog import Catalog
from pluto.server.changes import StatusChange
from pluto.server.data_directory import Secrets
from pluto.server.rows import RunRow
from pluto.server.serve import make_state
from pluto.server.settings import ServerSettings
from pluto.server.sqlite import SqliteBackend, run_directory
from pluto.storage import Batch, MetricGroup, RunWriter
from pluto.sync import run_directories
from tests.integration.server_read.harness import ReadServer


def finished(server: ReadServer, name: str, **facts: Any) -> RunRow:
    row = server.run(name, **facts)
    server.log(row, {"loss": [2.0, 1.0]})
    return server.state.changes.set_status(row.id, StatusChange("COMPLETED"))


def names(server: ReadServer) -> list[str]:
    return sorted(run["name"] for run in server.json("/api/ui/runs")["runs"])


def bulk(server: ReadServer, what: str, runs: list[int], **more: Any) -> Any:
    answer = server.post(f"/api/ui/runs/{what}", {"runs": runs, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_tags_are_added_and_removed_without_touching_the_others(server: ReadServer) -> None:
    first, second = finished(server, "a", tags=("x", "old")), finished(server, "b")

    answer = bulk(server, "tags", [first.id, second.id, 999], add=["new", "x"], remove=["old"])

    assert answer == {
        "done": [first.id, second.id],
        "refused": [{"run": 999, "reason": "it is not there"}],
    }
    tags = {run["name"]: run["tags"] for run in server.json("/api/ui/runs")["runs"]}
    assert tags == {"a": ["x", "new"], "b": ["new", "x"]}
    refused = bulk(server, "tags", [first.id], add=["group:a", "group:b"], remove=[])["refused"]
    assert "at most one group" in refused[0]["reason"]


def test_a_deleted_run_comes_back_with_all_it_had(server: ReadServer) -> None:
    row, other = finished(server, "gone", external_id="mine"), finished(server, "stays")
    before = server.json(f"/api/ui/runs/{row.id}")["run"]

    assert bulk(server, "delete", [row.id]) == {"done": [row.id], "refused": []}

    assert names(server) == ["stays"]
    assert server.get(f"/api/ui/runs/{row.id}").status_code == 404
    assert server.json("/api/runs/list", projectName="mnist")["total"] == 1
    assert not run_directory(row).exists()

    assert bulk(server, "restore", [row.id]) == {"done": [row.id], "refused": []}

    assert names(server) == ["gone", "stays"]
    assert server.json(f"/api/ui/runs/{row.id}")["run"] == before
    assert server.catalog.by_external_id("mine", "mnist") == server.catalog.get(row.id)
    # It can be written again, and a new run gets a number of its own.
    server.state.changes.set_tags(row.id, ["back"])
    assert finished(server, "new").number == (other.number or 0) + 1


def test_a_deleted_run_stays_deleted_when_the_server_starts_again(
    server: ReadServer, tmp_path: Path
) -> None:
    row = finished(server, "gone")
    finished(server, "stays")
    bulk(server, "delete", [row.id])
    again = Catalog(SqliteBackend(tmp_path / "data"))
    try:
        assert [each.name for each in again.runs()] == ["stays"]
    finally:
        again.close()
    assert bulk(server, "restore", [row.id])["done"] == [row.id]


def test_deleted_runs_of_a_project_are_listed_and_removed_for_good(server: ReadServer) -> None:
    rows = [finished(server, name) for name in ("old", "new")]
    elsewhere = finished(server, "elsewhere", project="other")
    for row in (*rows, elsewhere):
        bulk(server, "delete", [row.id])

    found = server.json("/api/ui/deleted", project="mnist")
    assert found["total"] == 2
    assert [run["name"] for run in found["runs"]] == ["new", "old"]
    assert found["runs"][0]["displayId"] == rows[1].display_id
    assert found["runs"][0]["status"] == "COMPLETED"

    trash = run_directory(rows[0]).parent / ".trash"
    assert len(list(trash.iterdir())) == 2
    assert bulk(server, "discard", [rows[0].id])["done"] == [rows[0].id]
    assert [path.name for path in trash.iterdir()] == [run_directory(rows[1]).name]
    (refused,) = bulk(server, "restore", [rows[0].id])["refused"]
    assert refused["reason"] == "it is not there"
    # What is listed is never removed for good: it has to be deleted first.
    kept = finished(server, "kept")
    assert bulk(server, "discard", [kept.id])["done"] == []
    assert names(server) == ["kept"]


def test_runs_that_an_earlier_version_deleted_are_listed_and_restored(
    server: ReadServer, tmp_path: Path
) -> None:
    row, cleaned = finished(server, "gone"), finished(server, "cleaned")
    bulk(server, "delete", [row.id, cleaned.id])
    notes = {str(each.id): str(run_directory(each)) for each in (row, cleaned)}
    (tmp_path / "data" / "trash.json").write_text(json.dumps(notes))
    shutil.rmtree(run_directory(cleaned).parent / ".trash" / run_directory(cleaned).name)

    again = SqliteBackend(tmp_path / "data")
    try:
        (found,) = again.deleted()
        assert (found.id, found.name, found.project) == (row.id, "gone", "mnist")
        assert found.deleted_at > row.created_at
        again.restore(row.id)
        assert again.deleted() == []
    finally:
        again.close()


def test_a_running_run_is_not_deleted(server: ReadServer) -> None:
    row = server.run("live")
    (refused,) = bulk(server, "delete", [row.id])["refused"]
    assert "stop it first" in refused["reason"]
    assert names(server) == ["live"]


def test_a_run_is_not_restored_twice_nor_over_another_with_its_external_id(
    server: ReadServer,
) -> None:
    row = finished(server, "old", external_id="job")
    bulk(server, "delete", [row.id])
    finished(server, "new", external_id="job")
    (refused,) = bulk(server, "restore", [row.id])["refused"]
    assert "cannot be taken back" in refused["reason"]
    assert not run_directory(row).exists()
    assert names(server) == ["new"]
    (unknown,) = bulk(server, "restore", [12345])["refused"]
    assert unknown["reason"] == "it is not there"


@pytest.fixture
def ui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReadServer]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    settings = ServerSettings(tmp_path / "shown", mode="ui", auth="off")
    state = make_state(settings, Secrets("mlpl_x", b""))
    app = Server(state)
    yield ReadServer(state, app)
    app.close()
    state.catalog.close()


def local_run(root: Path, name: str) -> Path:
    directory = root / ".pluto" / "mnist" / name
    facts = {"uid": name, "project": "mnist", "name": name, "status": "COMPLETED", "created_at": 1}
    steps = np.arange(2, dtype=np.int64)
    writer = RunWriter(directory)
    group = MetricGroup(("loss",), steps, steps + 1, np.array([[2.0], [1.0]]))
    writer.append(Batch(facts=facts, groups=[group], names={"loss": "METRIC"}))
    writer.close()
    return directory


def test_local_runs_are_deleted_and_taken_back(ui: ReadServer, tmp_path: Path) -> None:
    directory = local_run(tmp_path / "shown", "gone")
    local_run(tmp_path / "shown", "stays")
    ids = {run["name"]: run["id"] for run in ui.json("/api/ui/runs")["runs"]}

    assert bulk(ui, "delete", [ids["gone"]])["done"] == [ids["gone"]]
    assert names(ui) == ["stays"]
    assert not directory.exists()
    assert [path.name for path in run_directories(tmp_path / "shown")] == ["stays"]
    assert bulk(ui, "restore", [ids["gone"]])["done"] == [ids["gone"]]
    assert names(ui) == ["gone", "stays"]
    assert ui.json(f"/api/ui/runs/{ids['gone']}")["run"]["summary"] == {"loss": 1}


def test_a_local_run_that_a_process_writes_is_not_deleted(ui: ReadServer, tmp_path: Path) -> None:
    directory = local_run(tmp_path / "shown", "synced")
    (run,) = ui.json("/api/ui/runs")["runs"]
    held = os.open(directory / "run.lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        (refused,) = bulk(ui, "delete", [run["id"]])["refused"]
    finally:
        os.close(held)
    assert "a process is writing it" in refused["reason"]
    assert names(ui) == ["synced"]
