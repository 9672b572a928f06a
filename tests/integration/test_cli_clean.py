"""`pluto clean` and `pluto doctor`: what may go, what must stay, and what is wrong here."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

import pluto
from pluto.cli import machine_checks
from pluto.cli.main import run
from pluto.cli.server_checks import skew_of
from pluto.storage import Batch, Outbox, RunWriter
from tests.fault_server import fault_server
from tests.integration.query_runs import QUIET, begin, send
from tests.server_process import RunningServer, running_server

Capture = pytest.CaptureFixture[str]
DAY = 86_400_000


def local_run(directory: Path, name: str, *, days_old: float = 0) -> Path:
    made = begin(directory, name=name)
    made.log({"loss": 1.0})
    made.finish()
    return age(Path(made.dir), days_old)


def age(directory: Path, days: float) -> Path:
    writer = RunWriter(directory)
    ended_at = int(time.time() * 1000 - days * DAY)
    writer.append(Batch(facts={"finished_at": ended_at}))
    writer.close()
    return directory


def sent_run(directory: Path, name: str, server: RunningServer, *, days_old: float) -> Path:
    settings: dict[str, Any] = {**QUIET, "mode": "perf", "url": server.url, "_auth": server.key}
    made = pluto.init(dir=directory, name=name, settings=settings)
    made.log({"loss": 1.0})
    receipt = made.finish()
    assert receipt is not None
    assert receipt.kept == 0
    return age(Path(made.dir), days_old)


def clean(directory: Path, *options: str, code: int = 0) -> None:
    arguments = ["clean", str(directory), "--older-than", "30d", "--yes", *options]
    assert run(arguments) == code


def test_old_runs_that_a_server_has_go_and_all_others_stay(
    tmp_path: Path, server: RunningServer
) -> None:
    old = sent_run(tmp_path, "old", server, days_old=31)
    young = sent_run(tmp_path, "young", server, days_old=29)
    local = local_run(tmp_path, "local", days_old=31)
    clean(tmp_path, "--delivered")
    assert [path.exists() for path in (old, young, local)] == [False, True, True]
    clean(tmp_path, "--local")
    assert [path.exists() for path in (young, local)] == [True, False]


def test_a_local_run_that_was_synchronised_counts_as_delivered(
    tmp_path: Path, server: RunningServer
) -> None:
    directory = local_run(tmp_path, "synchronised")
    send(tmp_path, server)
    age(directory, 31)
    clean(tmp_path, "--delivered")
    assert not directory.exists()


def test_a_run_with_rows_that_no_server_has_stays_and_is_named(
    tmp_path: Path, server: RunningServer, capsys: Capture
) -> None:
    directory = sent_run(tmp_path, "more", server, days_old=31)
    writer = RunWriter(directory)
    with writer.transaction() as connection:
        connection.execute("UPDATE cursor SET next = 0 WHERE stream = 'metrics'")
    writer.close()
    clean(tmp_path, "--delivered", "--local")
    assert directory.exists()
    assert "1 row to be sent: run 'pluto sync'" in capsys.readouterr().err


def test_a_run_with_refused_rows_stays(
    tmp_path: Path, server: RunningServer, capsys: Capture
) -> None:
    directory = sent_run(tmp_path, "refused", server, days_old=31)
    writer = RunWriter(directory)
    Outbox(writer, server.url).reject("metrics", 0, "too odd", b"{}")
    writer.close()
    clean(tmp_path, "--delivered")
    assert directory.exists()
    assert "1 row refused" in capsys.readouterr().err


def test_runs_that_a_server_keeps_are_never_touched(server: RunningServer, tmp_path: Path) -> None:
    sent_run(tmp_path, "kept", server, days_old=31)
    stored = sorted(server.data.rglob("run.db"))
    for path in stored:
        age(path.parent, 400)
    clean(server.data, "--delivered", "--local")
    assert sorted(server.data.rglob("run.db")) == stored != []


def test_a_file_that_only_has_the_name_of_a_run_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "run.db").write_bytes(b"somebody else's")
    os.utime(tmp_path / "run.db", (0, 0))
    clean(tmp_path, "--delivered", "--local")
    assert (tmp_path / "run.db").read_bytes() == b"somebody else's"


def test_a_dry_run_and_a_no_remove_nothing(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = local_run(tmp_path, "old", days_old=31)
    clean(tmp_path, "--local", "--dry-run")
    assert "1 run, " in capsys.readouterr().out
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    assert run(["clean", str(tmp_path), "--older-than", "4w", "--local"]) == 1
    assert directory.exists()


def test_the_outcome_is_json_for_a_machine(tmp_path: Path, capsys: Capture) -> None:
    directory = local_run(tmp_path, "old", days_old=31)
    clean(tmp_path, "--local", "--json")
    outcome = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [chosen["directory"] for chosen in outcome["chosen"]] == [str(directory)]
    assert outcome["problems"] == []


@pytest.mark.parametrize(
    "arguments", [[], ["--older-than", "30d"], ["--older-than", "soon", "--local"]]
)
def test_a_clean_that_does_not_say_what_may_go_is_not_understood(arguments: list[str]) -> None:
    assert run(["clean", *arguments]) == 2


def doctor(capsys: Capture, *options: str) -> dict[str, list[dict[str, Any]]]:
    """The findings by check; the exit code is the one that they ask for."""
    code = run(["doctor", "--json", *options])
    findings = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert code == (0 if all(finding["good"] for finding in findings) else 1)
    by_check: dict[str, list[dict[str, Any]]] = {}
    for finding in findings:
        by_check.setdefault(finding["check"], []).append(finding)
    return by_check


def test_doctor_is_content_with_a_server_that_takes_the_key(
    server: RunningServer, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUTO_API_KEY", server.key)
    findings = doctor(capsys, "--url", server.url)
    assert [finding["text"] for finding in findings["server"]] == [
        f"runs go to {server.url}, which takes the key given",
        f"the server's version is {pluto.__version__}",
    ]
    assert findings["clock"][0]["good"]


def test_doctor_tells_of_a_refused_key(
    server: RunningServer, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUTO_API_KEY", "mlps_" + "A" * 24)
    (finding,) = doctor(capsys, "--url", server.url)["server"]
    assert not finding["good"]
    assert "key" in finding["text"]


def test_doctor_tells_which_service_does_not_answer(
    server: RunningServer, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUTO_API_KEY", server.key)
    monkeypatch.setenv("PLUTO_URL_API", server.url)
    monkeypatch.setenv("PLUTO_URL_INGEST", "http://127.0.0.1:9")
    bad = [finding for finding in doctor(capsys)["server"] if not finding["good"]]
    assert [finding["text"].partition(": ")[0] for finding in bad] == ["http://127.0.0.1:9"]


def test_doctor_counts_runs_that_wait_and_says_how_to_send_them(
    tmp_path: Path, capsys: Capture
) -> None:
    with fault_server("500") as url:
        made = pluto.init(
            dir=tmp_path,
            settings={**QUIET, "mode": "perf", "url": url, "_auth": "mlps_x"},
            init_timeout=0.1,
            finish_timeout=0.1,
        )
        made.log({"loss": 1.0})
        made.finish()
    waiting = [finding for finding in doctor(capsys)["runs"] if not finding["good"]]
    assert [(made.dir in finding["text"], finding["fix"]) for finding in waiting] == [
        (True, "pluto sync")
    ]


def test_doctor_sees_what_a_killed_process_left(tmp_path: Path, capsys: Capture) -> None:
    child = os.fork()
    if child == 0:
        settings = {**QUIET, "mode": "perf", "url": "http://127.0.0.1:9", "_auth": "mlps_x"}
        made = pluto.init(dir=tmp_path, settings=settings, init_timeout=0.1)
        made.log({"loss": 1.0})
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    waiting = [finding for finding in doctor(capsys)["runs"] if not finding["good"]]
    assert "journal" in waiting[0]["text"]


def test_doctor_names_a_file_that_is_no_run(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / ".pluto" / "odd").mkdir(parents=True)
    (tmp_path / ".pluto" / "odd" / "run.db").write_bytes(b"somebody else's")
    (finding,) = [each for each in doctor(capsys)["runs"] if not each["good"]]
    assert "run.db" in finding["text"]
    assert "move it away" in finding["fix"]


def test_doctor_tells_of_a_disk_that_is_nearly_full(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_checks, "LOW_SPACE", 1 << 60)
    (finding,) = doctor(capsys)["directory"]
    assert not finding["good"]
    assert "pluto clean" in finding["fix"]


def test_doctor_tells_of_a_file_system_without_locks(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("not supported")

    monkeypatch.setattr("fcntl.flock", refuse)
    (finding,) = doctor(capsys)["file system"]
    assert finding["text"].endswith("has no locks")


@pytest.mark.parametrize(
    ("headers", "skew"),
    [
        ({"date": "Sun, 22 Nov 2026 00:01:00 GMT"}, 60.0),
        ({"date": "Sat, 21 Nov 2026 23:59:00 GMT"}, -60.0),
        ({"date": "noon"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_the_clocks_are_compared_by_the_date_of_an_answer(
    headers: dict[str, str], skew: float | None
) -> None:
    assert skew_of(headers, 1_795_305_600.0) == skew


def test_what_was_deleted_in_a_dashboard_is_listed_and_restored_on_the_command_line(
    tmp_path: Path, capsys: Capture
) -> None:
    directory = local_run(tmp_path, "gone")
    trash = directory.parent / ".trash"
    trash.mkdir()
    directory.rename(trash / directory.name)
    there = ["--dir", str(tmp_path)]
    capsys.readouterr()

    assert run(["runs", "deleted", "--json", *there]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["state"], found["name"]) == ("deleted", directory.name)
    assert run(["runs", "restore", "another", *there]) == 1
    assert "there is none" in capsys.readouterr().err
    assert run(["runs", "restore", directory.name, *there]) == 0
    assert directory.exists()
    assert run(["runs", "deleted", *there]) == 0
    assert "no deleted runs" in capsys.readouterr().err

    (trash / directory.name).mkdir()  # another of its name, deleted too
    assert run(["runs", "restore", directory.name, *there]) == 1
    assert "another run in its place" in capsys.readouterr().err


def test_a_deleted_run_of_two_projects_with_its_name_is_restored_by_its_project(
    tmp_path: Path, capsys: Capture
) -> None:
    for project in ("digits", "faces"):
        (tmp_path / ".pluto" / project / ".trash" / "same").mkdir(parents=True)
    assert run(["runs", "restore", "same", "--dir", str(tmp_path)]) == 1
    assert "there are several: name the --project" in capsys.readouterr().err
    assert run(["runs", "restore", "same", "--dir", str(tmp_path), "--project", "faces"]) == 0
    assert [path.parent.name for path in sorted(tmp_path.rglob("same"))] == [".trash", "faces"]


def test_what_was_deleted_in_a_dashboard_goes_for_good_when_it_is_old_enough(
    tmp_path: Path, capsys: Capture
) -> None:
    data = tmp_path / "data"
    with running_server(data, home=tmp_path) as server, server.client() as client:

        def ask(path: str, **body: Any) -> Any:
            return client.post(path, json=body).json()

        created = [ask("/api/runs/create", runName=n, projectName="p") for n in ("bad", "good")]
        bad, good = (each["runId"] for each in created)
        assert ask("/api/runs/status/update", runId=bad, status="FAILED")["success"]
        assert ask("/api/ui/runs/delete", runs=[bad])["done"] == [bad]
        trashed = data / "runs" / "p" / ".trash" / str(bad)
        clean(data, "--deleted")
        assert trashed.exists()
        assert run(["clean", str(data), "--older-than", "0m", "--yes", "--deleted"]) == 0
        (refused,) = ask("/api/ui/runs/restore", runs=[bad])["refused"]
        left = client.get("/api/runs/list", params={"projectName": "p"}).json()["runs"]

    assert not trashed.exists()
    assert "1 removed, 0 kept" in capsys.readouterr().out
    assert "cannot be taken back" in refused["reason"]
    assert [each["id"] for each in left] == [good]
