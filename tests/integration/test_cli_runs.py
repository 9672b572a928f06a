"""`pluto runs`, `export` and `query` on runs that the SDK recorded, from disk and from a server."""

import csv
import io
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pluto
from pluto.cli.main import run
from pluto.query import Client
from tests.integration.query_runs import LINES, STEPS, begin
from tests.server_process import RunningServer

Capture = pytest.CaptureFixture[str]


@pytest.fixture(params=["disk", "server"])
def source(
    request: pytest.FixtureRequest,
    digits: Path,
    digits_server: RunningServer,
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    """The options that say where runs are read."""
    if request.param == "disk":
        return ["--dir", str(digits)]
    monkeypatch.setenv("PLUTO_API_KEY", digits_server.key)
    return ["--url", digits_server.url]


def printed(capsys: Capture, *arguments: str, code: int = 0) -> str:
    assert run(list(arguments)) == code, capsys.readouterr().err
    return capsys.readouterr().out


def test_runs_are_listed_as_a_table(source: list[str], capsys: Capture) -> None:
    lines = printed(capsys, "runs", "list", "--project", "digits", "--sort", "+name", *source)
    table = [line.split() for line in lines.splitlines()]
    assert table[0] == ["RUN", "PROJECT", "NAME", "STATUS", "BEGUN", "TAGS"]
    assert [row[2:4] for row in table[1:]] == [
        ["empty", "COMPLETED"],
        ["large", "FAILED"],
        ["small", "COMPLETED"],
    ]


def test_runs_are_listed_as_json_by_conditions(source: list[str], capsys: Capture) -> None:
    conditions = ["--filter", '{"config.lr": {"$gt": 0.05}}', "--tag", "small"]
    found = json.loads(printed(capsys, "runs", "list", "--json", *conditions, *source))
    assert [run["name"] for run in found] == ["small"]
    everything = json.loads(printed(capsys, "runs", "list", "--json", "--all", *source))
    assert sorted(run["projectName"] for run in everything) == [*["digits"] * 3, "other"]


def test_a_filter_that_makes_no_sense_is_told(digits: Path, capsys: Capture) -> None:
    assert run(["runs", "list", "--dir", str(digits), "--filter", "{"]) == 2
    assert "not JSON" in capsys.readouterr().err
    assert run(["runs", "list", "--dir", str(digits), "--filter", '{"lr": 1}']) == 1
    assert "lr" in capsys.readouterr().err


def test_a_run_is_shown_with_its_config_and_metrics(source: list[str], capsys: Capture) -> None:
    text = printed(capsys, "runs", "show", "small", "--project", "digits", *source)
    assert "config    net.depth = 2" in text
    assert "tags      old, small" in text
    assert [line.split()[0] for line in text.splitlines()[-2:]] == ["loss", "val/acc"]
    shown = json.loads(
        printed(capsys, "runs", "show", "small", "--json", "--project", "digits", *source)
    )
    assert shown["config"]["net"] == {"depth": 2}
    assert {metric["logName"] for metric in shown["metrics"]} == {"loss", "val/acc"}


def test_a_name_of_two_projects_is_no_name_of_a_run(source: list[str], capsys: Capture) -> None:
    assert run(["runs", "show", "small", *source]) == 1
    assert "2 runs are called 'small'" in capsys.readouterr().err
    printed(capsys, "runs", "show", "large", *source)


def test_an_unknown_run_is_told_with_exit_code_1(source: list[str], capsys: Capture) -> None:
    assert run(["runs", "show", "nobody", *source]) == 1
    assert "no run 'nobody'" in capsys.readouterr().err


def test_a_directory_and_a_server_together_are_not_understood(
    digits: Path, capsys: Capture
) -> None:
    assert run(["runs", "list", "--dir", str(digits), "--server"]) == 2
    assert "--dir reads this disk" in capsys.readouterr().err


def test_runs_are_removed_from_disk_after_a_question(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [begin(tmp_path, name=name) for name in ("a", "b", "c")]
    for each in made:
        each.log({"loss": 1.0})
        each.finish()
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run(["runs", "rm", "a", "--dir", str(tmp_path)]) == 1
    assert "no server has it" in capsys.readouterr().err
    assert Path(made[0].dir).exists()

    assert "2 removed" in printed(capsys, "runs", "rm", "--yes", "a", made[1].dir)
    assert [Path(each.dir).exists() for each in made] == [False, False, True]


def test_a_run_that_is_being_written_is_not_removed(tmp_path: Path, capsys: Capture) -> None:
    live = begin(tmp_path, name="live")
    assert run(["runs", "rm", "--yes", live.dir]) == 1
    assert "it is running" in capsys.readouterr().err
    live.finish()
    assert Path(live.dir).exists()


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".json":
        loaded: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
        return loaded
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    parquet = pytest.importorskip("pyarrow.parquet")
    table: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return table


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_a_run_is_exported_with_every_point_line_and_file(
    source: list[str], tmp_path: Path, capsys: Capture, suffix: str
) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    arguments = ["export", "small", "--project", "digits", "--to", str(tmp_path), "--json"]
    told = json.loads(printed(capsys, *arguments, "--format", suffix, *source))
    assert (told["points"], told["lines"], told["files"], told["missing"]) == (
        2 * STEPS + 2,
        LINES,
        3,
        0,
    )
    directory = tmp_path / "small"
    assert json.loads((directory / "run.json").read_text())["config"]["lr"] == 0.1

    loss = [row for row in rows_of(directory / f"metrics.{suffix}") if row["metric"] == "loss"]
    assert [int(row["step"]) for row in loss] == list(range(STEPS + 2))
    expected = [*(1 / (step + 1) for step in range(STEPS)), math.nan, -math.inf]
    np.testing.assert_array_equal([float(row["value"]) for row in loss], expected)
    lines = rows_of(directory / f"console.{suffix}")
    assert [line["message"] for line in lines] == [f"line {number}" for number in range(LINES)]

    files = rows_of(directory / f"files.{suffix}")
    assert [file["name"] for file in files] == ["picture", "story", "picture"]
    assert (directory / files[1]["path"]).read_text() == "once upon a time"
    assert (directory / files[0]["path"]).read_bytes().startswith(b"\x89PNG")


def test_structured_values_are_exported_from_disk(tmp_path: Path, capsys: Capture) -> None:
    made = begin(tmp_path, name="structured")
    made.log({"weights": pluto.Histogram([1.0, 2.0, 2.0]), "phase": "warm-up"}, step=4)
    made.finish()
    printed(capsys, "export", made.dir, "--to", str(tmp_path / "out"), "--format", "json")
    rows = {row["name"]: row for row in rows_of(tmp_path / "out" / "structured" / "data.json")}
    assert {name: row["step"] for name, row in rows.items()} == {"weights": 4, "phase": 4}
    assert rows["phase"]["data"] == "warm-up"
    assert json.loads(rows["weights"]["data"])["type"] == "Histogram"


def test_an_export_overwrites_nothing(digits: Path, tmp_path: Path, capsys: Capture) -> None:
    arguments = ["export", "large", "--dir", str(digits), "--to", str(tmp_path), "--format", "csv"]
    printed(capsys, *arguments)
    assert run(arguments) == 1
    assert "is there already" in capsys.readouterr().err


def test_an_export_that_lacks_bytes_says_so_with_exit_code_1(
    tmp_path: Path, capsys: Capture
) -> None:
    made = begin(tmp_path, name="gone")
    made.log({"story": pluto.Text("once")})
    made.finish()
    (blob,) = (path for path in (Path(made.dir) / "files").rglob("*") if path.is_file())
    blob.unlink()
    assert run(["export", made.dir, "--to", str(tmp_path / "out"), "--format", "csv"]) == 1
    assert "bytes of 1 file" in capsys.readouterr().err
    (file,) = rows_of(tmp_path / "out" / "gone" / "files.csv")
    assert (file["name"], file["path"]) == ("story", "")


def without(*modules: str) -> str:
    """Code that runs the command line as if these were not installed."""
    names = dict.fromkeys(modules)
    return (
        f"import sys; sys.modules.update({names!r})\n"
        "from pluto.cli.main import run; sys.exit(run(sys.argv[1:]))"
    )


@pytest.mark.parametrize(
    ("arguments", "missing", "extra"),
    [
        (["query", "--sql", "SELECT 1"], ["duckdb"], "pluto-ml[sql]"),
        (["export", "large", "--to", "out"], ["pyarrow", "polars"], "pluto-ml[parquet]"),
    ],
)
def test_what_needs_a_library_names_the_extra(
    digits: Path, arguments: list[str], missing: list[str], extra: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", without(*missing), *arguments, "--dir", str(digits)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"pip install '{extra}'" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.rglob("*.parquet")) == []


def test_parquet_is_written_by_polars_where_there_is_no_pyarrow(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    polars = pytest.importorskip("polars")
    from pluto.query_export import export_run

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with Client(dir=digits) as client:
        done = export_run(client, "digits", "small", tmp_path, "parquet")
    frame = polars.read_parquet(done.directory / "metrics.parquet")
    assert frame.height == done.points == 2 * STEPS + 2
    assert frame.schema["time"] == polars.Datetime("ms", "UTC")
    assert polars.read_parquet(done.directory / "data.parquet").height == 0


@pytest.fixture
def duckdb() -> Any:
    return pytest.importorskip("duckdb")


def answer(capsys: Capture, digits: Path, sql: str) -> Any:
    return json.loads(printed(capsys, "query", "--json", "--dir", str(digits), "--sql", sql))


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (
            "SELECT name, tags FROM runs WHERE project = 'digits' ORDER BY name",
            [
                {"name": "empty", "tags": ["new", "small"]},
                {"name": "large", "tags": ["new"]},
                {"name": "small", "tags": ["old", "small"]},
            ],
        ),
        (
            """SELECT runs.name, (config->>'$.lr')::DOUBLE AS lr, count(*) AS points FROM metrics
            JOIN runs USING (run) WHERE metrics.name = 'loss' GROUP BY ALL ORDER BY lr""",
            [
                {"name": "large", "lr": 0.01, "points": 10},
                {"name": "small", "lr": 0.1, "points": STEPS + 2},
            ],
        ),
        (
            """SELECT value, step FROM metrics WHERE name = 'loss' AND NOT isfinite(value)
            ORDER BY step""",
            [{"value": "NaN", "step": STEPS}, {"value": "-Infinity", "step": STEPS + 1}],
        ),
        ("SELECT count(*) AS n FROM console WHERE type = 'ERROR'", [{"n": LINES // 5}]),
        (
            "SELECT name, step, mime FROM files WHERE path IS NOT NULL ORDER BY step",
            [
                {"name": "picture", "step": 1, "mime": "image/png"},
                {"name": "story", "step": 3, "mime": "text/plain"},
                {"name": "picture", "step": 5, "mime": "image/png"},
            ],
        ),
        ("SELECT 1 AS one WHERE false", []),
    ],
    ids=["runs", "config", "non-finite", "console", "files", "nothing"],
)
def test_sql_is_answered_over_local_runs(
    duckdb: Any, digits: Path, capsys: Capture, sql: str, rows: list[dict[str, Any]]
) -> None:
    assert answer(capsys, digits, sql) == rows


def test_sql_answers_are_tables_for_people(duckdb: Any, digits: Path, capsys: Capture) -> None:
    sql = "SELECT name, status FROM runs ORDER BY name LIMIT 1"
    lines = printed(capsys, "query", "--dir", str(digits), "--sql", sql).splitlines()
    assert [line.split() for line in lines] == [["name", "status"], ["empty", "COMPLETED"]]


def test_an_unknown_table_is_told_with_the_tables_that_are_there(
    duckdb: Any, digits: Path, capsys: Capture
) -> None:
    assert run(["query", "--dir", str(digits), "--sql", "SELECT * FROM points"]) == 1
    assert "the tables are runs, metrics, console and files" in capsys.readouterr().err


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM runs",
        "DROP TABLE runs",
        "SELECT 1; SELECT 2",
        "ATTACH 'x.db' AS x",
        "COPY runs TO 'stolen.csv'",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('/etc/*')",
        "SELEC 1",
        "",
    ],
)
def test_sql_changes_nothing_and_reads_nothing_else(
    duckdb: Any, digits: Path, capsys: Capture, sql: str, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in digits.rglob("run.db")}
    assert run(["query", "--dir", str(digits), "--sql", sql]) == 1
    assert capsys.readouterr().err.startswith("pluto: ")
    assert {path: path.read_bytes() for path in digits.rglob("run.db")} == before != {}
    assert not (tmp_path / "stolen.csv").exists()
