"""The values of a run's config and system metadata, one by one, as text and as number."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
_IDENTIFIER = re.compile(r"0\d+|0[xX].*")  # "007" is a label and "0x1F" an address: not numbers
_INTEGER_LIMIT = 2**63


class FieldValue(NamedTuple):
    """One flattened value: `text` is None for null, `number` is None for what is no number."""

    text: str | None
    number: float | None


def flatten(value: object) -> dict[str, object]:
    """Return the leaves of nested objects under dotted keys; lists are leaves.

    Example:
        >>> flatten({"optimizer": {"name": "adam", "betas": [0.9, 0.99]}})
        {'optimizer.name': 'adam', 'optimizer.betas': [0.9, 0.99]}
    """
    return dict(_leaves(value)) if isinstance(value, Mapping) else {}


def _leaves(root: Mapping[object, object]) -> Iterator[tuple[str, object]]:
    """Walk without recursion, so that no depth of nesting can exhaust the stack."""
    stack: list[tuple[str, Iterator[tuple[object, object]]]] = [("", iter(root.items()))]
    while stack:
        prefix, items = stack[-1]
        for key, value in items:
            name = f"{prefix}{key}"
            if isinstance(value, Mapping):
                stack.append((f"{name}.", iter(value.items())))
                break
            yield name, value
        else:
            stack.pop()


def field_value(value: object) -> FieldValue:
    """Return the forms of a config value in which filters and sorting compare it.

    Texts that read as a number count as one, as in the public server; dates and labels such as
    "007" do not.

    Example:
        >>> field_value("3e-4")
        FieldValue(text='3e-4', number=0.0003)
        >>> field_value(True)
        FieldValue(text='true', number=None)
    """
    if value is None:
        return FieldValue(None, None)
    if isinstance(value, bool):
        return FieldValue("true" if value else "false", None)
    if isinstance(value, int | float):
        return FieldValue(number_text(value), _as_float(value))
    if isinstance(value, str):
        return FieldValue(value, _number_in(value))
    return FieldValue(json.dumps(value, separators=(",", ":")), None)


def field_values(value: object) -> dict[str, FieldValue]:
    """Flatten an object and return its leaves as `FieldValue`."""
    return {key: field_value(leaf) for key, leaf in flatten(value).items()}


def number_text(value: float) -> str:
    """Return the shortest text of a number; whole numbers have no fraction.

    Example:
        >>> number_text(2.0), number_text(0.1)
        ('2', '0.1')
    """
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return str(value)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer above 1.8e308
        return math.inf if value > 0 else -math.inf


def _number_in(text: str) -> float | None:
    stripped = text.strip()
    if not stripped or "_" in stripped or _IDENTIFIER.fullmatch(stripped):
        return None
    if _ISO_DATE.match(stripped):
        return None
    try:
        number = float(stripped)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def json_number(value: float) -> float | str:
    """Return a number that JSON can carry: NaN and infinities become their names."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def json_safe(value: object) -> object:
    """Return a copy of a stored JSON value that strict encoders and browsers accept.

    Non-finite numbers become `"NaN"`, `"Infinity"`, `"-Infinity"`; integers beyond 64 bits become
    floats; lone surrogates become U+FFFD.
    """
    if isinstance(value, Mapping):
        return {_valid_text(str(key)): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    return _safe_scalar(value)


def _safe_scalar(value: object) -> object:
    if isinstance(value, str):
        return _valid_text(value)
    if isinstance(value, float):
        return json_number(value)
    if type(value) is int and not -_INTEGER_LIMIT <= value < _INTEGER_LIMIT:
        return json_number(_as_float(value))
    return value


def _valid_text(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
