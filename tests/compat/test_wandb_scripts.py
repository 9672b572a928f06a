"""Scripts on wandb, of which one line is changed: the import."""

import json
import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pluto.storage import Kind
from tests.compat.reading import facts, files, histograms, known, metrics, names, reading
from tests.compat.scripts import run_script, runs_of
from tests.compat.wandb_record import numbers, recorded

SCRIPTS = list((Path(__file__).parent / "wandb_scripts").glob("*.py"))
OURS = ("import wandb\n", "import pluto.compat.wandb as wandb\n")


def run(script: str, directory: Path, *, fails: bool = False, **environment: str) -> list[Path]:
    """The runs of a script that was run through the stand-in."""
    path = f"wandb_scripts/{script}.py"
    run_script(path, directory, replace=OURS, fails=fails, **environment)
    return runs_of(directory)


def data(run: Path, name: str) -> Any:
    """The last structured value of a name."""
    with reading(run) as reader:
        return json.loads(reader.records(Kind.DATA, name)[-1].body)


def test_quickstart(tmp_path: Path) -> None:
    (found,) = run("quickstart", tmp_path)
    assert found.parent.name == "first-steps"
    assert {name: list(points) for name, points in metrics(found).items()} == {
        "accuracy": [0, 1, 2, 3, 4],
        "loss": [0, 1, 2, 3, 4],
    }
    assert known(found)["config"] == {"epochs": 5, "learning_rate": 0.02}
    assert known(found)["status"] == "COMPLETED"


def test_a_run_as_a_context_manager(tmp_path: Path) -> None:
    (found,) = run("context_manager", tmp_path)
    about = known(found)
    assert about["name"] == "baseline"
    assert about["tags"] == ["baseline", "small", "group:night", "job_type:train", "done"]
    assert about["notes"] == "it works"
    own = {"entity": "lab", "group": "night", "job_type": "train"}
    lasting = {"layers": [64, 32], "optimizer": {"name": "adam", "lr": 1e-3}}
    assert about["config"] == {**lasting, "wandb": own}
    assert metrics(found)["train/loss"] == {step: 1 / (step + 1) for step in range(10)}
    (alert,) = facts(found, "alert")
    assert (alert["title"], alert["level"]) == ("Half way", "WARNING")


def test_steps_and_commits(tmp_path: Path) -> None:
    (found,) = run("steps_and_commits", tmp_path)
    logged = metrics(found)
    assert logged["train.loss"] == {0: 1.0, 1: 0.5, 2: 1 / 3}
    assert logged["train.grad.norm"] == {0: 0.0, 1: 1.0, 2: 2.0}
    assert logged["lr"] == dict.fromkeys(range(3), 0.5)
    assert logged["val/loss"] == {10: 0.1, 20: 0.2, 30: 0.3}
    assert logged["val/acc"] == {10: 0.9, 20: 0.8, 30: 0.7}
    assert logged["after"] == {30: 1.0}
    assert logged["flag"] == {31: 1.0}
    assert math.isinf(logged["infinite"][31])
    assert math.isnan(logged["missing"][31])
    assert logged["last"] == {40: 7.0}
    assert logged["very last"] == {41: 8.0}
    assert "nothing" not in logged


def test_config_from_everywhere(tmp_path: Path) -> None:
    (found,) = run("config_forms", tmp_path)
    assert known(found)["config"] == {
        "batch_size": 32,
        "rate": 0.2,
        "dropout": 0.5,
        "sizes": [3, 5],
        "seed": 7,
        "note": "by attribute",
        "momentum": 0.9,
    }


def test_what_sums_up_a_run(tmp_path: Path) -> None:
    (found,) = run("summaries", tmp_path)
    assert known(found)["summary"] == {
        "best_epoch": 1,
        "test": {"acc": 0.75, "f1": 0.5},
        "verdict": "good",
        "loss": {"min": 1.0},
        "acc": {"max": 1.0, "mean": pytest.approx((1 / 3 + 1 + 1 / 2) / 3)},
        "speed": {"first": 0},
        "final": {"last": 2},
    }
    assert metrics(found)["epoch"] == {0: 0, 1: 0, 2: 1, 3: 1, 4: 2, 5: 2}
    rules = known(found)["config"]["wandb"]["metrics"]
    assert rules["val/*"] == {"step_metric": "epoch", "step_sync": True}


def test_media(tmp_path: Path) -> None:
    (found,) = run("media", tmp_path)
    assert metrics(found) == {"loss": {0: 0.5}}
    assert [(file["step"], file["caption"]) for file in files(found, "picture")] == [
        (0, "noise"),
        (5, None),
    ]
    assert [file["sampleIndex"] for file in files(found, "several")] == [0, 1]
    drawn, mask = files(found, "drawn")
    (box,) = json.loads(drawn["annotations"])["boxes"]["found"]["box_data"]
    assert (box["domain"], box["class_id"]) == ("fraction", 1)
    assert mask["fileType"] == "mask"
    kinds = [files(found, name)[0]["mime"] for name in ("pillow", "clip", "page")]
    assert kinds == ["image/png", "image/gif", "text/html"]
    assert files(found, "sound")[0]["mime"].startswith("audio/")
    ((_, weights),) = histograms(found, "weights")
    assert weights["bins"] == {"min": 1.0, "max": 3.0, "num": 4}
    assert sum(weights["freq"]) == 4
    assert len(histograms(found, "counted")) == 1
    assert files(found, "points")[0]["fileType"] == "json"


