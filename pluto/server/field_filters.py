"""The `fieldFilters` of the runs list: flat terms on config and system metadata, all must hold.

The operators are those of protocol section 3.2.3 and are published as the OpenAPI component
`FieldFilterTerm`. A term with an operator that its data type does not have is ignored, as the
public server ignores it. Negated operators also accept runs that lack the key.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from pluto.server.fields import FieldValue, field_value
from pluto.server.filters import (
    FilterError,
    Predicate,
    RunFields,
    Test,
    equal_fields,
    matches_pattern,
)

Operator = Literal[
    "contains",
    "does not contain",
    "equals",
    "is",
    "is not",
    "starts with",
    "ends with",
    "regex",
    "is greater than",
    ">",
    "is less than",
    "<",
    "is greater than or equal to",
    ">=",
    "is less than or equal to",
    "<=",
    "is between",
    "is not between",
    "is before",
    "is on or before",
    "is after",
    "is on or after",
    "is any of",
    "is none of",
    "exists",
    "not exists",
]
MAX_TERMS = 50


class FieldFilterTerm(msgspec.Struct, rename="camel"):
    """One condition; `operator` is one of `Operator`, and any other text is ignored."""

    source: Literal["config", "systemMetadata"]
    key: str
    data_type: Literal["text", "number", "date", "option"]
    operator: str
    values: list[Any]


_NEGATIONS = {
    "does not contain": "contains",
    "is not": "is",
    "is not between": "is between",
    "is none of": "is any of",
    "not exists": "exists",
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "is greater than": operator.gt,
    ">": operator.gt,
    "is less than": operator.lt,
    "<": operator.lt,
    "is greater than or equal to": operator.ge,
    ">=": operator.ge,
    "is less than or equal to": operator.le,
    "<=": operator.le,
    "is before": operator.lt,
    "is on or before": operator.le,
    "is after": operator.gt,
    "is on or after": operator.ge,
}
_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda found, wanted: wanted.lower() in found.lower(),
    "starts with": lambda found, wanted: found.lower().startswith(wanted.lower()),
    "ends with": lambda found, wanted: found.lower().endswith(wanted.lower()),
    "equals": operator.eq,
    "is": operator.eq,
}


def parse_terms(text: str) -> list[FieldFilterTerm]:
    """Return the terms of a `fieldFilters` parameter.

    Raises:
        FilterError: not a JSON array of at most 50 terms.
    """
    try:
        terms = msgspec.json.decode(text, type=list[FieldFilterTerm])
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise FilterError(f"Invalid fieldFilters: {error}") from None
    if len(terms) > MAX_TERMS:
        raise FilterError(f"Invalid fieldFilters: at most {MAX_TERMS} terms, got {len(terms)}")
    return terms


def compile_terms(terms: list[FieldFilterTerm]) -> Predicate:
    """Return a predicate that holds for runs which satisfy all terms.

    Raises:
        FilterError: a regular expression that does not compile.
    """
    parts = [part for part in map(_term, terms) if part is not None]
    return lambda run: all(part(run) for part in parts)


def _term(term: FieldFilterTerm) -> Predicate | None:
    positive = _NEGATIONS.get(term.operator, term.operator)
    test = _test(term.data_type, positive, term.values)
    if test is None:
        return None
    negated = positive != term.operator

    def holds(run: RunFields) -> bool:
        fields = run.config if term.source == "config" else run.system_metadata
        value = fields.get(term.key)
        return (value is not None and test(value)) != negated

    return holds


def _test(data_type: str, name: str, values: list[Any]) -> Test | None:
    """Return the test of a positive operator, or None where the data type has no such operator."""
    if name == "exists":
        return lambda value: value is not None
    if data_type == "text":
        return _text_test(name, values)
    if data_type == "number":
        return _number_test(name, values)
    if data_type == "date":
        return _date_test(name, values)
    return _option_test(name, values)


def _text_test(name: str, values: list[Any]) -> Test | None:
    wanted = _text(values[0]) if values else ""
    if name == "regex":
        return matches_pattern(wanted)
    compare = _TEXT_TESTS.get(name)
    return _on_text(lambda found: compare(found, wanted)) if compare else None


def _number_test(name: str, values: list[Any]) -> Test | None:
    numbers = [field_value(value).number for value in values[:2]]
    if not numbers or None in numbers:
        return None
    if name == "is between" and len(numbers) == 2:
        low, high = numbers
        return _on_number(lambda found: low <= found <= high)
    compare = operator.eq if name == "is" else _COMPARISONS.get(name)
    return _on_number(lambda found: compare(found, numbers[0])) if compare else None


def _date_test(name: str, values: list[Any]) -> Test | None:
    """ISO dates compare as texts."""
    dates = [_text(value) for value in values[:2]]
    if name == "is between" and len(dates) == 2:
        return _on_text(lambda found: dates[0] <= found <= dates[1])
    compare = _COMPARISONS.get(name)
    return _on_text(lambda found: compare(found, dates[0])) if compare and dates else None


def _option_test(name: str, values: list[Any]) -> Test | None:
    if name not in {"is", "is any of"}:
        return None
    options = values[0] if values and isinstance(values[0], list) else values
    wanted = [field_value(option) for option in options]
    return lambda value: any(equal_fields(value, option) for option in wanted)


def _text(value: object) -> str:
    return field_value(value).text or ""


def _on_text(test: Callable[[str], bool]) -> Test:
    return lambda value: (
        isinstance(value, FieldValue) and value.text is not None and test(value.text)
    )


def _on_number(test: Callable[[Any], bool]) -> Test:
    return lambda value: (
        isinstance(value, FieldValue) and value.number is not None and test(value.number)
    )
