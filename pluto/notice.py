"""One warning for each thing that is worth one."""

from __future__ import annotations

import logging
import threading

logger = logging.getLogger("pluto")


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
