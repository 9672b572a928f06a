"""A run's config as JSON values, whatever object the user keeps it in."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

from pluto.errors import UsageError

MAX_ELEMENTS: Final = 1000


def plain_config(config: Any) -> dict[str, Any] | None:
    """Return `config` as nested dicts, lists, strings, numbers, bools and None.

    Takes mappings, OmegaConf nodes (interpolations resolved where possible), dataclasses, attrs
    classes, named tuples, `argparse.Namespace`, `SimpleNamespace`, pydantic models and whatever has
    `to_dict()`. Keys become strings, tuples, sets and arrays of up to a thousand elements lists,
    non-finite numbers their names, unknown objects their `str()`.

    Raises:
        UsageError: it is none of these, or contains itself.

    Example:
        >>> plain_config({"opt": {"betas": (0.9, 0.95)}, 1: float("nan")})
        {'opt': {'betas': [0.9, 0.95]}, '1': 'NaN'}
    """
    if config is None:
        return None
    try:
        plain = _plain(config)
    except RecursionError as error:
        raise UsageError("config contains itself, or is nested too deeply to be stored") from error
    if not isinstance(plain, dict):
        raise UsageError(
            f"config must be a mapping of names to values, not {type(config).__name__}"
        )
    return plain


def deep_merge(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `change` laid over it: objects merge, everything else replaces.

    Neither argument is altered.

    Example:
        >>> deep_merge({"opt": {"lr": 1, "name": "adam"}}, {"opt": {"lr": 2}})
        {'opt': {'lr': 2, 'name': 'adam'}}
    """
    merged = dict(base)
    for key, value in change.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = deep_merge(old, value) if both else value  # type: ignore[arg-type]
    return merged


def _plain(value: Any) -> Any:
    value = _listed(_unwrapped(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if hasattr(value, "item") and _count(value) == 1:
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return _name_of(value)
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)


def _listed(value: Any) -> Any:
    """Return a small array or tensor as a list; a single element stays what it is."""
    is_small = hasattr(value, "tolist") and 1 < _count(value) <= MAX_ELEMENTS
    return value.tolist() if is_small else value


def _count(value: Any) -> int:
    """Return how many elements an array or tensor has, 0 for what is none."""
    count = value.numel() if hasattr(value, "numel") else getattr(value, "size", 0)
    return count if isinstance(count, int) else 0


def _unwrapped(value: Any) -> Any:
    """Return the mapping behind a config object, or the value itself."""
    kind = type(value)
    if kind.__module__.startswith("omegaconf"):
        return _resolved(value)
    names = _field_names(value)
    if names is not None:
        return {name: getattr(value, name) for name in names}
    for method in ("model_dump", "_asdict", "to_dict"):
        if callable(getattr(kind, method, None)) and not hasattr(value, "shape"):
            return getattr(value, method)()
    return str(value) if isinstance(value, PurePath) else value


def _field_names(value: Any) -> list[str] | None:
    """Return what a dataclass, an attrs class or a namespace holds; None for anything else."""
    if hasattr(type(value), "__dataclass_fields__"):
        from dataclasses import fields

        return [field.name for field in fields(value)]
    if hasattr(type(value), "__attrs_attrs__"):
        return [field.name for field in value.__attrs_attrs__]
    return list(vars(value)) if type(value).__name__ in ("Namespace", "SimpleNamespace") else None


def _resolved(node: Any) -> Any:
    container = sys.modules["omegaconf"].OmegaConf
    try:
        return container.to_container(node, resolve=True)
    except Exception:  # noqa: BLE001 - an interpolation that cannot be resolved stays literal
        return container.to_container(node, resolve=False)


def _name_of(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
