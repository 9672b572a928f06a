"""The tracker in a real training under Accelerate."""

from typing import Any

import pytest

import pluto
from tests.compat.reading import files, known, metrics, names

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")
accelerate = pytest.importorskip(
    "accelerate", reason="Accelerate is not installed: pip install accelerate"
)

from pluto.compat.accelerate import MLOPTracker, PlutoTracker  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def train(accelerator: Any, steps: Any = 5) -> list[float]:
    torch.manual_seed(0)
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model, optimizer = accelerator.prepare(model, optimizer)
    losses = []
    for step in range(steps):
        loss = model(torch.ones(8, 4)).square().mean()
        optimizer.zero_grad()
        accelerator.backward(loss)
        optimizer.step()
        losses.append(loss.item())
        accelerator.log({"loss": loss.item()}, step=step)
    return losses


@pytest.mark.parametrize("by_name", [True, False])
def test_what_is_logged_is_read_back(by_name: bool) -> None:
    if by_name and not hasattr(accelerate.tracking, "register_tracker_class"):
        pytest.skip("this Accelerate takes no names of other trackers")
    tracker = "pluto" if by_name else PlutoTracker("tiny", name="first", tags=["a"])
    accelerator = accelerate.Accelerator(log_with=tracker, cpu=True)
    arguments = {"pluto": {"name": "first", "tags": ["a"]}} if by_name else None
    accelerator.init_trackers("tiny", config={"lr": 0.1}, init_kwargs=arguments)
    losses = train(accelerator)
    run = accelerator.get_tracker("pluto", unwrap=True)
    accelerator.end_training()
    assert (run.project, run.name, run.tags) == ("tiny", "first", ["a"])
    assert metrics(run) == {"loss": dict(enumerate(losses))}
    assert known(run)["config"] == {"lr": 0.1}
    assert known(run)["status"] == "COMPLETED"


def test_a_failing_training_ends_the_run_as_failed_with_its_traceback() -> None:
    accelerator = accelerate.Accelerator(log_with=PlutoTracker("tiny"), cpu=True)
    accelerator.init_trackers("tiny")
    run = accelerator.get_tracker("pluto", unwrap=True)
    accelerator.log({"loss": 1.0}, step=0)
    try:
        train(accelerator, steps="many")
    except TypeError:
        accelerator.end_training()
    assert known(run)["status"] == "FAILED"
    assert known(run)["status_metadata"]["type"] == "TypeError"
    assert "in train" in known(run)["status_metadata"]["trace"]
    assert metrics(run) == {"loss": {0: 1.0}}


def test_a_resumed_training_continues_the_curve_of_its_run() -> None:
    def train_on(first: int, stop: int, **keywords: Any) -> pluto.Op:
        accelerator = accelerate.Accelerator(log_with=PlutoTracker("tiny", **keywords), cpu=True)
        accelerator.init_trackers("tiny")
        torch.manual_seed(0)
        model = torch.nn.Linear(4, 1)
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
        model, optimizer = accelerator.prepare(model, optimizer)
        if first:
            accelerator.load_state("checkpoint")
        for step in range(first, stop):
            loss = model(torch.ones(8, 4)).square().mean()
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()
            accelerator.log({"loss": loss.item()}, step=step)
        accelerator.save_state("checkpoint")
        run: pluto.Op = accelerator.get_tracker("pluto", unwrap=True)
        accelerator.end_training()
        return run

    whole = train_on(0, 6)
    train_on(0, 3, run_id="night")
    run = train_on(3, 6, run_id="night", resume=True)
    assert run.resumed
    assert metrics(run) == metrics(whole)
    assert set(metrics(run)["loss"]) == set(range(6))


def test_images_and_tables_are_logged() -> None:
    import numpy as np

    tracker = PlutoTracker("tiny")
    tracker.start()
    black = np.zeros((4, 4, 3), np.uint8)
    tracker.log_images({"pictures": [black, black]}, step=2, caption="black")
    tracker.log_table("table", columns=["a", "b"], data=[[1, 2]], step=2)
    tracker.finish()
    run = tracker.tracker
    assert [row["caption"] for row in files(run, "pictures")] == ["black", "black"]
    assert names(run, "table") == {"table"}


def test_a_live_run_is_taken_up() -> None:
    with pluto.init(project="own") as run:
        tracker = MLOPTracker("tiny")
        tracker.start()
        assert tracker.tracker is run
