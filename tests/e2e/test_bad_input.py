"""Mistakes of users and of disks: one clear message that names the fix, and nothing is lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server_process import pluto_command, running_server

SECONDS = 60
LOG_ONE = "run.log({'loss': 0.5}); run.finish()"


def script(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return started([sys.executable, "-c", f"import pluto; {code}"], environment)


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return started([*pluto_command(arguments[0]), *arguments[1:]], environment)


def started(what: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        what,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def shown(directory: Path, name: str = "loss") -> list[object]:
    """Return the last values of the runs below `directory`, as the dashboard has them."""
    with (
        running_server(directory, "--auth", "off", command="ui") as server,
        server.client(key="") as client,
    ):
        runs = client.get("/api/ui/runs").json()["runs"]
    return [run["summary"].get(name) for run in runs]


def test_a_mistyped_argument_is_told_with_the_nearest_name_and_the_run_goes_on(
    tmp_path: Path,
) -> None:
    done = script(f"run = pluto.init(projct='x', nmae='y', modee='noop'); {LOG_ONE}")
    assert done.returncode == 0
    (told,) = [line for line in done.stderr.splitlines() if "projct" in line]
    for hint in ("'project'", "'name'", "'mode'"):
        assert f"did you mean {hint}?" in told
    assert told.startswith("pluto: ")
    assert shown(tmp_path) == [0.5]


@pytest.mark.parametrize("url", ["myhost", "ftp://host", "http://", "http://host:99999"])
@pytest.mark.parametrize("source", ["setting 'url'", "environment variable PLUTO_URL"])
def test_a_bad_url_is_refused_with_the_form_it_needs_and_where_it_came_from(
    tmp_path: Path, url: str, source: str
) -> None:
    given = {"PLUTO_URL": url} if "PLUTO_URL" in source else {}
    done = script(f"pluto.init({'' if given else f'url={url!r}'})", **given)
    assert done.returncode == 1
    expected = f"{source} needs the form https://name or http://name:port, got {url!r}"
    assert expected in done.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["a-file", "/proc/nowhere"])
def test_a_directory_that_cannot_be_written_is_named_with_both_ways_out(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "a-file").write_text("mine")
    done = script(f"pluto.init(dir={place!r})")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert f"cannot write to {Path(place).absolute()}" in last
    assert "pass init(dir=...) or set PLUTO_DIR" in last
    assert (tmp_path / "a-file").read_text() == "mine"


def test_a_rejected_key_stops_init_with_every_way_to_get_a_good_one(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        wrong = {"PLUTO_URL": server.url, "PLUTO_API_KEY": "mlps_wrong"}
        done = script("pluto.init(dir='runs')", **wrong)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    for words in ("Key not found", "PLUTO_API_KEY", "pluto login", "pluto server key create"):
        assert words in last
    assert "mlps_wrong" not in done.stderr
    assert not list(tmp_path.rglob("runs/**/run.db"))


def test_a_key_revoked_in_the_middle_of_a_run_costs_no_row(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data) as server, server.client() as client:
        key = command("server", "key", "create", "laptop", "--data", str(data)).stdout.strip()
        code = """
import subprocess, sys
run = pluto.init(dir="runs", project="revoked", disable_system_metrics=True)
run.log({"loss": 0.0})
while run.settings._op_id is None: pass
subprocess.run([sys.executable, "-m", "pluto", *sys.argv[1:]], check=True)
for step in range(100): run.log({"loss": step + 1.0})
receipt = run.finish()
assert receipt.logged == receipt.delivered + receipt.kept, receipt
"""
        revoke = ["server", "key", "revoke", "laptop", "--data", str(data)]
        good = {"PLUTO_URL": server.url, "PLUTO_API_KEY": key}
        code = "import pluto" + code
        done = started([sys.executable, "-c", code, *revoke], good)
        assert done.returncode == 0, done.stderr
        assert "run 'pluto sync'" in done.stdout
        assert "API key has been revoked" in done.stderr
        sent = command("sync", "runs", PLUTO_URL=server.url, PLUTO_API_KEY=server.key)
        assert sent.returncode == 0, sent.stdout
        (run,) = client.get("/api/runs/list", params={"projectName": "revoked"}).json()["runs"]
        query = {"projectName": "revoked", "runId": run["id"], "logName": "loss"}
        rows = client.get("/api/runs/metrics/raw", params=query).json()["rows"]
    assert [row["value"] for row in rows] == [float(value) for value in range(101)]


def test_foreign_files_in_the_directory_of_runs_are_left_alone(tmp_path: Path) -> None:
    project = tmp_path / ".pluto" / "pluto"
    (project / "notes").mkdir(parents=True)
    (project / "someone-elses").mkdir()
    foreign = {
        tmp_path / ".pluto" / "todo.txt": b"buy milk",
        project / "run.lock": b"",
        project / "notes" / "run.txt": b"not a run",
        project / "someone-elses" / "run.db": b"not a database, and long enough" * 100,
    }
    for path, content in foreign.items():
        path.write_bytes(content)
    assert script(f"run = pluto.init(); {LOG_ONE}").returncode == 0
    assert shown(tmp_path) == [0.5]
    check_that_sync_sends_the_good_run_and_names(project / "someone-elses", tmp_path)
    assert {path: path.read_bytes() for path in foreign} == foreign


@pytest.mark.parametrize("damage", ["cut off", "overwritten"])
def test_a_damaged_run_is_named_with_what_to_do_and_the_others_are_sent(
    tmp_path: Path, damage: str
) -> None:
    runs = tmp_path / ".pluto" / "pluto"
    log = "[run.log({'loss': 0.5, 'x': step}) for step in range(5_000)]; run.finish()"
    for name in ("bad", "good"):
        assert script(f"run = pluto.init(name={name!r}); {log}").returncode == 0
    (store,) = runs.glob("bad-*/run.db")
    content = store.read_bytes()
    noise = random.Random(0).randbytes(len(content))
    store.write_bytes(content[:20_000] + (noise[20_000:] if damage == "overwritten" else b""))
    check_that_sync_sends_the_good_run_and_names(store.parent, tmp_path)


def check_that_sync_sends_the_good_run_and_names(bad: Path, directory: Path) -> None:
    with running_server(directory / "data") as server, server.client() as client:
        good = {"PLUTO_URL": server.url, "PLUTO_API_KEY": server.key}
        done = command("sync", str(directory / ".pluto"), "--local", **good)
        runs = client.get("/api/ui/runs").json()["runs"]
    assert done.returncode == 1
    assert done.stderr == ""
    (said,) = [line for line in done.stdout.splitlines() if "not sent" in line]
    assert str(bad) in said
    assert "move it" in said
    assert [run["summary"]["loss"] for run in runs] == [0.5]


@pytest.mark.parametrize("what", ["ui", "sync"])
def test_a_directory_that_is_not_there_is_named(what: str) -> None:
    done = command(what, "nowhere")
    assert done.returncode == 2
    assert "Directory 'nowhere' does not exist" in done.stderr
