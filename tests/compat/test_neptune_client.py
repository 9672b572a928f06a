"""Scripts on neptune 1.x, unchanged but for a first line that imports Pluto's stand-in."""

from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from pluto import query
from pluto.compat.neptune_reading import StoredRun
from pluto.storage import Kind
from tests.compat.neptune_record import operations_of
from tests.compat.reading import files, known, metrics, reading
from tests.compat.scripts import run_code, run_script, runs_of

STAND_IN = "import pluto.compat.neptune"
needs_neptune = pytest.mark.skipif(not find_spec("neptune"), reason="pip install neptune==1.14.0")


def run(script: str, directory: Path) -> Path:
    """The run of a script."""
    run_script(f"neptune_scripts/client_{script}.py", directory, first=STAND_IN)
    (found,) = runs_of(directory)
    return found


def attributes(found: Path) -> tuple[dict[str, Any], dict[str, list[tuple[float, Any]]]]:
    """The single values, and the series of numbers and texts as lists of (step, value)."""
    with query.Client(dir=found) as client:
        (listed,) = client.list_runs(found.parent.name)
        stored = StoredRun(client, listed["id"], found.parent.name)
        own = {path: value for path, value in stored.values.items() if _is_own(path)}
        series = {
            path: [(point.step, point.value) for point in stored.points(path)]
            for path, kind in stored.kinds.items()
            if kind in ("float_series", "string_series") and _is_own(path)
        }
    return own, series


def _is_own(path: str) -> bool:
    return path.partition("/")[0] not in ("sys", "source_code", "monitoring")


def test_a_training(tmp_path: Path) -> None:
    found = run("training", tmp_path)
    about = known(found)
    assert found == tmp_path / ".pluto" / "first-steps" / "first"
    assert (about["name"], about["notes"]) == ("baseline", "the first one")
    assert about["tags"] == ["baseline", "done"]
    assert about["status"] == "COMPLETED"
    single, _ = attributes(found)
    assert single["parameters/optimizer/amsgrad"] is False
    assert (single["seed"], single["verdict"]) == (17, "keeps learning")
    assert (single["eval/f1"], single["eval/recall"]) == (0.75, 0.7)
    logged = metrics(found)
    assert logged["train/loss"] == {epoch: 1 / (epoch + 1) for epoch in range(15)}
    assert list(logged["train/acc"]) == list(range(0, 30, 2))


def test_series_of_numbers_and_texts(tmp_path: Path) -> None:
    found = run("series", tmp_path)
    single, series = attributes(found)
    assert series["losses"] == [(0, 0.9), (1, 0.8), (2, 0.7), (10, 0.6), (20, 0.5), (21, 0.4)]
    assert series["part"] == [(0.5, 1.0), (1.5, 2.0)]
    assert series["metrics/deep/f1"] == [(3, 0.25)]
    assert series["many/b/c"] == [(0, "x"), (1, "y")]
    assert series["log"] == [(0, "begins"), (1, "goes on"), (2, "ends")]
    assert series["old"] == [(0, 1), (1, 2), (2, 3)]
    assert series["given"] == [(1, 5), (2, 6)]
    assert series["words"] == [(0, "one"), (1, "two")]
    assert series["nested/space/series"] == [(0, 2.5)]
    assert single == {"nested/space/x": 1, "nested/space/y": "text", "nested/space/z": True}
    with reading(found) as reader:
        times = reader.points("losses").times.tolist()
        texts = [record.time for record in reader.records(Kind.DATA, "log")]
    assert times[3:5] == [1_700_000_000_000, 1_700_000_060_500]
    assert texts[1:] == [1_700_000_001_000, 1_700_000_002_000]


def test_files_of_every_origin(tmp_path: Path) -> None:
    found = run("files", tmp_path)
    for path, size, kind in (
        ("notes", 8, "md"),
        ("assigned", 8, "md"),
        ("text", 10, "txt"),
        ("page", 11, "html"),
        ("stream", 4, "dat"),
    ):
        (file,) = files(found, path)
        assert (file["fileSize"], file["fileType"]) == (size, kind)
    assert files(found, "pickle")[0]["fileType"] == "pkl"
    assert files(found, "image")[0]["mime"] == "image/png"
    assert [file["step"] for file in files(found, "images")] == [0, 1, 2]
    assert [file["caption"] for file in files(found, "images")] == [
        *("picture 0", "picture 1", "picture 2")
    ]
    assert [file["step"] for file in files(found, "more")] == [0, 1]
    assert {file["caption"] for file in files(found, "table")} == {"data/a.csv", "data/b.csv"}
    assert len(known(found)["config"]["dataset"]) == 64


