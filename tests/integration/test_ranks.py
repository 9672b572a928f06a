"""Several processes of one job write to one run, which ends with the last of them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pluto.storage import RunReader
from pluto.sync import run_directories
from tests.server_process import running_server

RANKS = 4
ROWS = 10_000
SCRIPT = """
import os, sys, time
import pluto
rank = int(os.environ["RANK"])
run = pluto.init(project="ddp", settings={"disable_system_metrics": True})
print("ready", flush=True)
sys.stdin.readline()
for step in range(int(sys.argv[1])):
    run.log({f"rank{rank}/loss": step + rank / 10}, step=step)
time.sleep(float(sys.argv[2]) * rank)
if sys.argv[3:] == [str(rank)]:
    raise ValueError("this rank fails")
"""


def start(tmp_path: Path, rank: int, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    variables = {"RANK": str(rank), "WORLD_SIZE": str(RANKS), "LOCAL_RANK": str(rank)}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PLUTO_RUN_ID": "job-7", **variables, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def start_all(tmp_path: Path, *arguments: str, **environment: str) -> list[subprocess.Popen[str]]:
    """Start all ranks, and let them go when each has begun the run."""
    ranks = [start(tmp_path, rank, *arguments, **environment) for rank in range(RANKS)]
    for rank in ranks:
        assert rank.stdout is not None
        while "ready" not in (line := rank.stdout.readline()):
            assert line, "a rank ended before it was ready"
    for rank in ranks:
        assert rank.stdin is not None
        rank.stdin.write("go\n")
        rank.stdin.flush()
    return ranks


def run_ranks(tmp_path: Path, *arguments: str, **environment: str) -> list[str]:
    """Run all ranks to their end; return what each printed."""
    ranks = start_all(tmp_path, *arguments, **environment)
    return [rank.communicate(timeout=90)[0] for rank in ranks]


def check(directory: Path, status: str) -> None:
    reader = RunReader(directory)
    for rank in range(RANKS):
        points = reader.points(f"rank{rank}/loss", raw=True)
        assert np.array_equal(points.steps, np.arange(ROWS))
        assert np.array_equal(points.values, np.arange(ROWS) + rank / 10)
    known = reader.facts()
    assert known["status"] == status, known["status_history"]
    reader.close()


@pytest.mark.parametrize("spread", ["0", "0.7"])
def test_four_ranks_of_10000_rows_each_arrive_complete_in_one_local_run(
    tmp_path: Path, spread: str
) -> None:
    printed = run_ranks(tmp_path, str(ROWS), spread)
    (directory,) = run_directories(tmp_path)
    check(directory, "COMPLETED")
    assert list((directory / "journal").iterdir()) == [], printed


def test_four_ranks_arrive_complete_in_one_run_of_a_server(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        variables = {"PLUTO_URL": server.url, "PLUTO_API_KEY": server.key}
        run_ranks(tmp_path, str(ROWS), "0.3", **variables)
        (directory,) = run_directories(tmp_path / "data")
        check(directory, "COMPLETED")


def test_one_failed_rank_fails_the_run_also_if_it_is_not_the_last(tmp_path: Path) -> None:
    run_ranks(tmp_path, str(ROWS), "0.3", "1")
    (directory,) = run_directories(tmp_path)
    check(directory, "FAILED")


def test_a_killed_rank_fails_the_run_and_loses_nothing_that_the_others_log(tmp_path: Path) -> None:
    ranks = start_all(tmp_path, str(ROWS), "2")
    time.sleep(1)
    os.kill(ranks[3].pid, signal.SIGKILL)
    for rank in ranks:
        rank.communicate(timeout=90)
    (directory,) = run_directories(tmp_path)
    reader = RunReader(directory)
    for number in range(RANKS - 1):
        assert len(reader.points(f"rank{number}/loss", raw=True).steps) == ROWS
    assert reader.facts()["status"] == "FAILED"
    reader.close()
