"""A handler that sends what a program logs with `logging` to the console of its run.

The console is recorded anyway: this is for programs whose loggers write to files only, or that
switched the recording of the console off.

Example:
    >>> import logging
    >>> from pluto.compat.logging import PlutoHandler
    >>> logging.getLogger().addHandler(PlutoHandler())
"""

from __future__ import annotations

import logging
import weakref
from typing import Final

from pluto import state
from pluto.op import Op
from pluto.redact import LineRedactor

__all__ = ["PlutoHandler"]

FORMAT: Final = "%(levelname)s %(name)s: %(message)s"


class PlutoHandler(logging.Handler):
    """Records each line of each message, secrets masked; ERROR and above as errors.

    Without a live run it does nothing. Pluto's own messages are left out.

    Args:
        op: the run; while it is not live, and by default, the newest live one.
        level: the lowest level that is recorded.

    Example:
        >>> handler = PlutoHandler(level=logging.INFO)
        >>> handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    """

    def __init__(self, op: Op | None = None, level: int | str = logging.NOTSET) -> None:
        super().__init__(level)
        self.setFormatter(logging.Formatter(FORMAT))
        self._run = None if op is None else weakref.ref(op)
        self._redactors: weakref.WeakKeyDictionary[Op, LineRedactor] = weakref.WeakKeyDictionary()

    def emit(self, record: logging.LogRecord) -> None:
        """Record a message; problems go to `handleError`, as in all handlers."""
        if record.name.partition(".")[0] == "pluto":
            return
        run = self._live_run()
        session = run._session if run is not None else None  # noqa: SLF001 - see Recorder
        if run is None or session is None:
            return
        try:
            redact = self._redactors.setdefault(run, session.redactor.lines()).line
            is_error, time_ms = record.levelno >= logging.ERROR, int(record.created * 1000)
            for line in self.format(record).splitlines():
                session.recorder.console(redact(line), error=is_error, time_ms=time_ms)
        except Exception:  # noqa: BLE001 - a message with arguments that do not fit its format
            self.handleError(record)

    def _live_run(self) -> Op | None:
        given = self._run() if self._run is not None else None
        return given if given in state.live_runs() else state.newest()
