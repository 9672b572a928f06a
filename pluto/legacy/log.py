"""`pluto.log` of the earlier client: its handlers; the function `pluto.log` is what it was.

The console is recorded by `pluto.console`, which changes no stream of the program.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TextIO

from pluto.notice import speak
from pluto.sanitize import SecretSanitizer
from pluto.sets import Settings

__all__ = ["ConsoleHandler", "setup_logger", "teardown_logger"]


class ConsoleHandler:
    """A stream that passes everything on, and logs each complete line that is not empty.

    Args:
        logger: gets the lines.
        sync_manager: taken and without effect: there is none.
        level: of the lines.
        stream: that is passed on to; attributes that are not here are its own.
        type: taken and without effect.
        sanitizer: masks secrets in the lines that are logged.
    """

    def __init__(
        self,
        logger: logging.Logger,
        sync_manager: Any = None,  # noqa: ARG002
        level: int = logging.INFO,
        stream: TextIO | None = None,
        type: str = "stdout",  # noqa: A002, ARG002
        sanitizer: SecretSanitizer | None = None,
    ) -> None:
        self.logger = logger
        self.level = level
        self.stream = stream
        self._mask: Callable[[str], str] = sanitizer.sanitize if sanitizer else str
        self._rest = ""

    def write(self, text: str) -> int:
        """Pass the text on, and log the lines that it completes."""
        if self.stream is not None:
            self.stream.write(text)
        *lines, self._rest = (self._rest + text).split("\n")
        for line in filter(None, lines):
            self.logger.log(self.level, "%s", self._mask(line))
        return len(text)

    def flush(self) -> None:
        """Log a line that has no end yet, and flush the stream."""
        if self._rest:
            self.logger.log(self.level, "%s", self._mask(self._rest))
            self._rest = ""
        if self.stream is not None:
            self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def setup_logger(settings: Settings, *_loggers: logging.Logger) -> None:
    """Let the logger `pluto` speak from the level of the settings on."""
    speak(settings.x_log_level)


def teardown_logger(*_loggers: logging.Logger | None) -> None:
    """Leave every handler in place: those of the program are not ours to remove."""
