"""Sweeps: which choices are tried, what their runs know of it, and what is done already."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import pluto
from pluto.storage import RunReader
from pluto.sync import run_directories

QUIET = {"disable_system_metrics": True, "disable_console": True}
GRID = {"parameters": {"lr": {"values": [0.1, 0.01]}, "opt": {"values": ["sgd", "adam"]}}}


def facts(root: Path) -> list[dict[str, Any]]:
    found = []
    for directory in run_directories(root):
        reader = RunReader(directory)
        found.append(reader.facts())
        reader.close()
    return sorted(found, key=lambda each: each["created_at"])


class Training:
    """A training function that remembers what it was called with."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.tried: list[dict[str, Any]] = []

    def __call__(self) -> None:
        run = pluto.init(settings=QUIET, config={"lr": 9.0, "seed": 1}, **self.options)
        config = dict(run.config or {})
        self.tried.append({name: config[name] for name in config if name not in ("seed", "sweep")})
        run.log({"loss": float(len(self.tried))})


def test_a_grid_tries_every_choice_once_in_their_order(tmp_path: Path) -> None:
    training = Training()
    sweep_id = pluto.sweep({"method": "grid", **GRID}, project="grid")
    assert len(sweep_id) == 8
    pluto.agent(sweep_id, training)
    every = [(lr, opt) for lr in (0.1, 0.01) for opt in ("sgd", "adam")]
    assert [(each["lr"], each["opt"]) for each in training.tried] == every
    runs = facts(tmp_path)
    assert [run["status"] for run in runs] == ["COMPLETED"] * 4
    assert {run["project"] for run in runs} == {"grid"}
    assert runs[0]["tags"] == [f"sweep:{sweep_id}"]
    parameters = {"lr": 0.1, "opt": "sgd"}
    told = {"id": sweep_id, "method": "grid", "metric": None, "parameters": parameters}
    assert runs[0]["config"] == {**parameters, "seed": 1, "sweep": told}
    assert pluto.ops == []


