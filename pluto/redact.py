"""Secrets out of text: what looks like a key, or stands where one stands, is masked.

The formats are those that their issuers publish: AWS (IAM unique identifiers), Google (API keys,
OAuth), Azure (storage connection strings, SAS), GitHub, GitLab, Slack, Hugging Face, OpenAI,
Anthropic, Databricks, Stripe, PyPI, npm, W&B, JSON Web Tokens (RFC 7519), PEM (RFC 7468), HTTP
authentication (RFC 6750, RFC 7617), URLs with a password (RFC 3986).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final

from pluto.redact_rules import (
    MASK,
    RULES,
    Rule,
    has_long_word,
    is_flag_of_secret,
    is_secret_name,
    may_hold_secret,
)

__all__ = ["MASK", "LineRedactor", "Redactor"]

MAX_PASSES: Final = 8
MAX_DEPTH: Final = 32
MOST_KNOWN: Final = 10_000
PEM_LINES_MAX: Final = 200  # the body of a 16,384-bit key has about 200 lines

_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY = re.compile(r"[\s+\-|>]*(?:[A-Za-z0-9+/=]{1,80}|[A-Za-z-]+: .*)?\s*")


class Redactor:
    """Masks secrets in text and in nested values, and counts them.

    Args:
        enabled: False returns everything as it came.

    Attributes:
        masked: how many different secrets were masked so far; beyond 10,000, how often.

    Example:
        >>> redactor = Redactor()
        >>> redactor.text("cloning https://me:hunter2@example.com/repository")
        'cloning https://me:***REDACTED***@example.com/repository'
        >>> redactor.value({"lr": 0.1, "api_key": "abc"})
        {'lr': 0.1, 'api_key': '***REDACTED***'}
        >>> redactor.masked
        2
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self.masked = 0
        self._seen: set[int] = set()

    def text(self, text: str) -> str:
        """Return `text` with its secrets masked; a second call changes nothing more."""
        if not self.enabled or not may_hold_secret(text):
            return text
        for _ in range(MAX_PASSES):
            before = text
            for rule in _rules_for(text):
                text = rule.pattern.sub(self._replacing(rule), text)
            if text == before:
                break
        return text

    def value(self, value: Any, *, _depth: int = 0) -> Any:
        """Return a JSON-like value with the secrets in its strings masked.

        What stands under a name such as `password`, or follows `--password` in a list, is masked
        whatever it looks like.
        """
        if not self.enabled or _depth > MAX_DEPTH:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self._under(str(key), item, _depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return self._items(value, _depth + 1)
        return value

    def lines(self) -> LineRedactor:
        """Return a redactor for the consecutive lines of one stream; counts into this one."""
        return LineRedactor(self)

    def count(self, secret: str) -> str:
        """Count a secret unless it was met before; return what stands in its place."""
        mark = hash(secret.strip("\"'"))
        if mark not in self._seen:
            self.masked += 1
            if len(self._seen) < MOST_KNOWN:
                self._seen.add(mark)
        return MASK

    def _replacing(self, rule: Rule) -> Callable[[re.Match[str]], str]:
        def replacement(match: re.Match[str]) -> str:
            masked = rule.mask(match)
            if masked != match[0]:
                self.count(_secret_of(match, masked))
            return masked

        return replacement

    def _under(self, name: str, value: Any, depth: int) -> Any:
        if isinstance(value, str) and value and value != MASK and is_secret_name(name, value):
            return self.count(value)
        return self.value(value, _depth=depth)

    def _items(self, items: list[Any] | tuple[Any, ...], depth: int) -> Any:
        masked = [self.value(items[0], _depth=depth)] if items else []
        for before, item in pairwise(items):
            if isinstance(item, str) and item != MASK and is_flag_of_secret(before, item):
                masked.append(self.count(item))
            else:
                masked.append(self.value(item, _depth=depth))
        return masked if isinstance(items, list) else tuple(masked)


class LineRedactor:
    """Redacts the lines of one stream; knows when it is inside a private key.

    Example:
        >>> lines = Redactor().lines()
        >>> lines.line("epoch 3 loss 0.25")
        'epoch 3 loss 0.25'
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._inside = 0  # lines of a private key that may still follow

    def line(self, text: str) -> str:
        """Return one line (without its newline) with its secrets masked."""
        if not self._redactor.enabled:
            return text
        if self._inside:
            return self._inside_key(text)
        if "-----BEGIN" in text and _PEM_BEGIN.search(text) and not _PEM_END.search(text):
            self._inside = PEM_LINES_MAX
        return self._redactor.text(text)

    def _inside_key(self, text: str) -> str:
        if _PEM_END.search(text):
            self._inside = 0
            return MASK
        if _PEM_BODY.fullmatch(text):
            self._inside -= 1
            return MASK
        self._inside = 0
        return self._redactor.text(text)


def _secret_of(match: re.Match[str], masked: str) -> str:
    """The secret itself, without the name that it is assigned to."""
    groups = match.groupdict()
    return groups.get("value") or (match[0] if masked == MASK else groups["secret"])


def _rules_for(text: str) -> list[Rule]:
    """The rules that may match, in the order of the table."""
    lower = text.lower()
    triggered = {rule: None for trigger, rule in _TRIGGERS if trigger in lower}
    if has_long_word(text):
        triggered.update(dict.fromkeys(_WITHOUT_TRIGGER))
    return [rule for rule in triggered if rule.hint is None or rule.hint.search(text)]


_TRIGGERS: Final = tuple((trigger, rule) for rule in RULES for trigger in rule.triggers)
_WITHOUT_TRIGGER: Final = tuple(rule for rule in RULES if not rule.triggers)
