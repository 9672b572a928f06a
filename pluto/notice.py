"""What Pluto says of itself: a handler for its logger, and one warning for each thing."""

from __future__ import annotations

import logging
import threading

logger = logging.getLogger("pluto")


def speak(level: int) -> None:
    """Let the logger `pluto` write to stderr, unless the program has set up logging itself."""
    logger.setLevel(level)
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("pluto: %(message)s"))
        logger.addHandler(handler)


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
        logger.warning(message, *arguments)

    def forget(self, key: object) -> bool:
        """Let the key be warned about again; return whether it had been."""
        with self._lock:
            known = key in self._said
            self._said.discard(key)
        return known
