"""Rows in several parts, steps that are given, nested names, odd values."""

import numpy as np
import wandb

run = wandb.init(project="steps")
for batch in range(3):
    run.log({"train": {"loss": 1.0 / (batch + 1), "grad": {"norm": float(batch)}}}, commit=False)
    run.log({"lr": np.float32(0.5)}, commit=False)
    run.log({"batch": batch})
run.log({})
for step in (10, 20, 30):
    wandb.log({"val/loss": step / 100}, step=step)
    wandb.log({"val/acc": 1 - step / 100}, step=step)
run.log({"after": 1})
run.log({"nothing": None, "flag": True, "infinite": float("inf"), "missing": float("nan")})
run.log({"last": np.int64(7)}, step=40, commit=True)
run.log({"very last": 8})
assert run.step == 42
run.finish()
