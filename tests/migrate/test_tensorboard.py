"""Event files of the real writers become runs, value by value."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pluto.migrate.run import SourceError
from pluto.migrate.tensorboard import runs
from tests.compat.event_files import scalars
from tests.migrate.reading import facts, files, import_all, points, run_named, times, values
from tests.server_process import RunningServer

STEPS = 20


def writer_of(package: str) -> Callable[..., Any]:
    module = pytest.importorskip(package)
    writer: Callable[..., Any] = module.SummaryWriter
    return writer


@pytest.fixture(scope="module", params=["torch.utils.tensorboard", "tensorboardX"])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a training has logged with one of the two writers."""
    directory = tmp_path_factory.mktemp("logs")
    with writer_of(request.param)(str(directory / "runs" / "exp1")) as writer:
        for step in range(STEPS):
            writer.add_scalar("loss/train", 1 / (step + 1), step)
            writer.add_scalars("rates", {"body": step * 0.1, "head": step * 0.2}, step)
            writer.add_scalar("stepless", step)
        writer.add_scalar("odd", math.inf, 3)
        writer.add_scalar("before", 1.0, -3)
        writer.add_histogram("weights", np.array([1.0, 2, 2, 3]), 2)
        writer.add_histogram("same", np.ones(4), 2)
        writer.add_image("picture", np.zeros((3, 8, 8), np.uint8), 1)
        writer.add_text("words", "hello", 3)
        writer.add_pr_curve("curve", np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.8, 0.3]), 1)
    return directory / "runs"


def test_every_number_is_the_one_that_tensorboard_reads(recorded: Path, tmp_path: Path) -> None:
    (outcome,) = import_all(runs(recorded), tmp_path)
    assert (outcome.problem, outcome.lost) == (None, ())
    found = points(run_named("exp1", tmp_path))
    real = scalars(recorded / "exp1")
    assert {"loss/train", "rates/body", "rates/head", "odd"} <= real.keys()
    for name in real.keys() - {"stepless", "before"}:
        assert dict(found[name]) == real[name], name
        assert len(found[name]) == len(real[name])


def test_points_without_usable_steps_are_numbered_and_keep_them(
    recorded: Path, tmp_path: Path
) -> None:
    import_all(runs(recorded), tmp_path)
    found = points(run_named("exp1", tmp_path))
    assert found["stepless"] == [(step, float(step)) for step in range(STEPS)]
    assert found["before"] == [(0, 1.0)]
    assert found["tensorboard/step/before"] == [(0, -3.0)]


def test_histograms_pictures_texts_and_curves_are_kept(recorded: Path, tmp_path: Path) -> None:
    import_all(runs(recorded), tmp_path)
    directory = run_named("exp1", tmp_path)
    found = {(name, step): (kind, body) for name, kind, step, body in values(directory)}
    assert found["words", 3] == ("string-series", "hello")
    weights = found["weights", 2][1]
    assert sum(weights["freq"]) == 4
    assert (weights["bins"]["min"], weights["bins"]["max"]) == (1.0, 3.0)
    assert sum(found["same", 2][1]["freq"]) == 4
    names = [column["name"] for column in found["curve", 1][1]["col"]]
    assert names == ["TP", "FP", "TN", "FN", "precision", "recall"]
    ((name, kind, step, row),) = files(directory)
    assert (name, kind, step, row["mime"]) == ("picture", "IMAGE", 1, "image/png")
    assert row["content"].startswith(b"\x89PNG")


def test_the_run_has_the_times_of_its_events(recorded: Path, tmp_path: Path) -> None:
    import_all(runs(recorded), tmp_path)
    directory = run_named("exp1", tmp_path)
    known, seen = facts(directory), times(directory, "loss/train")
    assert known["created_at"] <= min(seen) <= max(seen) <= known["finished_at"]
    assert known["created_at"] > 1.7e12
    assert (known["status"], known["project"]) == ("COMPLETED", "runs")
    assert known["tags"] == ["import:tensorboard"]