def test_what_is_done_is_not_tried_again_also_by_another_process(tmp_path: Path) -> None:
    sweep_id = pluto.sweep(GRID, project="grid")
    first, rest = Training(), Training()
    pluto.agent(sweep_id, first, count=1)
    assert len(first.tried) == 1
    script = f"""
import pluto
def train():
    print("tried", pluto.init(settings={QUIET!r}).config["opt"])
pluto.agent({sweep_id!r}, train, count=1)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert "tried adam" in done.stdout
    pluto.agent(sweep_id, rest)
    assert [each["lr"] for each in rest.tried] == [0.01, 0.01]
    assert len(facts(tmp_path)) == 4


def test_bug_40_a_choice_that_failed_is_failed_and_tried_again(tmp_path: Path) -> None:
    sweep_id = pluto.sweep({"parameters": {"lr": {"values": [1, 2]}}}, project="fails")

    def train() -> None:
        run = pluto.init(settings=QUIET)
        if run.config == {**(run.config or {}), "lr": 1}:
            raise ValueError("diverged")

    pluto.agent(sweep_id, train)
    failed, done = facts(tmp_path)
    assert (failed["status"], failed["status_metadata"]["message"]) == ("FAILED", "diverged")
    assert done["status"] == "COMPLETED"
    again = Training()
    pluto.agent(sweep_id, again)
    assert [each["lr"] for each in again.tried] == [1]


def test_bug_40_a_seed_repeats_neither_ids_nor_choices() -> None:
    config = {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}}
    ids, tried = set(), set()
    for _ in range(2):
        random.seed(0)
        ids.add(pluto.sweep(config))
        training = Training(mode="noop")
        pluto.agent(pluto.sweep(config), training, count=1)
        tried.add(training.tried[0]["x"])
    assert len(ids) == len(tried) == 2


def kinds() -> list[tuple[dict[str, Any], Callable[[Any], bool]]]:
    return [
        ({"value": "fixed"}, lambda x: x == "fixed"),
        ({"values": [1, "two"]}, lambda x: x in (1, "two")),
        ({"min": 3, "max": 5}, lambda x: type(x) is int and 3 <= x <= 5),
        ({"min": 3, "max": 5.0}, lambda x: type(x) is float and 3 <= x <= 5),
        ({"distribution": "int_uniform", "min": 3.0, "max": 5.0}, lambda x: x in (3, 4, 5)),
        ({"distribution": "log_uniform", "min": 1e-4, "max": 1}, lambda x: 1e-4 <= x <= 1),
        ({"distribution": "log_uniform_values", "min": 1e-4, "max": 1}, lambda x: 0 < x <= 1),
        ({"distribution": "normal", "mu": 100, "sigma": 0.1}, lambda x: 90 < x < 110),
        ({"distribution": "q_uniform", "q": 0.25, "min": 0, "max": 1}, lambda x: x * 4 in range(5)),
        (
            {"distribution": "q_log_uniform_values", "q": 8, "min": 30, "max": 250},
            lambda x: type(x) is int and x % 8 == 0 and 32 <= x <= 248,
        ),
        ({"distribution": "q_normal", "q": 2, "mu": 0, "sigma": 9}, lambda x: x % 2 == 0),
    ]


def test_random_choices_are_what_their_parameters_allow_and_as_many_as_asked_for() -> None:
    parameters = {f"p{place}": spec for place, (spec, _) in enumerate(kinds())}
    sweep_id = pluto.sweep({"method": "random", "parameters": parameters}, project="random")
    for count, new in ((3, 3), (5, 2), (4, 0)):
        training = Training()
        pluto.agent(sweep_id, training, count=count)
        assert len(training.tried) == new
        for tried in training.tried:
            for place, (_, fits) in enumerate(kinds()):
                assert fits(tried[f"p{place}"]), tried


def test_agents_that_are_given_no_count_try_as_many_as_the_cap_of_the_sweep() -> None:
    parameters = {"lr": {"min": 0.0, "max": 1.0}}
    asked = {"method": "random", "run_cap": 2, "parameters": parameters}
    sweep_id = pluto.sweep(asked, project="capped")
    training = Training()
    pluto.agent(sweep_id, training)
    pluto.agent(sweep_id, training)
    assert len(training.tried) == 2


def test_a_grid_with_a_metric_tries_every_choice() -> None:
    metric = {"name": "loss", "goal": "minimize"}
    training = Training()
    pluto.agent(pluto.sweep({"metric": metric, **GRID}, project="measured"), training)
    assert len(training.tried) == 4


def drawn_with(probabilities: object) -> dict[str, Any]:
    spec = {"values": [1, 2], "probabilities": probabilities}
    return {"method": "random", "parameters": {"seed": spec}}


BAD: list[tuple[Any, type[Exception], str]] = [
    ([], TypeError, "a mapping"),
    ({"method": "guess", **GRID}, ValueError, "grid, random, bayes"),
    ({}, ValueError, "parameters must be a mapping"),
    ({"parameters": {}}, ValueError, "not empty"),
    ({"parameters": {"lr": 0.1}}, ValueError, "'lr' must be a mapping"),
    ({"parameters": {"lr": {"min": 1}}}, ValueError, "'lr' needs value, values, or min and max"),
    ({"parameters": {"lr": {"min": 2, "max": 1}}}, ValueError, "'lr' needs value"),
    ({"parameters": {"lr": {"distribution": "q_normal"}}}, ValueError, "needs mu and sigma"),
    ({"parameters": {"lr": {"distribution": "beta"}}}, ValueError, "unknown distribution"),
    (
        {"parameters": {"lr": {"distribution": "q_uniform", "min": 1, "max": 2, "q": 0}}},
        ValueError,
        "q is a number above 0",
    ),
    (
        {"parameters": {"lr": {"distribution": "log_uniform", "min": -3, "max": 0}}},
        ValueError,
        "above 0",
    ),
    ({"parameters": {"lr": {"min": 0, "max": math.inf}}}, ValueError, "'lr' needs value"),
    (drawn_with(0.5), ValueError, "as many probabilities as values"),
    (drawn_with([0.5, 0.3, 0.2]), ValueError, "as many probabilities as values"),
    (drawn_with([1, -1]), ValueError, "0 or more, not all of them 0"),
    (drawn_with([0, 0]), ValueError, "0 or more, not all of them 0"),
    (drawn_with([1, math.nan]), ValueError, "0 or more, not all of them 0"),
    ({"method": "bayes", **GRID}, ValueError, "needs metric"),
]


@pytest.mark.parametrize(("config", "error", "says"), BAD)
def test_a_sweep_that_cannot_work_is_refused(
    config: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        pluto.sweep(config)


def test_probabilities_that_a_method_does_not_mind_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pluto.sweep(drawn_with([0.9, 0.1]))
    assert "probabilities" not in caplog.text
    pluto.sweep({**drawn_with([0.9, 0.1]), "method": "grid"})
    assert "parameter 'seed': only random sweeps mind its probabilities" in caplog.text


def test_an_agent_that_cannot_work_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown sweep id 'nothing1'"):
        pluto.agent("nothing1", Training())
    with pytest.raises(ValueError, match="a grid needs values"):
        pluto.agent(pluto.sweep({"parameters": {"lr": {"min": 1, "max": 2}}}), Training())
    config = {"method": "random", "parameters": {"lr": {"min": 1, "max": 2}}}
    with pytest.raises(ValueError, match="needs count"):
        pluto.agent(pluto.sweep(config), Training())


def test_a_run_that_begins_beside_a_sweep_has_nothing_of_it() -> None:
    pluto.agent(pluto.sweep(GRID), Training(), count=1)
    run = pluto.init(settings=QUIET, config={"lr": 9.0})
    assert (run.config, run.tags, run.project) == ({"lr": 9.0}, [], "pluto")
    run.finish()


@pytest.mark.parametrize("where", ["home", "PLUTO_DIR"])
def test_the_definition_is_kept_for_other_processes(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(os.environ["HOME"], ".pluto")
    if where == "PLUTO_DIR":
        root = tmp_path / "place"
        monkeypatch.setenv("PLUTO_DIR", str(root))
    sweep_id = pluto.sweep(GRID, project="kept")
    kept = json.loads((root / "sweeps" / f"{sweep_id}.json").read_text())
    assert kept == {"method": "grid", **GRID, "project": "kept"}


def test_ctrl_c_in_a_run_stops_the_sweep() -> None:
    def interrupted() -> None:
        pluto.init(settings=QUIET)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pluto.agent(pluto.sweep(GRID), interrupted)
    (run,) = pluto.ops
    run.finish(2)


def test_the_name_sweep_is_the_function_whatever_was_imported_before() -> None:
    script = """
from pluto.sweep import agent
import pluto, mlop
for module in (pluto, mlop):
    module.agent(module.sweep({"parameters": {"a": {"value": 1}}}), lambda: print("called"))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.count("called") == 2


def test_a_failing_query_means_that_everything_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep_id = pluto.sweep(GRID, project="query")
    pluto.agent(sweep_id, Training(), count=1)

    def fail(*_: object, **__: object) -> list[Mapping[str, Any]]:
        raise pluto.query.QueryError("no network")

    monkeypatch.setattr(pluto.query, "list_runs", fail)
    training = Training()
    pluto.agent(sweep_id, training)
    assert len(training.tried) == 4
