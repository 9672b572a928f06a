"""Runs that do not end with the process that wrote them: closed ones, and those of two machines."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pluto
from pluto.names import random_id
from pluto.server.rows import CLOSED
from pluto.server.sqlite.local import LocalRuns
from pluto.storage import RunReader
from pluto.store import Store
from tests.server_process import RunningServer

QUIET = {"disable_system_metrics": True, "disable_console": True}


def begin(server: RunningServer | None = None, **options: Any) -> pluto.Op:
    where = {"url": server.url, "_auth": server.key} if server else {}
    settings = {**where, **QUIET, "x_sys_sampling_interval": 0.1}
    return pluto.init(settings=settings, **options)


def shown(directory: Path) -> tuple[str, str | None]:
    (row,) = LocalRuns(directory).rows()
    return row.status, row.cause


def on_server(server: RunningServer, run: pluto.Op) -> tuple[str, str | None]:
    with server.client() as client:
        found = client.get(f"/api/ui/runs/{run.id}").raise_for_status().json()["run"]
    return found["status"], found["cause"]


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("end", ["close", "finish(-1)"])
def test_a_closed_run_is_shown_as_running_and_not_as_dead(tmp_path: Path, end: str) -> None:
    run = begin(run_id="exp")
    run.log({"loss": 1.0})
    if end == "close":
        run.close()
    else:
        run.finish(-1)
    store = Store(Path(run.dir))
    store.note_death()  # as `pluto ui` and `pluto sync` do with what nobody writes any more
    store.close()
    assert shown(tmp_path) == ("RUNNING", CLOSED)


def test_a_closed_run_that_is_gone_on_with_ends_as_any_other(tmp_path: Path) -> None:
    begin(run_id="exp").close()
    again = begin(run_id="exp", resume=True)
    assert shown(tmp_path) == ("RUNNING", None)
    again.finish()
    assert shown(tmp_path) == ("COMPLETED", None)


def test_a_process_that_goes_on_with_a_closed_run_and_dies_is_missed(tmp_path: Path) -> None:
    begin(run_id="exp").close()
    again = begin(run_id="exp", resume=True)
    directory = Path(again.dir)
    again.finish()
    with_closed_store = Store(directory)
    facts = with_closed_store.writer.facts()
    assert facts["closed"] is None
    with_closed_store.set_facts({"status": "RUNNING", "ends": []})  # as if it had been killed
    with_closed_store.note_death()
    with_closed_store.close()
    assert shown(tmp_path)[0] == "FAILED"


def test_a_server_is_told_that_a_run_was_closed(server: RunningServer, tmp_path: Path) -> None:
    project = f"p-{random_id()}"
    run = begin(server, project=project, run_id="exp", dir=tmp_path / "one")
    run.log({"loss": 1.0})
    run.close()
    assert on_server(server, run) == ("RUNNING", CLOSED)
    again = begin(server, project=project, run_id="exp", resume=True, dir=tmp_path / "two")
    assert on_server(server, again) == ("RUNNING", None)
    again.finish()
    assert on_server(server, again) == ("COMPLETED", None)


def test_a_run_of_two_machines_ends_with_the_last_and_not_with_the_first(
    server: RunningServer, tmp_path: Path
) -> None:
    project = f"p-{random_id()}"
    options = {"project": project, "run_id": "job", "resume": True}
    first = begin(server, dir=tmp_path / "one", **options)
    last = begin(server, dir=tmp_path / "two", **options)
    assert first.id == last.id
    first.finish()
    eventually(lambda: on_server(server, last)[0] == "RUNNING")
    last.log({"loss": 1.0})
    last.finish()
    assert on_server(server, last)[0] == "COMPLETED"
    reader = RunReader(Path(last.dir))
    history = [event["to"] for event in reader.facts()["status_history"]]
    reader.close()
    assert history == ["RUNNING", "COMPLETED"]


def test_a_machine_that_failed_fails_the_run_of_several(
    server: RunningServer, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"project": f"p-{random_id()}", "run_id": "job", "resume": True}
    first = begin(server, dir=tmp_path / "one", **options)
    last = begin(server, dir=tmp_path / "two", **options)
    first.finish(1)
    time.sleep(0.5)  # of five heartbeats of the other
    last.finish()
    assert on_server(server, last)[0] == "FAILED"
