"""What sums up a run: the best value and not the last one, values of one's own."""

import wandb

run = wandb.init(project="summaries")
run.define_metric("epoch")
run.define_metric("loss", summary="min")
run.define_metric("acc", summary="max,mean")
run.define_metric("speed", summary="first")
run.define_metric("final", summary="last")
run.define_metric("val/*", step_metric="epoch")
losses = [3.0, 1.0, 2.0]
for epoch, loss in enumerate(losses):
    run.log({"epoch": epoch, "loss": loss, "acc": 1 / loss, "speed": epoch, "final": epoch})
    run.log({"val/score": loss * 2})
run.summary["best_epoch"] = 1
run.summary.update({"test": {"acc": 0.75, "f1": 0.5}})
wandb.summary["verdict"] = "good"
run.finish()