def test_a_second_import_takes_only_what_was_written_since(tmp_path: Path) -> None:
    with writer_of("tensorboardX")(str(tmp_path / "runs" / "exp1")) as writer:
        for step in range(3):
            writer.add_scalar("loss", 1 / (step + 1), step)
    (file,) = (tmp_path / "runs").rglob("*tfevents*")
    whole = file.read_bytes()
    file.write_bytes(whole[:-5])  # as while it is being written
    (first,) = import_all(runs(tmp_path / "runs"), tmp_path)
    file.write_bytes(whole)
    (second,) = import_all(runs(tmp_path / "runs"), tmp_path)
    (third,) = import_all(runs(tmp_path / "runs" / "exp1"), tmp_path)
    assert third.identity.project == second.identity.project == "runs"
    assert [each.counts["points"] for each in (first, second, third)] == [2, 1, 0]
    assert [step for step, _ in points(run_named("exp1", tmp_path))["loss"]] == [0, 1, 2]


def test_hyperparameters_of_torch_become_the_config_of_the_run_above(tmp_path: Path) -> None:
    with writer_of("torch.utils.tensorboard")(str(tmp_path / "runs" / "exp1")) as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.add_hparams({"lr": 0.1, "optimizer": "adam"}, {"hparam/loss": 0.5})
    import_all(runs(tmp_path / "runs"), tmp_path)
    directory = run_named("exp1", tmp_path)
    assert facts(directory)["config"] == {"lr": 0.1, "optimizer": "adam"}
    assert points(directory)["hparam/loss"] == [(0, 0.5)]


def test_damage_before_the_end_is_told_and_what_stands_before_it_is_kept(tmp_path: Path) -> None:
    with writer_of("tensorboardX")(str(tmp_path / "runs" / "exp1")) as writer:
        for step in range(3):
            writer.add_scalar("loss", 1.0, step)
    (file,) = (tmp_path / "runs").rglob("*tfevents*")
    whole = file.read_bytes()
    file.write_bytes(whole[:-60] + bytes(60))
    (outcome,) = import_all(runs(tmp_path / "runs"), tmp_path)
    assert outcome.problem is not None
    assert "is damaged" in outcome.problem
    file.write_bytes(bytes(100))
    (outcome,) = import_all(runs(tmp_path / "runs"), tmp_path / "elsewhere")
    assert "is damaged, or no event file" in str(outcome.problem)
    assert not list((tmp_path / "elsewhere").rglob("run.db"))


def test_a_directory_without_event_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no event files \(\*tfevents\*\) below"):
        runs(tmp_path)


def test_a_server_gets_it_once_from_wherever_it_is_imported(
    recorded: Path, server: RunningServer, tmp_path: Path
) -> None:
    for place in ("here", "here", "there"):
        (outcome,) = import_all(runs(recorded), tmp_path / place, server)
        assert outcome.problem is None
        assert outcome.receipt is not None
        assert outcome.receipt.kept == 0
    here, there = (run_named("exp1", tmp_path / place) for place in ("here", "there"))
    number = facts(here)["run_id"]
    assert facts(there)["run_id"] == number
    expected = points(here)["loss/train"]
    with server.client() as client:
        query = {"runId": number, "projectName": "runs", "logName": "loss/train"}
        rows = client.get("/api/runs/metrics/raw", params=query).json()["rows"]
        files_there = client.get(f"/api/ui/runs/{number}/files").json()["files"]
        run = client.get(f"/api/runs/details/{number}").json()
    assert [(int(row["step"]), row["value"]) for row in rows] == expected
    assert len(files_there) == 1
    assert (run["status"], run["tags"]) == ("COMPLETED", ["import:tensorboard"])
    assert run["createdAt"][:16] == _minute(facts(here))


def _minute(known: dict[str, Any]) -> str:
    from datetime import datetime, timezone

    moment = datetime.fromtimestamp(known["created_at"] / 1000, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M")
