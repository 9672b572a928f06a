"""The `filter` grammar of the runs list: a Mongo-style tree, compiled to a predicate.

The vocabulary is that of protocol section 3.2.3 and is published as the OpenAPI component
`RunFilterGrammar`. A tree is an object: `$and` and `$or` take a list of trees, `$not` takes one,
any other key is a field, and several keys in one object must all hold. A field's value is an
object of operators, which must all hold, or a bare value, which means `$eq`.

`$ne` and `$nin` also accept runs that lack the field; every other operator refuses them, except
`$eq: null`, which accepts nothing else.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Protocol

from pluto.server.fields import FieldValue, field_value

BOOLEAN_OPERATORS = ("$and", "$or", "$not")
LEAF_OPERATORS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$regex")
FIELDS = (
    "state",
    "status",
    "heartbeat_at",
    "heartbeatAt",
    "created_at",
    "createdAt",
    "updated_at",
    "updatedAt",
    "name",
    "displayName",
    "display_name",
    "tags",
)
FIELD_PREFIXES = ("config.", "systemMetadata.", "summaryMetrics.", "summary_metrics.")

MAX_DEPTH = 50
MAX_PATTERN = 1000

_STATES = {
    "running": "RUNNING",
    "finished": "COMPLETED",
    "completed": "COMPLETED",
    "failed": "FAILED",
    "crashed": "FAILED",
    "killed": "TERMINATED",
    "terminated": "TERMINATED",
    "preempted": "CANCELLED",
    "cancelled": "CANCELLED",
    "canceled": "CANCELLED",
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": operator.eq,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}
_NEGATIONS = {"$ne": "$eq", "$nin": "$in"}


class FilterError(ValueError):
    """A filter, sort or field filter that cannot be understood; the text says which part."""


class RunFields(Protocol):
    """What filters and sorting ask of a run. Times are milliseconds since the epoch."""

    @property
    def status(self) -> str:
        """One of the five status words."""

    @property
    def name(self) -> str:
        """The name that the user gave."""

    @property
    def tags(self) -> Sequence[str]:
        """The tags."""

    @property
    def created_at(self) -> int:
        """Time of creation."""

    @property
    def updated_at(self) -> int:
        """Time of the last change."""

    @property
    def heartbeat_at(self) -> int | None:
        """Time of the last metric point, None when there is none."""

    @property
    def config(self) -> Mapping[str, FieldValue]:
        """Flattened config."""

    @property
    def system_metadata(self) -> Mapping[str, FieldValue]:
        """Flattened system metadata."""

    @property
    def summary(self) -> Mapping[str, float]:
        """Last value of each metric."""


Predicate = Callable[[RunFields], bool]
Test = Callable[[object], bool]


def compile_filter(tree: object) -> Predicate:
    """Return a predicate for a filter tree, already parsed from its JSON text.

    Raises:
        FilterError: unknown field, operator or state, or a value of the wrong form.

    Example:
        >>> unfinished = compile_filter({"status": {"$ne": "COMPLETED"}, "config.lr": {"$lt": 0.1}})
    """
    return _tree(tree, MAX_DEPTH)


def _tree(tree: object, depth: int) -> Predicate:
    if depth == 0:
        raise FilterError(f"filter is nested deeper than {MAX_DEPTH} levels")
    if not isinstance(tree, Mapping):
        raise FilterError("filter must be an object")
    parts = [_entry(str(key), value, depth) for key, value in tree.items()]
    return parts[0] if len(parts) == 1 else lambda run: all(part(run) for part in parts)


def _entry(key: str, value: object, depth: int) -> Predicate:
    if key in {"$and", "$or"}:
        if not isinstance(value, list):
            raise FilterError(f"{key} expects an array")
        parts = [_tree(child, depth - 1) for child in value]
        if key == "$and":
            return lambda run: all(part(run) for part in parts)
        return lambda run: any(part(run) for part in parts)
    if key == "$not":
        inner = _tree(value, depth - 1)
        return lambda run: not inner(run)
    if key.startswith("$"):
        raise FilterError(f"unknown boolean operator: {key}")
    return _leaf(key, value)


def _leaf(name: str, value: object) -> Predicate:
    """Find what the field reads from a run and how each operator compares it."""
    reads, compares = _field(name)
    tests = [_operator(compares, name, each, operand) for each, operand in _operators(value)]
    return lambda run: all(test(reads(run)) for test in tests)


def _operators(value: object) -> list[tuple[str, object]]:
    if isinstance(value, Mapping):
        if not value:
            raise FilterError("expected a value or operators, got an empty object")
        unknown = next((key for key in value if key not in LEAF_OPERATORS), None)
        if unknown is not None:
            raise FilterError(f"unknown leaf operator: {unknown}")
        return list(value.items())
    return [("$eq", value)]


Compare = Callable[[str, object], Test]
"""From an operator (never a negated one) and its operand to a test of what a field reads."""


def _operator(compares: Compare, path: str, name: str, operand: object) -> Test:
    try:
        positive = _NEGATIONS.get(name)
        if positive is None:
            return compares(name, operand)
        holds = compares(positive, operand)
    except FilterError as error:
        raise FilterError(f"{path}: {error}") from None
    return lambda value: not holds(value)


def _field(path: str) -> tuple[Callable[[RunFields], object], Compare]:
    if path in _EXACT_FIELDS:
        return _EXACT_FIELDS[path]
    family, dot, key = path.partition(".")
    if not dot or not key or f"{family}." not in FIELD_PREFIXES:
        raise FilterError(f"unknown filter field: {path}")
    if family == "config":
        return lambda run: run.config.get(key), _compare_field
    if family == "systemMetadata":
        return lambda run: run.system_metadata.get(key), _compare_field
    return lambda run: run.summary.get(key), _compare_metric


def _items(operand: object) -> list[object]:
    return operand if isinstance(operand, list) else [operand]


def _unsupported(name: str) -> FilterError:
    return FilterError(f"unsupported operator {name}")


def _compare_status(name: str, operand: object) -> Test:
    if name not in {"$eq", "$in"}:
        raise _unsupported(name)
    wanted = {_state(item) for item in _items(operand)}
    return lambda status: status in wanted


def _state(operand: object) -> str:
    state = _STATES.get(operand.lower()) if isinstance(operand, str) else None
    if state is None:
        raise FilterError(f"unknown run state: {operand}")
    return state


def _compare_name(name: str, operand: object) -> Test:
    if name in {"$eq", "$in"}:
        wanted = {str(item) for item in _items(operand)}
        return lambda value: value in wanted
    if name == "$regex":  # a substring for names, as in the public server
        part = str(operand).lower()
        return lambda value: part in str(value).lower()
    raise _unsupported(name)


def _compare_tags(name: str, operand: object) -> Test:
    if name not in {"$eq", "$in"}:
        raise _unsupported(name)
    wanted = {str(item) for item in _items(operand)}
    return lambda tags: isinstance(tags, Sequence) and not wanted.isdisjoint(tags)


def _compare_time(name: str, operand: object) -> Test:
    if name in _COMPARISONS:
        moment = parse_time(operand)
        holds = _COMPARISONS[name]
        return lambda value: value is not None and holds(value, moment)
    raise _unsupported(name)


def _compare_metric(name: str, operand: object) -> Test:
    if name == "$in":
        wanted = [_number(item) for item in _items(operand)]
        return lambda value: value in wanted
    if name == "$eq" and operand is None:
        return lambda value: value is None
    if name in _COMPARISONS:
        number = _number(operand)
        holds = _COMPARISONS[name]
        return lambda value: value is not None and holds(value, number)
    raise _unsupported(name)


def _number(operand: object) -> float:
    number = None if isinstance(operand, list | Mapping) else field_value(operand).number
    if number is None:
        raise FilterError(f"expected a number, got {operand!r}")
    return number


def _compare_field(name: str, operand: object) -> Test:
    if name == "$regex":
        return matches_pattern(str(operand))
    if name == "$in":
        wanted = [field_value(item) for item in _items(operand)]
        return lambda value: any(equal_fields(value, item) for item in wanted)
    bound = field_value(operand)
    if name == "$eq":
        return lambda value: equal_fields(value, bound)
    return _ordered(_COMPARISONS[name], bound)


def _ordered(holds: Callable[[Any, Any], bool], bound: FieldValue) -> Test:
    """Compare as numbers where the operand is one, else as texts (ISO dates sort as texts)."""
    if bound.text is None:
        raise FilterError("expected a number or a text, got null")
    index = 0 if bound.number is None else 1

    def test(value: object) -> bool:
        found = value[index] if isinstance(value, FieldValue) else None
        return found is not None and holds(found, bound[index])

    return test


def equal_fields(value: object, wanted: FieldValue) -> bool:
    """Tell whether a config value equals an operand: as numbers if both are, else as texts.

    A missing value (None) equals null only.
    """
    if not isinstance(value, FieldValue):
        return wanted.text is None
    if value.number is not None and wanted.number is not None:
        return value.number == wanted.number
    return value.text == wanted.text


def matches_pattern(pattern: str) -> Test:
    """Return a test that searches a regular expression, case-sensitively, in a config value."""
    if len(pattern) > MAX_PATTERN:
        raise FilterError(f"regular expression is longer than {MAX_PATTERN} characters")
    try:
        compiled = re.compile(pattern)
    # A FutureWarning ("possible nested set") is an error where warnings are made to be.
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        raise FilterError(f"bad regular expression: {error}") from None

    def test(value: object) -> bool:
        text = value.text if isinstance(value, FieldValue) else None
        return text is not None and compiled.search(text) is not None

    return test


def parse_time(text: object) -> int:
    """Return milliseconds since the epoch of an ISO 8601 text; without a zone it is UTC.

    Raises:
        FilterError: not such a text.
    """
    try:
        # Python 3.10 knows no "Z"
        moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", str(text)))
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return round(zoned.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise FilterError(f"expected an ISO 8601 time, got {text!r}") from None


_STATUS = (lambda run: run.status, _compare_status)
_HEARTBEAT = (lambda run: run.heartbeat_at, _compare_time)
_CREATED = (lambda run: run.created_at, _compare_time)
_UPDATED = (lambda run: run.updated_at, _compare_time)
_NAME = (lambda run: run.name, _compare_name)
_EXACT_FIELDS: dict[str, tuple[Callable[[RunFields], object], Compare]] = {
    "state": _STATUS,
    "status": _STATUS,
    "heartbeat_at": _HEARTBEAT,
    "heartbeatAt": _HEARTBEAT,
    "created_at": _CREATED,
    "createdAt": _CREATED,
    "updated_at": _UPDATED,
    "updatedAt": _UPDATED,
    "name": _NAME,
    "displayName": _NAME,
    "display_name": _NAME,
    "tags": (lambda run: run.tags, _compare_tags),
}
