"""Sweeps: call a training function once for each choice of parameters.

A sweep is a small JSON file in `~/.pluto/sweeps` (or below `PLUTO_DIR`); which of its runs are done
is known from the runs themselves, which carry its tag and their parameters.
"""

from __future__ import annotations

import itertools
import json
import logging
import math
import os
import random
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from pluto import state
from pluto.errors import UsageError
from pluto.home import home
from pluto.names import random_id
from pluto.sweep_space import (
    LOG_UNIFORM,
    QUANTISED,
    base,
    check_spec,
    drawn,
    flat,
    is_whole,
    rounded,
)

logger = logging.getLogger("pluto")

METHODS: Final = ("grid", "random", "bayes")
PAGE: Final = 200

Parameters = dict[str, Any]
Proposals = Generator[Parameters, "float | None", None]

_known: dict[str, dict[str, Any]] = {}


def sweep(
    config: Mapping[str, Any],
    project: str | None = None,
    entity: str | None = None,  # noqa: ARG001 - of scripts for other trackers
) -> str:
    """Define a sweep; return its id, for `agent`.

    Args:
        config: `method` (grid, random or bayes), `parameters` (name to a mapping with `value`,
            `values`, perhaps with `probabilities`, `min` and `max`, a `distribution`, or
            `parameters` of their own, which are nested in the config), for bayes `metric` with
            `name` and `goal`, and `run_cap`, the `count` of agents that are given none.
        project: of its runs, where `init` names none.
        entity: accepted for scripts that pass it.

    Raises:
        TypeError: `config` is no mapping.
        UsageError: it cannot work; a ValueError.

    Example:
        >>> sweep_id = pluto.sweep({"parameters": {"lr": {"values": [0.1, 0.01]}}})
        >>> pluto.agent(sweep_id, train)
    """
    if not isinstance(config, Mapping):
        raise TypeError(f"a sweep is a mapping, not {type(config).__name__}")
    definition = {"method": "grid", **config, "project": project or config.get("project")}
    _check_form(definition)
    specs = dict(flat(definition["parameters"]))
    definition["parameters"] = {".".join(path): spec for path, spec in specs.items()}
    if nested := {".".join(path): list(path) for path in specs if len(path) > 1}:
        definition["paths"] = nested
    _check(definition)
    sweep_id = random_id(8)
    _known[sweep_id] = definition
    path = _path(sweep_id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(definition, default=str), "utf-8")
    except OSError as error:
        logger.warning("the sweep is known to this process only: %s", error)
    return sweep_id


def agent(
    sweep_id: str,
    function: Callable[[], object],
    count: int | None = None,
    project: str | None = None,
) -> None:
    """Call `function` for each choice of parameters that the sweep still lacks.

    While it is called, `pluto.init` lays the parameters over its config, and tags the run. An
    exception of the function fails its run, and the sweep goes on.

    Args:
        sweep_id: what `sweep` returned, in this process or another one.
        function: begins a run, trains, and may leave the run open.
        count: of a grid, the most runs that are begun now; else how many the sweep has in the end.
            By default the `run_cap` of the sweep.
        project: instead of the one of the sweep.

    Raises:
        UsageError: no such sweep, or it needs a `count`; a ValueError.
        ImportError: a bayes sweep needs optuna.
    """
    definition = definition_of(sweep_id)
    where = project or definition.get("project")
    done = _done(sweep_id, where)
    propose = {"grid": _grid, "random": _random, "bayes": _bayes}[definition["method"]]
    proposals = propose(definition, definition.get("run_cap") if count is None else count, done)
    try:
        parameters = next(proposals)
        while True:
            trial = state.Trial(sweep_id, definition, parameters, where)
            _call(function, trial)
            parameters = proposals.send(_objective(definition, trial))
    except StopIteration:
        return


