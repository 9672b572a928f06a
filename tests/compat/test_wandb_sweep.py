"""The stand-in for wandb: sweeps."""

import math

import pytest

import pluto
import pluto.compat.wandb as wandb


def test_a_sweep_gives_each_run_its_choice_and_a_failure_does_not_end_it() -> None:
    seen = []

    def train() -> None:
        run = wandb.init(config={"epochs": 2})
        seen.append((wandb.config.lr, wandb.config.epochs, run.sweep_id))
        wandb.log({"loss": wandb.config.lr})
        if wandb.config.lr == 2:
            raise ArithmeticError("diverged")

    parameters = {"lr": {"values": [1, 2, 3]}}
    metric = {"name": "loss", "goal": "maximize"}
    asked = {"method": "grid", "metric": metric, "parameters": parameters}
    sweep_id = wandb.sweep(asked, project="swept")
    wandb.agent(f"me/swept/{sweep_id}", function=train)

    assert seen == [(1, 2, sweep_id), (2, 2, sweep_id), (3, 2, sweep_id)]
    assert wandb.run is None
    runs = pluto.query.list_runs("swept", tags=[f"sweep:{sweep_id}"])
    ended = [pluto.query.get_run("swept", run["id"]) for run in runs]
    assert {run["config"]["lr"]: run["status"] for run in ended} == {
        1: "COMPLETED",
        2: "FAILED",
        3: "COMPLETED",
    }
    found = wandb.Api().sweep(f"me/swept/{sweep_id}")
    assert [run.config["lr"] for run in found.runs] == [1, 2, 3]
    assert (found.id, found.order, found.state) == (sweep_id, "-summary_metrics.loss", "FINISHED")
    assert found.config["parameters"] == parameters
    best, least = found.best_run(), found.best_run("+summary_metrics.loss")
    assert best is not None
    assert least is not None
    assert (best.config["lr"], least.config["lr"]) == (3, 1)
    assert wandb.Api().run(f"swept/{best.id}").sweep.id == sweep_id
    with pytest.raises(wandb.CommError, match="no run of the sweep 'absent'"):
        wandb.Api().sweep("swept/absent")


def test_bounds_of_log_uniform_are_exponents_in_a_sweep_as_they_are_for_wandb() -> None:
    drawn = []
    spec = {
        "lr": {"distribution": "log_uniform", "min": -3, "max": -2},
        "size": {"distribution": "q_log_uniform", "q": 1, "min": 2, "max": 4},
    }
    sweep_id = wandb.sweep({"method": "random", "parameters": spec}, project="swept")
    wandb.agent(sweep_id, lambda: drawn.append(dict(wandb.init().config)), count=3)

    assert len(drawn) == 3
    assert all(math.exp(-3) <= config["lr"] <= math.exp(-2) for config in drawn)
    assert all(config["size"] in range(8, 55) for config in drawn)


def test_what_sweeps_cannot_do_says_so(caplog: pytest.LogCaptureFixture) -> None:
    wandb.sweep({"parameters": {"lr": {"value": 1}}, "early_terminate": {"type": "hyperband"}})
    assert "early_terminate has no effect" in caplog.text
    with pytest.raises(wandb.UsageError, match="unknown distribution 'beta'"):
        wandb.sweep({"parameters": {"lr": {"distribution": "beta"}}})
    with pytest.raises(wandb.UsageError, match="unknown sweep id"):
        wandb.agent("nothing", lambda: None)
    with pytest.raises(wandb.Error, match="give agent"):
        wandb.agent("nothing")
    with pytest.raises(wandb.Error, match="no controller of sweeps"):
        wandb.controller("nothing")


def test_parameters_may_be_nested_and_values_may_have_probabilities() -> None:
    drawn = []
    spec = {
        "model": {"parameters": {"depth": {"values": [1, 2]}, "act": {"value": "relu"}}},
        "seed": {"values": [7, 8], "probabilities": [1, 0]},
        "decay": {"distribution": "inv_log_uniform", "min": 2, "max": 3},
        "warmup": {"distribution": "inv_log_uniform_values", "min": 0.1, "max": 0.2},
    }
    sweep_id = wandb.sweep({"method": "random", "parameters": spec}, project="swept")
    wandb.agent(sweep_id, lambda: drawn.append(dict(wandb.init().config)), count=3)

    assert [config["model"]["act"] for config in drawn] == ["relu"] * 3
    assert all(config["model"]["depth"] in (1, 2) for config in drawn)
    assert [config["seed"] for config in drawn] == [7] * 3
    assert all(math.exp(-3) <= config["decay"] <= math.exp(-2) for config in drawn)
    assert all(0.1 <= config["warmup"] <= 0.2 for config in drawn)
    tried = drawn[0]["sweep"]["parameters"]
    assert tried["model.depth"] == drawn[0]["model"]["depth"]


def test_a_grid_of_nested_parameters_has_every_combination() -> None:
    seen = []
    nested = {"net": {"parameters": {"a": {"values": [1, 2]}, "b": {"values": [3, 4]}}}}
    sweep_id = wandb.sweep({"method": "grid", "parameters": nested}, project="swept")
    wandb.agent(sweep_id, lambda: seen.append(wandb.init().config["net"]))
    wandb.agent(sweep_id, lambda: seen.append(None))  # all are done

    assert seen == [{"a": a, "b": b} for a in (1, 2) for b in (3, 4)]


def test_as_many_probabilities_as_values_are_wanted() -> None:
    spec = {"seed": {"values": [7, 8], "probabilities": [1]}}
    with pytest.raises(wandb.UsageError, match="as many probabilities as values"):
        wandb.sweep({"method": "random", "parameters": spec})
