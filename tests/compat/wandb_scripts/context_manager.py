"""A run as a context manager, its facts as arguments, alerts and a note later on."""

import wandb

with wandb.init(
    entity="lab",
    project="runs-as-blocks",
    name="baseline",
    notes="the first try",
    tags=["baseline", "small"],
    group="night",
    job_type="train",
    config={"layers": [64, 32], "optimizer": {"name": "adam", "lr": 1e-3}},
) as run:
    for step in range(10):
        run.log({"train/loss": 1 / (step + 1), "train/lr": 1e-3 * 0.9**step})
        if step == 5:
            run.alert(title="Half way", text=f"loss is {1 / 6:.3f}", level=wandb.AlertLevel.WARN)
    run.tags += ("done",)
    run.notes = "it works"