def _check_form(definition: Mapping[str, Any]) -> None:
    if definition["method"] not in METHODS:
        raise UsageError(f"method must be one of {', '.join(METHODS)}")
    parameters = definition.get("parameters")
    if not isinstance(parameters, Mapping) or not parameters:
        raise UsageError("parameters must be a mapping that is not empty")


def _check(definition: Mapping[str, Any]) -> None:
    for name, spec in definition["parameters"].items():
        if not isinstance(spec, Mapping):
            raise UsageError(f"parameter {name!r} must be a mapping such as {{'values': [1, 2]}}")
        check_spec(name, spec)
        if "probabilities" in spec and definition["method"] != "random":
            logger.warning("parameter %r: only random sweeps mind its probabilities", name)
    metric = definition.get("metric")
    if definition["method"] == "bayes" and not (
        isinstance(metric, Mapping) and {"name", "goal"} <= metric.keys()
    ):
        raise UsageError("a bayes sweep needs metric={'name': ..., 'goal': 'minimize'}")


def _grid(definition: Mapping[str, Any], count: int | None, done: list[_Done]) -> Proposals:
    choices = {}
    for name, spec in definition["parameters"].items():
        if "value" not in spec and "values" not in spec:
            raise UsageError(f"parameter {name!r} is a range: a grid needs values")
        choices[name] = [spec["value"]] if "value" in spec else list(spec["values"])
    finished = [_comparable(each.parameters) for each in done]
    points = (
        dict(zip(choices, point, strict=True)) for point in itertools.product(*choices.values())
    )
    left = (point for point in points if _comparable(point) not in finished)
    yield from (point for point in itertools.islice(left, count))  # which takes what is sent


def _random(definition: Mapping[str, Any], count: int | None, done: list[_Done]) -> Proposals:
    source = random.SystemRandom()  # seeding the global one must not repeat a sweep
    for _ in range(_needed(count) - len(done)):
        specs = definition["parameters"].items()
        yield {name: drawn(spec, source) for name, spec in specs}


def _bayes(definition: Mapping[str, Any], count: int | None, done: list[_Done]) -> Proposals:
    try:
        import optuna
    except ImportError as error:
        raise ImportError("a bayes sweep needs optuna: pip install 'pluto-ml[sweep]'") from error
    specs = definition["parameters"]
    fixed = {name: spec["value"] for name, spec in specs.items() if "value" in spec}
    space = {n: _distribution(optuna, n, s) for n, s in specs.items() if n not in fixed}
    largest = str(definition["metric"]["goal"]).startswith("max")
    study = optuna.create_study(direction="maximize" if largest else "minimize")
    for each in done:
        value = _value_on_record(definition, each)
        places = _places(specs, space, each.parameters)
        if value is not None and places is not None:
            study.add_trial(
                optuna.trial.create_trial(params=places, distributions=space, value=value)
            )
    for _ in range(_needed(count) - len(done)):
        asked = study.ask(space)
        value = yield {**fixed, **{n: _chosen(specs[n], v) for n, v in asked.params.items()}}
        failed = optuna.trial.TrialState.FAIL
        study.tell(asked, value) if value is not None else study.tell(asked, state=failed)


def _distribution(optuna: Any, name: str, spec: Mapping[str, Any]) -> Any:
    if "values" in spec:  # places in the list: values may be anything
        return optuna.distributions.CategoricalDistribution(list(range(len(spec["values"]))))
    spec = base(spec)
    if spec.get("distribution") == "normal":
        raise UsageError(f"parameter {name!r}: normal is for random sweeps")
    if is_whole(spec):
        return optuna.distributions.IntDistribution(int(spec["min"]), int(spec["max"]))
    is_log = spec.get("distribution") in LOG_UNIFORM
    return optuna.distributions.FloatDistribution(spec["min"], spec["max"], log=is_log)


def _chosen(spec: Mapping[str, Any], value: Any) -> Any:
    if "values" in spec:
        return spec["values"][value]
    return rounded(value, spec) if spec.get("distribution") in QUANTISED else value


