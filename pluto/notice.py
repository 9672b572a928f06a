"""What Pluto says of itself: a handler for its logger, and one warning for each thing."""

from __future__ import annotations

import logging
import sys
import threading
from typing import Final

logger = logging.getLogger("pluto")

TEXT_MAX: Final = 1000


def speak(level: int) -> None:
    """Let the logger `pluto` write to stderr, unless the program has set up logging itself."""
    logger.setLevel(level)
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("pluto: %(message)s"))
        logger.addHandler(handler)


def say(text: str, *, stands_out: bool = False) -> None:
    """Print a line that people and their tools read: `pluto: ...`.

    Where there is no stdout, or a broken or closed one, the line goes to the log instead.

    Args:
        text: what is said.
        stands_out: whether a terminal shows it in green.
    """
    line = f"pluto: {text}"
    try:
        if stands_out and sys.stdout.isatty():
            line = f"\x1b[32m{line}\x1b[0m"
        _print(line)
    except (AttributeError, OSError, ValueError):
        logger.info("%s", text)


def _print(line: str) -> None:
    try:
        sys.stdout.write(f"{line}\n")
    except UnicodeEncodeError:
        sys.stdout.write(line.encode("ascii", "backslashreplace").decode() + "\n")
    sys.stdout.flush()


class Notices:
    """Warns once for each key; safe from any thread.

    Example:
        >>> notices = Notices()
        >>> notices.warn("full", "the disk is full")
        >>> notices.warn("full", "the disk is full")  # says nothing
    """

    def __init__(self) -> None:
        self._said: set[object] = set()
        self._lock = threading.Lock()  # guards _said

    def warn(self, key: object, message: str, *arguments: object) -> None:
        """Log a warning unless this key had one already."""
        with self._lock:
            if key in self._said:
                return
            self._said.add(key)
        try:
            text = message % arguments
        except Exception as error:  # noqa: BLE001 - whatever a user's object does when shown
            text = f"{message} (showing what it is about raises {type(error).__name__})"
        logger.warning("%s", text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}...")

    def forget(self, key: object) -> bool:
        """Let the key be warned about again; return whether it had been."""
        with self._lock:
            known = key in self._said
            self._said.discard(key)
        return known
