"""What a script on neptune 1.x takes back is gone for whoever reads Neptune's attributes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pluto.compat.neptune_client as neptune
import pluto.compat.neptune_query as nq
from tests.compat.reading import files, metrics
from tests.server_process import running_server

pytest.importorskip("pandas", reason="pandas is not installed")

QUIET: dict[str, Any] = {
    "project": "lab/removed",
    "source_files": [],
    "capture_stdout": False,
    "capture_stderr": False,
    "capture_hardware_metrics": False,
}


@pytest.fixture(params=["disk", "server"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Where the runs go."""
    if request.param == "disk":
        yield "disk"
        return
    with running_server(tmp_path / "data") as server:
        monkeypatch.setenv("PLUTO_URL", server.url)
        monkeypatch.setenv("PLUTO_API_KEY", server.key)
        yield "server"


def values(run: neptune.Run, path: str) -> list[tuple[float, Any]]:
    """A series as (step, value)."""
    frame = run[path].fetch_values(include_timestamp=False)
    return list(zip(frame["step"].tolist(), frame["value"].tolist(), strict=True))


def test_a_series_that_was_taken_back_begins_anew(place: str) -> None:
    run = neptune.init_run(custom_run_id="night", **QUIET)
    for value in (3.0, 2.0, 1.0):
        run["train/loss"].append(value)
    run["train/word"].append("old")
    run["train/lr"] = 0.1
    run["kept"].append(7)
    del run["train"]
    assert not run.exists("train/loss")
    assert not run.exists("train")
    for value in (0.5, 0.25):
        run["train/loss"].append(value)
    assert values(run, "train/loss") == [(0, 0.5), (1, 0.25)]
    run.stop()
    assert list(metrics(run.op)["train/loss"].values()) == [3.0, 2.0, 1.0, 0.5, 0.25]
    reading = neptune.init_run(with_id="night", mode="read-only", **QUIET)
    assert values(reading, "train/loss") == [(0, 0.5), (1, 0.25)]
    assert reading["train/loss"].fetch_last() == 0.25
    assert values(reading, "kept") == [(0, 7)]
    assert not reading.exists("train/word")
    assert not reading.exists("train/lr")
    reading.stop()
    table = nq.runs.fetch_metrics(project="lab/removed", runs=["night"], attributes="train")
    assert table["train/loss"].tolist() == [0.5, 0.25]
    assert nq.runs.list_attributes("lab/removed", attributes="train") == ["train/loss"]


def test_a_series_that_was_taken_back_stays_so_when_its_run_goes_on() -> None:
    first = neptune.init_run(custom_run_id="night", **QUIET)
    for step, value in ((5, 5.0), (9, 9.0), (7, 7.0)):
        first["loss"].append(value, step=step)
    first["loss"].pop()
    first.stop()
    second = neptune.init_run(custom_run_id="night", **QUIET)
    assert not second.exists("loss")
    second["loss"].append(0.5, step=5)
    assert values(second, "loss") == [(5, 0.5)]
    second.stop()


def test_a_series_that_was_cleared_or_assigned_anew_has_only_what_came_afterwards() -> None:
    run = neptune.init_run(**QUIET)
    run["words"].extend(["one", "two"])
    run["words"].clear()
    assert run.exists("words")
    assert values(run, "words") == []
    with pytest.raises(neptune.exceptions.MissingFieldException):
        run["words"].fetch_last()
    run["words"].append("three")
    assert values(run, "words") == [(0, "three")]
    run["numbers"] = neptune.types.FloatSeries([1, 2, 3])
    run["numbers"] = neptune.types.FloatSeries([4], steps=[2])
    assert values(run, "numbers") == [(2, 4)]
    run["single"] = 1
    with pytest.raises(neptune.exceptions.TypeDoesNotSupportAttributeException):
        run["single"].clear()
    run.stop()


def test_files_are_taken_out_of_a_set_and_come_back_when_they_are_uploaded_again(
    place: str, tmp_path: Path
) -> None:
    for name in ("a.csv", "b.csv", "deep/c.csv", "deep/d.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    run = neptune.init_run(custom_run_id="set", **QUIET)
    run["set"].upload_files(["*.csv", "deep/*.csv"])
    run["set"].delete_files(["a.csv", "deep"])
    assert run["set"].list_fileset_files() == ["b.csv"]
    (tmp_path / "a.csv").write_text("again")
    run["set"].upload_files("a.csv")
    assert sorted(run["set"].list_fileset_files()) == ["a.csv", "b.csv"]
    run["single"].upload("b.csv")
    run["single"].pop()
    with pytest.raises(neptune.exceptions.TypeDoesNotSupportAttributeException):
        run["sys/name"].delete_files("a.csv")
    run.stop()
    assert len(files(run.op, "set")) == 5
    reading = neptune.init_run(with_id="set", mode="read-only", **QUIET)
    assert sorted(reading["set"].list_fileset_files()) == ["a.csv", "b.csv"]
    assert not reading.exists("single")
    reading.stop()
    attributes = nq.runs.list_attributes("lab/removed", attributes="set|single")
    assert attributes == ["set"]


def test_pictures_of_a_series_that_was_taken_back_are_not_read() -> None:
    import numpy as np

    run = neptune.init_run(custom_run_id="pictures", **QUIET)
    picture = neptune.types.File.as_image(np.zeros((4, 4)))
    run["shots"].extend([picture, picture])
    run["shots"].clear()
    run["shots"].append(picture)
    run.stop()
    assert len(files(run.op, "shots")) == 3
    reading = neptune.init_run(with_id="pictures", mode="read-only", **QUIET)
    assert [step for step, _ in values(reading, "shots")] == [0]
    reading.stop()
