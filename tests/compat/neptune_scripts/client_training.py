# mypy: ignore-errors
"""Parameters, series, and single values by path."""

import neptune

run = neptune.init_run(
    project="lab/first-steps",
    custom_run_id="first",
    name="baseline",
    description="the first one",
    tags=["baseline", "small"],
    source_files=[],
    git_ref=False,
    capture_hardware_metrics=False,
)
params = {"learning_rate": 0.1, "batch_size": 32, "optimizer": {"name": "adam", "amsgrad": False}}
run["parameters"] = params
run["seed"] = 17
for epoch in range(15):
    loss = 1 / (epoch + 1)
    run["train/loss"].append(loss)
    run["train/acc"].append(1 - loss, step=epoch * 2)
run["eval/f1"] = 0.75
run["eval"] = {"precision": 0.8, "recall": 0.7}
run["verdict"] = "keeps learning"
run["sys/tags"].add("done")
run["sys/tags"].remove(["small"])
run.stop()
