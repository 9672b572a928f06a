"""The command line with the real server: logging in, and sending what is left."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import pluto
from pluto.auth import stored_key
from pluto.cli.main import run
from tests.fault_server import fault_server
from tests.server_process import RunningServer, running_server

Capture = pytest.CaptureFixture[str]


def rows(server: RunningServer, project: str) -> list[float]:
    with server.client() as client:
        runs = client.get("/api/runs/list", params={"projectName": project}).json()["runs"]
        query = {"projectName": project, "runId": runs[0]["id"], "limit": 10_000}
        metrics = client.get("/api/runs/metrics", params=query).json()["metrics"]
    assert len(runs) == 1
    return [row["value"] for row in metrics if row["logName"] == "loss"]


def log_a_run(project: str, **settings: Any) -> None:
    run = pluto.init(project=project, disable_console=True, **settings)
    for step in range(100):
        run.log({"loss": step / 7})
    run.finish()


EXPECTED = [step / 7 for step in range(100)]


def test_a_good_key_is_stored_and_a_bad_one_is_not(server: RunningServer, capsys: Capture) -> None:
    assert run(["login", "--url", server.url, "mlps_wrong"]) == 1
    assert stored_key(server.url) is None
    assert run(["login", "--url", server.url, server.key]) == 0
    assert stored_key(server.url) == server.key
    assert run(["whoami", "--url", server.url]) == 0
    assert run(["doctor", "--url", server.url]) == 0
    capsys.readouterr()
    assert run(["whoami", "--json", "--url", server.url]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == {
        "server": server.url,
        "key": "the stored key",
        "organization": "local",
        "problem": None,
    }
    assert server.key not in printed
    assert run(["logout", "--url", server.url]) == 0
    assert run(["whoami", "--url", server.url]) == 1
    capsys.readouterr()
    assert run(["whoami", "--json", "--url", server.url]) == 1
    assert json.loads(capsys.readouterr().out)["organization"] is None


def test_a_key_can_come_from_standard_input(server: RunningServer) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pluto", "login", "-", "--url", server.url],
        input=server.key,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert server.key not in done.stderr
    assert stored_key(server.url) == server.key


def test_a_key_is_asked_for_on_a_terminal_and_not_shown(server: RunningServer) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pluto", "login", "--url", server.url],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # so that it has no other terminal to ask on
    )
    assert process.stdout
    shown = b""
    while not shown.endswith(b"): "):  # what is typed before the question is thrown away
        piece = process.stdout.read(1)
        assert piece, shown
        shown += piece
    os.write(ours, f"{server.key}\n".encode())
    shown += process.communicate(timeout=60)[0]
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, shown
    assert f"API key for {server.url}" in shown.decode()
    assert server.key not in shown.decode()
    assert stored_key(server.url) == server.key


def test_a_key_that_was_refused_stops_the_run_with_the_fix(
    server: RunningServer, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError, match=r"Key not found.*pluto login") as refused:
        pluto.init(url=server.url, settings={"_auth": "mlps_wrong"}, disable_console=True)
    assert "mlps_wrong" not in str(refused.value)


def test_no_file_of_a_run_has_the_key_in_it(server: RunningServer, tmp_path: Path) -> None:
    log_a_run("secret", url=server.url, settings={"_auth": server.key})
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert [path for path in kept if server.key.encode() in path.read_bytes()] == []


def test_a_key_that_cannot_be_checked_is_not_stored(capsys: Capture) -> None:
    with fault_server("refused") as url:
        assert run(["login", "--url", url, "mlps_A"]) == 1
        assert stored_key(url) is None


def test_a_key_from_the_environment_is_checked_but_not_stored(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUTO_API_KEY", server.key)
    assert pluto.login({"url": server.url})
    assert stored_key(server.url) is None


def test_sync_sends_to_the_server_that_a_run_was_meant_for_once(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with fault_server("refused") as url:
        log_a_run("meant", url=url, init_timeout=0.2, finish_timeout=0.5)
        assert run(["sync"]) == 1
    assert "left: run 'pluto sync' again" in capsys.readouterr().out
    # The server comes up: here, the environment names another address for it.
    monkeypatch.setenv("PLUTO_URL", server.url)
    monkeypatch.setenv("PLUTO_API_KEY", server.key)
    assert run(["sync"]) == 0
    assert "100 rows logged, 100 delivered" in capsys.readouterr().out
    assert run(["sync"]) == 0
    assert capsys.readouterr().out == "pluto: nothing is left to send\n"
    assert rows(server, "meant") == EXPECTED


def test_a_local_run_is_sent_only_when_asked(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    log_a_run("local")
    monkeypatch.setenv("PLUTO_URL", server.url)
    monkeypatch.setenv("PLUTO_API_KEY", server.key)
    assert run(["sync", "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (outcome["sent"], outcome["runs"][0]["skipped"]) == (0, True)
    assert run(["sync", "--local"]) == 0
    assert rows(server, "local") == EXPECTED


def test_one_run_is_sent_by_its_path(
    server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_a_run("by-path")
    (store,) = tmp_path.rglob("run.db")
    monkeypatch.setenv("PLUTO_URL", server.url)
    monkeypatch.setenv("PLUTO_API_KEY", server.key)
    monkeypatch.chdir("/")
    assert run(["sync", "--local", "--path", str(store)]) == 0
    assert rows(server, "by-path") == EXPECTED


def test_sync_in_the_background_sends_too_and_shows_no_key(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    log_a_run("background")
    monkeypatch.setenv("PLUTO_URL", server.url)
    monkeypatch.setenv("PLUTO_API_KEY", server.key)
    command = [sys.executable, "-m", "pluto", "sync", "--local", "--background"]
    started = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Started 1 background" in started.stdout
    deadline = time.monotonic() + 30
    while run(["sync", "--local", "--json"]) != 0 or not is_idle(capsys):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert rows(server, "background") == EXPECTED


def test_a_watch_sends_what_comes_later_and_tells_it_once(server: RunningServer) -> None:
    log_a_run("watched", name="first", url=server.url, mode="offline")
    command = [sys.executable, "-m", "pluto", "sync", "--watch", "--every", "0.1"]
    command += ["--url", server.url]
    environment = {**os.environ, "PLUTO_API_KEY": server.key}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as watch:
        assert watch.stdout is not None
        delivered = "100 rows logged, 100 delivered"
        assert watch.stdout.readline() == f"pluto: first: {delivered}\n"
        assert watch.stdout.readline() == "pluto: nothing is left to send\n"
        log_a_run("watched", name="second", url=server.url, mode="offline")
        assert watch.stdout.readline() == f"pluto: second: {delivered}\n"
        watch.send_signal(signal.SIGINT)
        assert watch.stdout.read() == ""
    assert watch.returncode in (0, 1)  # 1 if that came in the midst of a look
    with server.client() as client:
        runs = client.get("/api/runs/list", params={"projectName": "watched"}).json()["runs"]
    assert {run["name"]: run["status"] for run in runs} == {
        "first": "COMPLETED",
        "second": "COMPLETED",
    }


def test_a_watch_that_is_stopped_between_two_looks_tells_whether_something_is_left(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ctrl_c(_seconds: float) -> None:
        raise KeyboardInterrupt

    log_a_run("stopped", url=server.url, mode="offline")
    with fault_server("refused") as nobody, monkeypatch.context() as clock:
        clock.setattr("time.sleep", ctrl_c)
        watch = ["sync", "--watch", "--timeout", "0", "--url"]
        assert run([*watch, nobody]) == 1
        monkeypatch.setenv("PLUTO_API_KEY", server.key)
        assert run(["sync", "--watch", "--url", server.url]) == 0


def is_idle(capsys: Capture) -> bool:
    outcome = json.loads(capsys.readouterr().out.splitlines()[-1])
    return not any(each["problem"] for each in outcome["runs"])


def test_a_run_goes_to_the_local_server_of_this_user_without_a_key(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as own:
        log_a_run("own", host="local")
        assert rows(own, "own") == EXPECTED
        assert "PLUTO_API_KEY" not in os.environ