def test_tables_and_charts(tmp_path: Path) -> None:
    (found,) = run("tables_and_plots", tmp_path)
    table = data(found, "predictions")
    assert [column["name"] for column in table["col"]] == ["text", "label", "score", "length"]
    assert table["table"][2] == ["sentence 2", 0, 0.5, 10]
    charts = ("line", "scatter", "bar", "histogram", "series", "matrix")
    for chart in charts:
        assert files(found, f"charts/{chart}")[0]["fileType"] == "json"
    assert data(found, "charts/matrix_table")["table"] == [
        *(["cat", "cat", 2], ["cat", "dog", 0]),
        *(["dog", "cat", 1], ["dog", "dog", 1]),
    ]
    assert len(data(found, "charts/line_table")["table"]) == 20
    assert metrics(found) == {"rows": {2: 4.0}}


def test_artifacts_and_files(tmp_path: Path) -> None:
    (found,) = run("artifacts_and_files", tmp_path)
    dataset = {file["caption"]: file for file in files(found, "artifacts/numbers")}
    assert set(dataset) == {"train.csv", "test.csv", "readme.txt"}
    notes = next(file["annotations"] for file in dataset.values() if file["annotations"])
    artifact = json.loads(notes)["artifact"]
    assert (artifact["name"], artifact["type"]) == ("numbers", "dataset")
    assert artifact["metadata"]["rows"] == 2
    assert artifact["metadata"]["wandb"]["aliases"] == ["raw"]
    assert [file["caption"] for file in files(found, "artifacts/net")] == ["model.bin"]
    assert names(found, "save/") == {
        *("save/data/train.csv", "save/data/test.csv", "save/report.txt")
    }


def test_a_training_that_breaks(tmp_path: Path) -> None:
    (found,) = run("failing", tmp_path, fails=True)
    about = known(found)
    assert about["status"] == "FAILED"
    assert about["status_metadata"]["type"] == "ValueError"
    assert "the loss is too good" in about["status_metadata"]["trace"]
    assert metrics(found) == {"loss": {0: 5.0, 1: 4.0, 2: 3.0}}


def test_several_runs(tmp_path: Path) -> None:
    found = run("several_runs", tmp_path)
    assert [known(each)["config"]["rate"] for each in found] == [0.5, 0.1]
    assert [known(each)["tags"] for each in found] == [["group:rates"]] * 2
    assert [known(each)["name"] for each in found] == ["rate 0.5", "rate 0.1"]
    assert {known(each)["status"] for each in found} == {"COMPLETED"}


def test_everything_from_the_environment(tmp_path: Path) -> None:
    path, elsewhere = "wandb_scripts/environment.py", tmp_path / "elsewhere"
    run_script(
        path,
        tmp_path,
        replace=OURS,
        WANDB_PROJECT="from-outside",
        WANDB_NAME="named outside",
        WANDB_RUN_ID="chosen-outside",
        WANDB_RUN_GROUP="cluster",
        WANDB_JOB_TYPE="eval",
        WANDB_TAGS="a, b",
        WANDB_NOTES="noted outside",
        WANDB_DIR="elsewhere",
    )
    (found,) = runs_of(elsewhere)
    about = known(found)
    assert found == elsewhere / ".pluto" / "from-outside" / "chosen-outside"
    assert about["tags"] == ["a", "b", "group:cluster", "job_type:eval"]
    assert (about["name"], about["notes"]) == ("named outside", "noted outside")
    assert about["status"] == "COMPLETED"


def test_watching_a_torch_module(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed: pip install torch")
    (found,) = run("watching", tmp_path)
    assert list(metrics(found)["loss"]) == [0, 1, 2]
    for place in ("0.weight", "2.bias"):
        assert len(histograms(found, f"grad/{place}")) == 3
        assert len(histograms(found, f"param/{place}")) == 3


FROM_OUTSIDE: dict[str, Any] = {"WANDB_PROJECT": "from-outside", "WANDB_RUN_ID": "chosen-outside"}
FROM_OUTSIDE |= {"WANDB_RUN_GROUP": "cluster", "WANDB_NAME": "named outside"}


@pytest.mark.parametrize("script", sorted(path.stem for path in SCRIPTS))
@pytest.mark.skipif(not find_spec("wandb"), reason="wandb is not installed: pip install wandb")
def test_the_stand_in_records_what_wandb_records(script: str, tmp_path: Path) -> None:
    if script == "watching":
        pytest.importorskip("torch", reason="torch is not installed: pip install torch")
    (tmp_path / "own").mkdir()
    place = tmp_path / "real"
    place.mkdir()
    given = FROM_OUTSIDE if script == "environment" else {}
    fails = script == "failing"
    own = run(script, tmp_path / "own", fails=fails, **given)
    quiet: dict[str, Any] = {
        "WANDB_MODE": "offline",
        "WANDB_CONSOLE": "off",
        "WANDB_SILENT": "true",
    }
    run_script(f"wandb_scripts/{script}.py", place, fails=fails, **given, **quiet)
    real = recorded(place)
    assert len(own) == len(real) > 0
    for ours, theirs in zip(own, real, strict=True):
        points = {(n, step): v for n, series in metrics(ours).items() for step, v in series.items()}
        expected = numbers(theirs)
        assert points.keys() == expected.keys()
        assert all(points[key] == v or math.isnan(v) for key, v in expected.items())
        config = known(ours)["config"] or {}
        assert {key: value for key, value in config.items() if key != "wandb"} == theirs.config
        if theirs.name:
            assert known(ours)["name"] == theirs.name
