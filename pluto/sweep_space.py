"""What a sweep draws its parameters from."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeGuard

from pluto.errors import UsageError

LOG_UNIFORM: Final = ("log_uniform", "log_uniform_values")
QUANTISED: Final = {
    "q_uniform": "uniform",
    "q_log_uniform_values": "log_uniform_values",
    "q_normal": "normal",
}
"""Distributions whose values are multiples of `q`, and what those are drawn from."""


def flat(
    parameters: Mapping[str, Any], outer: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the parameters that are drawn, each with the names that lead to it."""
    for name, spec in parameters.items():
        path = (*outer, str(name))
        if isinstance(spec, Mapping) and isinstance(spec.get("parameters"), Mapping):
            yield from flat(spec["parameters"], path)
        else:
            yield path, spec


def check_spec(name: str, spec: Mapping[str, Any]) -> None:
    """Make sure that a parameter can be drawn.

    Raises:
        UsageError: it cannot.
    """
    if "value" in spec:
        return
    if isinstance(spec.get("values"), (list, tuple)) and spec["values"]:
        _check_probabilities(name, spec)
    else:
        _check_range(name, spec)


def _check_probabilities(name: str, spec: Mapping[str, Any]) -> None:
    if "probabilities" not in spec:
        return
    weights = spec["probabilities"]
    if not isinstance(weights, (list, tuple)) or len(weights) != len(spec["values"]):
        raise UsageError(f"parameter {name!r} needs as many probabilities as values")
    if not all(_is_number(weight) and weight >= 0 for weight in weights) or not any(weights):
        raise UsageError(f"parameter {name!r}: probabilities are 0 or more, not all of them 0")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _check_range(name: str, spec: Mapping[str, Any]) -> None:
    step, spec = spec.get("q", 1), base(spec)
    if not _is_number(step) or step <= 0:
        raise UsageError(f"parameter {name!r}: q is a number above 0")
    if spec.get("distribution") == "normal":
        if not (_is_number(spec.get("mu")) and _is_number(spec.get("sigma"))):
            raise UsageError(f"parameter {name!r}: a normal distribution needs mu and sigma")
        return
    if spec.get("distribution", "uniform") not in ("uniform", "int_uniform", *LOG_UNIFORM):
        raise UsageError(f"parameter {name!r}: unknown distribution {spec['distribution']!r}")
    low, high = spec.get("min"), spec.get("max")
    if not (_is_number(low) and _is_number(high) and low <= high):
        raise UsageError(f"parameter {name!r} needs value, values, or min and max")
    if spec.get("distribution") in LOG_UNIFORM and low <= 0:
        raise UsageError(f"parameter {name!r}: the bounds of a log_uniform are values above 0")


def drawn(spec: Mapping[str, Any], source: random.Random) -> Any:
    """Return a value of a parameter, drawn at random."""
    if "value" in spec:
        return spec["value"]
    if "values" in spec:
        return source.choices(list(spec["values"]), spec.get("probabilities"))[0]
    if spec.get("distribution") in QUANTISED:
        return rounded(drawn(base(spec), source), spec)
    if spec.get("distribution") == "normal":
        return source.gauss(spec["mu"], spec["sigma"])
    return _between(spec, source)


def base(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a parameter is drawn from before it is rounded."""
    kind = spec.get("distribution")
    return {**spec, "distribution": QUANTISED[kind]} if kind in QUANTISED else spec


def rounded(value: float, spec: Mapping[str, Any]) -> float:
    """Return the multiple of `q` nearest to a value, within the bounds; whole if `q` is."""
    step: float = spec.get("q", 1)
    places = round(value / step)
    if {"min", "max"} <= spec.keys():
        least, most = math.ceil(spec["min"] / step), math.floor(spec["max"] / step)
        if least <= most:
            places = min(max(places, least), most)
    return places * step if isinstance(step, int) else round(places * step, 12)


def _between(spec: Mapping[str, Any], source: random.Random) -> float:
    low, high = spec["min"], spec["max"]
    if is_whole(spec):
        return source.randint(int(low), int(high))
    if spec.get("distribution") in LOG_UNIFORM:
        return math.exp(source.uniform(math.log(low), math.log(high)))
    return source.uniform(low, high)


def is_whole(spec: Mapping[str, Any]) -> bool:
    """Tell whether a range has whole numbers only."""
    if "distribution" in spec:
        return bool(spec["distribution"] == "int_uniform")
    return type(spec["min"]) is int and type(spec["max"]) is int
