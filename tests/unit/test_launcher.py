"""Which processes write to one run, by what their launcher tells them."""

import logging
import os
import subprocess
import sys

import pytest

import pluto
from pluto.launcher import shared_run_id

ELASTIC = {"WORLD_SIZE": "4", "TORCHELASTIC_RUN_ID": "none"}
STEP = {"SLURM_JOB_ID": "7", "SLURM_STEP_ID": "2", "SLURM_STEP_NUM_TASKS": "4"}
ONE_NODE = [
    ELASTIC,
    {"WORLD_SIZE": "4", "LOCAL_SIZE": "4"},
    {"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_LOCAL_SIZE": "4"},
    {"PMI_SIZE": "4", "MPI_LOCALNRANKS": "4"},
]
NO_JOB = [
    {},
    {"WORLD_SIZE": "1", "TORCHELASTIC_RUN_ID": "none"},
    {"WORLD_SIZE": "4"},
    ELASTIC | {"GROUP_WORLD_SIZE": "2"},
    {"WORLD_SIZE": "8", "LOCAL_SIZE": "4"},
    {"OMPI_COMM_WORLD_SIZE": "8", "OMPI_COMM_WORLD_LOCAL_SIZE": "4"},
    {"SLURM_JOB_ID": "7", "SLURM_STEP_ID": "2", "SLURM_STEP_NUM_TASKS": "1"},
]


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"WORLD_SIZE": "4", "TORCHELASTIC_RUN_ID": "job-7"}, "torchrun-job-7"),
        (STEP, "slurm-7.2"),
        (STEP | {"SLURM_RESTART_COUNT": "1"}, "slurm-7.2"),
    ],
)
def test_a_job_with_a_name_is_one_run_on_all_its_nodes(environ: dict[str, str], name: str) -> None:
    assert shared_run_id(environ, 1) == shared_run_id(environ, 2) == name


@pytest.mark.parametrize("environ", NO_JOB)
def test_what_has_nothing_in_common_shares_no_run(environ: dict[str, str]) -> None:
    assert shared_run_id(environ, os.getppid()) is None


def test_the_commands_of_a_batch_script_are_no_step_and_have_runs_of_their_own() -> None:
    batch = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"}
    assert shared_run_id(batch, os.getppid()) is None


@pytest.mark.parametrize("environ", ONE_NODE)
def test_ranks_of_one_node_share_a_run_but_not_with_a_later_job(environ: dict[str, str]) -> None:
    """In a container the launcher has the same number each time: its birth tells two jobs apart."""
    code = f"import os; from pluto.launcher import *; print(shared_run_id({environ}, os.getppid()))"
    rank = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert rank.stdout.strip() == shared_run_id(environ, os.getpid())
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as later:
        number, birth, host = str(shared_run_id(environ, later.pid)).split(".")
    here = str(shared_run_id(environ, os.getpid())).split(".")
    assert number.endswith(f"-{later.pid}")
    assert (int(birth) > int(here[1]), host) == (True, here[2])


def test_a_rank_that_shares_nothing_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        with caplog.at_level(logging.WARNING, "pluto"):
            pluto.init(project="ranks", mode="noop").finish()
        assert ("PLUTO_RUN_ID" in caplog.text) == (rank == "1")
