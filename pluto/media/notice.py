"""Warnings about logged values, each text once in a process."""

from __future__ import annotations

import functools
import logging

logger = logging.getLogger("pluto")


@functools.lru_cache(maxsize=1024)
def warn_once(message: str) -> None:
    """Log a warning, unless this very text was logged before."""
    logger.warning(message)


def warn_unknown_keywords(class_name: str, keywords: dict[str, object]) -> None:
    """Say which keyword arguments a constructor does not know; existing scripts pass such."""
    if keywords:
        names = ", ".join(sorted(keywords))
        warn_once(f"{class_name}() ignores the keyword arguments it does not know: {names}")
