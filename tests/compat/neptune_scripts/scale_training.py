# mypy: ignore-errors
"""A loop that logs metrics with a step, its settings, and a tag."""

import math

from neptune_scale import Run

run = Run(project="lab/first-steps", run_id="first", experiment_name="baseline")
run.log_configs(
    {
        "parameters/learning_rate": 0.001,
        "parameters/batch_size": 64,
        "parameters/optimizer": "adam",
        "parameters/augment": True,
    }
)
run.add_tags(["baseline", "small", "gone"])
run.remove_tags(["gone"])
run.add_tags(["night"], group_tags=True)
for step in range(20):
    loss = math.exp(-step / 8)
    run.log_metrics({"metrics/train/loss": loss, "metrics/train/acc": 1 - loss}, step=step)
    if step % 5 == 4:
        run.log_metrics(data={"metrics/val/loss": loss * 1.1}, step=step)
run.log_configs({"final/accuracy": 1 - loss})
run.close()
