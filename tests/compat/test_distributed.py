"""Watching and logging in trainings of several processes on one machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat.reading import facts, histograms, known, metrics, names, run_directories
from tests.conftest import REPOSITORY

pytest.importorskip("torch", reason="torch is not installed: pip install torch")

SCRIPT = Path(__file__).with_name("ranks.py")
WEIGHTS = 8 * 16 + 16 * 4


def start(*command: object) -> None:
    """Run a command on loopback until it ends."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "GLOO_SOCKET_IFNAME": "lo"}
    environment.update({"MASTER_ADDR": "127.0.0.1", "TOKENIZERS_PARALLELISM": "false"})
    result = subprocess.run(
        [sys.executable, *map(str, command)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert result.returncode == 0, result.stderr[-5000:]


def torchrun(ranks: int, *arguments: str) -> None:
    launcher = ("-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1")
    start(*launcher, "--nproc-per-node", ranks, SCRIPT, *arguments)


def counted(run: Path, kind: str) -> int:
    """How many values of the weights the last histograms of a run have counted."""
    weights = [name for name in names(run, f"{kind}/") if name.endswith("weight")]
    return sum(sum(histograms(run, name)[-1][1]["freq"]) for name in weights)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("kind", "ranks"),
    [("ddp", 2), ("ddp", 4), ("fsdp", 2), ("fsdp", 4), ("fully_shard", 2), ("fully_shard", 4)],
)
def test_every_rank_logs_its_gradients_and_parameters(kind: str, ranks: int) -> None:
    torchrun(ranks, "watch", kind)
    runs = run_directories("watched")
    assert len(runs) == ranks
    gradients = [counted(run, "grad") for run in runs]
    if kind == "ddp":
        assert gradients == [WEIGHTS] * ranks
    else:
        assert sum(gradients) == WEIGHTS  # each rank its own shard
    for run in runs:
        prefix = "module." if kind == "ddp" else ""
        found = histograms(run, f"grad/{prefix}2.weight") or histograms(run, "grad/0.weight")
        assert [step for step, _ in found] == [1, 3]
        assert names(run, "param/") >= {
            name.replace("grad/", "param/") for name in names(run, "grad/")
        }


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_four_ranks_of_torchrun_with_10000_rows_each_arrive_complete_in_one_run() -> None:
    torchrun(4, "rows", "10000")
    (run,) = run_directories("rows")
    found = metrics(run)
    for rank in range(4):
        expected = {step: step + rank / 10 for step in range(10_000)}
        assert found[f"rank{rank}/loss"] == expected
    assert known(run)["status"] == "COMPLETED"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("launcher", ["torchrun", "ddp", "ddp_spawn"])
def test_lightning_on_two_processes_writes_one_run(launcher: str) -> None:
    pytest.importorskip("lightning", reason="Lightning is not installed: pip install lightning")
    if launcher == "torchrun":
        torchrun(2, "fit", "ddp")
    else:
        start(SCRIPT, "fit", launcher)
    (run,) = run_directories("lightning")
    found = metrics(run)
    assert set(found["train/loss"]) == set(range(6))  # 5 batches on 2 ranks: 3 steps an epoch
    assert set(found["val/loss"]) == {2, 5}
    assert known(run)["status"] == "COMPLETED"
    assert known(run)["config"]["rate"] == 0.1
    assert len(facts(run, "modelGraph")) == 1


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_trainer_and_accelerate_on_two_processes_write_one_run_each() -> None:
    for package in ("transformers", "accelerate"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    torchrun(2, "hugging_face", "accelerated")
    (trained,) = run_directories("transformers")
    assert set(metrics(trained)["train/loss"]) == {1, 2, 3}
    assert known(trained)["status"] == "COMPLETED"
    (tracked,) = run_directories("accelerated")
    assert metrics(tracked) == {"loss": {0: 0.0, 1: 0.5, 2: 1.0}, "rank": {0: 0, 1: 0, 2: 0}}
    assert known(tracked)["config"] == {"ranks": 2}
    assert known(tracked)["status"] == "COMPLETED"
