"""Runs that stay on this disk: read live, sent later and once, gone on with, or never written."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.browser import end, eventually, recording
from tests.e2e.kept import check_everything
from tests.e2e.recorded_runs import PROJECT, loss
from tests.server_process import RunningServer, pluto_command, running_server

SCRIPT = Path(__file__).with_name("existing_client_script.py")
QUIET = "disable_console=True, disable_system_metrics=True"
ROWS = 200_000
SECONDS = 60


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script of a user in this directory; it has to end well."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done


def sync(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*pluto_command("sync"), *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def to(server: RunningServer) -> dict[str, str]:
    return {"PLUTO_URL": server.url, "PLUTO_API_KEY": server.key}


def the_run(client: httpx.Client, project: str) -> dict[str, Any]:
    (run,) = client.get("/api/runs/list", params={"projectName": project}).json()["runs"]
    return dict(run)


def values(client: httpx.Client, project: str, name: str = "loss") -> list[tuple[int, float]]:
    """Return step and value of every write to a metric of the project's only run."""
    query = {"projectName": project, "runId": the_run(client, project)["id"], "logName": name}
    answer = client.get("/api/runs/metrics/raw", params=query).json()
    found = [(int(row["step"]), row["value"]) for row in answer["rows"]]
    while answer["truncated"]:
        query["stepMin"] = found[-1][0] + 1
        answer = client.get("/api/runs/metrics/raw", params=query).json()
        found += [(int(row["step"]), row["value"]) for row in answer["rows"]]
    return found


