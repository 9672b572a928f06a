"""The filters of `wandb.Api.runs`, in the words of `pluto.query`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pluto.compat.wandb_errors import UsageError

_MARKS: Final = {"group": "group:", "jobType": "job_type:", "job_type": "job_type:"}
_NAMES: Final = ("displayName", "display_name")


class Named(Protocol):
    """What is asked of a run on this side."""

    name: str

    @property
    def id(self) -> str:
        """Its id."""


@dataclass(frozen=True)
class Filters:
    """What runs have to be like.

    Attributes:
        tree: the conditions that `pluto.query` takes; None for no condition.
        ids: the ids or names, one of which a run has; None for any.
        pattern: of the name.
    """

    tree: dict[str, Any] | None = None
    ids: frozenset[str] | None = None
    pattern: re.Pattern[str] | None = None

    def accepts(self, run: Named) -> bool:
        """Tell whether a run fulfils the conditions that are left to this side."""
        if self.pattern is not None and self.pattern.search(run.name) is None:
            return False
        return self.ids is None or run.name in self.ids or run.id in self.ids


def read_filters(filters: Mapping[str, Any] | None) -> Filters:
    """Return what `wandb.Api.runs(filters=)` means.

    Raises:
        UsageError: a condition cannot be put where it stands.

    Example:
        >>> read_filters({"group": "g", "config.lr.value": {"$exists": True}}).tree
        {'tags': 'group:g', 'config.lr': {'$ne': None}}
    """
    rest = dict(filters or {})
    ids = _ids(rest.pop("name")) if "name" in rest else None
    pattern = None
    for key in _NAMES:
        if isinstance(rest.get(key), Mapping) and "$regex" in rest[key]:
            pattern = re.compile(rest.pop(key)["$regex"])
    return Filters(_tree(rest) or None, ids, pattern)


def _ids(condition: Any) -> frozenset[str]:
    if not isinstance(condition, Mapping):
        return frozenset([str(condition)])
    if set(condition) <= {"$eq", "$in"}:
        listed = condition.get("$in", [condition.get("$eq")])
        return frozenset(map(str, listed))
    raise UsageError(f"a filter of names takes an id or $in, got {condition!r}")


def _tree(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return conditions in the words of `pluto.query`."""
    found: list[dict[str, Any]] = []
    for key, value in filters.items():
        if key in ("$and", "$or"):
            found.append({key: [_tree(each) for each in value]})
        elif key == "$nor":
            found.append({"$not": {"$or": [_tree(each) for each in value]}})
        elif key == "$not":
            found.append({"$not": _tree(value)})
        else:
            found.append(_condition(key, value))
    keys = [key for each in found for key in each]
    if len(set(keys)) < len(keys):  # such as two marks, which are tags both
        return {"$and": found}
    return {key: value for each in found for key, value in each.items()}


def _condition(key: str, value: Any) -> dict[str, Any]:
    if key in _MARKS:
        return {"tags": _marked(_MARKS[key], value)}
    if key == "name" or (key in _NAMES and isinstance(value, Mapping) and "$regex" in value):
        raise UsageError(f"a filter of {key!r} stands at the top, beside $and and $or")
    if key.startswith("config."):
        key = key.removesuffix(".value")
    if isinstance(value, Mapping) and "$exists" in value:
        rest = {name: each for name, each in value.items() if name != "$exists"}
        value = {**rest, "$ne" if value["$exists"] else "$eq": None}
    return {key: value}


def _marked(mark: str, value: Any) -> Any:
    """Return a condition on a group or job type as one on tags."""
    if isinstance(value, Mapping):
        return {name: _marked(mark, each) for name, each in value.items()}
    return [mark + str(each) for each in value] if isinstance(value, list) else f"{mark}{value}"
