"""Files that belong to a run: saved ones, a dataset, a model."""

import os
from pathlib import Path

import wandb

Path("data").mkdir()
for name in ("train.csv", "test.csv"):
    Path("data", name).write_text(f"x,y\n1,{name}\n")
Path("model.bin").write_bytes(bytes(range(256)))

run = wandb.init(project="files", job_type="prepare")
dataset = wandb.Artifact("numbers", type="dataset", metadata={"rows": 2}, description="tiny")
dataset.add_dir("data")
with dataset.new_file("readme.txt") as readme:
    readme.write("two files")
run.log_artifact(dataset, aliases=["raw"])
run.log_model("model.bin", name="net")
wandb.save("data/*.csv", policy="now")
with open(os.path.join(wandb.run.dir, "report.txt"), "w") as report:
    report.write("all is well")
run.log({"files": 3})
run.finish()
