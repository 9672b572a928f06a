"""`wandb.sweep` and `wandb.agent`, on the sweeps of Pluto."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import pluto
from pluto.compat.wandb_errors import UnsupportedError, UsageError
from pluto.compat.wandb_init import live_runs

logger = logging.getLogger("pluto")

_NO_FUNCTION = "a sweep calls a function of this process: give agent(sweep_id, function=train)"


def sweep(
    sweep: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
    entity: str | None = None,
    project: str | None = None,
    prior_runs: list[str] | None = None,
) -> str:
    """Define a sweep; return its id, for `agent`.

    Args:
        sweep: `method` (grid, random or bayes), `parameters`, and for bayes `metric`; or a
            function that returns such a mapping.
        entity: has no meaning here.
        project: of its runs, where `init` names none.
        prior_runs: refused: a sweep knows its own runs only.

    Raises:
        UsageError: it cannot work, such as a distribution that Pluto does not draw from.
        UnsupportedError: it needs what Pluto does not offer.

    Example:
        >>> sweep_id = wandb.sweep({"method": "grid", "parameters": {"lr": {"values": [1, 2]}}})
        >>> wandb.agent(sweep_id, function=train)
    """
    if prior_runs:
        raise UnsupportedError("prior_runs= is not offered: a sweep knows its own runs only")
    config = dict(sweep() if callable(sweep) else sweep)
    if config.get("early_terminate"):
        logger.warning("wandb.sweep(): early_terminate has no effect, every run goes to its end")
    config["parameters"] = _with_values_as_bounds(config.get("parameters"))
    try:
        return pluto.sweep(config, project, entity)
    except ValueError as error:
        raise UsageError(str(error)) from error


def agent(
    sweep_id: str,
    function: Callable[[], object] | None = None,
    entity: str | None = None,  # noqa: ARG001 - the names of wandb
    project: str | None = None,
    count: int | None = None,
    forward_signals: bool = False,  # noqa: ARG001
) -> None:
    """Call `function` for each choice of parameters that the sweep still lacks.

    What it begins with `init` has the parameters in its config. A run that it leaves open is
    ended; an exception fails its run, and the sweep goes on.

    Args:
        sweep_id: what `sweep` returned, also as `entity/project/id`.
        function: without arguments.
        entity: has no meaning here.
        project: instead of the one of the sweep.
        count: of a grid, the most runs that are begun now; else how many the sweep has in the end.
        forward_signals: has no meaning here.

    Raises:
        UsageError: no such sweep, or it needs a `count`.
        UnsupportedError: there is no function: Pluto starts no programs.
    """
    if function is None:
        raise UnsupportedError(_NO_FUNCTION)
    *_, own_id = sweep_id.split("/")
    try:
        pluto.agent(own_id, lambda: _call(function), count, project)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _call(function: Callable[[], object]) -> None:
    before = live_runs()
    try:
        function()
    except Exception as error:
        for run in live_runs():
            if run not in before:
                run.__exit__(type(error), error, error.__traceback__)
        raise
    for run in live_runs():
        if run not in before:
            run.finish()


def _with_values_as_bounds(parameters: Any) -> Any:
    """Return parameters whose `log_uniform` has values for bounds; wandb's are exponents of e.

    The inverse of a value of `inv_log_uniform` is so distributed, and so is then the value.
    """
    if not isinstance(parameters, Mapping):
        return parameters
    return {name: _with_values(spec) for name, spec in parameters.items()}


def _with_values(spec: Any) -> Any:
    if not isinstance(spec, Mapping):
        return spec
    if "parameters" in spec:
        return {**spec, "parameters": _with_values_as_bounds(spec["parameters"])}
    kind = str(spec.get("distribution"))
    is_inverse, plain = kind.startswith("inv_"), kind.removeprefix("inv_")
    if plain.removeprefix("q_") not in ("log_uniform", "log_uniform_values"):
        return spec
    bounds = {name: spec[name] for name in ("min", "max") if name in spec}
    if not plain.endswith("_values"):
        bounds = {name: math.exp(-at if is_inverse else at) for name, at in bounds.items()}
        plain = f"{plain}_values"
        if is_inverse:
            bounds = {_OTHER_END[name]: at for name, at in bounds.items()}
    return {**spec, **bounds, "distribution": plain}


_OTHER_END: Final = {"min": "max", "max": "min"}
