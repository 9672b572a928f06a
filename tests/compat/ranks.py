"""What each process of a distributed training does; started by torchrun in the tests."""

import os
import sys
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

import pluto


def model() -> Any:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))


def wrapped(kind: str) -> Any:
    if kind == "ddp":
        return nn.parallel.DistributedDataParallel(model())
    from torch.distributed import fsdp

    if kind == "fsdp":
        device = torch.device("cpu")
        return fsdp.FullyShardedDataParallel(model(), device_id=device, use_orig_params=True)
    from torch.distributed.device_mesh import init_device_mesh

    sharded = model()
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    fsdp.fully_shard(sharded[0], mesh=mesh)
    fsdp.fully_shard(sharded, mesh=mesh)
    return sharded


def watch(kind: str) -> None:
    """Train for four steps, every rank with a run of its own, named after it."""
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    trained = wrapped(kind)
    run = pluto.init(project="watched", name=f"rank-{rank}", run_id=f"rank-{rank}")
    run.watch(trained, freq=2)
    optimizer = torch.optim.SGD(trained.parameters(), 0.1)
    torch.manual_seed(rank)
    for _ in range(4):
        loss = trained(torch.randn(3, 8)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log({"loss": loss.item()})
    run.finish()
    dist.destroy_process_group()


def fit(strategy: str) -> None:
    """Train with Lightning on two processes, which it starts itself unless torchrun did."""
    from pluto.compat.lightning import PlutoLogger
    from tests.compat.tiny_lightning import batches, lightning, tiny, trainer

    logger = PlutoLogger(name="both", run_id="both")
    train = trainer(lightning, logger=logger, devices=2, strategy=strategy, max_epochs=2)
    train.fit(tiny(lightning), batches(), batches())


def hugging_face(project: str) -> None:
    """Train with the Trainer, then with Accelerate: only the main process has a run."""
    from accelerate import Accelerator

    import pluto.compat.transformers
    from pluto.compat.accelerate import PlutoTracker
    from tests.compat.tiny_llama import trainer

    trainer(report_to="pluto", max_steps=3, ddp_backend="gloo").train()
    pluto.finish()
    accelerator = Accelerator(log_with=PlutoTracker(project, name="tracked"), cpu=True)
    accelerator.init_trackers(project, config={"ranks": accelerator.num_processes})
    for step in range(3):
        accelerator.log({"loss": step / 2, "rank": accelerator.process_index}, step=step)
    accelerator.end_training()


def rows(count: str) -> None:
    """Log rows, every rank into one run that nobody has named."""
    rank = os.environ["RANK"]
    with pluto.init(project="rows", settings={"disable_system_metrics": True}) as run:
        for step in range(int(count)):
            run.log({f"rank{rank}/loss": step + int(rank) / 10}, step=step)


if __name__ == "__main__":
    {"watch": watch, "fit": fit, "rows": rows, "hugging_face": hugging_face}[sys.argv[1]](
        sys.argv[2]
    )
