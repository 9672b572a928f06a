"""The first script that everybody writes: a config, a loop, a finish."""

import random

import wandb

random.seed(1)
wandb.init(project="first-steps", config={"epochs": 5, "learning_rate": 0.02})
config = wandb.config
offset = random.random() / 5
for epoch in range(config.epochs):
    accuracy = 1 - 2**-epoch - random.random() / (epoch + 1) - offset
    loss = 2**-epoch + random.random() / (epoch + 1) + offset
    wandb.log({"accuracy": accuracy, "loss": loss})
wandb.finish()
