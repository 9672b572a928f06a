"""`pluto ui` shows a killed run with all its rows and the cause, and leaves live runs alone."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import httpx
import numpy as np
import pytest

from pluto.cli.recovery import Recovery
from pluto.storage import Batch, MetricGroup, RunReader, RunWriter
from pluto.store import Store, has_live_process
from tests.server_process import RunningServer, running_server

PATIENCE = 60.0
COUNT = 3000
SCRIPT = """
import os, signal, sys, time
import pluto
run = pluto.init(project="p", name="r", mode="local", disable_console=True)
for step in range(3000):
    run.log({"loss": step / 4}, step=step)
print("logged", flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
time.sleep(60)
"""
Found = TypeVar("Found")


def start(fate: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, fate], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line == "logged\n":
            return process
    raise AssertionError(f"the script ended with {process.wait()}")


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def run_directory(root: Path) -> Path:
    (database,) = (root / ".pluto").glob("*/*/run.db")
    return database.parent


def test_a_killed_run_shows_all_rows_and_why_it_ended(tmp_path: Path) -> None:
    end(start("killed"))
    with running_server(tmp_path, "--auth", "off", command="ui") as server:
        run = until(lambda: shown(server), lambda run: run["status"] != "RUNNING")
        run = until(
            lambda: shown(server), lambda run: run["summary"].get("loss") == (COUNT - 1) / 4
        )
        assert run["status"] == "FAILED"
        assert "without a word" in run["cause"]
        assert run["durationMs"] < PATIENCE * 1000
    with closing(RunReader(run_directory(tmp_path))) as reader:
        assert reader.points("loss").steps.tolist() == list(range(COUNT))


def shown(server: RunningServer) -> dict[str, Any]:
    answer = httpx.get(f"{server.url}/api/ui/runs", trust_env=False, timeout=30)
    (run,) = answer.json()["runs"]
    return dict(run)


def until(look: Callable[[], Found], is_good: Callable[[Found], bool]) -> Found:
    deadline = time.monotonic() + PATIENCE
    while not is_good(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found


def test_a_live_run_is_left_to_its_process(tmp_path: Path) -> None:
    process = start("alive")
    try:
        directory = run_directory(tmp_path)
        recovery = Recovery(tmp_path)
        recovery.step()
        with closing(RunReader(directory)) as reader:
            assert reader.facts()["status"] == "RUNNING"
        assert has_live_process(directory)
    finally:
        end(process)
    recovery.step()
    with closing(RunReader(directory)) as reader:
        assert reader.facts()["status"] == "FAILED"
        assert reader.points("loss").steps.tolist() == list(range(COUNT))
    assert list((directory / "journal").iterdir()) == []


def test_a_long_run_that_was_not_compacted_at_its_end_is_compacted(tmp_path: Path) -> None:
    directory = ended_run(tmp_path / "long", {"destination": None})
    Recovery(tmp_path).step()
    with closing(RunReader(directory)) as reader:
        assert not reader.needs_compaction()
        assert reader.points("loss").steps.tolist() == list(range(20_000))


@pytest.mark.parametrize("facts", [{}, {"destination": None}])
def test_runs_of_a_server_and_runs_in_use_are_not_touched(
    tmp_path: Path, facts: dict[str, Any]
) -> None:
    directory = ended_run(tmp_path / "run", facts)
    owner = Store(directory) if facts else None
    before = (directory / "run.db").read_bytes()
    Recovery(tmp_path).step()
    assert (directory / "run.db").read_bytes() == before
    if owner:
        owner.close()


def ended_run(directory: Path, facts: dict[str, Any]) -> Path:
    steps = np.arange(20_000)
    writer = RunWriter(directory)
    rows = MetricGroup(("loss",), steps, 1000 + steps, steps[:, None] / 4)
    known = {"uid": "u", "project": "p", "name": "r", "status": "COMPLETED", "created_at": 1}
    writer.append(Batch(groups=[rows], facts=known | facts))
    writer.close()
    return directory
