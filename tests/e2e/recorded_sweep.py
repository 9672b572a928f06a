"""Records a sweep of three learning rates with four seeds each, for groups; and one long run.

usage: recorded_sweep.py DIRECTORY
"""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

PROJECT = "sweep"
RATES = (0.003, 0.01, 0.03)
SEEDS = (1, 2, 3, 4)
STEPS = 120
LONG, LONG_STEPS = "long", 2000
SPIKE_AT, SPIKE = 60, 500.0
"""One value of `train/jumpy` that is far from all others, in the last run."""


def loss(rate: float, seed: int, step: int) -> float:
    return math.exp(-rate * step) + 0.02 * seed


def accuracy(rate: float, seed: int, step: int) -> float:
    """Best at a step in the middle, which is another one for each seed."""
    best = 40 + 10 * seed
    return 0.9 - abs(step - best) / 400 - abs(rate - 0.01)


def jumpy(rate: float, seed: int, step: int) -> float:
    if (rate, seed, step) == (RATES[-1], SEEDS[-1], SPIKE_AT):
        return SPIKE
    return math.sin(step / 9 + seed) + rate


def samples(seed: int, step: int) -> int:
    """How many samples were seen: each seed has a batch size of its own."""
    return (step + 1) * 16 * seed


def name(rate: float, seed: int) -> str:
    return f"lr{rate}-seed{seed}"


def record_sweep(directory: Path) -> None:
    """Record the runs in a process of their own."""
    subprocess.run([sys.executable, "-m", "tests.e2e.recorded_sweep", str(directory)], check=True)


def main(directory: str) -> None:
    import pluto

    settings = {"disable_system_metrics": True, "disable_console": True}
    run = pluto.init(directory, LONG, LONG, mode="local", settings=settings)
    for step in range(LONG_STEPS):
        run.log({"train/loss": loss(0.001, 1, step), "samples": samples(1, step)}, step=step)
    run.finish()
    for rate in RATES:
        for seed in SEEDS:
            config = {"lr": rate, "seed": seed, "optimizer": {"name": "adam"}, "depth": 4}
            run = pluto.init(
                directory, PROJECT, name(rate, seed), config, mode="local", settings=settings
            )
            for step in range(STEPS):
                row = {
                    "train/loss": loss(rate, seed, step),
                    "train/jumpy": jumpy(rate, seed, step),
                    "val/accuracy": accuracy(rate, seed, step),
                    "samples": samples(seed, step),
                }
                run.log(row, step=step)
            run.finish()


if __name__ == "__main__":
    main(sys.argv[1])
