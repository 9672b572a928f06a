"""Records the runs that the dashboard's tests look at, each in a process as users have it.

usage: recorded_runs.py DIRECTORY pair|live|dying|million
"""

from __future__ import annotations

import math
import select
import sys
import time
from typing import Any

import numpy as np

import pluto

PROJECT = "digits"
STEPS = 300  # fewer than the buckets of a chart, so that every point is drawn
RATES = {"slow": 0.01, "fast": 0.1}
POINTS = 1_000_000
SPIKE_AT = 654_321
SPIKE = 1_000.0
LIVE_PERIOD = 0.05


def loss(rate: float, step: int) -> float:
    return math.exp(-rate * step)


def square(step: int) -> float:
    return float(step // 25 % 2)


def noise(step: int) -> float:
    return math.sin(step * 0.7) * math.sin(step * 0.0001)


def pair(directory: str) -> None:
    """Two finished runs with something for every tab."""
    for name, rate in RATES.items():
        config = {"lr": rate, "model": {"layers": [4, 2], "name": "mlp"}}
        with begin(directory, name, config=config, tags=["demo", name]) as run:
            print(f"training with {rate}", flush=True)
            print("a warning of the framework", file=sys.stderr, flush=True)
            for step in range(STEPS):
                row = {"train/loss": loss(rate, step), "train/square": square(step)}
                run.log(row, step=step)
                if step % 50 == 0:
                    time.sleep(0.2)  # system metrics want some time to be sampled
            run.log({"phase": "warm-up"}, step=0)
            run.log(things(rate), step=STEPS - 1)


def things(rate: float) -> dict[str, Any]:
    picture = np.linspace(0, 255, 40 * 60 * 3).reshape(40, 60, 3).astype(np.uint8)
    confusion = [[48, 2], [1, 49]]
    return {
        "val/sample": pluto.Image(picture, caption=f"seen with {rate}"),
        "val/confusion": pluto.Table(confusion, columns=["cat", "dog"], rows=["cat", "dog"]),
        "weights": pluto.Histogram(np.arange(100.0), bins=10),
        "report": pluto.Text("all went well"),
    }


def live(directory: str) -> None:
    """Log until standard input is closed."""
    with begin(directory, "live") as run:
        step = 0
        while not select.select([sys.stdin], [], [], LIVE_PERIOD)[0]:
            run.log({"train/loss": loss(0.001, step)}, step=step)
            if step % 20 == 0:
                print(f"step {step}", flush=True)
            step += 1


def dying(directory: str) -> None:
    """Log, and wait to be killed."""
    run = begin(directory, "doomed")
    for step in range(10):
        run.log({"train/loss": loss(0.1, step)}, step=step)
    print("my last words", flush=True)
    time.sleep(120)


def million(directory: str) -> None:
    """One curve of a million points; one of them is a spike."""
    with begin(directory, "million", disable_system_metrics=True) as run:
        for step in range(POINTS):
            run.log({"noise": SPIKE if step == SPIKE_AT else noise(step)}, step=step)


def begin(directory: str, name: str, **options: Any) -> pluto.Op:
    settings = {"x_sys_sampling_interval": 0.2, "sync_process_flush_interval": 0.2}
    return pluto.init(
        directory, PROJECT, name, mode="local", settings=settings, finish_timeout=60, **options
    )


if __name__ == "__main__":
    {each.__name__: each for each in (pair, live, dying, million)}[sys.argv[2]](sys.argv[1])
