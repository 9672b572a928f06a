"""What wandb keeps on the machine that trained becomes runs; no wandb, no account is needed."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pluto.migrate import wandb_files
from pluto.migrate.run import SourceError
from tests.compat import wandb_record
from tests.migrate.reading import facts, files, import_all, lines, points, run_named, values

if importlib.util.find_spec("wandb") is None:
    pytest.skip("wandb is not installed", allow_module_level=True)

SCRIPT = """
import os, sys
import numpy as np
import wandb

run = wandb.init(
    project="digits", entity="team", name="baseline", config={"lr": 0.1, "opt": {"name": "adam"}},
    tags=["a"], notes="my notes", group="g", job_type="train", dir=".",
    settings={"x_stats_sampling_interval": 1},
)
print("hello console")
print("10%\\r100%")
for step in range(40):
    row = {"loss": 1 / (step + 1), "train": {"acc": step * 0.1}, "flag": True, "phase": f"p{step}"}
    run.log(row)
run.log({"odd": float("nan"), "low": float("-inf"), "many": list(range(100)), "few": [1, 2]})
picture = np.zeros((8, 8, 3), np.uint8)
place = {"minX": 0.1, "minY": 0.1, "maxX": 0.5, "maxY": 0.5}
box = {"position": place, "class_id": 1, "box_caption": "cat"}
boxes = {"predicted": {"box_data": [box], "class_labels": {1: "cat"}}}
run.log({"picture": wandb.Image(picture, caption="black", boxes=boxes)})
run.log({"pictures": [wandb.Image(picture + each) for each in range(2)]})
run.log({
    "weights": wandb.Histogram([1, 2, 2, 3]),
    "table": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, None]]),
    "page": wandb.Html("<b>x</b>"),
    "cells": wandb.Table(columns=["shown"], data=[[wandb.Image(picture)]]),
})
with open("model.txt", "w") as file:
    file.write("a model")
