"""Curves, one by one and several on one chart."""

from tensorboardX import SummaryWriter

writer = SummaryWriter("runs/curves")
for step in range(20):
    writer.add_scalar("loss/train", 1 / (step + 1), step)
    writer.add_scalar(
        "loss/test", 1.5 / (step + 1), global_step=step, walltime=1_700_000_000 + step
    )
    writer.add_scalars("rates", {"first": step * 0.5, "second": step * 2}, step)
writer.flush()
writer.close()
