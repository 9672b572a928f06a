"""Stores of MLflow become runs; the files are what the real package has written (recorded/)."""

from __future__ import annotations

import json
import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pluto.migrate.mlflow import runs
from pluto.migrate.run import SourceError
from tests.migrate.reading import facts, files, import_all, points, run_named, times

RECORDED = Path(__file__).with_name("recorded")


def directory_store(root: Path) -> Path:
    for name, text in json.loads((RECORDED / "mlruns.json").read_text("utf-8")).items():
        (root / "mlruns" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "mlruns" / name).write_text(text)
    return root / "mlruns"


def database(root: Path) -> Path:
    path = root / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript((RECORDED / "mlflow.sql").read_text("utf-8"))
    (run,) = [each for each in runs(path) if each.identity.name == "baseline"]
    for name, text in {"m.txt": "hello", "sub/m.txt": "hello", "d.json": '{\n  "a": 1\n}'}.items():
        file = root / "mlruns" / "1" / run.about["run_id"] / "artifacts" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path


@pytest.fixture(params=[directory_store, database])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (tmp_path / "training").mkdir()
    made: Path = request.param(tmp_path / "training")
    return made


def test_every_point_is_kept_with_its_time(store: Path, tmp_path: Path) -> None:
    outcomes = import_all(runs(store), tmp_path)
    assert [(each.identity.name, each.problem, each.lost) for each in outcomes] == [
        ("baseline", None, ()),
        ("failed", None, ()),
    ]
    directory = run_named("baseline", tmp_path)
    found = points(directory)
    assert found["loss"] == [(step, 1 / (step + 1)) for step in range(5)]
    assert found["a/b"] == [(1, 1.0)]
    assert found["nan"][0][0] == 1
    assert math.isnan(found["nan"][0][1])
    assert found["nostep"] == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert (found["neg"], found["mlflow/step/neg"]) == ([(0, 1.0)], [(0, -2.0)])
    seen = times(directory, "loss")
    assert seen == sorted(seen)
    assert seen[0] > 1.7e12
    assert found.keys() == {"loss", "a/b", "nan", "nostep", "neg", "mlflow/step/neg"}


def test_parameters_tags_notes_status_and_artifacts_are_kept(store: Path, tmp_path: Path) -> None:
    import_all(runs(store), tmp_path)
    directory = run_named("baseline", tmp_path)
    known = facts(directory)
    assert (known["config"]["lr"], known["config"]["opt"]) == (0.1, "adam")
    assert known["config"]["mlflow"]["experiment"] == known["project"] == "digits"
    assert known["tags"] == ["team:x", "import:mlflow"]
    assert (known["notes"], known["status"]) == ("my note", "COMPLETED")
    assert 1.7e12 < known["created_at"] < known["finished_at"]
    assert facts(run_named("failed", tmp_path))["status"] == "FAILED"
    kept = {name: row["content"] for name, _, _, row in files(directory)}
    assert kept["artifacts/m.txt"] == kept["artifacts/sub/m.txt"] == b"hello"
    assert json.loads(kept["artifacts/d.json"]) == {"a": 1}


def test_a_second_import_takes_what_was_logged_since(store: Path, tmp_path: Path) -> None:
    import_all(runs(store), tmp_path)
    assert not any(outcome.is_new for outcome in import_all(runs(store), tmp_path))
    (run,) = [each for each in runs(store) if each.identity.name == "baseline"]
    if store.is_dir():
        (file,) = store.glob("*/*/metrics/loss")
        file.write_text(file.read_text() + "1795870130200 0.125 5\n")
    else:
        with closing(sqlite3.connect(store)) as connection, connection:
            row = ("loss", 0.125, 1795870130200, run.about["run_id"], 5, 0)
            connection.execute("INSERT INTO metrics VALUES (?,?,?,?,?,?)", row)
    import_all(runs(store), tmp_path)
    assert points(run_named("baseline", tmp_path))["loss"][4:] == [(4, 0.2), (5, 0.125)]


def test_a_directory_with_both_stores_gives_the_runs_of_both(tmp_path: Path) -> None:
    directory_store(tmp_path)
    database(tmp_path)
    assert len(runs(tmp_path)) == 4
    assert len(runs(tmp_path / "mlruns")) == 2


def test_an_unfinished_run_an_infinity_and_artifacts_elsewhere_are_told(tmp_path: Path) -> None:
    path = database(tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE runs SET status = 'RUNNING', end_time = NULL")
        connection.execute("UPDATE runs SET artifact_uri = 's3://bucket/x' WHERE name = 'failed'")
        connection.execute("UPDATE metrics SET value = -1.7976931348623157e308 WHERE key = 'x'")
    outcomes = {each.identity.name: each for each in import_all(runs(path), tmp_path / "here")}
    assert outcomes["failed"].lost == ("artifacts, which are not here: s3://bucket/x",)
    directory = run_named("failed", tmp_path / "here")
    assert facts(directory)["status"] == "FAILED"
    assert "RUNNING" in facts(directory)["status_metadata"]["reason"]
    assert points(directory)["x"] == [(0, -math.inf)]


def test_what_is_no_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no mlruns and no database of MLflow"):
        runs(tmp_path)
    (tmp_path / "x.db").write_text("no database")
    with pytest.raises(SourceError, match="no mlruns and no database of MLflow"):
        runs(tmp_path / "x.db")
    store = directory_store(tmp_path)
    (file,) = store.glob("*/*/metrics/loss")
    file.write_text("nonsense\n")
    with pytest.raises(SourceError, match="no time, value and step: 'nonsense'"):
        runs(store)
