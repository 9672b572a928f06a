"""A bayes sweep asks optuna, tells it what came out, and knows the runs of earlier agents."""

from __future__ import annotations

from typing import Any

import pytest

import pluto

pytest.importorskip("optuna", reason="optuna is not installed: pip install optuna")

QUIET = {"disable_system_metrics": True, "disable_console": True}
PARAMETERS: dict[str, dict[str, Any]] = {
    "x": {"min": -10.0, "max": 10.0},
    "layers": {"min": 1, "max": 4},
    "lr": {"distribution": "log_uniform", "min": 1e-5, "max": 1.0},
    "batch": {"distribution": "q_log_uniform_values", "q": 8, "min": 32, "max": 256},
    "opt": {"values": ["sgd", {"name": "adam"}]},
    "seed": {"value": 7},
}


class Training:
    """Logs how far `x` is from 2; fails on demand."""

    def __init__(self, fails: bool = False) -> None:
        self.tried: list[dict[str, Any]] = []
        self.fails = fails

    def __call__(self) -> None:
        run = pluto.init(settings=QUIET)
        assert run.config is not None
        self.tried.append(run.config)
        run.log({"score": -((run.config["x"] - 2) ** 2)})
        if self.fails:
            raise ValueError("diverged")


def a_sweep(**changes: Any) -> str:
    metric = {"name": "score", "goal": "maximize"}
    return pluto.sweep(
        {"method": "bayes", "metric": metric, "parameters": PARAMETERS, **changes}, project="bayes"
    )


def test_the_search_comes_near_the_best_value() -> None:
    training = Training()
    pluto.agent(a_sweep(), training, count=40)
    assert len(training.tried) == 40
    first, last = training.tried[:10], training.tried[-10:]
    assert min(abs(each["x"] - 2) for each in last) < min(abs(each["x"] - 2) for each in first) + 1
    for each in training.tried:
        assert -10 <= each["x"] <= 10
        assert each["layers"] in (1, 2, 3, 4)
        assert 1e-5 <= each["lr"] <= 1
        assert each["opt"] in PARAMETERS["opt"]["values"]
        assert each["batch"] in range(32, 257, 8)
        assert each["seed"] == 7


def test_bug_40_an_agent_goes_on_where_another_has_stopped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    import optuna

    sweep_id = a_sweep()
    pluto.agent(sweep_id, Training(), count=3)
    studies: list[optuna.Study] = []
    known = optuna.create_study

    def kept(**options: Any) -> optuna.Study:
        studies.append(known(**options))
        return studies[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optuna, "create_study", kept)
        rest = Training()
        pluto.agent(sweep_id, rest, count=5)
    assert len(rest.tried) == 2
    values = [trial.value for trial in studies[0].trials]
    assert len(values) == 5
    assert None not in values


def test_a_choice_that_failed_is_told_so_and_counts_for_nothing() -> None:
    sweep_id = a_sweep()
    pluto.agent(sweep_id, Training(fails=True), count=2)
    again = Training()
    pluto.agent(sweep_id, again, count=1)
    assert len(again.tried) == 1


def test_what_only_random_sweeps_can_do_is_refused() -> None:
    normal = {"x": {"distribution": "normal", "mu": 0, "sigma": 1}}
    with pytest.raises(ValueError, match="normal is for random sweeps"):
        pluto.agent(a_sweep(parameters=normal), Training(), count=1)
    with pytest.raises(ValueError, match="needs count"):
        pluto.agent(a_sweep(), Training())
