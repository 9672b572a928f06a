"""A training script as users of the published client have it; its own interpreter runs it.

usage: existing_client_script.py SETTINGS(JSON) [--fail]
"""

from __future__ import annotations

import json
import sys

import numpy as np

import pluto

PROJECT = "existing client"
STEPS = 50
PIXELS = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)


def train(run: pluto.Op) -> None:
    for step in range(STEPS):
        run.log({"train/loss": 1 / (step + 1), "val/acc": step / STEPS}, step=step)
    run.log({"odd/nan": float("nan"), "odd/inf": float("inf"), "odd/minus": -float("inf")}, step=7)
    run.log({"numpy": np.float32(0.1), "whole": 2**40}, step=8)
    run.log({"phase": "warm-up"}, step=0)
    run.log({"phase": "cosine"}, step=25)
    run.log({"weights": pluto.Histogram([0.0, 1.0, 1.0, 2.0], bins=2)}, step=STEPS)
    confusion = [[48, 2], [1, 49]]
    table = pluto.Table(data=confusion, columns=["cat", "dog"], rows=["cat", "dog"])
    run.log({"confusion": table}, step=STEPS)
    run.log({"sample": pluto.Image(PIXELS, caption="a gradient")}, step=STEPS)
    run.log({"notes": pluto.Text("read me", caption="words")}, step=STEPS)


def main() -> None:
    run = pluto.init(
        project=PROJECT,
        name="everything",
        config={"lr": 0.001, "layers": [4, 2], "optimizer": {"name": "adam", "eps": 1e-8}},
        tags=["first", "second"],
        settings=json.loads(sys.argv[1]),
    )
    print("a line to stdout")
    print("a line to stderr", file=sys.stderr)
    train(run)
    run.add_tags(["third"])
    run.remove_tags("first")
    run.update_config({"optimizer": {"eps": 1e-6}, "seed": 3})
    if "--fail" in sys.argv:
        raise ArithmeticError("the loss exploded")
    run.finish()


if __name__ == "__main__":
    main()
