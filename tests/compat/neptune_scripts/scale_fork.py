# mypy: ignore-errors
"""A run that another process goes on with, and a new one that forks from it."""

from neptune_scale import Run

PROJECT = "lab/forks"

with Run(project=PROJECT, run_id="parent", experiment_name="parent") as first:
    first.log_configs({"lr": 0.1, "seed": 7})
    for step in range(10):
        first.log_metrics({"loss": 10.0 - step}, step=step)
        first.log_string_series({"log": f"step {step}"}, step=step)

with Run(project=PROJECT, run_id="parent") as again:
    for step in range(10, 15):
        again.log_metrics({"loss": 10.0 - step}, step=step)

fork = Run(project=PROJECT, run_id="child", fork_run_id="parent", fork_step=5)
fork.log_configs({"lr": 0.01})
for step in range(6, 9):
    fork.log_metrics({"loss": 100.0 + step}, step=step)
fork.close()
