"""Hyperparameters from everywhere: argparse, updates, defaults, items and attributes."""

import argparse

import wandb

parser = argparse.ArgumentParser()
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--rate", type=float, default=0.1)
arguments = parser.parse_args(["--rate", "0.05"])

with wandb.init(project="config", config=arguments, config_exclude_keys=["unused"]) as run:
    assert run.config.batch_size == 32
    run.config.update({"dropout": 0.5, "sizes": (3, 5)})
    run.config["seed"] = 7
    run.config.note = "by attribute"
    run.config.setdefaults({"seed": 1, "momentum": 0.9})
    try:
        run.config.rate = 0.2
    except wandb.Error as error:
        print("refused:", type(error).__name__)
    run.config.update({"rate": 0.2}, allow_val_change=True)
    assert wandb.config["rate"] == 0.2
    assert "rate" in run.config
    assert dict(run.config)["momentum"] == 0.9
    run.log({"loss": 1.0})
