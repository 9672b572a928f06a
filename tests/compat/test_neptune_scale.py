"""Scripts on neptune_scale, unchanged but for a first line that imports Pluto's stand-in."""

import math
import subprocess
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from pluto.compat.neptune_recording import PREVIEWS, STEPS
from pluto.compat.neptune_values import loaded
from pluto.storage import Kind
from tests.compat.neptune_record import Recorded, recorded_scale
from tests.compat.reading import files, histograms, known, metrics, names, reading
from tests.compat.scripts import run_code, run_script, runs_of

STAND_IN = "import pluto.compat.neptune\npluto.compat.neptune.install_neptune(beside=False)"
needs_neptune = pytest.mark.skipif(
    not find_spec("neptune_scale"), reason="pip install neptune-scale==0.30.0"
)


def run(script: str, directory: Path) -> dict[str, Path]:
    """The runs of a script by their ids."""
    run_script(f"neptune_scripts/scale_{script}.py", directory, first=STAND_IN)
    return {path.name: path for path in runs_of(directory)}


def points(found: Path) -> dict[tuple[str, float], float]:
    """The metrics as Neptune would show them: {(path, true step): value}."""
    logged = metrics(found)
    return {
        (path, logged.get(STEPS + path, {}).get(place, place)): value
        for path, series in logged.items()
        if not path.startswith("neptune/")
        for place, value in series.items()
    }


def texts(found: Path) -> dict[tuple[str, float], tuple[str, float]]:
    """The string series as {(path, step): (text, seconds)}."""
    with reading(found) as reader:
        records = reader.records(Kind.DATA, type="string-series", limit=1000)
    return {(each.name, each.step): (each.body.decode(), each.time / 1000) for each in records}


def single(found: Path) -> dict[str, Any]:
    """The single values by path."""
    config = known(found)["config"]
    return {path: loaded(value) for path, value in config.items() if path != "neptune"}


def test_a_training(tmp_path: Path) -> None:
    (found,) = run("training", tmp_path).values()
    about = known(found)
    assert found == tmp_path / ".pluto" / "first-steps" / "first"
    assert (about["name"], about["status"]) == ("baseline", "COMPLETED")
    assert about["tags"] == ["baseline", "small", "group:night"]
    assert about["config"]["neptune"] == {
        "run_id": "first",
        "workspace": "lab",
        "experiment": "baseline",
    }
    assert about["config"]["parameters/learning_rate"] == 0.001
    assert about["config"]["parameters/augment"] is True
    logged = metrics(found)
    assert logged["metrics/train/loss"] == {step: math.exp(-step / 8) for step in range(20)}
    assert list(logged["metrics/val/loss"]) == [4, 9, 14, 19]


def test_steps_between_integers_times_previews_and_texts_are_kept(tmp_path: Path) -> None:
    (found,) = run("series", tmp_path).values()
    logged, at = metrics(found), points(found)
    assert [step for path, step in at if path == "epoch/loss"] == [part / 4 for part in range(8)]
    assert [at["epoch/loss", part / 4] for part in range(8)] == [1 / n for n in range(1, 9)]
    assert logged["whole"] == {3: 1, 4: 2}
    assert logged["val/f1"] == {1: 0.45, 2: 0.5}
    assert math.isnan(logged[f"{PREVIEWS}val/f1"][1])
    assert logged[f"{PREVIEWS}val/f1"][2] == 0.5
    began = 1_748_779_200
    assert texts(found) == {
        ("messages/info", step): (f"finished step {step}", began + 60 * step)
        for step in (0, 10, 20)
    }
    with reading(found) as reader:
        times = reader.points("epoch/loss").times.tolist()
    assert times == [1000 * (began + 30 * part) for part in range(8)]


