"""A loop over settings, one run each, kept together by a group."""

import wandb


def train(rate: float) -> float:
    run = wandb.init(
        project="several", group="rates", name=f"rate {rate}", config={"rate": rate}, reinit=True
    )
    for step in range(4):
        wandb.log({"loss": (1 - rate) ** step})
    loss = wandb.run.summary["loss"]
    run.finish()
    return loss


assert train(0.5) == 0.125
assert train(0.1) > 0.7
assert wandb.run is None
