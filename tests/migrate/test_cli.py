"""`pluto migrate` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pluto.cli.main import run
from tests.migrate.reading import points, run_named
from tests.server_process import RunningServer


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A directory with two runs."""
    (tmp_path / "logs").mkdir()
    for name in ("one", "two"):
        (tmp_path / "logs" / f"{name}.csv").write_text("step,loss\n0,1\n1,2\n")
    return tmp_path / "logs"


def test_what_was_imported_is_told_run_by_run(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["migrate", "csv", str(logs)]) == 0
    told = capsys.readouterr().out
    assert "pluto: logs/one: 2 points imported in .pluto/logs/" in told
    assert "pluto: 2 runs imported, 0 with nothing new, 0 failed" in told
    assert run(["migrate", "csv", str(logs)]) == 0
    assert "0 runs imported, 2 with nothing new, 0 failed" in capsys.readouterr().out


def test_a_machine_reads_the_outcome_as_json(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (logs / "three.jsonl").write_text("no json\n")
    assert run(["migrate", "csv", str(logs), "--json", "--project", "mine"]) == 1
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert (found["one"]["project"], found["one"]["points"]) == ("mine", 2)
    assert found["one"]["external_id"].startswith("csv::")
    assert "line 1" in found["three"]["problem"]


def test_a_dry_run_imports_nothing(logs: Path, tmp_path: Path) -> None:
    assert run(["migrate", "csv", str(logs), "--dry-run"]) == 0
    assert not (tmp_path / ".pluto").exists()


def test_a_path_without_runs_and_one_that_is_not_there_are_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["migrate", "tensorboard", str(tmp_path)]) == 2
    assert "no event files" in capsys.readouterr().err
    assert run(["migrate", "tensorboard", str(tmp_path / "gone")]) == 2


def test_with_a_server_the_runs_are_delivered_unless_they_are_to_stay(
    logs: Path,
    server: RunningServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PLUTO_API_KEY", server.key)
    arguments = ["migrate", "csv", str(logs), "--dir", str(tmp_path), "--url", server.url]
    assert run([*arguments, "--local"]) == 0
    assert "delivered" not in capsys.readouterr().out
    assert run(arguments) == 0
    assert "2 rows delivered" in capsys.readouterr().out
    assert points(run_named("one", tmp_path))["loss"] == [(0, 1.0), (1, 2.0)]


def test_a_server_that_refuses_is_told_and_the_run_is_kept(
    logs: Path,
    server: RunningServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PLUTO_API_KEY", "wrong")
    assert run(["migrate", "csv", str(logs), "--url", server.url]) == 1
    assert "2 failed" in capsys.readouterr().out
    assert points(run_named("one", tmp_path))["loss"] == [(0, 1.0), (1, 2.0)]
