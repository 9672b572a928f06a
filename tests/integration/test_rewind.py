"""`resume_step`: a run goes on from a checkpoint, and what it logged behind it is hidden."""

from __future__ import annotations

import logging
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

import pluto
from pluto.cli.sync import sink_chooser
from pluto.errors import UsageError
from pluto.iface import ServerInterface
from pluto.names import random_id
from pluto.record import RemoteRun, RunInfo
from pluto.storage import RunReader
from pluto.sync import sync_directory
from tests.server_process import RunningServer

QUIET = {"disable_system_metrics": True, "disable_console": True}


def begin(server: RunningServer | None = None, **options: Any) -> pluto.Op:
    where = {"url": server.url, "_auth": server.key} if server else {}
    return pluto.init(settings={**where, **QUIET}, **options)


def train(run: pluto.Op, steps: range, value: float) -> None:
    for step in steps:
        run.log({"loss": value}, step=step)


def local_series(run: pluto.Op) -> list[tuple[int, float]]:
    reader = RunReader(Path(run.dir))
    points = reader.points("loss")
    reader.close()
    return list(zip(points.steps.tolist(), points.values.tolist(), strict=True))


def server_series(server: RunningServer, run: pluto.Op) -> list[tuple[int, float]]:
    query = {"runId": run.id, "projectName": run.project, "logName": "loss"}
    with server.client() as client:
        rows = client.get("/api/runs/metrics/raw", params=query).raise_for_status().json()["rows"]
    return [(int(row["step"]), row["value"]) for row in rows]


WENT_BACK = [(0, 1.0), (1, 1.0), (2, 1.0), (3, 2.0), (4, 2.0)]


def test_a_local_run_goes_on_from_a_checkpoint() -> None:
    first = begin(run_id="exp")
    train(first, range(100), 1.0)
    first.finish()
    again = begin(run_id="exp", resume_step=2)
    assert (again.resumed, again.step) == (True, 2)
    again.log({"loss": 2.0})
    again.log({"loss": 2.0})
    receipt = again.finish()
    assert local_series(again) == WENT_BACK
    assert receipt is not None
    assert receipt.logged == 102  # nothing was deleted
    third = begin(run_id="exp", resume=True)
    assert third.step == 4
    third.finish()


def test_a_run_on_a_server_goes_on_from_a_checkpoint_on_another_machine(
    server: RunningServer, tmp_path: Path
) -> None:
    project = f"p-{random_id()}"
    first = begin(server, project=project, run_id="exp", dir=tmp_path / "one")
    train(first, range(100), 1.0)
    first.finish()
    again = begin(server, project=project, run_id="exp", resume_step=2, dir=tmp_path / "two")
    assert (again.id, again.resumed, again.step) == (first.id, True, 2)
    train(again, range(3, 5), 2.0)
    again.finish()
    assert server_series(server, again) == WENT_BACK
    with server.client() as client:
        shown = client.get(f"/api/ui/runs/{again.id}").raise_for_status().json()["names"]
    assert [(name["count"], name["lastStep"]) for name in shown] == [(5, 4)]


@pytest.mark.parametrize("known_by", ["number", "display id"])
def test_a_run_that_is_known_by_its_servers_id_goes_back_too(
    server: RunningServer, tmp_path: Path, known_by: str
) -> None:
    project = f"p-{random_id()}"
    first = begin(server, project=project, dir=tmp_path / "one")
    train(first, range(100), 1.0)
    first.finish()
    run_id = first.id if known_by == "number" else first.settings._display_id
    again = begin(server, project=project, run_id=run_id, resume_step=2, dir=tmp_path / "two")
    train(again, range(3, 5), 2.0)
    again.finish()
    assert server_series(server, again) == WENT_BACK


def test_an_unplugged_run_that_went_back_is_sent_so(server: RunningServer, tmp_path: Path) -> None:
    project = f"p-{random_id()}"
    first = begin(project=project, run_id="exp")
    train(first, range(100), 1.0)
    first.finish()
    run = begin(project=project, run_id="exp", resume_step=2)
    train(run, range(3, 5), 2.0)
    run.finish()
    settings = pluto.setup({"url": server.url, "_auth": server.key})
    for _ in range(2):
        outcome = sync_directory(tmp_path, sink_chooser(settings), include_local=True)
        assert outcome.left == 0
    with server.client() as client:
        runs = client.get("/api/runs/list", params={"projectName": project}).json()["runs"]
    run.settings._op_id = runs[0]["id"]
    assert server_series(server, run) == WENT_BACK


def test_samples_of_the_machine_are_not_hidden() -> None:
    settings = {**QUIET, "x_sys_label": "machine"}
    first = pluto.init(run_id="exp", settings=settings)
    assert first._session is not None
    first._session.recorder.metrics({"machine/load": 1.0}, step=9, time_ms=1, system=True)
    first.finish()
    again = pluto.init(run_id="exp", resume_step=2, settings=settings)
    again.finish()
    reader = RunReader(Path(again.dir))
    assert reader.points("machine/load").steps.tolist() == [9]
    reader.close()


def test_a_server_that_does_not_hide_rows_is_told_of(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    known = ServerInterface.open

    def of_the_public_server(self: ServerInterface, run: RunInfo) -> RemoteRun:
        return known(self, run)._replace(rewinds=False)

    monkeypatch.setattr(ServerInterface, "open", of_the_public_server)
    with caplog.at_level(logging.WARNING, "pluto"):
        begin(server, project=f"p-{random_id()}", run_id="exp", resume_step=7).finish()
    assert "goes on showing what was logged behind step 7" in caplog.text


@pytest.mark.parametrize("step", [-1, 1.5, "soon", object()])
def test_a_step_that_is_none_is_refused(step: Any) -> None:
    with pytest.raises(UsageError, match="resume_step must be an integer from 0 on"):
        begin(run_id="exp", resume_step=step)


def test_without_a_run_to_go_on_with_it_is_refused() -> None:
    with pytest.raises(UsageError, match="resume_step goes with the run_id"):
        begin(resume_step=3)


def test_in_noop_mode_steps_go_on_behind_the_checkpoint() -> None:
    run = pluto.init(mode="noop", run_id="exp", resume_step=7)
    assert run.step == 7
    run.finish()


def log_as_second_process(directory: str) -> None:
    run = pluto.init(dir=directory, run_id="exp", resume_step=2, settings=QUIET)
    run.log({"second": 1.0})
    run.finish()


def test_a_process_that_joins_a_live_run_hides_nothing_of_it(tmp_path: Path) -> None:
    first = begin(run_id="exp", resume_step=2)
    train(first, range(3, 10), 2.0)
    child = multiprocessing.get_context("spawn").Process(
        target=log_as_second_process, args=(str(tmp_path),)
    )
    child.start()
    child.join()
    assert child.exitcode == 0
    first.finish()
    assert [step for step, _ in local_series(first)] == list(range(3, 10))


def test_only_the_first_node_of_a_job_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = begin(run_id="exp")
    train(first, range(10), 1.0)
    first.finish()
    monkeypatch.setenv("GROUP_RANK", "1")
    again = begin(run_id="exp", resume_step=2)
    assert again.step == 2
    again.finish()
    assert len(local_series(again)) == 10
