"""A run's config as JSON values, whatever object the user keeps it in."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from pluto.errors import UsageError


def plain_config(config: Any) -> dict[str, Any] | None:
    """Return `config` as nested dicts, lists, strings, numbers, bools and None.

    Takes mappings, OmegaConf nodes (interpolations resolved where possible), dataclasses,
    `argparse.Namespace` and pydantic models. Keys become strings, tuples and sets lists, non-finite
    numbers their names, unknown objects their `str()`.

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
    value = _unwrapped(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if hasattr(value, "item") and getattr(value, "size", 0) == 1:
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return _name_of(value)
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)


def _unwrapped(value: Any) -> Any:
    """Return the mapping behind a config object, or the value itself."""
    if type(value).__module__.startswith("omegaconf"):
        return _resolved(value)
    if hasattr(type(value), "__dataclass_fields__"):
        from dataclasses import fields

        return {field.name: getattr(value, field.name) for field in fields(value)}
    if hasattr(value, "model_dump") and not isinstance(value, type):
        return value.model_dump()
    if type(value).__name__ == "Namespace":
        return vars(value)
    return str(value) if isinstance(value, PurePath) else value


def _resolved(node: Any) -> Any:
    container = sys.modules["omegaconf"].OmegaConf
    try:
        return container.to_container(node, resolve=True)
    except Exception:  # noqa: BLE001 - an interpolation that cannot be resolved stays literal
        return container.to_container(node, resolve=False)


def _name_of(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