def test_a_script_of_the_published_client_runs_unchanged_with_ours(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server, server.client() as client:
        done = python(str(SCRIPT), "{}", **to(server))
        assert "pluto: run ECL-1 started" in done.stdout
        check_everything(client)


def test_a_local_run_is_sent_whole_and_once_however_often_sync_is_called(tmp_path: Path) -> None:
    python(str(SCRIPT), "{}")
    with running_server(tmp_path / "data") as server, server.client() as client:
        for _ in range(3):
            done = sync("--local", **to(server))
            assert done.returncode == 0, done.stdout + done.stderr
            assert "nothing is left to send" in done.stdout
        check_everything(client)


def test_a_run_that_another_process_writes_is_read_while_it_grows(tmp_path: Path) -> None:
    with (
        recording(tmp_path, "live") as training,
        running_server(tmp_path, "--auth", "off", command="ui") as server,
        server.client(key="") as client,
    ):
        runs = {"projectName": PROJECT}
        eventually(lambda: client.get("/api/runs/list", params=runs).json()["runs"], "a run")
        first = eventually(lambda: values(client, PROJECT, "train/loss"), "a row")
        later = eventually(
            lambda: longer(values(client, PROJECT, "train/loss"), len(first)), "more rows"
        )
        assert later == [(step, loss(0.001, step)) for step in range(len(later))]
        assert the_run(client, PROJECT)["status"] == "RUNNING"
        end(training)
        eventually(lambda: the_run(client, PROJECT)["status"] == "COMPLETED", "the end")


def longer(rows: list[tuple[int, float]], length: int) -> list[tuple[int, float]] | None:
    return rows if len(rows) >= length + 20 else None


@pytest.mark.parametrize(
    "name", ["../../etc", "..", "a/b/c", "日本語 ü 🪐", "x" * 300, "ü" * 300, "a\\b:c*?", "~"]
)
def test_any_name_is_read_back_from_the_server_as_it_was_given(tmp_path: Path, name: str) -> None:
    code = (
        "import pluto, sys; name = sys.argv[1];"
        f"run = pluto.init(project=name, name=name, dir='here/runs', {QUIET});"
        "run.log({name: 0.5}); run.finish()"
    )
    python("-c", code, name)
    outside = {path.name for path in tmp_path.iterdir()} | {
        path.name for path in (tmp_path / "here").iterdir()
    }
    assert outside == {"here", "runs"}
    with running_server(tmp_path / "data") as server, server.client() as client:
        done = sync("here", "--local", **to(server))
        assert done.returncode == 0, done.stdout + done.stderr
        run = the_run(client, name)
        assert (run["name"], run["projectName"]) == (name, name)
        assert values(client, name, name) == [(1, 0.5)]
        details = client.get(f"/api/runs/details/{run['id']}").json()
        assert [each["logName"] for each in details["logNames"]] == [name]
    assert not (tmp_path.parent / "etc").exists()


def log_many(project: str) -> None:
    code = f"""
import pluto
run = pluto.init(project={project!r}, {QUIET}, finish_timeout=60)
for step in range({ROWS}):
    run.log({{"loss": step / 7}}, step=step)
run.log({{"state": "done", "picture": pluto.Image([[0.0, 1.0], [1.0, 0.0]])}}, step={ROWS})
run.finish()
"""
    python("-c", code)


def stored(client: httpx.Client, project: str) -> int:
    """Return how many rows of the curve a server has."""
    runs = client.get("/api/runs/list", params={"projectName": project}).json()["runs"]
    if not runs:
        return 0
    query = {"projectName": project, "runId": runs[0]["id"], "logName": "loss"}
    answer = client.get("/api/runs/statistics", params=query)
    assert answer.status_code == 200, answer.text
    metrics = answer.json()["metrics"]
    return int(metrics[0]["count"]) if metrics else 0


def check_many(client: httpx.Client, project: str) -> None:
    assert values(client, project) == [(step, step / 7) for step in range(ROWS)]
    run = the_run(client, project)
    assert run["status"] == "COMPLETED"
    query = {"projectName": project, "runId": run["id"]}
    assert len(client.get("/api/runs/files", params=query).json()["files"]) == 1
    states = client.get(f"/api/ui/runs/{run['id']}/data", params={"name": "state"}).json()
    assert [point["data"] for point in states["points"]] == ["done"]


@pytest.mark.slow
def test_a_sync_that_is_killed_whenever_rows_have_come_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    log_many("killed")
    with running_server(tmp_path / "data") as server, server.client() as client:
        before = 0
        for _ in range(4):
            with subprocess.Popen([*pluto_command("sync"), "--local", "--url", server.url]) as sent:
                while sent.poll() is None and stored(client, "killed") == before:
                    pass
                sent.kill()
            before = stored(client, "killed")
        assert 0 < before < ROWS  # it was killed while it had more to send
        assert sync("--local", **to(server)).returncode == 0
        check_many(client, "killed")


@pytest.mark.slow
def test_a_server_that_is_killed_while_rows_come_gets_the_rest_later_and_once(
    tmp_path: Path,
) -> None:
    log_many("crash")
    data, port, before = tmp_path / "data", "0", 0
    for _ in range(3):
        with running_server(data, "--port", port) as server, server.client() as client:
            port = server.url.rpartition(":")[2]
            command = [*pluto_command("sync"), "--local", "--url", server.url]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as sent:
                while sent.poll() is None and stored(client, "crash") == before:
                    pass
                before = stored(client, "crash")
                server.kill()
                said, _ = sent.communicate(timeout=SECONDS)
            assert sent.returncode == (0 if b"nothing is left" in said else 1)
    assert 0 < before < ROWS
    with running_server(data, "--port", port) as server, server.client() as client:
        assert sync("--local", **to(server)).returncode == 0
        assert sync("--local", **to(server)).returncode == 0
        check_many(client, "crash")


def begin_and_log(more: str, rows: int = 10) -> str:
    return (
        f"import pluto; run = pluto.init({more}, {QUIET});"
        f"[run.log({{'loss': step / 3}}) for step in range({rows})]; run.finish()"
    )


def test_the_exit_code_says_whether_anything_is_left(tmp_path: Path) -> None:
    python("-c", begin_and_log("project='codes'"))
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        dead = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    done = sync("--local", "--url", dead)
    assert done.returncode == 1
    assert "run 'pluto sync' again later" in done.stdout
    with running_server(tmp_path / "data") as server, server.client() as client:
        refused = sync("--local", "--url", server.url, PLUTO_API_KEY="mlps_wrong")
        assert refused.returncode == 1
        assert "refuses the API key" in refused.stdout + refused.stderr
        assert "PLUTO_API_KEY" in refused.stdout + refused.stderr
        assert sync(**to(server)).returncode == 0  # local runs stay unless asked for
        assert client.get("/api/runs/projects").json()["projects"] == []
        assert sync("--local", **to(server)).returncode == 0
        assert values(client, "codes") == [(step + 1, step / 3) for step in range(10)]


def test_an_offline_run_contacts_no_server_and_can_be_sent_later(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        code = begin_and_log("project='offline', mode='offline'")
        python("-c", code, PLUTO_URL=url, PLUTO_API_KEY="mlps_any")
        with pytest.raises(BlockingIOError):  # nobody has knocked
            listening.accept()
    with running_server(tmp_path / "data") as server, server.client() as client:
        assert sync("--local", **to(server)).returncode == 0
        assert len(values(client, "offline")) == 10


def test_noop_leaves_no_file_anywhere_and_needs_no_server(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    python("-c", begin_and_log("mode='noop'"), HOME=str(home), PLUTO_URL="http://127.0.0.1:9")
    assert [path for path in tmp_path.rglob("*") if path != home] == []


def check_resumed(client: httpx.Client) -> None:
    expected = [(step + 1, step % 10 / 3) for step in range(20)]
    assert values(client, "resumed") == expected
    assert the_run(client, "resumed")["status"] == "COMPLETED"


def test_a_local_run_that_is_resumed_by_its_id_continues_the_curve(tmp_path: Path) -> None:
    code = begin_and_log("project='resumed', run_id='job-7', resume=True")
    for _ in range(2):
        python("-c", code)
    with (
        running_server(tmp_path, "--auth", "off", command="ui") as server,
        server.client(key="") as client,
    ):
        check_resumed(client)


def test_a_run_on_a_server_that_is_resumed_by_its_id_continues_the_curve(tmp_path: Path) -> None:
    code = begin_and_log("project='resumed', run_id='job-7', resume=True")
    with running_server(tmp_path / "data") as server, server.client() as client:
        assert "started" in python("-c", code, **to(server)).stdout
        assert "resumed" in python("-c", code, **to(server)).stdout
        check_resumed(client)
