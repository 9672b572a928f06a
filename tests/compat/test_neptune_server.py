"""Neptune scripts whose runs go to a server of Pluto, and processes that are killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from pluto.query import Client
from tests.compat.reading import known, metrics
from tests.compat.scripts import run_code, runs_of
from tests.server_process import RunningServer


@pytest.fixture
def client(server: RunningServer) -> Iterator[Client]:
    with Client(server.key, server.url) as client:
        yield client


def run(code: str, directory: Path, server: RunningServer) -> str:
    given: dict[str, Any] = {"PLUTO_URL": server.url, "PLUTO_API_KEY": server.key}
    return run_code(dedent(code), directory, **given)


def points(client: Client, project: str, run_id: Any) -> dict[str, dict[int, float]]:
    return {
        series.name: dict(zip(series.steps.tolist(), series.values.tolist(), strict=True))
        for series in client.get_series(project, run_id)
        if not series.name.startswith("sys/")
    }


def test_a_run_and_its_fork_reach_the_server(
    server: RunningServer, client: Client, tmp_path: Path
) -> None:
    code = """
        from pluto.compat.neptune_scale import Run
        quiet = {"source_tracking_config": None, "project": "lab/sent"}
        with Run(run_id="parent", experiment_name="base", **quiet) as run:
            run.log_configs({"lr": 0.1, "seed": 7})
            for step in range(10):
                run.log_metrics({"loss": 10.0 - step}, step=step)
            print("processed", run.wait_for_processing(timeout=30))
            print("url", run.get_run_url())
        with Run(run_id="child", fork_run_id="parent", fork_step=5, **quiet) as fork:
            fork.log_configs({"lr": 0.01})
            fork.log_metrics({"loss": 100.0}, step=6)
    """
    printed = run(code, tmp_path, server)
    assert "processed True" in printed
    assert f"url {server.url}" in printed
    assert "10 rows logged, 10 delivered" in printed
    child, parent = client.list_runs("sent")
    assert (child["name"], parent["name"]) == ("child", "base")
    assert points(client, "sent", parent["id"])["loss"] == {s: 10.0 - s for s in range(10)}
    about = client.get_run("sent", child["id"])
    assert about["forkedFromRunId"] == parent["id"]
    assert about["forkStep"] == 5
    assert (about["config"]["lr"], about["config"]["seed"]) == (0.01, 7)
    assert points(client, "sent", child["id"])["loss"][6] == 100.0


def test_a_fork_of_a_run_that_does_not_exist_is_refused(
    server: RunningServer, tmp_path: Path
) -> None:
    code = """
        from pluto.compat.neptune_scale import Run, exceptions
        try:
            Run(run_id="orphan", project="lab/none", fork_run_id="nobody", fork_step=1)
        except exceptions.NeptuneRunForkParentNotFound as error:
            print("refused:", error)
    """
    assert "refused: there is no run 'nobody' to fork from" in run(code, tmp_path, server)
    assert runs_of(tmp_path) == []


def test_another_machine_goes_on_with_a_run_and_reads_it(
    server: RunningServer, client: Client, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    begin = """
        import pluto.compat.neptune as neptune
        run = neptune.init_run(project="lab/moved", custom_run_id="moved", source_files=[],
                              tags="first")
        run["params/lr"] = 0.1
        run["loss"].extend([3.0, 2.0])
        print("id", run["sys/id"].fetch())
        run.stop()
    """
    go_on = """
        import pluto.compat.neptune as neptune
        run = neptune.init_run(with_id="MOV-1", project="lab/moved", source_files=[])
        run["loss"].append(1.0)
        print("before", run["params"].fetch(), sorted(run["sys/tags"].fetch()))
        run.stop()
        reading = neptune.init_run(with_id="moved", project="lab/moved", mode="read-only")
        print("lr", reading["params/lr"].fetch(), reading["loss"].fetch_last())
        reading.stop()
        try:
            neptune.init_run(with_id="missing", project="lab/moved", mode="read-only")
        except neptune.exceptions.RunNotFound as error:
            print("not found")
    """
    for place in (first, second):
        place.mkdir()
    assert "id MOV-1" in run(begin, first, server)
    printed = run(go_on, second, server)
    assert "before {'lr': 0.1} ['first']" in printed
    assert "lr 0.1 1.0" in printed
    assert "not found" in printed
    (listed,) = client.list_runs("moved")
    assert points(client, "moved", listed["id"])["loss"] == {0: 3.0, 1: 2.0, 2: 1.0}


def test_what_was_logged_survives_a_kill(tmp_path: Path) -> None:
    code = """
        import os, signal
        from pluto.compat.neptune_scale import Run
        run = Run(project="lab/killed", run_id="killed", source_tracking_config=None)
        for step in range(500):
            run.log_metrics({"loss": 1 / (step + 1)}, step=step)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    script = [sys.executable, "-c", dedent(code)]
    ended = subprocess.run(script, cwd=tmp_path, env=dict(os.environ), timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL
    (found,) = runs_of(tmp_path)
    with Client(dir=tmp_path) as client:
        assert len(points(client, "killed", "killed")["loss"]) == 500
    assert known(found)["status"] == "FAILED"
    assert metrics(found)["loss"][499] == 1 / 500


def test_a_project_has_a_table_of_its_runs_and_attributes_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="pip install pandas")
    code = """
        import pluto.compat.neptune as neptune
        quiet = {"source_files": [], "capture_hardware_metrics": False}
        for number in range(3):
            run = neptune.init_run(project="lab/table", tags=["all", f"n{number}"], **quiet)
            run["number"] = number
            run["loss"].extend([1.0, number])
            frame = run["loss"].fetch_values()
            assert frame["value"].tolist() == [1.0, number], frame
            assert list(frame.columns) == ["step", "value", "timestamp"]
            run.stop()
        with neptune.init_project(project="lab/table") as project:
            project["about"] = "digits"
            assert project.exists("about") and project.fetch()["about"] == "digits"
            table = project.fetch_runs_table(columns=["number", "loss"], sort_by="number")
            print("numbers", table.to_pandas()["number"].tolist())
            print("last", [row["loss"].get() for row in table])
            one = project.fetch_runs_table(tag=["all", "n1"], columns=["number"], state="inactive")
            print("one", [row["number"].get() for row in one])
            query = '(`number`:int >= 1) AND (`sys/tags`:stringSet NOT CONTAINS "n2")'
            asked = project.fetch_runs_table(query=query, columns=["number"])
            print("asked", [row["number"].get() for row in asked])
            print("most", len(project.fetch_runs_table(limit=2).to_rows()))
    """
    printed = run_code(dedent(code), tmp_path)
    assert "numbers [2, 1, 0]" in printed
    assert "last [2.0, 1.0, 0.0]" in printed
    assert "one [1]" in printed
    assert "asked [1]" in printed
    assert "most 2" in printed


