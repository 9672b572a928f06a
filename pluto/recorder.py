"""From the calls of a run to frames in its journal; the only code on the way of `log()`."""

from __future__ import annotations

import math
import struct
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import orjson

from pluto.journal import Journal
from pluto.notice import Notices
from pluto.segments import CONSOLE, COUNTED, DATA, FACT, FILE, METRICS, SYSTEM

_OPTIONS: Final = orjson.OPT_SERIALIZE_NUMPY
_PLAIN: Final = frozenset(
    {float, int, np.float16, np.float32, np.float64, np.int32, np.int64, np.uint8}
)


class JournalRecorder:
    """Implements `pluto.record.Recorder` on a journal.

    Nothing here raises for bad luck: what cannot be written is counted in `lost` and told once;
    `logged` counts the rows of the user that were written.

    Args:
        journal: where the frames go.
        notices: where the one warning goes.
        first_line: number of the next console line.
    """

    def __init__(self, journal: Journal, notices: Notices, *, first_line: int = 1) -> None:
        self.journal = journal
        self._logged = 0
        self._lost = 0
        self.ended = False
        self._notices = notices
        self._line = first_line
        self._line_lock = threading.Lock()  # guards _line

    @property
    def logged(self) -> int:
        """Rows of the user that were written, as of now."""
        return self._logged - self.journal.lost

    @property
    def lost(self) -> int:
        """What could not be stored, as of now."""
        return self._lost + self.journal.lost

    def lose(self) -> None:
        """Count a value of the user that cannot be stored."""
        self._lost += 1

    def log_plain(self, data: dict[str, Any], step: int) -> bool:
        """Append numbers of Python and numpy: the fast way of `log()`; the store cleans the names.

        Returns:
            False if `data` needs a closer look; then nothing was written.
        """
        values = data.values()
        if not _PLAIN.issuperset(map(type, values)):
            return False
        try:
            if not values or self.journal.append_row(tuple(data), step, values):
                self._logged += bool(values)
                return True
        except (struct.error, OSError, ValueError):
            pass  # the slow way says what is wrong, and keeps what it can
        return False

    def metrics(
        self, data: Mapping[str, float], *, step: int, time_ms: int, system: bool = False
    ) -> None:
        """Record numbers under one step and time; non-finite ones as the wire writes them."""
        values = {
            name: value if math.isfinite(value) else _NON_FINITE[str(value)]
            for name, value in data.items()
        }
        if values:
            line = orjson.dumps({"time": time_ms, "step": step, "data": values})
            self._append(SYSTEM if system else METRICS, line)

    def console(self, text: str, *, error: bool, time_ms: int) -> None:
        """Record one console line; lines are numbered from 1 over both streams."""
        with self._line_lock:
            number, self._line = self._line, self._line + 1
        log_type = "ERROR" if error else "INFO"
        self._dump(CONSOLE, time=time_ms, message=text, lineNumber=number, logType=log_type)

    def data(self, name: str, type: str, body: str, *, step: int, time_ms: int) -> None:  # noqa: A002
        """Record a structured value as its JSON text."""
        self._dump(DATA, time=time_ms, step=step, data=body, dataType=type, logName=name)

    def file(
        self,
        name: str,
        type: str,  # noqa: A002
        staged: Mapping[str, object],
        *,
        step: int,
        time_ms: int,
        index: int,
    ) -> None:
        """Record a media value whose bytes are staged in the run directory."""
        self._dump(
            FILE, time=time_ms, step=step, logName=name, type=type, staged=staged, sampleIndex=index
        )

    def fact(self, name: str, value: object) -> None:
        """Record a change of what is known about the run."""
        self._dump(FACT, time=time.time_ns() // 1_000_000, name=name, value=value)

    def after_fork(self) -> None:
        """In a forked child: another thread of the parent may have held what is locked here."""
        self._line_lock = threading.Lock()
        self._notices = Notices()
        self.journal.after_fork()

    def _dump(self, kind: int, **fields: object) -> None:
        try:
            body = orjson.dumps(fields, option=_OPTIONS)
        except (TypeError, ValueError):
            body = orjson.dumps(_speakable(fields), default=str)
        self._append(kind, body)

    def _append(self, kind: int, body: bytes) -> None:
        if self.ended:  # a collector that was too slow for the run
            return
        try:
            self.journal.append(kind, body)
            self._logged += kind in COUNTED
        except ValueError as error:
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        self.lose()
        self._notices.warn(
            "journal", "a row could not be stored and is lost: %s (more may follow)", error
        )


_NON_FINITE: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _speakable(value: object) -> object:
    """Return `value` with what JSON and UTF-8 cannot carry replaced."""
    if isinstance(value, Mapping):
        return {str(_speakable(str(key))): _speakable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_speakable(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value)
    return value