model = wandb.Artifact("model", "model", metadata={"acc": 1})
model.add_file("model.txt")
run.log_artifact(model)
run.summary["best"] = 0.5
run.config.update({"later": 1})
run.save("model.txt", policy="now")
run.alert("title", "text")
print("to stderr", file=sys.stderr)
run.finish(exit_code=int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What wandb itself has written down of a run."""
    directory = tmp_path_factory.mktemp("wandb")
    _record(directory, "0")
    return directory


def _record(directory: Path, code: str) -> None:
    environment = {**os.environ, "WANDB_MODE": "offline", "HOME": str(directory)}
    subprocess.run(
        [sys.executable, "-c", SCRIPT, code],
        cwd=directory,
        env=environment,
        check=True,
        timeout=100,
        capture_output=True,
    )


def test_every_number_is_at_its_step(recorded: Path, tmp_path: Path) -> None:
    (outcome,) = import_all(wandb_files.runs(recorded), tmp_path)
    assert (outcome.problem, outcome.lost) == (None, ())
    (real,) = wandb_record.recorded(recorded)
    found = {
        (name, step): value
        for name, series in points(run_named("baseline", tmp_path)).items()
        for step, value in series
        if not name.startswith("sys/")
    }
    wanted = wandb_record.numbers(real)
    listed = {key for key in wanted if key[0].startswith("many/")}
    assert len(listed) == 100  # which is a histogram here
    wanted = {key: value for key, value in wanted.items() if key not in listed}
    assert found.keys() == wanted.keys()
    assert all(
        found[key] == value or (math.isnan(found[key]) and math.isnan(value))
        for key, value in wanted.items()
    )


def test_texts_media_and_structured_values_are_kept(recorded: Path, tmp_path: Path) -> None:
    import_all(wandb_files.runs(recorded), tmp_path)
    directory = run_named("baseline", tmp_path)
    found = {(name, step): body for name, _, step, body in values(directory)}
    assert [found["phase", step] for step in range(40)] == [f"p{step}" for step in range(40)]
    assert sum(found["many", 40]["freq"]) == 100
    assert sum(found["weights", 43]["freq"]) == 4
    assert found["table", 43]["table"] == [[1, "x"], [2, None]]
    assert found["alerts", 43] == "title: text"
    kept = {
        (name, row["sampleIndex"]): (kind, step, row) for name, kind, step, row in files(directory)
    }
    kind, step, row = kept["picture", 0]
    assert (kind, step, row["caption"]) == ("IMAGE", 41, "black")
    (box,) = json.loads(row["annotations"])["boxes"]["predicted"]["box_data"]
    assert (box["box_caption"], box["domain"]) == ("cat", "fraction")
    assert {kept["pictures", place][1] for place in (0, 1)} == {42}
    assert kept["page", 0][2]["content"].endswith(b"<b>x</b>")
    assert kept["save/model.txt", 0][2]["content"] == b"a model"
    kind, _, row = kept["artifacts/model", 0]
    assert (kind, row["content"], row["caption"]) == ("ARTIFACT", b"a model", "model.txt")
    assert json.loads(row["annotations"])["artifact"]["metadata"] == {"acc": 1}
    (cell,) = [row for (name, _), (_, _, row) in kept.items() if name.endswith("-cells")]
    assert cell["content"].startswith(b"\x89PNG")


def test_what_is_known_about_the_run_is_kept(recorded: Path, tmp_path: Path) -> None:
    import_all(wandb_files.runs(recorded), tmp_path)
    directory = run_named("baseline", tmp_path)
    known = facts(directory)
    (real,) = wandb_record.recorded(recorded)
    assert known["external_id"] == f"wandb::team/digits/{real.run_id}"
    assert known["project"] == "digits"
    assert {**known["config"], "wandb": None} == {**real.config, "wandb": None}
    assert known["config"]["wandb"]["id"] == real.run_id
    assert known["tags"] == ["a", "group:g", "job_type:train", "import:wandb"]
    assert (known["notes"], known["status"]) == ("my notes", "COMPLETED")
    assert known["summary"]["best"] == 0.5
    assert known["summary"]["train.acc"] == pytest.approx(3.9)
    assert 1.7e12 < known["created_at"] <= known["finished_at"]
    assert any(name.startswith("sys/") for name in points(directory))
    assert lines(directory)[:2] == [("INFO", "hello console"), ("INFO", "100%")]
    assert ("ERROR", "to stderr") in lines(directory)


def test_a_run_that_is_still_written_goes_on_and_one_that_failed_says_so(
    recorded: Path, tmp_path: Path
) -> None:
    (source,) = recorded.glob("wandb/offline-run-*/*.wandb")
    copy = tmp_path / "wandb" / source.parent.name / source.name
    copy.parent.mkdir(parents=True)
    whole = source.read_bytes()
    copy.write_bytes(whole[: len(whole) // 3])
    (first,) = import_all(wandb_files.runs(tmp_path / "wandb"), tmp_path / "here")
    known = facts(run_named("baseline", tmp_path / "here"))
    assert known["status"] == "FAILED"
    assert "no end was recorded" in known["status_metadata"]["reason"]
    copy.write_bytes(whole)
    (second,) = import_all(wandb_files.runs(tmp_path / "wandb"), tmp_path / "here")
    directory = run_named("baseline", tmp_path / "here")
    assert facts(directory)["status"] == "COMPLETED"
    assert len(points(directory)["loss"]) == 40
    import_all(wandb_files.runs(recorded), tmp_path / "whole")
    (third,) = import_all(wandb_files.runs(tmp_path / "wandb"), tmp_path / "here")
    # As texts, for NaN is not equal to itself.
    whole_points = points(run_named("baseline", tmp_path / "whole"))
    assert str(sorted(points(directory).items())) == str(sorted(whole_points.items()))
    assert first.is_new
    assert second.is_new
    assert not third.is_new
    # Files of media did not come along with the copy, and are told.
    assert any("cannot be read" in text for text in second.lost)


def test_an_exit_code_is_a_failure(tmp_path: Path) -> None:
    _record(tmp_path, "3")
    import_all(wandb_files.runs(tmp_path), tmp_path)
    known = facts(run_named("baseline", tmp_path))
    assert (known["status"], known["status_metadata"]) == ("FAILED", {"exitCode": 3})


def test_what_is_no_file_of_wandb_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no \.wandb files below"):
        wandb_files.runs(tmp_path)
    (tmp_path / "run-x.wandb").write_bytes(b"something else")
    (outcome,) = import_all(wandb_files.runs(tmp_path), tmp_path)
    assert "is no .wandb file" in str(outcome.problem)
    assert not list(tmp_path.rglob("run.db"))


def test_the_numbers_of_the_fields_are_those_of_the_installed_wandb() -> None:
    from wandb.proto import wandb_internal_pb2 as messages

    def number(message: str, field: str) -> int:
        return int(getattr(messages, message).DESCRIPTOR.fields_by_name[field].number)

    record = {
        field: getattr(wandb_files, field.upper())
        for field in ("history", "summary", "output", "config", "files", "stats", "artifact")
    } | {
        field: getattr(wandb_files, field.upper())
        for field in ("alert", "output_raw", "run", "exit", "environment")
    }
    assert {field: number("Record", field) for field in record} == record
    texts = {"os": "os", "python": "python", "program": "program", "host": "host",
             "executable": "executable", "gpu": "gpu_type", "cuda": "cuda_version"}  # fmt: skip
    assert {
        name: number("EnvironmentRecord", field) for name, field in texts.items()
    } == wandb_files._ENVIRONMENT_TEXTS
