"""CSV and JSON Lines become runs, line by line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from pluto.migrate.run import SourceError
from pluto.migrate.tables import runs
from tests.migrate.reading import facts, import_all, points, run_named, times, values


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_columns_become_metrics_and_texts_under_the_step_and_time_of_the_line(
    tmp_path: Path,
) -> None:
    text = "Step,loss,phase,timestamp\n10,1.5,warm-up,1700000000\n20,nan,,1700000001.5\n30,,end,\n"
    file = write(tmp_path / "logs" / "baseline.csv", text)
    (outcome,) = import_all(runs(file), tmp_path)
    assert (outcome.problem, outcome.lost) == (None, ())
    directory = run_named("baseline", tmp_path)
    (ten, twenty) = points(directory)["loss"]
    assert ten == (10, 1.5)
    assert twenty[0] == 20
    assert math.isnan(twenty[1])
    assert times(directory, "loss") == [1_700_000_000_000, 1_700_000_001_500]
    assert [(step, body) for _, _, step, body in values(directory)] == [
        (10, "warm-up"),
        (30, "end"),
    ]
    assert facts(directory)["project"] == "logs"
    assert set(points(directory)) == {"loss"}


def test_without_a_usable_step_the_lines_are_numbered_and_the_column_is_a_metric(
    tmp_path: Path,
) -> None:
    write(tmp_path / "logs" / "a.csv", "epoch,loss\n0.5,1\n1,2\n")
    write(tmp_path / "logs" / "b.csv", "loss\n5\n6\n")
    import_all(runs(tmp_path / "logs"), tmp_path)
    found = points(run_named("a", tmp_path))
    assert found == {"epoch": [(0, 0.5), (1, 1.0)], "loss": [(0, 1.0), (1, 2.0)]}
    assert points(run_named("b", tmp_path)) == {"loss": [(0, 5.0), (1, 6.0)]}


def test_columns_can_be_named(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "n,loss,when\n3,1,2024-01-02T03:04:05Z\n4,2,2024-01-02\n")
    import_all(runs(file, "mine", "n", "when"), tmp_path)
    directory = run_named("a", tmp_path)
    assert points(directory) == {"loss": [(3, 1.0), (4, 2.0)]}
    assert times(directory, "loss") == [1_704_164_645_000, 1_704_153_600_000]
    assert facts(directory)["project"] == "mine"


def test_objects_of_json_lines_are_flattened(tmp_path: Path) -> None:
    text = (
        '{"step": 1, "train": {"loss": 0.5, "ok": true}}\n\n{"step": 2, "note": "x", "bad": null}\n'
    )
    (outcome,) = import_all(runs(write(tmp_path / "a.jsonl", text)), tmp_path)
    directory = run_named("a", tmp_path)
    assert points(directory) == {"train/loss": [(1, 0.5)], "train/ok": [(1, 1.0)]}
    assert values(directory) == [("note", "string-series", 2, "x")]
    assert outcome.lost == ()


def test_lines_that_were_added_are_imported_and_no_others(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", '{"step": 0, "loss": 1}\n{"step": 1, "lo')
    (first,) = import_all(runs(file), tmp_path)
    write(file, '{"step": 0, "loss": 1}\n{"step": 1, "loss": 2}\n')
    (second,) = import_all(runs(file), tmp_path)
    assert [first.counts["points"], second.counts["points"]] == [1, 1]
    assert points(run_named("a", tmp_path)) == {"loss": [(0, 1.0), (1, 2.0)]}


def test_files_of_one_name_are_called_after_their_directories(tmp_path: Path) -> None:
    for version in (0, 1):
        write(tmp_path / "logs" / f"version_{version}" / "metrics.csv", "step,loss\n0,1\n")
    found = runs(tmp_path / "logs")
    assert [run.identity.name for run in found] == ["version_0", "version_1"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "a,b\n1,2,3\n", "line 2: 3 cells for 2 columns"),
        ("a.jsonl", '{"a": 1}\nnot json\n', "line 2: Expecting value"),
        ("a.jsonl", "[1]\n", "a JSON object is needed"),
    ],
)
def test_what_is_no_table_is_told_with_its_line_and_leaves_no_run(
    name: str, text: str, problem: str, tmp_path: Path
) -> None:
    (outcome,) = import_all(runs(write(tmp_path / "logs" / name, text)), tmp_path)
    assert outcome.problem is not None
    assert problem in outcome.problem
    assert not list(tmp_path.rglob("run.db"))


def test_a_column_that_is_not_there_and_a_foreign_file_are_told(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "step,loss\n0,1\n")
    (outcome,) = import_all(runs(file, step="epoch"), tmp_path)
    assert outcome.problem is not None
    assert "no column 'epoch', but 'step', 'loss'" in outcome.problem
    with pytest.raises(SourceError, match="is no table"):
        runs(write(tmp_path / "a.txt", "x"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=r"no files \*\.csv"):
        runs(tmp_path / "empty")
