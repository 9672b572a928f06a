"""A script that leaves everything to the environment: WANDB_PROJECT, WANDB_NAME and so on."""

import wandb

wandb.login()
run = wandb.init()
assert run.project == "from-outside"
assert run.id == "chosen-outside"
assert run.group == "cluster"
for step in range(3):
    wandb.log({"loss": 1.0 / (step + 1)})
