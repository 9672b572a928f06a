"""Single values of attributes, as the config of a run keeps them, and back."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, Final

from pluto.notice import Notices

notices = Notices()

MAX_DEPTH: Final = 32

_NUMBERS: Final = frozenset((int, float))
_TEXT: Final = frozenset((str,))
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")


def read_mapping(data: Any, what: str) -> dict[Any, Any]:
    """Return a mapping or a dataclass as a dict; None as an empty one.

    Raises:
        TypeError: it is something else.
    """
    if data is None:
        return {}
    if dataclasses.is_dataclass(data) and not isinstance(data, type):
        return {field.name: getattr(data, field.name) for field in dataclasses.fields(data)}
    if isinstance(data, Mapping) or hasattr(data, "items"):
        return dict(data.items())
    raise TypeError(f"{what} takes a dict or a dataclass, not {type(data).__name__}")


def flattened(data: Mapping[Any, Any], prefix: str = "", depth: int = 0) -> Iterator[Any]:
    """Yield (path, value) of everything in nested mappings and dataclasses.

    Example:
        >>> dict(flattened({"model": {"lr": 0.1}, "seed": 1}))
        {'model/lr': 0.1, 'seed': 1}
    """
    for key, value in data.items():
        path = f"{prefix}{key}"
        nested = _nested(value)
        if nested is None or depth >= MAX_DEPTH:
            yield path, value
        else:
            yield from flattened(nested, f"{path}/", depth + 1)


def stored(value: Any) -> Any:
    """Return a single value as the config keeps it, None if it is not one.

    Times become ISO 8601 texts in UTC with microseconds, sets of texts become lists.
    """
    if hasattr(value, "item") and getattr(value, "size", 0) == 1:
        value = value.item()
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat(timespec="microseconds")
    if isinstance(value, (list, tuple)):
        return [str(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    return None


def loaded(value: Any) -> Any:
    """Return what `stored` was given: a time where the text is one, a set for a list."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return datetime.fromisoformat(value)
    return set(value) if isinstance(value, list) else value


def configs(data: Mapping[Any, Any], *, cast: bool) -> dict[str, Any]:
    """Return single values by path; what is none becomes a text, or is left out with a warning.

    Args:
        data: paths to values.
        cast: whether other values become texts; None becomes the empty one.
    """
    found: dict[str, Any] = {}
    for path, value in data.items():
        kept = stored(value)
        if kept is None and cast:
            kept = "" if value is None else str(value)
        if not isinstance(path, str) or kept is None:
            notices.warn(
                ("config", str(path)),
                "%r was not stored: configs are paths to numbers, bools, texts, times or sets of"
                " texts, not %s (cast_unsupported=True stores its text)",
                path,
                type(value).__name__,
            )
        else:
            found[path] = kept
    return found


def numbers(data: Mapping[Any, Any]) -> dict[str, float]:
    """Return the numbers among values by path; the others are warned about."""
    if type(data) is dict and _are(_NUMBERS, data.values()) and _are(_TEXT, data):
        return data
    found: dict[str, float] = {}
    for path, value in data.items():
        if hasattr(value, "item") and not isinstance(value, (bool, int, float)):
            value = value.item()  # noqa: PLW2901 - a scalar of numpy or torch
        if isinstance(path, str) and isinstance(value, (bool, int, float)):
            found[path] = value
        else:
            _refuse(path, "metrics are numbers", value)
    return found


def _are(kinds: frozenset[type], values: Iterable[Any]) -> bool:
    return kinds.issuperset(map(type, values))


def texts(data: Mapping[Any, Any]) -> dict[str, str]:
    """Return the texts among values by path; the others are warned about."""
    found: dict[str, str] = {}
    for path, value in data.items():
        if isinstance(path, str) and isinstance(value, str):
            found[path] = value
        else:
            _refuse(path, "string series are texts", value)
    return found


def _refuse(path: object, rule: str, value: object) -> None:
    kind = type(value).__name__
    notices.warn((rule, str(path)), "%r was not stored: %s, not %s", path, rule, kind)


def _nested(value: Any) -> dict[Any, Any] | None:
    is_object = dataclasses.is_dataclass(value) and not isinstance(value, type)
    return read_mapping(value, "") if is_object or isinstance(value, Mapping) else None


def nested(values: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return what is below a path of attributes, one dict for each part of a path.

    Example:
        >>> nested({"a/b": 1, "a/c/d": 2, "e": 3}, "a")
        {'b': 1, 'c': {'d': 2}}
    """
    found: dict[str, Any] = {}
    prefix = f"{path}/" if path else ""
    for each, value in values.items():
        if each.startswith(prefix):
            *parents, last = each[len(prefix) :].split("/")
            place = found
            for parent in parents:
                inner = place.get(parent)
                place[parent] = inner if isinstance(inner, dict) else {}
                place = place[parent]
            place[last] = value
    return found
