"""Beside the real wandb in offline mode: its own record and ours agree row by row."""

import json
import math
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pluto.storage import Kind
from tests.compat.reading import facts, files, histograms, known, metrics, reading
from tests.compat.scripts import run_code, run_script, runs_of
from tests.compat.wandb_record import Recorded, media, numbers, recorded

pytest.importorskip("wandb", reason="wandb is not installed: pip install wandb==0.31.0")

PATCH = "import pluto.compat.wandb\npluto.compat.wandb.patch()"
QUIET: dict[str, Any] = {"WANDB_MODE": "offline", "WANDB_CONSOLE": "off", "WANDB_SILENT": "true"}


def beside(script: str, directory: Path, *, fails: bool = False, **environment: Any) -> str:
    return run_script(
        f"wandb_scripts/{script}.py", directory, first=PATCH, fails=fails, **QUIET, **environment
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The directory in which a script has run, once for all tests."""

    @cache
    def run(script: str) -> Path:
        directory = tmp_path_factory.mktemp(script)
        beside(script, directory)
        return directory

    return run


def ours(run: Path) -> dict[tuple[str, int], float]:
    return {(name, step): v for name, points in metrics(run).items() for step, v in points.items()}


def same(a: dict[tuple[str, int], float], b: dict[tuple[str, int], float]) -> bool:
    return a.keys() == b.keys() and all(
        b[key] == value or (math.isnan(value) and math.isnan(b[key])) for key, value in a.items()
    )


def pairs(directory: Path) -> Iterator[tuple[Path, Recorded]]:
    own, theirs = runs_of(directory), recorded(directory)
    assert len(own) == len(theirs) > 0
    by_id = {run.run_id: run for run in theirs}
    yield from ((run, by_id[known(run)["external_id"]]) for run in own)


@pytest.mark.parametrize(
    "script",
    [
        *("quickstart", "context_manager", "steps_and_commits", "config_forms", "summaries"),
        *("media", "tables_and_plots", "artifacts_and_files", "several_runs"),
    ],
)
def test_both_records_of_a_run_agree(script: str, ran: Callable[[str], Path]) -> None:
    for run, real in pairs(ran(script)):
        assert numbers(real)
        assert same(numbers(real), ours(run)), (numbers(real), ours(run))
        config = known(run)["config"] or {}
        assert {key: value for key, value in config.items() if key != "wandb"} == real.config
        assert known(run)["status"] == "COMPLETED"


def test_what_sums_up_the_run_is_the_same(ran: Callable[[str], Path]) -> None:
    ((run, real),) = pairs(ran("summaries"))
    summary = known(run)["summary"]
    assert summary["loss"] == real.summary["loss"] == {"min": 1.0}
    for name in ("acc", "speed", "final", "best_epoch", "test", "verdict"):
        assert summary[name] == real.summary[name], name
    assert set(summary) <= set(real.summary)


def test_every_medium_of_wandb_s_record_is_in_ours_at_its_step(ran: Callable[[str], Path]) -> None:
    ((run, real),) = pairs(ran("media"))
    with reading(run) as reader:
        kept = {
            (record.name, record.step)
            for kind in (Kind.FILE, Kind.DATA)
            for record in reader.records(kind)
        }
    assert len(media(real)) == 11
    assert set(media(real)) <= kept
    ((_, counts),) = histograms(run, "weights")
    assert counts["freq"] == [1, 2, 0, 1] or counts["freq"] == [1, 0, 2, 1]
    drawn, mask = files(run, "drawn")
    assert json.loads(drawn["annotations"])["boxes"]["found"]["box_data"][0]["domain"] == "fraction"
    assert mask["fileType"] == "mask"


def test_the_facts_of_a_run_are_the_same(ran: Callable[[str], Path]) -> None:
    ((run, real),) = pairs(ran("context_manager"))
    about = known(run)
    assert about["name"] == real.name == "baseline"
    assert about["tags"] == ["baseline", "small", "group:night", "job_type:train", "done"]
    assert about["notes"] == "it works"
    (alert,) = facts(run, "alert")
    assert (alert["title"], alert["level"]) == ("Half way", "WARNING")


def test_artifacts_and_saved_files_are_kept_too(ran: Callable[[str], Path]) -> None:
    ((run, _),) = pairs(ran("artifacts_and_files"))
    assert {file["caption"] for file in files(run, "artifacts/numbers")} == {
        *("test.csv", "train.csv", "readme.txt")
    }
    assert [file["caption"] for file in files(run, "artifacts/net")] == ["model.bin"]
    assert [file["step"] for file in files(run, "save/data/train.csv")] == [0]


def test_a_script_that_fails_fails_the_same_way_and_its_run_is_failed(tmp_path: Path) -> None:
    printed = beside("failing", tmp_path, fails=True)
    assert "ValueError: the loss is too good" in printed
    ((run, real),) = pairs(tmp_path)
    assert same(numbers(real), ours(run))
    about = known(run)
    assert about["status"] == "FAILED"
    assert about["status_metadata"]["message"] == "the loss is too good"


def test_the_environment_speaks_to_both(tmp_path: Path) -> None:
    beside(
        "environment",
        tmp_path,
        WANDB_PROJECT="from-outside",
        WANDB_RUN_ID="chosen-outside",
        WANDB_RUN_GROUP="cluster",
        WANDB_TAGS="a,b",
    )
    ((run, real),) = pairs(tmp_path)
    assert same(numbers(real), ours(run))
    assert run.parent.name == "from-outside"
    assert known(run)["tags"] == ["a", "b", "group:cluster"]


def test_watching_logs_histograms_beside_wandb_s(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed: pip install torch")
    beside("watching", tmp_path)
    ((run, real),) = pairs(tmp_path)
    assert same(numbers(real), ours(run))
    theirs = {name for name, _ in media(real)}
    for place in ("0.weight", "0.bias", "2.weight", "2.bias"):
        assert f"gradients/{place}" in theirs
        assert len(histograms(run, f"grad/{place}")) == 3
        assert len(histograms(run, f"param/{place}")) == 3


def test_results_and_exceptions_are_those_of_wandb(tmp_path: Path) -> None:
    printed = run_code(
        """
import wandb, pluto.compat.wandb as own
own.patch()
run = wandb.init(project="p")
assert isinstance(run, wandb.sdk.wandb_run.Run) and wandb.run is run
assert isinstance(run.define_metric("x"), wandb.sdk.wandb_metric.Metric)
try:
    run.log(["no dict"])
except TypeError as error:
    print("log:", error)
try:
    run.config.update({"a": 1}); run.config.update({"a": 2})
except wandb.sdk.lib.config_util.ConfigError:
    print("config: as ever")
run.finish(exit_code=3)
try:
    run.log({"x": 1})
except wandb.errors.UsageError:
    print("finished: as ever")
""",
        tmp_path,
        **QUIET,
    )
    assert "log: wandb.log must be passed a dictionary" in printed
    assert "config: as ever" in printed
    assert "finished: as ever" in printed
    (run,) = runs_of(tmp_path)
    assert known(run)["status"] == "FAILED"


def test_what_goes_wrong_with_pluto_never_reaches_the_script(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where the runs should go")
    printed = run_code(
        """
import wandb, pluto.compat.wandb as own
own.patch(dir="blocked/below")
run = wandb.init(project="p")
run.log({"x": 1})
run.finish()
print("done")
""",
        tmp_path,
        **QUIET,
    )
    assert printed.count("was not mirrored; the script goes on") == 1
    assert "done" in printed
    ((_, row),) = recorded(tmp_path)[0].rows.items()
    assert row == {"x": 1}


def test_restore_leaves_wandb_as_it_was(tmp_path: Path) -> None:
    run_code(
        """
import wandb, pluto.compat.wandb as own
kind = wandb.sdk.wandb_run.Run
before = {name: getattr(kind, name) for name in ("log", "finish", "tags")}, wandb.init
own.patch()
assert wandb.init is not before[1]
own.patch()
own.restore()
assert ({name: getattr(kind, name) for name in before[0]}, wandb.init) == before
wandb.init(project="p").finish()
""",
        tmp_path,
        **QUIET,
    )
    assert runs_of(tmp_path) == []


def test_a_run_that_is_live_already_gets_one_of_pluto_beside_it(tmp_path: Path) -> None:
    run_code(
        """
import wandb, pluto.compat.wandb as own
run = wandb.init(project="p", config={"a": 1})
wandb.log({"x": 0})
own.patch()
wandb.log({"x": 1})
wandb.config.b = 2
own.restore()
wandb.log({"x": 2})
run.finish()
""",
        tmp_path,
        **QUIET,
    )
    (run,) = runs_of(tmp_path)
    assert metrics(run) == {"x": {1: 1.0}}
    assert known(run)["config"] == {"a": 1, "b": 2}


def test_a_run_that_wandb_is_told_to_disable_is_not_logged(tmp_path: Path) -> None:
    run_code(
        """
import wandb, pluto.compat.wandb as own
own.patch()
with wandb.init(project="disabled-one", mode="disabled") as run:
    run.log({"x": 1})
""",
        tmp_path,
        **QUIET,
    )
    assert runs_of(tmp_path) == []


def test_wandb_can_be_switched_off_while_pluto_goes_on(tmp_path: Path) -> None:
    beside("quickstart", tmp_path, DISABLE_WANDB_LOGGING="true")
    (run,) = runs_of(tmp_path)
    assert recorded(tmp_path) == []
    assert [len(points) for points in metrics(run).values()] == [5, 5]
    assert known(run)["config"] == {"epochs": 5, "learning_rate": 0.02}


def test_pluto_s_own_variables_name_the_project_and_the_run(tmp_path: Path) -> None:
    beside("quickstart", tmp_path, PLUTO_PROJECT="moved", PLUTO_RUN_ID="night-3")
    (run,) = runs_of(tmp_path)
    assert run.relative_to(tmp_path / ".pluto").as_posix() == "moved/night-3"