def test_values_of_all_types(tmp_path: Path) -> None:
    single, series = attributes(run("types", tmp_path))
    assert single == {
        "a/int": 3,
        "a/float": 2.5,
        "a/bool": True,
        "a/text": "some text",
        "a/time": datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc),
        "numpy/float": 1.5,
        "numpy/int": 7,
        "args/depth": 3,
        "args/head": "linear",
        "odd/sizes": "[1, 2]",
        "odd/none": "None",
        "odd/deep/pair": "(1, 'b')",
        "changes": 2,
        "words": {"red", "blue"},
    }
    assert series == {}


def test_a_run_goes_on_by_its_id_and_is_read_back(tmp_path: Path) -> None:
    found = run("again", tmp_path)
    single, series = attributes(found)
    assert single == {"params/lr": 0.05, "params/layers": 4}
    assert series["loss"] == [(0, 3.0), (1, 2.0), (2, 1.0), (3, 0.5)]
    assert known(found)["tags"] == ["first", "again"]


def expected(operations: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """What the operations that neptune has written down lead to, by its rules."""
    single: dict[str, Any] = {}
    series: dict[str, list[Any]] = {}
    for operation in operations:
        path, kind = "/".join(operation["path"]), operation["type"]
        if kind in ("LogFloats", "LogStrings"):
            points = series.setdefault(path, [])
            for each in operation["values"]:
                follows = int(points[-1][0]) + 1 if points else 0
                points.append((follows if each["step"] is None else each["step"], each["value"]))
        elif kind.startswith("Clear"):
            series.pop(path, None)
        elif kind == "DeleteAttribute":
            single.pop(path)
        elif kind == "AssignDatetime":
            single[path] = datetime.fromtimestamp(operation["value"] / 1000, timezone.utc)
        elif kind.startswith("Assign"):
            single[path] = operation["value"]
        elif kind == "AddStrings":
            single[path] = single.get(path, set()) | set(operation["values"])
        elif kind == "RemoveStrings":
            single[path] -= set(operation["values"])
    own = {path: value for path, value in single.items() if _is_own(path)}
    return own, {path: points for path, points in series.items() if _is_own(path)}


def recorded(script: str, directory: Path) -> list[dict[str, Any]]:
    """What the real package writes down of a script."""
    path = f"neptune_scripts/client_{script}.py"
    run_script(path, directory, NEPTUNE_MODE="offline", PYTHONWARNINGS="ignore")
    return operations_of(directory)


@needs_neptune
@pytest.mark.parametrize("script", ["training", "series", "files", "types"])
def test_the_stand_in_records_what_neptune_records(script: str, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "real").mkdir()
    found = run(script, tmp_path / "own")
    operations = recorded(script, tmp_path / "real")
    single, series = attributes(found)
    single.pop("dataset", None)  # the digest of tracked files, which neptune leaves to its server
    assert (single, series) == expected(operations)
    tags = {"sys/tags": set(known(found)["tags"])}
    real = [each for each in operations if each["path"] == ["sys", "tags"]]
    words: set[str] = set()
    for each in real:
        given = set(each["values"])
        words = words - given if each["type"] == "RemoveStrings" else words | given
    assert tags["sys/tags"] == words


@needs_neptune
def test_the_bytes_of_files_are_those_that_neptune_keeps(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "real").mkdir()
    found = run("files", tmp_path / "own")
    operations = recorded("files", tmp_path / "real")
    (kept,) = (tmp_path / "real").glob(".neptune/offline/*/upload_path")
    compared = 0
    for each in operations:
        if each["type"] != "UploadFile" or each["path"] == ["image"]:
            continue
        place = each["file_path"] or kept / each["tmp_file_name"]
        (file,) = files(found, "/".join(each["path"]))
        blob = found / "files" / file["sha256"][:2] / file["sha256"]
        assert blob.read_bytes() == Path(place).read_bytes()
        assert each["ext"] == file["fileType"]
        compared += 1
    assert compared == 6
    pictures = [e for e in operations if e["type"] == "LogImages" and e["path"] == ["images"]]
    assert len(pictures) == len(files(found, "images"))


def test_attributes_are_read_back_while_the_run_goes_on(tmp_path: Path) -> None:
    code = """
        import neptune
        from neptune.exceptions import MetadataInconsistency, MissingFieldException
        from neptune.types import File
        run = neptune.init_run(project="lab/live", capture_hardware_metrics=False, source_files=[])
        run["a/b"] = 1
        run["a/c/d"] = "text"
        run["s"].extend([1.0, 2.0])
        run["file"].upload(File.from_content("hello"))
        run["tracked"].track_files("script.py")
        assert run["a"].fetch() == {"b": 1, "c": {"d": "text"}}
        assert run.fetch()["a"]["b"] == 1
        assert run["s"].fetch_last() == 2.0
        assert run.exists("a/c") and not run.exists("z")
        assert run["file"].fetch_extension() == "txt"
        run["file"].download("got.txt")
        assert open("got.txt").read() == "hello"
        (tracked,) = run["tracked"].fetch_files_list()
        assert tracked["path"] == "script.py" and len(run["tracked"].fetch_hash()) == 64
        assert run.get_structure()["a"]["b"].fetch() == 1
        run.print_structure()
        fetch, add = (lambda: run["s"].fetch()), (lambda: run["s"].add("x"))
        for wrong in (fetch, add, lambda: run["zz"].fetch()):
            try:
                wrong()
            except AttributeError as error:
                print(type(error).__name__)
        for wrong in (lambda: run["s"].append("text"), lambda: run["s"].assign(3)):
            try:
                wrong()
            except MetadataInconsistency as error:
                print("inconsistent:", error)
        print(run.get_url(), run.get_state())
        run["none"] = None
        run["list"] = [1, 2]
    """
    printed = run_code(f"{STAND_IN}\n{dedent(code)}", tmp_path)
    (found,) = runs_of(tmp_path)
    assert printed.count("TypeDoesNotSupportAttributeException") == 2
    assert "MissingFieldException" in printed
    assert printed.count("inconsistent: 's' is a float_series") == 2
    assert f"{found.as_uri()} started" in printed
    assert "a/c/d: string" in printed
    assert "'none' was not stored: NoneType is no single value" in printed
    assert known(found)["status"] == "COMPLETED"


def test_an_exception_fails_the_run_and_so_does_sys_failed(tmp_path: Path) -> None:
    code = """
        import neptune
        quiet = {"capture_hardware_metrics": False, "source_files": []}
        run = neptune.init_run(project="lab/failing", custom_run_id="told", **quiet)
        run["sys/failed"] = True
        run.stop()
        with neptune.init_run(project="lab/failing", custom_run_id="raised", **quiet) as run:
            raise ValueError("too good")
    """
    run_code(f"{STAND_IN}\n{dedent(code)}", tmp_path, fails=True)
    told, raised = (known(tmp_path / ".pluto/failing" / name) for name in ("told", "raised"))
    assert told["status"] == raised["status"] == "FAILED"
    assert "too good" in raised["status_metadata"]["trace"]


def test_modes_that_keep_nothing_and_what_is_not_offered(tmp_path: Path) -> None:
    code = """
        import neptune
        from neptune.exceptions import NeptuneException
        run = neptune.init_run(mode="debug")
        run["a"] = 1
        run["s"].append(2)
        for wrong in (
            lambda: run["s"].delete_files(["a"]),
            lambda: neptune.init_run(with_id="A-1", custom_run_id="b"),
            lambda: neptune.init_run(mode="read-only"),
        ):
            try:
                wrong()
            except NeptuneException as error:
                print("refused:", error)
        run.stop()
    """
    printed = run_code(f"{STAND_IN}\n{dedent(code)}", tmp_path)
    assert printed.count("refused:") == 3
    assert "'s' is no set of files" in printed
    assert runs_of(tmp_path) == []


def test_the_source_code_and_the_packages_are_kept_when_asked_for(tmp_path: Path) -> None:
    code = """
        import pluto.compat.neptune as neptune
        run = neptune.init_run(project="lab/source", dependencies="infer", tags="one")
        run.stop()
    """
    run_code(dedent(code), tmp_path)
    (found,) = runs_of(tmp_path)
    assert known(found)["config"]["source_code/entrypoint"] == "script.py"
    assert files(found, "source_code/files")[0]["caption"] == "script.py"
    (packages,) = files(found, "source_code/requirements")
    blob = found / "files" / packages["sha256"][:2] / packages["sha256"]
    assert "numpy==" in blob.read_text()


OLD_NAMES = """
import pluto.compat.neptune
import logging
import neptune.new as neptune
from neptune.integrations.python_logger import NeptuneHandler
from neptune.metadata_containers import Run
from neptune.new.types import File

run = neptune.init(project="lab/old-names", name="early", tags=["x"])
assert isinstance(run, Run)
logging.getLogger("training").addHandler(NeptuneHandler(run=run))
logging.getLogger("training").warning("diverges")
run["train/loss"].log(0.5)
run["note"].upload(File.from_content("hello", extension="txt"))
run.stop()
again = neptune.init(project="lab/old-names", run=run["sys/id"].fetch())
again["train/loss"].log(0.25)
again.stop()
"""


def test_names_of_version_0_are_those_of_version_1(tmp_path: Path) -> None:
    done = run_code(OLD_NAMES, tmp_path)
    (found,) = runs_of(tmp_path)
    assert list(metrics(found)["train/loss"].values()) == [0.5, 0.25]
    assert "keeps its name" not in done
    with reading(found) as reader:
        (line,) = reader.records(Kind.DATA, "monitoring/python_logger")
    assert b"diverges" in line.body