def test_files_and_histograms(tmp_path: Path) -> None:
    (found,) = run("files", tmp_path).values()
    (notes,), (weights,) = files(found, "data/notes"), files(found, "model/weights")
    assert (notes["fileType"], notes["fileSize"]) == ("txt", 28)
    assert (weights["fileType"], weights["fileSize"]) == ("bin", 200)
    assert weights["fileName"].startswith("net")
    assert files(found, "data/raw")[0]["fileSize"] == 3
    assert files(found, "report")[0]["mime"] == "text/html"
    assert [file["step"] for file in files(found, "predictions")] == [0, 1, 2]
    (_, uneven) = histograms(found, "layers/1/activations")[0]
    assert uneven["given"] == {"bin_edges": [0, 1, 40, 89, 1000], "counts": [5, 82, 44, 1]}
    (_, counted), (_, dense) = histograms(found, "layers/1/weights")
    assert sum(counted["freq"]) == 500
    assert dense["freq"] == pytest.approx([2000 * count for count in counted["freq"]], abs=1)


def test_configs_of_dataclasses_and_source_code(tmp_path: Path) -> None:
    author = ["-c", "user.name=Ada", "-c", "user.email=a@b.c"]
    commit = ["commit", "-q", "--allow-empty", "-m", "first one"]
    for command in (["init", "-q", "-b", "main"], [*author, *commit]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, timeout=30)
    (found,) = run("configs", tmp_path).values()
    values = single(found)
    assert values["cfg/model/widths/out"] == 2
    assert (values["cfg/name"], values["cfg/note"]) == ("tiny", "")
    assert values["as text"] == "{'nested': 1}"
    assert "left out" not in values
    assert values["tags"] == {"a", "b"}
    assert values["began"].isoformat() == "2025-01-02T03:00:00+00:00"
    assert values["code/commit/message"] == "first one"
    assert (values["code/commit/author_name"], values["code/branch"]) == ("Ada", "main")
    assert values["code/run_command"].endswith("script.py")
    assert files(found, "code/entry_point")[0]["fileType"] == "py"


def test_a_run_goes_on_by_its_id_and_a_fork_has_the_history_of_its_parent(tmp_path: Path) -> None:
    found = run("fork", tmp_path)
    parent, child = found["parent"], found["child"]
    assert metrics(parent)["loss"] == {step: 10.0 - step for step in range(15)}
    assert known(parent)["name"] == "parent"
    assert metrics(child)["loss"] == {
        **{step: 10.0 - step for step in range(6)},
        **{step: 100.0 + step for step in range(6, 9)},
    }
    assert texts(child).keys() == {("log", step) for step in range(6)}
    assert single(child) == {"lr": 0.01, "seed": 7} | {
        path: value for path, value in single(child).items() if path.startswith("source_code/")
    }
    assert known(child)["config"]["neptune"]["forked_from"] == "parent"


@needs_neptune
@pytest.mark.parametrize("script", ["training", "series", "files", "configs"])
def test_the_stand_in_records_what_neptune_records(script: str, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "real").mkdir()
    (found,) = run(script, tmp_path / "own").values()
    path = f"neptune_scripts/scale_{script}.py"
    run_script(path, tmp_path / "real", NEPTUNE_MODE="offline")
    (real,) = recorded_scale(tmp_path / "real").values()
    assert points(found) == real.numbers
    assert {place: text for place, (text, _) in texts(found).items()} == real.texts
    own_values = {k: v for k, v in single(found).items() if k.partition("/")[0] not in _SOURCE}
    real_values = {k: v for k, v in real.single.items() if k.partition("/")[0] not in _SOURCE}
    assert own_values == real_values
    tags = {tag for tag in known(found)["tags"] if not tag.startswith("group:")}
    assert tags == real.tags.get("sys/tags", set())
    compare_files(found, real)


_SOURCE = {"source_code", "code"}


def compare_files(found: Path, real: Recorded) -> None:
    for place, given in real.histograms.items():
        drawn = dict(histograms(found, place[0]))[int(place[1])]
        assert drawn["given"] == given
    own = {
        (name, file["step"]): file["fileSize"]
        for name in names(found, "")
        for file in files(found, name)
        if name.partition("/")[0] not in _SOURCE
    }
    expected = {
        place if isinstance(place, tuple) else (place, 0): size
        for place, (_, size) in real.files.items()
        if str(place).partition("/")[0] not in _SOURCE
    }
    assert own == expected


