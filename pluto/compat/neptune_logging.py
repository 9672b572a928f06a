"""The handlers of both packages of Neptune: records of `logging` as a string series."""

from __future__ import annotations

import logging
from typing import Protocol

from pluto.compat.neptune_recording import Recording


class Records(Protocol):
    """A run that has series."""

    recording: Recording


class NeptuneLoggingHandler(logging.Handler):
    """Sends records of `logging` to a run as a string series.

    Args:
        run: the run.
        level: the least level that is sent.
        attribute_path: of the series.
    """

    def __init__(
        self, *, run: Records, level: int = logging.NOTSET, attribute_path: str | None = None
    ) -> None:
        super().__init__(level)
        self._run = run
        self._path = attribute_path or "runtime/logs"

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record; those of Pluto itself are not sent."""
        if record.name.partition(".")[0] == "pluto":
            return
        try:
            self._run.recording.log({self._path: self.format(record)}, None, record.created)
        except Exception:  # noqa: BLE001 - a handler reports its errors through logging
            self.handleError(record)


class NeptuneHandler(NeptuneLoggingHandler):
    """Sends records of `logging` to a run, as `neptune.integrations.python_logger` has it.

    Args:
        run: the run.
        level: the least level that is sent.
        path: of the series; `monitoring/python_logger` by default.
    """

    def __init__(
        self, *, run: Records, level: int = logging.NOTSET, path: str | None = None
    ) -> None:
        space = getattr(run, "monitoring_namespace", "monitoring")
        super().__init__(run=run, level=level, attribute_path=path or f"{space}/python_logger")
