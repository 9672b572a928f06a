"""A training that breaks in the middle."""

import wandb

with wandb.init(project="failing") as run:
    for step in range(5):
        run.log({"loss": 5 - step})
        if step == 2:
            raise ValueError("the loss is too good")
