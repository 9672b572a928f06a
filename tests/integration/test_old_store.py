"""`pluto sync` delivers what the published client left behind: all of it, and once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pluto.errors import RunInUse, StorageError
from pluto.old_store import take_over
from pluto.storage import Kind, RunReader
from tests.server_process import RunningServer

SCRIPT = Path(__file__).with_name("old_store_script.py")
STEPS = 300
SERVICES = ("APP", "API", "INGEST", "PY")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(
    server: RunningServer, upstream_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A directory that the published client has left behind."""
    directory = tmp_path_factory.mktemp("left")
    addresses = {f"PLUTO_URL_{service}": server.url for service in SERVICES}
    done = subprocess.run(
        [upstream_python, SCRIPT],
        cwd=directory,
        env={
            **os.environ,
            **addresses,
            "PLUTO_API_KEY": server.key,
            "PLUTO_DISABLE_TELEMETRY": "1",
            "HOME": str(directory),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return directory


@pytest.fixture
def left(made: Path, tmp_path: Path) -> Path:
    """A copy of it; the directory of the run."""
    shutil.copytree(made / ".pluto", tmp_path / ".pluto")
    (store,) = tmp_path.rglob("sync.db")
    return store.parent


def sync(server: RunningServer, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pluto", "sync", "--url", server.url, *arguments]
    environment = {**os.environ, "PLUTO_API_KEY": server.key}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=90
    )
    return done.returncode, done.stdout + done.stderr


def read(server: RunningServer, path: str, **query: Any) -> Any:
    with server.client() as client:
        return client.get(f"/api/{path}", params=query).raise_for_status().json()


def raw(server: RunningServer, name: str) -> list[tuple[int, Any]]:
    rows = read(server, "runs/metrics/raw", runId=1, projectName="old", logName=name)["rows"]
    flags = {0: None, 1: "NaN", 2: "Infinity", 4: "-Infinity"}
    return [(int(row["step"]), flags[row["nonFiniteFlags"]] or row["value"]) for row in rows]


def statuses(store: Path) -> list[int]:
    with closing(sqlite3.connect(store)) as connection:
        rows = connection.execute("SELECT status FROM sync_queue ORDER BY id").fetchall()
    return [row[0] for row in rows]


def test_all_that_was_not_sent_arrives_once_however_often_it_is_sent(
    server: RunningServer, left: Path, tmp_path: Path
) -> None:
    before, status = statuses(left / "sync.db"), read(server, "runs/details/1")["status"]
    assert set(before) - {2}
    code, printed = sync(server, str(tmp_path))
    assert code == 0, printed
    for again in ([str(tmp_path)], ["--path", str(left / "sync.db")]):
        code, printed = sync(server, *again)
        assert (code, "nothing is left to send" in printed) == (0, True), printed
    assert raw(server, "loss") == [(step, 1 / (step + 1)) for step in range(STEPS)]
    assert raw(server, "odd") == [(7, "NaN")]
    assert raw(server, "low") == [(7, "-Infinity")]
    assert raw(server, "numpy") == [(11, 1.5)]
    run = read(server, "runs/details/1")
    assert (run["status"], run["tags"]) == (status, ["unsent"])
    assert run["config"] == {"opt": {"lr": 0.1, "momentum": 0.9}}
    data = read(server, "ui/runs/1/data", name="phase")["points"]
    assert [(point["step"], point["data"]) for point in data] == [(3, "warm-up")]
    (weights,) = read(server, "ui/runs/1/data", name="weights")["points"]
    assert weights["data"]["freq"] == [1, 2]
    files = read(server, "ui/runs/1/files")["files"]
    assert [(file["name"], file["type"], file["caption"]) for file in files] == [
        ("picture", "IMAGE", "black"),
        ("words", "TEXT", "greeting"),
    ]
    with server.client() as client:
        assert client.get(files[1]["url"]).text == "hello"
    messages = [
        line["message"] for line in read(server, "runs/logs", runId=1, projectName="old")["logs"]
    ]
    assert messages.count("a line of the console") == 1
    assert statuses(left / "sync.db") == before


def test_rows_that_were_added_later_are_taken_over_and_no_others(left: Path) -> None:
    (directory,) = take_over(left)
    with closing(sqlite3.connect(left / "sync.db")) as connection, connection:
        connection.execute(
            "INSERT INTO sync_queue (run_id, record_type, payload_json, timestamp_ms, step,"
            " created_at) SELECT run_id, 0, ?, 1, ?, 0 FROM runs",
            (json.dumps({"late": 2, "no number": True}), (41).to_bytes(8, "little")),
        )
    for _ in range(2):
        take_over(left)
    reader = RunReader(directory)
    assert reader.points("late", raw=True).steps.tolist() == [41]
    assert len(reader.points("loss", raw=True).steps) == STEPS
    assert reader.count(Kind.FILE) == 2
    reader.close()


def test_a_file_that_is_gone_is_told_and_the_rest_is_sent(
    server: RunningServer, left: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(left / "sync.db")) as connection, connection:
        connection.execute("DELETE FROM sync_queue")  # another test looks at what arrives
        connection.execute("UPDATE file_uploads SET local_path = ?", (str(tmp_path / "gone"),))
    code, printed = sync(server, str(tmp_path))
    assert code == 0
    assert "2 refused by the server" in printed


def test_the_run_of_another_project_gets_nothing(
    server: RunningServer, left: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(left / "sync.db")) as connection, connection:
        connection.execute("UPDATE runs SET project = 'another'")
    code, printed = sync(server, str(tmp_path))
    assert code == 1
    assert "run 1 of this server is in project 'old' and not in 'another'" in printed


def test_without_a_server_it_is_said_what_to_do(left: Path, tmp_path: Path) -> None:
    assert left.is_relative_to(tmp_path)
    command = [sys.executable, "-m", "pluto", "sync", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "no server is configured for it" in done.stdout


def test_what_its_worker_is_still_sending_is_left_to_it(left: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", "input()", "pluto.sync"], stdin=subprocess.PIPE
    )
    (left / ".sync.pid").write_text(str(worker.pid))
    try:
        with pytest.raises(RunInUse, match="still being sent by the earlier client"):
            take_over(left)
    finally:
        worker.communicate(b"\n")
    take_over(left)


def settings_of(server: RunningServer) -> str:
    """Settings as the command lines of the earlier client carry them."""
    urls = {f"url_{service.lower()}": server.url for service in SERVICES}
    return json.dumps({**urls, "_auth": server.key, "_op_id": 1, "sync_process_batch_size": 100})


def only_metric(left: Path, name: str) -> None:
    """Leave nothing in a store but its metric `loss`, under a name of this test."""
    with closing(sqlite3.connect(left / "sync.db")) as connection, connection:
        connection.execute("DELETE FROM file_uploads")
        connection.execute("DELETE FROM sync_queue WHERE payload_json NOT LIKE '%\"loss\"%'")
        connection.execute(
            "UPDATE sync_queue SET status = 3, payload_json = replace(payload_json, '\"loss\"', ?)",
            (f'"{name}"',),
        )


def old_command(module: str, left: Path, settings: str, *more: str) -> list[str]:
    path = ["--db-path", str(left / "sync.db"), "--settings", settings]
    return [sys.executable, "-m", module, *path, *more]


def test_the_old_command_that_tries_again_sends_what_is_left(
    server: RunningServer, left: Path
) -> None:
    only_metric(left, "tried again")
    settings = settings_of(server)
    command = old_command("pluto.sync.retry", left, settings, "--timeout", "60", "--verbose")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr
    assert "Syncing " in done.stdout
    assert "pending records" in done.stdout
    assert raw(server, "tried again") == [(step, 1 / (step + 1)) for step in range(STEPS)]


@pytest.mark.parametrize("module", ["pluto.sync.retry", "pluto.sync"])
def test_old_commands_that_cannot_work_end_with_1(module: str, left: Path) -> None:
    more = ["--parent-pid", "1"] if module == "pluto.sync" else []
    for settings, path in (("{", left), ("{}", left / "gone")):
        command = old_command(module, path, settings, *more)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 1
        assert done.stderr.startswith("pluto: ")


@pytest.mark.parametrize("end", ["signal", "parent"])
def test_the_old_process_that_sends_ends_with_its_parent_and_by_a_signal(
    end: str, server: RunningServer, left: Path
) -> None:
    only_metric(left, end)
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    number = ["--parent-pid", str(parent.pid)]
    worker = subprocess.Popen(
        old_command("pluto.sync", left, settings_of(server), *number),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while len(raw(server, end)) < STEPS and time.monotonic() < deadline:
            time.sleep(0.1)
        if end == "signal":
            worker.terminate()
        else:
            parent.communicate(b"\n")
        _, told = worker.communicate(timeout=60)
        assert worker.returncode == 0, told
        assert "Sync process exiting" in told
    finally:
        worker.kill()
        worker.wait()
        parent.kill()
        if parent.stdin:
            parent.stdin.close()
        parent.wait()
    assert raw(server, end) == [(step, 1 / (step + 1)) for step in range(STEPS)]


def test_a_file_of_this_name_that_is_no_such_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "sync.db").write_text("something else")
    with pytest.raises(StorageError, match=r"cannot read .*sync\.db"):
        take_over(tmp_path)


def test_several_runs_in_one_store_are_several_runs(left: Path) -> None:
    with closing(sqlite3.connect(left / "sync.db")) as connection, connection:
        connection.execute(
            "INSERT INTO runs (run_id, project, op_id, created_at, last_heartbeat)"
            " VALUES ('exp/2', 'old', 2, 1.0, 1.0)"
        )
        connection.execute(
            "INSERT INTO sync_queue (run_id, record_type, payload_json, timestamp_ms, step,"
            " created_at) VALUES ('exp/2', 0, '{\"loss\": 5}', 1, NULL, 0)"
        )
    taken = take_over(left)
    assert len(taken) == 2
    for directory, count in zip(taken, (STEPS, 1), strict=True):
        reader = RunReader(directory)
        assert len(reader.points("loss", raw=True).steps) == count
        reader.close()
