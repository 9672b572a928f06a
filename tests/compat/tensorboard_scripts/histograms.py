"""How weights are distributed while they move."""

import numpy as np
from tensorboardX import SummaryWriter

random = np.random.default_rng(0)
with SummaryWriter(comment="_weights") as writer:
    for step in range(5):
        weights = random.normal(step, 1.0, 1000)
        writer.add_histogram("weights", weights, step)
        writer.add_histogram("weights in ten bins", weights, step, bins="auto", max_bins=10)
        writer.add_scalar("mean", weights.mean(), step)
