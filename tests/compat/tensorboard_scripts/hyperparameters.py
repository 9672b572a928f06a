"""Several trainings, each with its hyperparameters and what they led to."""

from tensorboardX import SummaryWriter

for trial, rate in enumerate((0.1, 0.01)):
    with SummaryWriter(f"runs/trial{trial}") as writer:
        for step in range(3):
            writer.add_scalar("loss", rate * step, step)
        writer.add_hparams({"rate": rate, "layers": 2}, {"hparam/loss": rate * 2}, "chosen")
