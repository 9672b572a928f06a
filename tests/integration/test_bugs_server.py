"""Known faults of the earlier client, one test each: here the right thing happens, on a server."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pluto
from pluto.errors import RunExistsError
from pluto.names import random_id
from pluto.storage import RunReader
from tests.fault_server import fault_server
from tests.server_process import RunningServer

QUIET = {"disable_system_metrics": True, "disable_console": True}


@pytest.fixture
def project() -> str:
    return f"p-{random_id()}"


def begin(server: RunningServer, project: str, **options: Any) -> pluto.Op:
    settings = {"url": server.url, "_auth": server.key, **QUIET}
    return pluto.init(project=project, settings=settings, **options)


def read(server: RunningServer, path: str, **query: Any) -> Any:
    with server.client() as client:
        return client.get(f"/api/{path}", params=query).raise_for_status().json()


def facts(run: pluto.Op) -> dict[str, Any]:
    reader = RunReader(Path(run.dir))
    known = reader.facts()
    reader.close()
    return known


def details(server: RunningServer, run: pluto.Op) -> Any:
    return read(server, f"runs/details/{run.id}")


def values(server: RunningServer, run: pluto.Op, name: str) -> list[float]:
    query = {"runId": run.id, "projectName": run.project, "logName": name}
    return [row["value"] for row in read(server, "runs/metrics/raw", **query)["rows"]]


def test_bug_2_a_config_of_any_objects_reaches_the_server(
    server: RunningServer, project: str
) -> None:
    run = begin(server, project, config={"odd": object, "nan": float("nan"), ("a", 1): {2}})
    run.update_config({"path": Path("x")})
    run.finish()
    assert details(server, run)["config"] == {
        "odd": "<class 'object'>",
        "nan": "NaN",
        "('a', 1)": [2],
        "path": "x",
    }


def test_bug_3_steps_of_numpy_reach_the_server_as_integers(
    server: RunningServer, project: str
) -> None:
    run = begin(server, project)
    for step in (np.int64(1), np.uint8(2), 3.0, "4"):
        run.log({"loss": float(step)}, step=step)
    receipt = run.finish()
    assert receipt is not None
    assert (receipt.logged, receipt.delivered) == (4, 4)
    assert values(server, run, "loss") == [1.0, 2.0, 3.0, 4.0]


def test_bug_6_new_names_tags_and_alerts_wait_for_no_server(tmp_path: Path) -> None:
    with fault_server("silent") as url:
        settings = {"url": url, "_auth": "mlpl_key", "init_timeout": 0.1, "finish_timeout": 1}
        run = pluto.init(dir=tmp_path, settings={**QUIET, **settings})
        began = time.monotonic()
        for number in range(200):
            run.log({f"name{number}": 1.0, f"text{number}": "a"})
            run.add_tags(f"tag{number}")
            run.update_config({f"key{number}": 1})
            run.alert("hello")
        assert time.monotonic() - began < 20  # 800 requests, had each waited for its answer
        receipt = run.finish()
    assert receipt is not None
    assert (receipt.kept, receipt.delivered) == (400, 0)


def test_tags_of_any_type_reach_the_server_as_texts(server: RunningServer, project: str) -> None:
    run = begin(server, project, tags=["seed", 1])
    run.add_tags([2.5])
    run.finish()
    assert details(server, run)["tags"] == ["seed", "1", "2.5"]


def test_bug_8_odd_names_and_rows_do_not_keep_the_others_from_the_server(
    server: RunningServer, project: str
) -> None:
    run = begin(server, project)
    odd: list[dict[Any, Any]] = [{"": 1.0}, {"a\x00b": 1.0}, {"\ud800": 1.0}, {"x" * 5_000: 1.0}]
    for step, row in enumerate(odd):
        run.log({**row, "loss": float(step)}, step=step)
    run.log({"loss": 9.0}, step=-1)
    receipt = run.finish()
    assert receipt is not None
    assert (receipt.logged, receipt.delivered) == (5, 5)
    assert values(server, run, "loss") == [0.0, 1.0, 2.0, 3.0, 9.0]


def test_bug_24_an_alert_is_heard_of_by_the_server(server: RunningServer, project: str) -> None:
    run = begin(server, project)
    now = time.time() * 1000
    run.alert("the loss is NaN", title="careful", level="WARN", wait=60)
    run.log({"loss": 1.0})
    receipt = run.finish()
    assert receipt is not None
    assert (receipt.delivered, receipt.rejected) == (1, 0)
    (alert,) = read(server, f"ui/runs/{run.id}/story")["alerts"]
    told = (alert["body"], alert["title"], alert["level"])
    assert told == ("the loss is NaN", "careful", "WARNING")
    assert alert["time"] > now + 59_000


def test_bug_31_five_thousand_calls_are_delivered_when_finish_returns(
    server: RunningServer, project: str
) -> None:
    run = begin(server, project)
    for step in range(5_000):
        run.log({"loss": float(step)}, step=step)
    receipt = run.finish()
    assert receipt is not None
    assert (receipt.logged, receipt.delivered, receipt.kept) == (5_000, 5_000, 0)
    assert values(server, run, "loss") == list(range(5_000))


def test_bug_33_files_are_delivered_when_finish_returns(
    server: RunningServer, project: str
) -> None:
    run = begin(server, project)
    for step in range(20):
        run.log({"image": pluto.Image(np.full((64, 64, 3), step, np.uint8))}, step=step)
    receipt = run.finish()
    assert receipt is not None
    assert (receipt.logged, receipt.delivered, receipt.kept) == (20, 20, 0)
    files = read(server, "runs/files", runId=run.id, projectName=project)["files"]
    assert [each["step"] for each in files] == list(range(20))
    with server.client() as client:
        assert all(client.get(each["url"]).status_code == 200 for each in files)


def test_the_line_that_tools_look_for_names_the_run(
    server: RunningServer, project: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin(server, project, run_id="exp-7")
    run.finish()
    begin(server, project, run_id="exp-7", resume=True).finish()
    printed = capsys.readouterr().out.splitlines()
    display_id, slug = run.settings._display_id, (run.url or "").rpartition("/")[2]
    assert f"pluto: run {display_id} started (external_id={slug})" in printed
    assert f"pluto: run {display_id} resumed (external_id={slug})" in printed


def test_a_run_of_the_past_keeps_its_times_and_its_machine(
    server: RunningServer, project: str
) -> None:
    past = {"createdAt": 1_700_000_000_000, "updatedAt": 1_700_000_100_000}
    settings = {"url": server.url, "_auth": server.key, "disable_console": True}
    compat = {**past, "systemMetadata": {"host": "old"}}
    run = pluto.init(project=project, settings={**settings, "compat": compat})
    run.log({"loss": 1.0}, timestamp=1_700_000_050)
    run.finish()
    told = details(server, run)
    assert (told["createdAt"], told["statusUpdated"]) == (
        "2023-11-14T22:13:20.000Z",
        "2023-11-14T22:15:00.000Z",
    )
    assert told["systemMetadata"] == {"host": "old"}
    known = facts(run)
    assert (known["created_at"], known["finished_at"]) == tuple(past.values())


def test_an_id_that_is_taken_is_refused_unless_the_run_is_to_go_on(
    server: RunningServer, project: str, tmp_path: Path
) -> None:
    first = begin(server, project, run_id="exp", dir=tmp_path / "one")
    first.finish()
    with pytest.raises(RunExistsError, match="resume=True"):
        begin(server, project, run_id="exp", dir=tmp_path / "two")
    assert details(server, first)["status"] == "COMPLETED"
    again = begin(server, project, run_id="exp", resume=True, dir=tmp_path / "three")
    assert (again.id, again.resumed, again.run_id) == (first.id, True, "exp")
    again.finish()


@pytest.mark.parametrize("kind", [int, str, "display id"])
def test_a_run_goes_on_by_its_number_or_its_display_id(
    server: RunningServer, project: str, tmp_path: Path, kind: Any
) -> None:
    first = begin(server, project, config={"a": {"b": 1}})
    first.log({"loss": 1.0}, step=1)
    first.finish()
    chosen = first.settings._display_id if kind == "display id" else kind(first.id)
    again = begin(server, project, run_id=chosen, dir=tmp_path / "else", config={"a": {"c": 2}})
    again.log({"loss": 2.0}, step=2)
    again.finish()
    assert (again.id, again.resumed) == (first.id, True)
    assert values(server, first, "loss") == [1.0, 2.0]
    assert details(server, first)["config"] == {"a": {"b": 1, "c": 2}}


@pytest.mark.parametrize("kind", [int, str, "display id"])
def test_a_fork_lies_over_the_whole_config_of_its_parent(
    server: RunningServer, project: str, kind: Any
) -> None:
    parent = begin(server, project, config={"opt": {"lr": 1, "name": "adam"}}, tags="old")
    parent.log({"loss": 1.0}, step=10)
    parent.finish()
    chosen = parent.settings._display_id if kind == "display id" else kind(parent.id)
    fork = begin(server, project, fork_run_id=chosen, fork_step=5, config={"opt": {"lr": 2}})
    bare = begin(server, project, fork_run_id=chosen, fork_step=5, inherit_tags=True)
    own = begin(
        server, project, fork_run_id=chosen, fork_step=5, config={"a": 1}, inherit_config=False
    )
    pluto.finish()
    assert (fork.fork_run_id, fork.fork_step) == (parent.id, 5)
    assert details(server, fork)["config"] == {"opt": {"lr": 2, "name": "adam"}}
    assert details(server, bare)["config"] == {"opt": {"lr": 1, "name": "adam"}}
    assert (details(server, fork)["tags"], details(server, bare)["tags"]) == ([], ["old"])
    assert details(server, own)["config"] == {"a": 1}


def test_a_fork_of_a_run_that_is_not_there_is_refused(server: RunningServer, project: str) -> None:
    with pytest.raises(RuntimeError, match=r"(?i)fork from run NONE-1: .*not found"):
        begin(server, project, fork_run_id="NONE-1", fork_step=1)
