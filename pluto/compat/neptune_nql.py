"""The query language of Neptune's tables of runs (NQL), as filters.

Source: https://docs.neptune.ai/usage/nql/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from pluto.compat.neptune_query.filters import Filter
from pluto.errors import UsageError

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<path>`[^`]+`(?::(?P<type>[\w.]+))?)
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<symbol>[()]|[<>!]=|[=<>])
      | (?P<word>[^\s()=<>!"`:]+(?::(?P<kind>[\w.]+))?)
    )""",
    re.VERBOSE,
)
_AGO: Final = re.compile(r"-(\d+)([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_OPERATORS: Final[dict[str, Callable[[str, Any], Filter]]] = {
    "=": Filter.eq,
    "!=": Filter.ne,
    ">": Filter.gt,
    ">=": Filter.ge,
    "<": Filter.lt,
    "<=": Filter.le,
    "CONTAINS": Filter.contains_all,
    "MATCHES": Filter.matches,
}
_AN_ATTRIBUTE: Final = "an attribute such as `val/loss`:float"
_OTHER_AGGREGATES: Final = ("min", "max", "average", "variance")

Token = tuple[str, str]
"""What it is (path, text, symbol, word), and its content."""


def parse_query(query: str) -> Filter:
    """Return a query as a condition on runs. Of a series, its last value counts.

    Raises:
        UsageError: it cannot be understood; the message says where.

    Example:
        >>> good = parse_query('(`val/loss`:float < 0.1) AND (`sys/tags`:stringSet CONTAINS "v2")')
    """
    parser = _Parser(query)
    found = parser.alternatives()
    parser.expect_end()
    return found


class _Parser:
    """Goes through the tokens once: OR binds weakest, then AND, then NOT."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._tokens = list(self._split(query))
        self._next = 0

    def alternatives(self) -> Filter:
        found = self._conjunction()
        while self._takes("OR"):
            found |= self._conjunction()
        return found

    def expect_end(self) -> None:
        if self._next < len(self._tokens):
            raise self._problem("AND, OR or the end")

    def _conjunction(self) -> Filter:
        found = self._condition()
        while self._takes("AND"):
            found &= self._condition()
        return found

    def _condition(self) -> Filter:
        if self._takes("NOT"):
            return ~self._condition()
        if self._takes("("):
            found = self.alternatives()
            self._expect_closing()
            return found
        return self._comparison()

    def _comparison(self) -> Filter:
        path = self._attribute()
        is_negated = self._takes("NOT")
        if self._takes("EXISTS"):
            found = Filter.exists(path)
        else:
            _, operator = self._take("an operator")
            if operator.upper() not in _OPERATORS:
                raise self._problem(f"one of {' '.join(_OPERATORS)} EXISTS", back=1)
            found = _OPERATORS[operator.upper()](path, _value(*self._take("a value")))
        return ~found if is_negated else found

    def _attribute(self) -> str:
        kind, path = self._take(_AN_ATTRIBUTE)
        if kind not in ("path", "word"):
            raise self._problem(_AN_ATTRIBUTE, back=1)
        if not self._takes("("):
            return path
        _refuse_other(path)
        path = self._attribute()  # of last(`loss`:floatSeries)
        self._expect_closing()
        return path

    def _expect_closing(self) -> None:
        if not self._takes(")"):
            raise self._problem("a closing bracket")

    def _takes(self, word: str) -> bool:
        here = self._tokens[self._next : self._next + 1]
        is_here = bool(here) and here[0][0] in ("word", "symbol") and here[0][1].upper() == word
        self._next += is_here
        return is_here

    def _take(self, wanted: str) -> Token:
        if self._next == len(self._tokens):
            raise self._problem(wanted)
        self._next += 1
        return self._tokens[self._next - 1]

    def _split(self, query: str) -> list[Token]:
        tokens, place, end = [], 0, len(query.rstrip())
        while place < end:
            found = _TOKEN.match(query, place)
            if found is None:
                raise UsageError(f"query: {query[place:].strip()!r} cannot be read")
            kind = next(name for name in ("path", "text", "symbol", "word") if found[name])
            tokens.append((kind, _content(kind, found)))
            place = found.end()
        return tokens

    def _problem(self, wanted: str, *, back: int = 0) -> UsageError:
        rest = self._tokens[self._next - back :]
        where = f"at {rest[0][1]!r}" if rest else "at the end"
        return UsageError(f"query {self._query!r}: expected {wanted} {where}")


def _content(kind: str, found: re.Match[str]) -> str:
    if kind == "text":
        return re.sub(r"\\(.)", r"\1", found["text"][1:-1])
    _refuse_other((found["type"] or found["kind"] or "").partition(".")[2])
    if kind == "path":
        return found["path"].split("`")[1]
    return found[kind].partition(":")[0] if kind == "word" else found[kind]


def _refuse_other(aggregate: str) -> None:
    if aggregate.lower() in _OTHER_AGGREGATES:
        raise UsageError(f"query: {aggregate}: only the last value of a series is compared")


def _value(kind: str, text: str) -> Any:
    ago = _AGO.fullmatch(text)
    if ago:
        return datetime.now(timezone.utc) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    if kind == "text":
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        return text
