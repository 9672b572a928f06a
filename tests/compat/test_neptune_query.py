"""`neptune_query` on runs of Pluto: the same answers from disk and from a server."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

import pluto.compat.neptune_query as nq
from pluto.compat.neptune_query.filters import AttributeFilter, Filter, matches_pattern
from pluto.compat.neptune_reading import StoredFile
from pluto.compat.neptune_scale import Run
from pluto.compat.neptune_types import File, Histogram
from pluto.errors import QueryError, UsageError
from pluto.names import random_id
from pluto.query_calls import Calls
from pluto.storage import Batch, RunWriter
from tests.compat.scripts import run_code
from tests.integration.query_runs import send
from tests.server_process import RunningServer, running_server

PROJECT = "lab/digits"
MANY = 205
BEGAN = datetime(2025, 6, 1, tzinfo=timezone.utc)


def record(directory: Path) -> None:
    """Three runs of a project; the newest is `large`."""
    for number, (name, rate) in enumerate((("small", 0.1), ("middle", 0.05), ("large", 0.01))):
        run = Run(
            project=PROJECT,
            run_id=f"id-{number}",
            experiment_name=name,
            log_directory=directory,
            mode="offline",
            enable_console_log_capture=False,
            source_tracking_config=None,
            creation_time=datetime(2025, 1, 1 + number, tzinfo=timezone.utc),
        )
        run.log_configs({"config/lr": rate, "config/model": f"net-{number}"})
        run.add_tags([name, "all"])
        for step in range(5):
            run.log_metrics({"train/loss": rate * step, "train/acc": step}, step, timestamp=BEGAN)
        run.log_metrics({"part": 1.5}, step=0.5)
        run.log_metrics({"part": 2.5}, step=0.75, preview=True, preview_completion=0.5)
        run.log_string_series({"log": f"{name} begins"}, step=1)
        run.log_histograms({"bins": Histogram([0, 1, 10], counts=[3, 4])}, step=2)
        run.assign_files({"notes": File(name.encode(), mime_type="text/plain")})
        for step in (3, 4):
            run.log_files({"shots": File(b"%d" % step, mime_type="text/plain")}, step=step)
        run.close()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLUTO_DIR", str(directory))
        record(directory)
    return directory


@pytest.fixture(scope="module")
def server(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("home")
    with running_server(home / "data", home=home) as server:
        sent = shutil.copytree(runs, home / "runs")  # sending gives the runs the server's ids
        send(sent, server)
        yield server


@pytest.fixture
def on_disk(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUTO_DIR", str(runs))


@pytest.fixture(params=["disk", "server"])
def place(request: pytest.FixtureRequest, runs: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "disk":
        monkeypatch.setenv("PLUTO_DIR", str(runs))
    else:
        server: RunningServer = request.getfixturevalue("server")
        monkeypatch.setenv("PLUTO_URL", server.url)
        monkeypatch.setenv("PLUTO_API_KEY", server.key)
    return str(request.param)


def test_experiments_are_listed_by_patterns_names_and_conditions(place: str) -> None:
    assert nq.list_experiments(project=PROJECT) == ["large", "middle", "small"]
    assert nq.list_experiments(project="digits", experiments="^(small|large)$") == [
        *("large", "small")
    ]
    assert nq.list_experiments(project=PROJECT, experiments=["middle", "none"]) == ["middle"]
    for condition, found in (
        (Filter.lt("config/lr", 0.06), ["large", "middle"]),
        (Filter.ge("config/lr", 0.05) & Filter.ne("sys/name", "small"), ["middle"]),
        (Filter.eq("config/model", "net-2") | Filter.gt("config/lr", 0.09), ["large", "small"]),
        (~Filter.contains_all("sys/tags", ["all", "large"]), ["middle", "small"]),
        (Filter.contains_none("sys/tags", "large"), ["middle", "small"]),
        (Filter.matches("config/model", r"-[01]$"), ["middle", "small"]),
        (Filter.gt("sys/creation_time", "2025-01-02T12:00:00+00:00"), ["large"]),
        (Filter.exists("train/loss") & Filter.name("mid"), ["middle"]),
        (Filter.lt("train/loss", 0.1), ["large"]),
        (Filter.exists("nothing"), []),
        (Filter.lt("config/model", 1), []),
    ):
        assert nq.list_experiments(project=PROJECT, experiments=condition) == found


def test_runs_are_listed_by_their_ids(place: str) -> None:
    known = nq.runs.list_runs(project=PROJECT)
    expected = {"disk": ["id-2", "id-1", "id-0"], "server": ["DIG-3", "DIG-2", "DIG-1"]}
    assert known == expected[place]
    assert nq.runs.list_runs(PROJECT, "id-[12]") == known[:2]
    assert nq.runs.list_runs(PROJECT, ["id-0"]) == known[2:]
    assert nq.runs.list_runs(PROJECT, [known[1]]) == [known[1]]
    assert nq.runs.list_runs(PROJECT, Filter.matches("sys/id", known[0])) == [known[0]]


def test_attributes_are_listed_by_pattern_and_type(place: str) -> None:
    listed = nq.list_attributes(project=PROJECT, attributes=r"^(config|train)/ & !model")
    assert listed == ["config/lr", "train/acc", "train/loss"]
    floats = AttributeFilter("^[pt]", type="float_series")
    assert nq.list_attributes(PROJECT, None, floats) == ["part", "train/acc", "train/loss"]
    either = AttributeFilter(["notes"]) | AttributeFilter(type=["histogram_series", "float"])
    assert nq.list_attributes(PROJECT, "small", either) == ["bins", "config/lr", "notes"]
    assert nq.runs.list_attributes(PROJECT, "id-0", "^sys/name$") == ["sys/name"]


def test_a_type_that_does_not_exist_is_warned_about() -> None:
    with pytest.warns(UserWarning, match="no attribute is of type flaot"):
        AttributeFilter("loss", type="flaot")


def test_patterns_are_extended_regular_expressions() -> None:
    assert matches_pattern("loss | acc", "train/acc")
    assert not matches_pattern("^loss | ^acc", "train/acc")
    assert matches_pattern("train & !loss", "train/acc")
    assert not matches_pattern("train & !acc", "train/acc")


def test_filters_judge_the_dicts_of_the_earlier_client() -> None:
    run = {
        "displayId": "MMP-3",
        "name": "a",
        "createdAt": "2025",
        "config": {"lr": 0.1, "opt": {"name": "adam"}, "a/b": 5},
        "logNames": [{"logName": "loss"}, "acc"],
    }
    for attribute, value in (("sys/id", "MMP-3"), ("opt/name", "adam"), ("a/b", "5")):
        assert Filter.matches(attribute, value).evaluate(run)
    assert not Filter.matches("id", "MMP").evaluate(run)
    for attribute in ("loss", "acc", "lr", "sys/name", "sys/creation_time"):
        assert Filter.exists(attribute).evaluate(run)
    assert not Filter.exists("opt/other").evaluate(run)
    both = Filter.exists("loss")
    both &= Filter.matches("sys/id", "MMP-3")
    assert both.evaluate(run)
    assert (both.get_match_value("sys/id"), both.get_match_value("lr")) == ("MMP-3", None)
    assert AttributeFilter("lo.s").matches_name("loss")


def test_all_runs_are_seen_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUTO_DIR", str(tmp_path))
    for number in range(MANY):
        directory = tmp_path / ".pluto" / "many" / f"run-{number}"
        directory.mkdir(parents=True)
        writer = RunWriter(directory)
        facts: dict[str, Any] = {"uid": random_id(16), "project": "many", "tags": []}
        facts |= {"name": f"run {number}"}
        facts |= {"created_at": 1_000 * (number + 1), "status": "COMPLETED"}
        writer.append(Batch(facts={**facts, "config": {"number": number}}))
        writer.close()
    assert len(nq.list_experiments("many")) == MANY
    first = nq.list_experiments("many", Filter.lt("number", 2))
    assert first == ["run 1", "run 0"]


def frame(table: Any) -> Any:
    return dict(zip(table.index, table.to_numpy().tolist(), strict=True))


def test_a_table_of_experiments_has_their_last_values(place: str) -> None:
    pytest.importorskip("pandas", reason="pip install pandas")
    table = nq.fetch_experiments_table(PROJECT, attributes=r"config/lr | train/loss | sys/tags")
    assert table.index.name == "experiment"
    assert list(table.columns) == ["config/lr", "sys/tags", "train/loss"]
    assert frame(table) == {
        "large": [0.01, {"all", "large"}, 0.04],
        "middle": [0.05, {"all", "middle"}, 0.2],
        "small": [0.1, {"all", "small"}, 0.4],
    }
    assert list(table.index) == ["large", "middle", "small"]
    lowest = nq.fetch_experiments_table(
        PROJECT,
        attributes=["config/lr"],
        sort_by="train/loss",
        sort_direction="asc",
        limit=2,
        type_suffix_in_column_names=True,
    )
    assert list(lowest.index) == ["large", "middle"]
    assert list(lowest.columns) == ["config/lr:float"]
    runs = nq.runs.fetch_runs_table(PROJECT, "id-1", "config/model | sys/name", sort_by="sys/id")
    assert runs.index.name == "run"
    assert runs.to_numpy().tolist() == [["net-1", "middle"]]


def test_metrics_have_every_point_of_every_run(place: str) -> None:
    pandas = pytest.importorskip("pandas", reason="pip install pandas")
    table = nq.fetch_metrics(PROJECT, ["small", "large"], "^train/")
    assert table.index.names == ["experiment", "step"]
    assert list(table.columns) == ["train/acc", "train/loss"]
    assert table.loc["small", "train/loss"].tolist() == [0.1 * step for step in range(5)]
    assert len(table) == 10
    cut = nq.fetch_metrics(PROJECT, "small", "train/acc", step_range=(1, 3), tail_limit=2)
    assert cut["train/acc"].tolist() == [2, 3]
    timed = nq.fetch_metrics(PROJECT, "small", "train/acc", include_time="absolute")
    assert timed["train/acc", "absolute_time"].tolist() == [pandas.Timestamp(BEGAN)] * 5
    parts = nq.fetch_metrics(PROJECT, "small", "part")
    assert frame(parts) == {("small", 0.5): [1.5]}
    whole = nq.fetch_metrics(PROJECT, "small", "part", include_point_previews=True)
    assert whole["part", "is_preview"].tolist() == [False, True]
    assert whole["part", "preview_completion"].tolist() == [1.0, 0.5]
    assert nq.runs.fetch_metrics(PROJECT, "id-0", "part").index.names == ["run", "step"]
    assert len(nq.fetch_metrics(PROJECT, "small", "nothing")) == 0


def test_metrics_by_ranges_of_steps_begin_and_end_as_the_series_do(place: str) -> None:
    pandas = pytest.importorskip("pandas", reason="pip install pandas")
    table = nq.fetch_metric_buckets(PROJECT, ["small", "large"], "step", "^train/loss$", limit=2)
    assert table.columns.names == ["experiment", "metric", "bucket"]
    assert list(table.index) == [pandas.Interval(0, 2), pandas.Interval(2, 4)]
    assert table["small", "train/loss", "x"].tolist() == [0, 4]
    assert table["small", "train/loss", "y"].tolist() == [0.0, 0.4]
    assert table["large", "train/loss", "y"].tolist() == [0.0, 0.04]
    fine = nq.runs.fetch_metric_buckets(PROJECT, "id-0", y="train/acc | part")
    assert fine.columns.names[0] == "run"
    assert {head[1:]: fine[head].dropna().tolist() for head in fine.columns} == {
        ("part", "x"): [0.5],
        ("part", "y"): [1.5],
        ("train/acc", "x"): [0, 1, 2, 3, 4],
        ("train/acc", "y"): [0, 1, 2, 3, 4],
    }
    assert len(nq.fetch_metric_buckets(PROJECT, "small", y="nothing")) == 0
    with pytest.raises(UsageError, match="x is 'step'"):
        nq.fetch_metric_buckets(PROJECT, "small", x="train/acc")  # type: ignore[arg-type]


def test_series_of_texts_histograms_and_files(place: str) -> None:
    pytest.importorskip("pandas", reason="pip install pandas")
    table = nq.fetch_series(PROJECT, "small", r"^log$ | ^bins$ | ^shots$")
    assert table.loc[("small", 1), "log"] == "small begins"
    bins = table.loc[("small", 2), "bins"]
    assert (bins.type, bins.edges, bins.values) == ("COUNTING", [0, 1, 10], [3, 4])
    assert [file.step for file in table["shots"].dropna()] == [3, 4]


def test_a_server_that_gives_no_texts_is_named(
    on_disk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pandas", reason="pip install pandas")
    monkeypatch.setattr(Calls, "structured", lambda *_: None)  # as for a hosted server
    with pytest.raises(QueryError, match="bins: this server gives numbers and files"):
        nq.fetch_series(PROJECT, "small", "^bins$")


def test_files_of_tables_are_downloaded(place: str, tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="pip install pandas")
    shots = nq.fetch_series(PROJECT, ["small"], "^shots$")
    fetched = nq.download_files(files=shots, destination=tmp_path)
    assert [Path(path).read_text() for path in fetched["shots"]] == ["3", "4"]
    notes = nq.fetch_experiments_table(PROJECT, attributes="^notes$")
    fetched = nq.download_files(notes, tmp_path)
    contents = {key[0]: Path(row[0]).read_text() for key, row in frame(fetched).items()}
    assert contents == {name: name for name in ("small", "middle", "large")}
    assert len(nq.download_files([], tmp_path)) == 0


def test_a_script_s_own_import_reads_from_pluto(runs: Path, tmp_path: Path) -> None:
    code = f"""