def test_odd_calls_are_told_and_the_script_goes_on(tmp_path: Path) -> None:
    code = """
        from neptune_scale import Run
        run = Run(project="lab/odd", run_id="odd", source_tracking_config=None)
        run.log_metrics({"m": "text", "n": 1}, step=1)
        run.log_string_series({"s": 5}, step=1)
        run.assign_files({"f": "is not there.txt"})
        run.add_tags("letters")
        run.log_metrics({"odd": float("nan"), "far": float("inf")}, step=2)
        for wrong in ([1], "x"):
            try:
                run.log_metrics(wrong, step=1)
            except TypeError as error:
                print("TypeError", error)
        for step in (-1, 1e13):
            try:
                run.log_metrics({"n": 1}, step=step)
            except ValueError as error:
                print("ValueError", error)
        print("waited", run.wait_for_processing(timeout=30))
        print(run.get_run_url(), run.get_experiment_url())
        run.close()
        run.close()
    """
    printed = run_code(f"{STAND_IN}\n{dedent(code)}", tmp_path)
    (found,) = runs_of(tmp_path)
    logged = metrics(found)
    assert logged["n"] == {1: 1}
    assert math.isnan(logged["odd"][2])
    assert math.isinf(logged["far"][2])
    assert printed.count("TypeError") == printed.count("ValueError") == 2
    assert "waited True" in printed
    assert printed.count(found.as_uri()) == 2
    for path in ("'m'", "'s'", "'f'"):
        assert f"{path} was not stored" in printed
    assert known(found)["tags"] == []


def test_an_exception_in_the_block_fails_the_run_with_its_traceback(tmp_path: Path) -> None:
    code = f"""{STAND_IN}
from neptune_scale import Run
with Run(project="lab/failing", run_id="f", source_tracking_config=None) as run:
    run.log_metrics({{"m": 1}}, step=1)
    raise ValueError("too good")
"""
    run_code(code, tmp_path, fails=True)
    about = known(runs_of(tmp_path)[0])
    assert about["status"] == "FAILED"
    assert "too good" in about["status_metadata"]["trace"]


def test_a_disabled_run_keeps_nothing(tmp_path: Path) -> None:
    code = f"""{STAND_IN}
from neptune_scale import Run
run = Run(mode="disabled")
run.log_metrics({{"m": 1}}, step=1)
run.log_configs({{"a": 1}})
print(run.wait_for_submission())
run.terminate()
"""
    assert "True" in run_code(code, tmp_path)
    assert runs_of(tmp_path) == []


def test_records_of_logging_become_a_string_series(tmp_path: Path) -> None:
    code = f"""{STAND_IN}
import logging
from neptune_scale import NeptuneLoggingHandler, Run
run = Run(project="lab/logs", run_id="logs", source_tracking_config=None)
logger = logging.getLogger("train")
logger.addHandler(NeptuneLoggingHandler(run=run, level=logging.INFO, attribute_path="logs/info"))
logger.warning("slow")
logger.error("slower")
logger.debug("unheard")
run.terminate()
"""
    run_code(code, tmp_path)
    (found,) = runs_of(tmp_path)
    assert [text for text, _ in texts(found).values()] == ["slow", "slower"]
    assert list(texts(found)) == [("logs/info", 0), ("logs/info", 1)]
    assert known(found)["status"] == "TERMINATED"


def test_imports_are_as_before_once_they_are_restored(tmp_path: Path) -> None:
    code = f"""{STAND_IN}
import neptune_scale.types, neptune_scale.exceptions, neptune_scale.projects
from neptune_scale.exceptions import NeptuneConnectionLostError, NeptuneScaleError
assert issubclass(NeptuneConnectionLostError, NeptuneScaleError)
print(neptune_scale.__name__, neptune_scale.projects.create_project("p", workspace="w"))
pluto.compat.neptune.restore_neptune()
import sys
print(sys.modules.get("neptune_scale") is neptune_scale, "neptune" in sys.modules)
"""
    assert run_code(code, tmp_path) == "pluto.compat.neptune_scale w/p\nFalse False\n"
