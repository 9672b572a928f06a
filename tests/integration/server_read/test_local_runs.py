"""`pluto ui`: the same API over the runs that clients left, or are writing, on this disk."""

import fcntl
import json
import math
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from pluto.server import views
from pluto.server.app import Server
from pluto.server.data_directory import Secrets
from pluto.server.serve import make_state
from pluto.server.settings import ServerSettings
from pluto.storage import Batch, Kind, MetricGroup, Record, RunWriter
from tests.integration.server_read.harness import ReadServer

START = 1_767_225_600_000


@pytest.fixture
def ui(tmp_path: Path) -> Iterator[ReadServer]:
    state = make_state(ServerSettings(tmp_path, mode="ui", auth="off"), Secrets("mlpl_x", b""))
    app = Server(state)
    yield ReadServer(state, app)
    app.close()
    state.catalog.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a list read nothing before it answers."""
    monkeypatch.setattr(views, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(views, "FIRST", 0)


def local_run(directory: Path, uid: str, status: str) -> RunWriter:
    writer = RunWriter(directory / ".pluto" / "mnist" / uid)
    facts = {
        "uid": uid,
        "project": "mnist",
        "name": f"run {uid}",
        "status": status,
        "created_at": START,
        "config": {"lr": 0.1},
    }
    values = np.array([[1.0], [math.nan], [0.5]])
    steps = np.arange(3, dtype=np.int64)
    group = MetricGroup(("loss",), steps, START + steps, values)
    writer.append(Batch(facts=facts, groups=[group], names={"loss": "METRIC"}))
    return writer


@pytest.mark.parametrize(
    ("status", "metadata", "cause"),
    [
        ("FAILED", {"type": "MemoryError", "message": "\nfull\nat 3"}, "MemoryError: full"),
        ("FAILED", {"type": "SystemExit", "code": 3}, "exit code 3"),
        ("TERMINATED", {"signal": "SIGTERM"}, "SIGTERM"),
        ("FAILED", {"message": "killed " * 99}, ("killed " * 99)[:200]),
        ("FAILED", None, None),
        ("COMPLETED", {"type": "SystemExit", "code": None}, None),
    ],
)
def test_the_list_says_why_each_run_ended(
    ui: ReadServer, tmp_path: Path, status: str, metadata: object, cause: str | None
) -> None:
    with closing(local_run(tmp_path, "abc", status)) as writer:
        writer.append(Batch(facts={"status_metadata": metadata}))
    (run,) = ui.json("/api/ui/runs")["runs"]
    assert (run["cause"] or "").strip() == (cause or "").strip()


def test_of_more_metrics_than_a_list_shows_losses_and_scores_are_kept(
    ui: ReadServer, tmp_path: Path
) -> None:
    names = ["sys/cpu", *(f"layer/{number:03}" for number in range(300)), "val/loss", "val/acc"]
    point = MetricGroup(tuple(names), np.array([1]), np.array([START]), np.ones((1, len(names))))
    with closing(local_run(tmp_path, "abc", "COMPLETED")) as writer:
        writer.append(Batch(groups=[point], names=dict.fromkeys(names, "METRIC")))
    (run,) = ui.json("/api/ui/runs")["runs"]
    assert len(run["summary"]) == views.MAX_SHOWN_METRICS
    assert {"loss", "val/loss", "val/acc"} <= run["summary"].keys()
    assert "sys/cpu" not in run["summary"]


def test_a_finished_run_on_disk_is_listed_and_read(ui: ReadServer, tmp_path: Path) -> None:
    local_run(tmp_path, "abc", "COMPLETED").close()

    (run,) = ui.json("/api/ui/runs")["runs"]

    assert (run["name"], run["status"], run["summary"]) == ("run abc", "COMPLETED", {"loss": 0.5})
    listed = ui.json("/api/runs/list", projectName="mnist", filter='{"config.lr": 0.1}')
    assert [each["id"] for each in listed["runs"]] == [run["id"]]
    metrics = ui.json("/api/runs/metrics", runId=run["id"], projectName="mnist")["metrics"]
    assert [point["valueFlag"] for point in metrics] == ["", "NaN", ""]


def test_runs_are_listed_before_what_they_logged_was_read(
    ui: ReadServer, tmp_path: Path, impatient: None
) -> None:
    for uid in ("a", "b", "c"):
        local_run(tmp_path, uid, "COMPLETED").close()

    answer = ui.json("/api/ui/runs", project="mnist")

    assert answer["unread"] == 3
    assert sorted(run["name"] for run in answer["runs"]) == ["run a", "run b", "run c"]
    assert [(run["summary"], run["config"]) for run in answer["runs"]] == [({}, {})] * 3
    whole = ui.json("/api/runs/list", projectName="mnist", filter='{"config.lr": 0.1}')
    assert len(whole["runs"]) == 3  # answers that filter wait
    answer = ui.json("/api/ui/runs", project="mnist")
    assert answer["unread"] == 0
    assert [run["summary"] for run in answer["runs"]] == [{"loss": 0.5}] * 3
    assert ui.json("/api/ui/projects")["unread"] == 0


def test_the_newest_runs_of_a_list_are_always_read(
    ui: ReadServer, tmp_path: Path, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "FIRST", 2)
    for uid in ("a", "b", "c"):
        local_run(tmp_path, uid, "COMPLETED").close()

    answer = ui.json("/api/ui/runs", project="mnist")

    assert answer["unread"] == 1
    assert [bool(run["summary"]) for run in answer["runs"]] == [True, True, False]


def test_values_are_read_in_the_background_once_a_list_was_asked_for(
    ui: ReadServer, tmp_path: Path, impatient: None
) -> None:
    for uid in ("a", "b", "c"):
        local_run(tmp_path, uid, "COMPLETED").close()

    deadline = time.monotonic() + 30
    while ui.json("/api/ui/runs", project="mnist")["unread"]:
        assert time.monotonic() < deadline

    assert ui.json("/api/ui/runs")["runs"][0]["config"] == {"lr": 0.1}


def test_a_run_that_is_being_written_is_running_and_one_without_a_writer_died(
    ui: ReadServer, tmp_path: Path
) -> None:
    alive, dead = (local_run(tmp_path, uid, "RUNNING") for uid in ("alive", "dead"))
    (dead.directory / "run.lock").touch()
    with (alive.directory / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        runs = {run["name"]: run for run in ui.json("/api/ui/runs")["runs"]}

    alive.close()
    dead.close()
    assert (runs["run alive"]["status"], runs["run alive"]["cause"]) == ("RUNNING", None)
    assert (runs["run dead"]["status"], runs["run dead"]["cause"]) == ("FAILED", "process died")


def test_a_run_of_another_process_cannot_be_cancelled_from_here(
    ui: ReadServer, tmp_path: Path
) -> None:
    writer = local_run(tmp_path, "alive", "RUNNING")
    with (writer.directory / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (run,) = ui.json("/api/ui/runs")["runs"]
        refused = ui.post(f"/api/ui/runs/{run['id']}/cancel", {})
    writer.close()
    assert refused.status_code == 409
    assert "stop it where it runs" in refused.json()["error"]


def test_the_session_of_the_viewer_shows_a_local_run_in_its_directory(
    ui: ReadServer, tmp_path: Path
) -> None:
    session = ui.json("/api/ui/session")
    assert session["mode"] == "ui"
    assert session["directory"] == str(tmp_path)
    compile(session["snippet"], "snippet", "exec")
    assert f"dir={str(tmp_path)!r}" in session["snippet"]
    assert "host=" not in session["snippet"]


def test_media_that_is_not_encoded_yet_is_no_file_and_hides_none(
    ui: ReadServer, tmp_path: Path
) -> None:
    writer = local_run(tmp_path, "abc", "COMPLETED")
    ready = {"fileName": "a.png", "fileType": "png", "fileSize": 1, "sha256": "a" * 64}
    bodies = [{"staged": {"class": "Image"}, "sampleIndex": 0}, ready, {"error": "no codec"}]
    records = [
        Record(Kind.FILE, START, 0, "image", "IMAGE", json.dumps(body).encode()) for body in bodies
    ]
    writer.append(Batch(records=records, names={"image": "IMAGE"}))
    writer.close()

    (run,) = ui.json("/api/ui/runs")["runs"]
    (file,) = ui.json(f"/api/ui/runs/{run['id']}/files")["files"]

    assert file["fileName"] == "a.png"


def test_a_run_made_just_after_a_look_is_seen_when_the_catalog_is_told(
    ui: ReadServer, tmp_path: Path
) -> None:
    assert ui.catalog.runs() == []
    local_run(tmp_path, "abc", "COMPLETED").close()
    ui.catalog.expire()
    assert [row.uid for row in ui.catalog.runs()] == ["abc"]
