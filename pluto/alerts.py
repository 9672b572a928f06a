"""What an alert says, how urgent it is, and when it is due."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

logger = logging.getLogger("pluto")


class Alert(NamedTuple):
    """An alert as a run records it.

    Attributes:
        text: what it says.
        title: its headline.
        level: `DEBUG`, `INFO`, `WARNING`, `ERROR` or any other name, in capitals.
        delay: seconds until it is due, 0 or more.
        email: whether the server should send mail.
        url: where it leads.
    """

    text: str
    title: str
    level: str
    delay: float
    email: bool
    url: str | None

    @property
    def number(self) -> int:
        """The level as the module `logging` counts; that of INFO for names it does not know."""
        number = logging.getLevelName(self.level)
        return number if isinstance(number, int) else logging.INFO

    def fact(self) -> dict[str, object]:
        """Return the fact that goes to the server: single values only (protocol of the alert)."""
        return {
            "timestamp": int((time.time() + self.delay) * 1000),
            "title": self.title,
            "body": self.text,
            "level": self.level,
            "email": self.email,
            "url": self.url,
        }

    def __str__(self) -> str:
        return f"[{self.level}] {self.title}: {self.text}"


def alert_of(
    message: object,
    title: object,
    level: object,
    wait: object,
    url: str | None,
    options: Mapping[str, Any],
) -> Alert:
    """Return the alert that a call of `alert()` means; a strange level or time stops no script.

    Args:
        message: what it says; the option `text` is an alias.
        title: its headline.
        level: see `level_name`.
        wait: seconds or a `timedelta`; the option `wait_duration` is an alias.
        url: where it leads.
        options: the other keywords of the call; `email=False` asks for no mail.
    """
    text = message if message is not None else options.get("text")
    wait = options.get("wait_duration", wait)
    delay = _seconds(wait)
    if delay is None:
        logger.warning("wait=%r of an alert is no number of seconds: it is sent at once", wait)
    email = bool(options.get("email", True))
    return Alert(str(text), str(title), level_name(level), delay or 0.0, email, url)


def level_name(level: object) -> str:
    """Return the name of a level: from a text, a number of `logging`, or an enumeration.

    Example:
        >>> level_name("warn"), level_name(40), level_name(None)
        ('WARNING', 'ERROR', 'INFO')
    """
    if isinstance(level, int) and not isinstance(level, bool):
        return logging.getLevelName(level)
    name = str(getattr(level, "value", level) or "INFO").upper()
    return {"WARN": "WARNING"}.get(name, name)


def _seconds(wait: Any) -> float | None:
    """Return a time to wait, a number or a `timedelta`, in seconds; None for anything else."""
    try:
        seconds = float(wait.total_seconds() if hasattr(wait, "total_seconds") else wait or 0)
    except (TypeError, ValueError):
        return None
    return max(0.0, seconds) if seconds < float("inf") else None
