"""The smallest run: settings in, a curve out. Then look at it with `pluto ui`."""

import random

import pluto

config = {"lr": 0.1, "decay": 0.97}

with pluto.init(project="quickstart", name="first", config=config) as run:
    loss = 1.0
    for step in range(200):
        loss = loss * config["decay"] + random.uniform(0, 0.01)
        run.log({"train/loss": loss, "train/accuracy": 1 - loss}, step=step)
    run.add_tags("finished")