import pluto.compat.neptune
import neptune_query as nq
from neptune_query import runs
from neptune_query.exceptions import NeptuneUserError
from neptune_query.filters import Filter
print(nq.list_experiments(project={PROJECT!r}, experiments=Filter.eq("config/lr", 0.01)))
(file,) = nq.fetch_experiments_table(
    project={PROJECT!r}, experiments=["small"], attributes="^notes$"
)["notes"]
print(file.experiment_name, file.run_id, file.attribute_path, file.size_bytes, file.mime_type)
"""
    printed = run_code(code, tmp_path, PLUTO_DIR=str(runs))
    assert printed == "['large']\nsmall id-0 notes 5 text/plain\n"


def test_where_both_records_are_kept_neptune_s_own_queries_stay(tmp_path: Path) -> None:
    pytest.importorskip("neptune_scale", reason="neptune-scale is not installed")
    code = "import sys, pluto.compat.neptune\nprint('neptune_query' in sys.modules)"
    assert run_code(code, tmp_path, DISABLE_NEPTUNE_LOGGING="false") == "False\n"
    assert run_code(code, tmp_path) == "True\n"


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "deep/../../out.txt"])
def test_a_file_of_a_set_is_never_fetched_out_of_its_directory(name: str, tmp_path: Path) -> None:
    class Server:
        def fetch_file(self, _row: Any, destination: Path) -> Path:
            destination.write_text("x")
            return destination

    row = {"fileName": "stored.txt", "caption": name}
    place = StoredFile(Server(), "run", "data", row).download_below(tmp_path / "in")
    assert place == tmp_path / "in" / "stored.txt"
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
