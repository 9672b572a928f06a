"""`neptune_query.filters`: conditions on runs, and choices of attributes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

MISSING: Final = object()
"""What a run says of an attribute that it has not."""

Lookup = Callable[[str], Any]
"""Gives the value of an attribute of a run, `MISSING` if there is none."""

_IDS: Final = ("sys/id", "id")
_FIELDS: Final = {
    "sys/id": "displayId",
    "id": "displayId",
    "sys/name": "name",
    "sys/creation_time": "createdAt",
}


class Attribute:
    """An attribute by its path.

    Args:
        name: the path.
        type: without effect: a path has one type.
    """

    def __init__(self, name: str, type: str | None = None) -> None:  # noqa: A002
        self.name = name
        self.type = type


class Filter:
    """A condition on a run; conditions are joined with `&`, `|`, and turned round with `~`.

    Example:
        >>> good = Filter.lt("val/loss", 0.1) & Filter.contains_all("sys/tags", ["final"])
    """

    def __init__(self, test: Callable[[Lookup], bool], exact: Mapping[str, str]) -> None:
        self._test = test
        self._exact = dict(exact)

    @classmethod
    def eq(cls, attribute: str | Attribute, value: Any) -> Filter:
        """The value is equal."""
        return cls._compared(attribute, value, lambda found, given: bool(found == given))

    @classmethod
    def ne(cls, attribute: str | Attribute, value: Any) -> Filter:
        """The value is another one."""
        return cls._compared(attribute, value, lambda found, given: bool(found != given))

    @classmethod
    def gt(cls, attribute: str | Attribute, value: Any) -> Filter:
        """The value is greater."""
        return cls._compared(attribute, value, lambda found, given: bool(found > given))

    @classmethod
    def ge(cls, attribute: str | Attribute, value: Any) -> Filter:
        """The value is greater, or equal."""
        return cls._compared(attribute, value, lambda found, given: bool(found >= given))

    @classmethod
    def lt(cls, attribute: str | Attribute, value: Any) -> Filter:
        """The value is less."""
        return cls._compared(attribute, value, lambda found, given: bool(found < given))

    @classmethod
    def le(cls, attribute: str | Attribute, value: Any) -> Filter:
        """The value is less, or equal."""
        return cls._compared(attribute, value, lambda found, given: bool(found <= given))

    @classmethod
    def matches(cls, attribute: str | Attribute, pattern: str) -> Filter:
        """The text matches a pattern (see `matches_pattern`); an id is equal to it."""
        name = _name(attribute)
        if name in _IDS:
            return cls(lambda look: str(look(name)) == pattern, {name: pattern})
        return cls._of(name, lambda found: matches_pattern(pattern, str(found)), {name: pattern})

    @classmethod
    def contains_all(cls, attribute: str | Attribute, values: str | Iterable[str]) -> Filter:
        """The set has all of the texts, or the text has all of these in it."""
        words = _words(values)
        return cls._of(_name(attribute), lambda found: all(word in found for word in words))

    @classmethod
    def contains_none(cls, attribute: str | Attribute, values: str | Iterable[str]) -> Filter:
        """The set has none of the texts, or the text has none of these in it."""
        words = _words(values)
        return cls._of(_name(attribute), lambda found: not any(word in found for word in words))

    @classmethod
    def exists(cls, attribute: str | Attribute) -> Filter:
        """The run has the attribute."""
        return cls._of(_name(attribute), lambda _found: True)

    @classmethod
    def name(cls, names: str | list[str]) -> Filter:
        """The name of the run matches a pattern, or is one of these."""
        return cls._of("sys/name", lambda found: fits(names, str(found)))

    def __and__(self, other: Filter) -> Filter:
        return Filter(
            lambda look: self._test(look) and other._test(look), {**self._exact, **other._exact}
        )

    def __or__(self, other: Filter) -> Filter:
        return Filter(lambda look: self._test(look) or other._test(look), {})

    def __invert__(self) -> Filter:
        return Filter(lambda look: not self._test(look), {})

    def holds(self, look: Lookup) -> bool:
        """Tell whether a run satisfies it."""
        return self._test(look)

    def evaluate(self, run: Mapping[str, Any]) -> bool:
        """Tell whether a run, as `pluto.query.get_run` describes it, satisfies it."""
        return self._test(lambda name: _of_mapping(run, name))

    def get_match_value(self, attribute: str) -> str | None:
        """Return what `matches` demands of an attribute; None if it demands nothing."""
        return self._exact.get(attribute)

    @classmethod
    def _of(
        cls, name: str, test: Callable[[Any], bool], exact: Mapping[str, str] | None = None
    ) -> Filter:
        def holds(look: Lookup) -> bool:
            found = look(name)
            return found is not MISSING and test(found)

        return cls(holds, exact or {})

    @classmethod
    def _compared(
        cls, attribute: str | Attribute, value: Any, test: Callable[[Any, Any], bool]
    ) -> Filter:
        def holds(found: Any) -> bool:
            given = value
            if isinstance(found, datetime) and isinstance(given, str):
                given = datetime.fromisoformat(given)
            if isinstance(found, datetime) and isinstance(given, datetime) and not given.tzinfo:
                given = given.astimezone()
            try:
                return test(found, given)
            except TypeError:  # values of types that have no order among them
                return False

        return cls._of(_name(attribute), holds)


class AttributeFilter:
    """A choice of attributes.

    Args:
        name: a pattern, or the paths themselves; all by default.
        type: one of Neptune's types, or several, such as `float_series`; all by default.
    """

    def __init__(
        self,
        name: str | list[str] | None = None,
        type: str | list[str] | None = None,  # noqa: A002 - the names of Neptune
    ) -> None:
        self.name = name
        self.types = [type] if isinstance(type, str) else type
        self._others: list[AttributeFilter] = []
        unknown = set(self.types or ()) - TYPES
        if unknown:
            warnings.warn(f"no attribute is of type {', '.join(sorted(unknown))}", stacklevel=2)

    def matches_name(self, name: str) -> bool:
        """Tell whether it chooses a path."""
        chosen = self.name is None or fits(self.name, name)
        return chosen or any(other.matches_name(name) for other in self._others)

    def chooses(self, name: str, kind: str) -> bool:
        """Tell whether it chooses an attribute of a type."""
        is_named = self.name is None or fits(self.name, name)
        is_typed = self.types is None or kind in self.types
        return (is_named and is_typed) or any(other.chooses(name, kind) for other in self._others)

    def __or__(self, other: AttributeFilter) -> AttributeFilter:
        joined = AttributeFilter(self.name, self.types)
        joined._others = [*self._others, other]
        return joined


TYPES: Final = frozenset(
    (
        *("bool", "int", "float", "string", "datetime", "string_set", "file"),
        *("float_series", "string_series", "histogram_series", "file_series"),
    )
)


def fits(names: str | list[str], name: str) -> bool:
    """Tell whether a name matches a pattern, or is in a list."""
    return matches_pattern(names, name) if isinstance(names, str) else name in names


def matches_pattern(pattern: str, text: str) -> bool:
    """Tell whether a text matches Neptune's extended patterns.

    They are regular expressions, found anywhere in the text, joined with ` | ` and, binding
    closer, ` & `; `!` before one turns it round.

    Example:
        >>> matches_pattern("^train/ & !loss | seed", "train/acc")
        True
    """
    return any(
        all(_matches_one(each, text) for each in re.split(r"\s+&\s+", alternative))
        for alternative in re.split(r"\s+\|\s+", pattern.strip())
    )


def _matches_one(pattern: str, text: str) -> bool:
    if pattern.startswith("!"):
        return re.search(pattern[1:].strip(), text) is None
    return re.search(pattern, text) is not None


def _of_mapping(run: Mapping[str, Any], name: str) -> Any:
    """Look an attribute up in a dict that describes a run."""
    if name in _FIELDS:
        return run.get(_FIELDS[name], MISSING)
    config: Any = run.get("config") or {}
    if name in config:
        return config[name]
    for part in name.split("/"):
        config = config.get(part, MISSING) if isinstance(config, Mapping) else MISSING
    if config is not MISSING:
        return config
    listed = (each if isinstance(each, str) else each["logName"] for each in _log_names(run))
    return True if name in listed else MISSING


def _log_names(run: Mapping[str, Any]) -> list[Any]:
    return list(run.get("logNames") or ())


def _name(attribute: str | Attribute) -> str:
    return attribute if isinstance(attribute, str) else attribute.name


def _words(values: str | Iterable[str]) -> list[str]:
    return [values] if isinstance(values, str) else list(values)