def test_a_row_of_a_table_gives_values_types_and_files(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="pip install pandas")
    code = """
        import pluto.compat.neptune as neptune
        from neptune.exceptions import MetadataInconsistency
        from pathlib import Path
        with neptune.init_run(project="lab/rows", source_files=[]) as run:
            run["train/loss"].extend([1.0, 0.5])
            run["notes"].upload(neptune.types.File.from_content("hello"))
            Path("deep").mkdir()
            for name in ("a.csv", "deep/b.csv"):
                Path(name).write_text(name)
            run["data"].upload_files(["*.csv", "deep/*.csv"])
            run["data"].download("mine")
        (row,) = neptune.init_project(project="lab/rows", mode="read-only").fetch_runs_table()
        print(row.get_attribute_value("train/loss"), row["train"]["loss"].get())
        print(row.get_attribute_type("train/loss"), row.get_attribute_type("notes"))
        row.download_file_attribute("notes", "copy.txt")
        row["notes"].download("again.txt")
        row.download_file_set_attribute("data", "all")
        print(Path("copy.txt").read_text(), Path("again.txt").read_text())
        for folder in ("mine", "all"):
            print([Path(folder, name).read_text() for name in ("a.csv", "deep/b.csv")])
        for wrong in (
            lambda: row.get_attribute_value("absent"),
            lambda: row["notes"].get(),
            lambda: row.download_file_attribute("train/loss"),
        ):
            try:
                wrong()
            except (ValueError, MetadataInconsistency) as error:
                print(error)
    """
    printed = run_code(dedent(code), tmp_path)
    assert "0.5 0.5\nfloat_series file\nhello hello\n" in printed
    assert printed.count("['a.csv', 'deep/b.csv']\n") == 2
    assert "the row has no attribute 'absent'" in printed
    assert "'notes' is a file: use download()" in printed
    assert "'train/loss' is a float_series, not a file" in printed