def _places(
    specs: Mapping[str, Any], space: Mapping[str, Any], parameters: Mapping[str, Any]
) -> Parameters | None:
    """Return the parameters of an earlier run as the study knows them; None if they do not fit."""
    try:
        return {
            name: specs[name]["values"].index(parameters[name])
            if "values" in specs[name]
            else parameters[name]
            for name in space
        }
    except (KeyError, ValueError):
        return None


def _needed(count: int | None) -> int:
    if count is None:
        raise UsageError("this sweep needs count=: it has no end of its own")
    return count


class _Done:
    """A run of the sweep that was completed."""

    def __init__(self, run: Mapping[str, Any], project: str) -> None:
        self.id, self.project = run["id"], project
        self.parameters: Parameters = dict(run["config"]["sweep"]["parameters"])


def _done(sweep_id: str, project: str | None) -> list[_Done]:
    if project is None:
        return []
    try:
        return [_Done(run, project) for run in _completed(sweep_id, project)]
    except Exception as error:  # noqa: BLE001 - whatever is wrong, to train again is safe
        logger.info("no earlier runs of the sweep are known: %s", error)
        return []


def _completed(sweep_id: str, project: str) -> Iterator[Mapping[str, Any]]:
    from pluto import query

    tag = f"sweep:{sweep_id}"
    for offset in itertools.count(0, PAGE):
        runs = query.list_runs(project, tags=[tag], limit=PAGE, offset=offset)
        for run in runs:
            if run["status"] == "COMPLETED":
                yield query.get_run(project, run["id"])
        if len(runs) < PAGE:
            return


def _value_on_record(definition: Mapping[str, Any], done: _Done) -> float | None:
    from pluto import query

    name = definition["metric"]["name"]
    found = query.get_statistics(done.project, done.id, [name])["metrics"]
    return next((each["last"]["value"] for each in found if each["logName"] == name), None)


def _call(function: Callable[[], object], trial: state.Trial) -> None:
    state.begin_trial(trial)
    try:
        function()
    except Exception as error:
        from pluto.process_exit import judge

        logger.exception("a run of sweep %s failed; the next one follows", trial.sweep_id)
        for run in trial.runs:
            run.end(*judge(error))
    finally:
        state.begin_trial(None)
    for run in trial.runs:
        run.finish()  # nothing, if it has ended


def _objective(definition: Mapping[str, Any], trial: state.Trial) -> float | None:
    metric = definition.get("metric")
    if not isinstance(metric, Mapping) or "name" not in metric:
        return None
    for run in reversed(trial.runs):
        found = run.summary.get(str(metric["name"]))
        last = getattr(found, "last", found)
        if run.settings._op_status == 0 and isinstance(last, float) and math.isfinite(last):  # noqa: SLF001
            return last
    return None


def _comparable(parameters: Mapping[str, Any]) -> str:
    return json.dumps(parameters, sort_keys=True, default=str)


def _path(sweep_id: str) -> Path:
    root = os.environ.get("PLUTO_DIR")
    return (Path(root).expanduser() if root else home()) / "sweeps" / f"{sweep_id}.json"


def definition_of(sweep_id: str) -> dict[str, Any]:
    """Return what a sweep was defined as, in this process or another one here.

    Raises:
        UsageError: no such sweep is known on this machine; a ValueError.
    """
    if sweep_id in _known:
        return _known[sweep_id]
    try:
        found: dict[str, Any] = json.loads(_path(sweep_id).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"unknown sweep id {sweep_id!r}: {error}") from error
    return found


class _CallableModule(ModuleType):
    """`pluto.sweep` is the function, also after `from pluto.sweep import agent`."""

    def __call__(self, config: Mapping[str, Any], *arguments: Any, **options: Any) -> str:
        return sweep(config, *arguments, **options)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by name, as tools that send functions to other processes do with a module."""
        return import_module, (self.__name__,)


sys.modules[__name__].__class__ = _CallableModule
