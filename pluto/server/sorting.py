"""The `sort` parameter of the runs list: `[+-]field`, compiled to an ordering."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from pluto.server.fields import FieldValue
from pluto.server.filters import FilterError, RunFields

_COLUMNS: dict[str, Callable[[RunFields], object]] = {
    "createdAt": lambda run: run.created_at,
    "created_at": lambda run: run.created_at,
    "updatedAt": lambda run: run.updated_at,
    "updated_at": lambda run: run.updated_at,
    "heartbeat_at": lambda run: run.heartbeat_at,
    "name": lambda run: run.name,
    "status": lambda run: run.status,
}

Rank = tuple[int, float | str]
"""Orders values of one column: numbers before texts."""


class Order:
    """How to sort runs: by one value, missing values last, ties by id.

    Example:
        >>> Order("-summary_metrics.val/loss").descending
        True
    """

    def __init__(self, text: str = "-createdAt") -> None:
        """Parse a `sort` parameter.

        Raises:
            FilterError: an unknown field.
        """
        self.descending = text.startswith("-")
        self._value = _reader(text[1:] if text[:1] in {"-", "+"} else text)

    def apply(self, runs: Iterable[tuple[int, RunFields]]) -> list[int]:
        """Return the ids in order; `runs` are (id, fields)."""
        ranked = [(rank(self._value(fields)), run_id) for run_id, fields in runs]
        known = sorted(
            ((value, run_id) for value, run_id in ranked if value is not None),
            reverse=self.descending,
        )
        missing = sorted(
            (run_id for value, run_id in ranked if value is None), reverse=self.descending
        )
        return [run_id for _, run_id in known] + missing


def rank(value: object) -> Rank | None:
    """Return a key that orders values of any type; None for what has no place (null, NaN)."""
    if isinstance(value, FieldValue):
        value = value.text if value.number is None else value.number
    if isinstance(value, int | float):
        return None if math.isnan(value) else (0, value)
    return (1, value) if isinstance(value, str) else None


def _reader(name: str) -> Callable[[RunFields], object]:
    if name in _COLUMNS:
        return _COLUMNS[name]
    family, _, key = name.partition(".")
    if family == "summary_metrics" and key:
        return lambda run: run.summary.get(key)
    if key.endswith(".value"):
        key = key.removesuffix(".value")
        if family == "config" and key:
            return lambda run: run.config.get(key)
        if family == "systemMetadata" and key:
            return lambda run: run.system_metadata.get(key)
    raise FilterError(
        f"Invalid sort field: {name!r}. Use createdAt, updatedAt, name, status, heartbeat_at,"
        " config.<key>.value, systemMetadata.<key>.value or summary_metrics.<name>"
    )
