"""The examples that need a framework run, and learn."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat.reading import histograms, known, metrics, names, run_directories
from tests.conftest import REPOSITORY


def run_example(name: str, *needed: str) -> Path:
    """Run an example as a script; return its run."""
    for framework in needed:
        pytest.importorskip(framework, reason=f"{framework} is not installed")
    result = subprocess.run(
        [sys.executable, str(REPOSITORY / "examples" / name)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert result.returncode == 0, result.stderr
    (directory,) = run_directories("examples")
    assert known(directory)["status"] == "COMPLETED"
    return directory


def test_the_cnn_learns_and_is_watched() -> None:
    run = run_example("torch_cnn.py", "torch")
    loss = metrics(run)["train/loss"]
    assert len(loss) == 150
    assert loss[149] < loss[0] / 2
    assert len(histograms(run, "grad/4.weight")) == 6
    assert names(run, "predictions") == {"predictions"}


def test_the_llama_learns_to_count() -> None:
    run = run_example("transformers_llama.py", "torch", "transformers", "accelerate")
    loss = metrics(run)["eval/loss"]
    assert set(loss) == {25, 50, 75, 100}
    assert loss[100] < loss[25]
    assert names(run, "grad/")
