"""Databases of Trackio become runs; this one was written by the real package (recorded/)."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pluto.migrate.run import SourceError
from pluto.migrate.trackio import runs
from tests.migrate.reading import facts, files, import_all, points, run_named, times, values

RECORDED = Path(__file__).with_name("recorded")
PICTURE = "digits/baseline/5/c7435810-6dff-46fa-92a5-aa9375aa0cd6.png"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "trackio" / "digits.db"
    (path.parent / "media" / PICTURE).parent.mkdir(parents=True)
    (path.parent / "media" / PICTURE).write_bytes(b"\x89PNG\r\n\x1a\nx")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript((RECORDED / "trackio.sql").read_text("utf-8"))
    return path


def test_every_row_is_kept(store: Path, tmp_path: Path) -> None:
    (outcome,) = import_all(runs(store), tmp_path)
    assert (outcome.problem, outcome.lost) == (None, ())
    directory = run_named("baseline", tmp_path)
    found = points(directory)
    assert found["loss"] == [(step, 1 / (step + 1)) for step in range(5)]
    assert found["nested/acc"] == [(step, float(step)) for step in range(5)]
    assert [math.isnan(value) for _, value in found["nan"]] == [True] * 5
    assert found["sys/cpu"] == [(0, 1.0)]
    structured = {(name, step): body for name, _, step, body in values(directory)}
    assert [structured["text", step] for step in range(5)] == [f"t{step}" for step in range(5)]
    assert structured["tab", 5]["table"] == [[1]]
    assert sum(structured["h", 6]["freq"]) == 3
    assert structured["alerts", 6] == "title: text"
    ((name, kind, step, row),) = files(directory)
    assert (name, kind, step, row["caption"]) == ("img", "IMAGE", 5, "c")
    assert row["content"].startswith(b"\x89PNG")


def test_config_and_times_are_kept(store: Path, tmp_path: Path) -> None:
    import_all(runs(store.parent), tmp_path)
    directory = run_named("baseline", tmp_path)
    known = facts(directory)
    assert (known["config"]["lr"], known["config"]["opt"]) == (0.1, {"name": "adam"})
    assert (known["project"], known["tags"]) == ("digits", ["import:trackio"])
    assert known["created_at"] == 1_795_870_140_784
    assert times(directory, "loss") == [1_795_870_141_479] * 5


def test_rows_that_were_added_are_imported_and_no_others(store: Path, tmp_path: Path) -> None:
    import_all(runs(store), tmp_path)
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute(
            "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics)"
            " SELECT run_id, timestamp, run_name, 7, '{\"loss\": 0.1}' FROM configs,"
            " (SELECT timestamp FROM metrics LIMIT 1)"
        )
    (outcome,) = import_all(runs(store), tmp_path)
    assert outcome.counts["points"] == 1
    assert points(run_named("baseline", tmp_path))["loss"][5:] == [(7, 0.1)]


def test_a_picture_that_is_gone_is_told_and_the_rest_is_imported(
    store: Path, tmp_path: Path
) -> None:
    (store.parent / "media" / PICTURE).unlink()
    (outcome,) = import_all(runs(store), tmp_path)
    assert outcome.problem is None
    (lost,) = outcome.lost
    assert "of img cannot be read: No such file" in lost


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "other.db").write_text("x")
    for path in (tmp_path, tmp_path / "other.db"):
        with pytest.raises(SourceError, match="no database of Trackio"):
            runs(path)
