"""Runs of wandb's service are exported into staging files and loaded from there."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

from pluto.errors import UsageError
from pluto.migrate import state
from pluto.migrate.cli import run_migrate
from pluto.migrate.loader import PlutoLoader
from pluto.migrate.schema import COLUMNS
from pluto.migrate.wandb_export import WandbExporter
from pluto.sets import setup
from tests.migrate.reading import facts, files, lines, points, run_named, times, values
from tests.migrate.wandb_api import (
    RecordedApi,
    RecordedArtifact,
    RecordedFile,
    RecordedRun,
    Summary,
)
from tests.server_process import RunningServer

if importlib.util.find_spec("pyarrow") is None:
    pytest.skip("pyarrow is not installed", allow_module_level=True)

ROWS = 250
BEGAN = 1_714_979_289_000  # 2024-05-06T07:08:09Z


def history() -> list[dict[str, Any]]:
    """Rows as `scan_history` gives them: None where a row has no value, NaN as a word."""
    rows: list[dict[str, Any]] = [
        {"_step": step, "_timestamp": BEGAN / 1000 + step, "_runtime": step,
         "loss": 1 / (step + 1), "train.acc": None if step % 2 else step, "phase": f"p{step}",
         "picture": None}
        for step in range(ROWS)
    ]  # fmt: skip
    rows[3]["odd"] = "NaN"
    rows[4]["picture"] = {"_type": "image-file", "path": "media/images/x.png", "caption": "black"}
    rows[5]["weights"] = {"_type": "histogram", "values": [1, 2], "bins": [0, 1, 2]}
    rows[6]["table"] = {"_type": "table-file", "path": "media/table/t.table.json"}
    return rows


@pytest.fixture
def run(tmp_path: Path) -> RecordedRun:
    """A run with everything."""
    source = tmp_path / "service"
    stored = {
        "media/images/x.png": b"\x89PNG\r\n\x1a\nx",
        "media/table/t.table.json": b'{"columns": ["a"], "data": [[1], [2]]}',
        "output.log": b"first line\n10%\r100%\n\n",
        "code/train.py": b"print()",
        "wandb-summary.json": b"{}",
    }
    for name, content in stored.items():
        (source / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (source / "files" / name).write_bytes(content)
    (source / "model").mkdir()
    (source / "model" / "weights.bin").write_bytes(b"w" * 2_000_000)
    return RecordedRun(
        "abc123",
        "baseline",
        history(),
        config={"lr": 0.1, "opt": {"name": "adam"}},
        rawconfig={"_wandb": {"value": {"visualize": {"chart": {"panel_type": "Vega2"}}}}},
        summary=Summary({"loss": 0.004, "best": {"max": 3}, "_step": 249}),
        tags=["a"],
        notes="my notes",
        group="g",
        metadata={"host": "vm", "args": ["--lr", "0.1"]},
        samples=[{"_timestamp": BEGAN / 1000 + each, "system.cpu": each} for each in range(5)],
        saved=[RecordedFile(name, source / "files" / name) for name in stored],
        artifacts=[
            RecordedArtifact(
                "model:v0", "model", source / "model", 2_000_000, ["latest"], {"acc": 1}
            ),
            RecordedArtifact("run-abc123-table:v0", "run_table", source / "model", 1),
        ],
    )


def exporter(run: RecordedRun, out: Path, **options: Any) -> WandbExporter:
    return WandbExporter("team", "digits", out, api=RecordedApi({"digits": [run]}), **options)


def test_the_staging_files_have_the_documented_layout(run: RecordedRun, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    done = exporter(run, tmp_path / "out", history_page_size=100).export()
    assert (done["exported"], done["skipped"], done["failed"]) == (1, 0, 0)
    assert done["coverage"]["lost"] == {}
    assert run.pages == [0, 100, 200]
    directory = tmp_path / "out" / "team" / "digits" / "runs" / "abc123"
    assert {path.name for path in directory.iterdir()} == {
        "run.json", "part-00000.parquet", "files", "artifacts", "custom_charts.json",
        "_export_complete.json",
    }  # fmt: skip
    manifest = json.loads((tmp_path / "out/team/digits/manifest.json").read_text())
    assert manifest["runs"]["abc123"]["name"] == "baseline"
    table = pq.read_table(directory / "part-00000.parquet")
    assert tuple(table.column_names) == COLUMNS
    kinds = set(table.column("attribute_type").to_pylist())
    assert kinds == {"metric", "system_metric", "media", "console", "artifact", "string_series"}
    assert set(table.column("project_id").to_pylist()) == {"team/digits"}
    assert done["coverage"]["rows"]["metric"] == ROWS + ROWS // 2 + 1


def test_what_was_exported_is_loaded_into_runs_here(run: RecordedRun, tmp_path: Path) -> None:
    exporter(run, tmp_path / "out").export()
    loader = PlutoLoader(tmp_path / "out", settings=setup(dir=tmp_path), flush_every=64)
    assert loader.load() == {"loaded": 1, "skipped": 0, "failed": 0}
    directory = run_named("baseline", tmp_path)
    found = points(directory)
    assert found["loss"] == [(step, 1 / (step + 1)) for step in range(ROWS)]
    assert found["train.acc"] == [(step, float(step)) for step in range(0, ROWS, 2)]
    assert math.isnan(found["odd"][0][1])
    assert times(directory, "loss") == [BEGAN + step * 1000 for step in range(ROWS)]
    assert found["sys/cpu"] == [(step, float(step)) for step in range(5)]
    structured = {(name, step): body for name, _, step, body in values(directory)}
    assert structured["phase", 9] == "p9"
    assert structured["weights", 5]["freq"] == [1, 2]
    assert structured["table", 6]["table"] == [[1], [2]]
    kept = {name: (kind, step, row) for name, kind, step, row in files(directory)}
    assert kept["picture"][:2] == ("IMAGE", 4)
    assert kept["picture"][2]["caption"] == "black"
    assert kept["save/code/train.py"][2]["content"] == b"print()"
    assert kept["artifacts/model"][2]["content"] == b"w" * 2_000_000
    assert kept.keys() == {"picture", "save/code/train.py", "artifacts/model"}
    assert lines(directory) == [("INFO", "first line"), ("INFO", "100%")]


def test_what_wandb_knows_about_the_run_is_kept(run: RecordedRun, tmp_path: Path) -> None:
    run.state = "crashed"
    exporter(run, tmp_path / "out").export()
    PlutoLoader(tmp_path / "out", settings=setup(dir=tmp_path)).load()
    known = facts(run_named("baseline", tmp_path))
    assert known["external_id"] == "wandb::team/digits/abc123"
    assert known["tags"] == ["a", "group:g", "import:wandb"]
    assert known["created_at"] == BEGAN
    assert known["finished_at"] == known["backfill"]["updatedAt"] == 1_714_982_400_000
    assert (known["status"], known["notes"]) == ("FAILED", "my notes")
    assert known["status_metadata"] == {"reason": "wandb says: crashed"}
    assert known["config"]["opt"] == {"name": "adam"}
    assert known["config"]["wandb"]["url"].startswith("https://wandb.ai/")
    assert known["config"]["wandb"]["charts"] == {"chart": {"panel_type": "Vega2"}}
    assert known["summary"] == {"loss": 0.004, "best.max": 3}
    assert known["system_metadata"] == {"wandb": {"host": "vm", "args": ["--lr", "0.1"]}}


def test_unchanged_runs_are_neither_exported_nor_loaded_again(
    run: RecordedRun, tmp_path: Path
) -> None:
    out, settings = tmp_path / "out", setup(dir=tmp_path)
    for expected in (1, 0):
        assert exporter(run, out).export()["exported"] == expected
        assert PlutoLoader(out, settings=settings).load()["loaded"] == expected
    assert (out / "loaded_runs.json").is_file()
    run.rows.append({"_step": ROWS, "_timestamp": BEGAN / 1000 + ROWS, "loss": 9.0})
    run.heartbeat_at = "2024-05-06T09:00:00Z"
    assert exporter(run, out).export()["exported"] == 1
    assert PlutoLoader(out, settings=settings).load()["loaded"] == 1
    found = points(run_named("baseline", tmp_path))["loss"]
    assert found == [*((step, 1 / (step + 1)) for step in range(ROWS)), (ROWS, 9.0)]


def test_a_lost_ledger_loads_nothing_twice(run: RecordedRun, tmp_path: Path) -> None:
    out = tmp_path / "out"
    exporter(run, out).export()
    for _ in range(2):
        PlutoLoader(out, settings=setup(dir=tmp_path)).load()
        (out / "loaded_runs.json").unlink()
    assert len(points(run_named("baseline", tmp_path))["loss"]) == ROWS


def test_an_export_that_was_interrupted_is_not_loaded_and_begins_again(
    run: RecordedRun, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    exporter(run, out).export()
    (out / "team/digits/runs/abc123" / state.COMPLETE).unlink()
    assert PlutoLoader(out, settings=setup(dir=tmp_path)).load()["failed"] == 1
    assert exporter(run, out).export()["exported"] == 1
    assert PlutoLoader(out, settings=setup(dir=tmp_path)).load()["loaded"] == 1


def test_what_is_left_out_is_told(run: RecordedRun, tmp_path: Path) -> None:
    run.saved[3].fails = True
    done = exporter(run, tmp_path / "out", artifact_max_bytes=0, include_console=False).export()
    (lost,) = done["coverage"]["lost"].values()
    assert "the file code/train.py: the service went away" in lost
    assert any("the artifact model:v0: 2,000,000 bytes, more than 0" in text for text in lost)
    assert "console" not in done["coverage"]["rows"]
    done = exporter(run, tmp_path / "bare", include_files=False, include_artifacts=False).export()
    (lost,) = done["coverage"]["lost"].values()
    assert [text for text in lost if text.startswith("picture (image-file): its file media/images")]


def test_a_run_that_cannot_be_exported_does_not_keep_the_others(
    run: RecordedRun, tmp_path: Path
) -> None:
    broken = RecordedRun("broken", "broken", [{"_step": "no number"}])
    api = RecordedApi({"digits": [broken, run]})
    done = WandbExporter("team", "digits", tmp_path / "out", api=api).export()
    assert (done["exported"], done["failed"]) == (1, 1)
    assert "broken" in done["coverage"]["lost"]


def test_runs_are_chosen_by_id_and_time(run: RecordedRun, tmp_path: Path) -> None:
    from datetime import datetime, timezone

    day = datetime(2024, 5, 6, tzinfo=timezone.utc)
    later = datetime(2024, 5, 7, tzinfo=timezone.utc)
    for options, count in (
        ({"run_ids": ["other"]}, 0),
        ({"after": later}, 0),
        ({"before": day}, 0),
        ({"after": day, "before": later, "run_ids": ["abc123"]}, 1),
    ):
        assert exporter(run, tmp_path / "out", **options).export()["exported"] == count


@pytest.fixture
def service(run: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> RecordedApi:
    """What `wandb.Api()` gives in this test."""
    other = RecordedRun("xyz", "other", [{"_step": 0, "_timestamp": 1.7e9, "loss": 1.0}])
    api = RecordedApi({"digits": [run], "letters": [other]})
    monkeypatch.setattr("pluto.migrate.wandb_export.wandb_api", lambda _key: api)
    return api


def test_all_exports_and_loads_every_project(service: RecordedApi, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    assert run_migrate(["wandb", "all", "--entity", "team", "--output", out]) == 0
    assert facts(run_named("baseline", tmp_path))["project"] == "digits"
    assert facts(run_named("other", tmp_path))["project"] == "letters"


def test_load_takes_projects_a_destination_and_cleans_up(
    service: RecordedApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    export = ["wandb", "export", "--entity", "team", "--output", out]
    assert run_migrate([*export, "--exclude", "letters"]) == 0
    load = ["wandb", "load", "--input", out, "--project", "digits", "--dest-project", "mine"]
    assert run_migrate([*load, "--dry-run"]) == 0
    assert "would be 1 loaded" in capsys.readouterr().out
    assert not (tmp_path / ".pluto").exists()
    assert run_migrate([*load, "--cleanup"]) == 0
    assert facts(run_named("baseline", tmp_path))["project"] == "mine"
    assert (tmp_path / "out" / "loaded_runs.mine.json").is_file()
    assert not list((tmp_path / "out").rglob("run.json"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "--entity", "team", "--output", "out", "--after", "yesterday"], "is no date"),
        (["export", "--output", "out"], "--entity"),
        (["load", "--input", "gone"], "no exported runs in gone"),
        (["all", "--entity", "team", "--output", "out", "--dest-project", "c"], "one project"),
        (["all", "--entity", "team", "--output", "out", "--dry-run"], "--dry-run goes with load"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_exit_code_2_with_the_reason(
    arguments: list[str], said: str, service: RecordedApi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_migrate(["wandb", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_several_projects_are_not_loaded_into_one(
    service: RecordedApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    assert run_migrate(["wandb", "export", "--entity", "team", "--output", out]) == 0
    load = ["wandb", "load", "--input", out, "--dest-project", "mine"]
    assert run_migrate(load) == 2
    assert "one project of wandb" in capsys.readouterr().err
    assert run_migrate([*load, "--exclude", "letters"]) == 0


def test_strict_makes_anything_that_is_left_out_exit_code_2(
    service: RecordedApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export = ["wandb", "export", "--entity", "team", "--project", "digits"]
    limit = ["--artifact-max-size-mb", "0"]
    assert run_migrate([*export, "--output", "one", *limit]) == 0
    assert "not exported: abc123: the artifact model:v0" in capsys.readouterr().err
    assert run_migrate([*export, "--output", "two", *limit, "--strict"]) == 2


@pytest.mark.parametrize("missing", ["wandb", "pyarrow"])
def test_without_the_extra_it_is_named_and_help_works(
    missing: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, find=importlib.util.find_spec: (
            None if name == missing else find(name)
        )
    )  # fmt: skip
    if missing == "pyarrow":
        monkeypatch.setattr("pluto.migrate.wandb_export.wandb_api", lambda _key: RecordedApi({}))
    export = ["wandb", "export", "--entity", "team", "--project", "digits", "--output", "out"]
    assert run_migrate(export) == 2
    assert "pip install 'pluto-ml[migrate]'" in capsys.readouterr().err
    assert run_migrate(["wandb", "--help"]) == 0


def test_a_server_gets_it_once_with_its_historical_times(
    run: RecordedRun, server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUTO_URL", server.url)
    monkeypatch.setenv("PLUTO_API_KEY", server.key)
    exporter(run, tmp_path / "out").export()
    for place in ("here", "there"):  # the second knows nothing of the first
        settings = setup(dir=tmp_path / place)
        ledger = tmp_path / place / "ledger.json"
        loader = PlutoLoader(tmp_path / "out", settings=settings, cache_path=ledger)
        assert loader.load()["loaded"] == 1, loader.outcomes
    number = facts(run_named("baseline", tmp_path / "here"))["run_id"]
    with server.client() as client:
        query = {"runId": number, "projectName": "digits", "logName": "loss"}
        rows = client.get("/api/runs/metrics/raw", params=query).json()["rows"]
        told = client.get(f"/api/runs/details/{number}").json()
        there = client.get(f"/api/ui/runs/{number}/files").json()["files"]
        query = {"runId": number, "projectName": "digits"}
        console = client.get("/api/runs/logs", params=query).json()["logs"]
    assert [(int(row["step"]), row["value"]) for row in rows] == [
        (step, 1 / (step + 1)) for step in range(ROWS)
    ]
    assert told["createdAt"].startswith("2024-05-06T07:08:09")
    assert told["externalId"] == "wandb::team/digits/abc123"
    assert told["status"] == "COMPLETED"
    assert told["config"]["summary"]["best.max"] == 3
    assert len(there) == 3
    assert [line["message"] for line in console] == ["first line", "100%"]


def test_a_directory_without_exported_runs_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no exported runs in"):
        PlutoLoader(tmp_path)
