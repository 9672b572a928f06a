"""Turns any Python value into values that strict JSON can carry."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

_MAX_DEPTH = 32
LARGEST_INTEGER = 1 << 1024
"""From here on, integers become hexadecimal texts: Python prints no more than 4300 digits."""


def plain(value: Any, depth: int = 0) -> Any:
    """Return `value` as None, bool, int, float, str, list or dict.

    NaN and missing values (NaT, `pandas.NA`) become None; infinities become the texts `Infinity`
    and `-Infinity`; times become ISO 8601 texts; arrays and tensors become lists; what has no
    JSON form becomes its `str()`.

    Example:
        >>> plain({"a": (1, float("nan")), 2: float("inf")})
        {'a': [1, None], '2': 'Infinity'}
    """
    converter = _CONVERTERS.get(type(value))
    if converter is not None:
        return converter(value)
    if depth >= _MAX_DEPTH:
        return _text(f"<{type(value).__name__} nested more than {_MAX_DEPTH} deep>")
    if isinstance(value, Mapping):
        return {plain_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, depth + 1) for item in value]
    return _plain_object(value, depth)


def plain_key(key: object) -> str:
    """Return the text that stands for a mapping's key."""
    return _text(key) if isinstance(key, str) else _text(str(key))


def to_json(value: object) -> str:
    """Return strict JSON text: no NaN or Infinity literal, nothing that UTF-8 cannot carry."""
    return dump_plain(plain(value))


def dump_plain(value: object) -> str:
    """Return strict JSON text of what `plain` returned."""
    import orjson

    try:
        return orjson.dumps(value).decode()
    except TypeError:  # integers of more than 64 bits
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _plain_object(value: Any, depth: int) -> Any:
    """Convert arrays, scalars of array libraries and subclasses of the plain types."""
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if getattr(getattr(value, "dtype", None), "kind", "") in {"m", "M"}:
        return _times(value, depth)
    if hasattr(value, "tolist"):
        inner = value.tolist()
        return plain(inner, depth + 1) if type(inner) is not type(value) else _number(value)
    for base, converter in _BASES:
        if isinstance(value, base):
            return converter(value)
    return _text(str(value))


def _times(value: Any, depth: int) -> Any:
    """Convert numpy's times: their `tolist` gives bare nanoseconds."""
    if getattr(value, "ndim", 0):
        return [plain(item, depth + 1) for item in value]
    text = str(value)
    return None if text == "NaT" else text


def _text(value: str) -> str:
    """Return text that UTF-8 can carry: lone surrogates become question marks."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def _float(value: float) -> float | str | None:
    if math.isfinite(value):
        return float(value)
    return None if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _number(value: Any) -> float | str | None:
    """Convert a scalar wider than Python's own types (long double), else its text."""
    try:
        return _float(float(value))
    except (TypeError, ValueError, OverflowError):
        return _text(str(value))


def _same(value: Any) -> Any:
    return value


def _integer(value: Any) -> int | str:
    return int(value) if abs(value) < LARGEST_INTEGER else hex(value)


def _duration(value: dt.timedelta) -> str:
    return str(value)


def _moment(value: dt.date | dt.time) -> str:
    return value.isoformat()


def _bytes(value: Iterable[int]) -> str:
    return bytes(value).decode("utf-8", "replace")


_CONVERTERS: dict[type, Callable[[Any], Any]] = {
    type(None): _same,
    bool: _same,
    int: _integer,
    float: _float,
    str: _text,
    dt.datetime: _moment,
    dt.date: _moment,
    dt.time: _moment,
}

_BASES: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    ((dt.date, dt.time), _moment),
    (dt.timedelta, _duration),
    (decimal.Decimal, _number),
    ((bytes, bytearray), _bytes),
    (str, _text),
    (int, _integer),
    (float, _float),
)
