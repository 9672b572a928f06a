"""Neptune's series in a run of Pluto: fractional steps, previews, times."""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pluto.op import Op
from pluto.storage import RunReader

OWN: Final = "neptune"
"""Where the config, and the names of metrics, keep what belongs to no attribute of the user."""

STEPS: Final = f"{OWN}/step/"
"""Before an attribute's path: the metric that has its true steps, where they are no integers."""

PREVIEWS: Final = f"{OWN}/preview/"
"""Before an attribute's path: the metric that says how complete its previews are; NaN = final."""

_PAUSE: Final = 0.05

_every: weakref.WeakSet[Recording] = weakref.WeakSet()


class Recording:
    """Logs series to a run.

    Steps of Pluto are integers. An attribute that is given other steps has its values numbered
    from there on, each with its true step in the metric `neptune/step/<path>`.

    Args:
        op: the run.
    """

    def __init__(self, op: Op) -> None:
        self.op = op
        self._lock = threading.Lock()  # guards what follows
        self._last: dict[str, tuple[int, float]] = {}
        self._peaks: dict[str, int] = {}  # of series whose last place is not their highest one
        self._numbered: set[str] = set()
        self._previewed: dict[str, int] = {}
        _every.add(self)
        if op.resumed and op.settings.mode != "noop":
            self._take_up(Path(op.dir))

    def log(
        self,
        data: Mapping[str, Any],
        step: Any,
        seconds: float | None = None,
        preview: float | None = None,
    ) -> None:
        """Log one value for each attribute.

        Args:
            data: paths to numbers, texts, media or data objects.
            step: of all of them; None is the step after the attribute's last one, from 0.
            seconds: the time since the Unix epoch; now by default.
            preview: how complete the values are, 0 to 1; None if they are final.
        """
        if type(step) is int and step >= 0 and preview is None and not self._is_special:
            with self._lock:
                for path in data:
                    self._go_to(path, step, step)
            self.op.log(data, step=step, timestamp=seconds)
            return
        rows: dict[int, dict[str, Any]] = {}
        for path, value in data.items():
            with self._lock:
                place, companions = self._placed(path, step, preview)
            rows.setdefault(place, {}).update({path: value, **companions})
        for place, row in rows.items():
            self.op.log(row, step=place, timestamp=seconds)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until everything that was logged is stored, and delivered if there is a server.

        Args:
            timeout: seconds; None for the setting `finish_timeout`.

        Returns:
            Whether it is.
        """
        session = self.op._session  # noqa: SLF001 - Op has no method that waits
        if session is None:
            return True
        limit = float(self.op.settings.finish_timeout) if timeout is None else timeout
        deadline = time.monotonic() + limit
        while True:
            owned = session.uploader.owned
            if owned is not None:
                writer = session.journal.writer
                receipt = owned.store.receipt(session.address, writer=writer)
                stored = owned.store.receipt(session.address).logged
                is_encoded = not any(_entries(owned.store.staging))
                if stored == receipt.logged and receipt.kept == 0 and is_encoded:
                    return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE)

    def after_fork(self) -> None:
        """In a forked child: another thread of the parent may have held the lock."""
        self._lock = threading.Lock()

    @property
    def _is_special(self) -> bool:
        """Whether some attribute needs more than its value."""
        return bool(self._numbered or self._previewed)

    def _placed(
        self, path: str, step: float | None, preview: float | None
    ) -> tuple[int, dict[str, float]]:
        """Return where a value goes, and what has to be logged with it."""
        place, true_step = self._place(path, step)
        companions: dict[str, float] = {}
        if path in self._numbered:
            companions[STEPS + path] = true_step
        if preview is not None:
            self._previewed[path] = place
            companions[PREVIEWS + path] = preview
        elif self._previewed.get(path) == place:
            del self._previewed[path]
            companions[PREVIEWS + path] = math.nan
        return place, companions

    def _place(self, path: str, step: float | None) -> tuple[int, float]:
        """Return where a value goes, and its true step."""
        known = self._last.get(path)
        if step is None:
            step = 0 if known is None else int(known[1] // 1) + 1
        if known is not None and known[1] == step:
            return known
        is_whole = step >= 0 and step == int(step)
        if is_whole and path not in self._numbered:
            place = int(step)
        else:
            self._numbered.add(path)
            least = -1 if known is None else known[0]
            place = max(least + 1, int(step // 1), 0)
        self._go_to(path, place, step)
        return place, step

    def _go_to(self, path: str, place: int, step: float) -> None:
        known = self._last.get(path)
        if known is not None and known[0] > place:
            self._peaks[path] = max(known[0], self._peaks.get(path, 0))
        self._last[path] = place, step

    def end_of(self, path: str) -> int | None:
        """Return the highest place of a series; None where that is not known."""
        with self._lock:
            known = self._last.get(path)
            return None if known is None else max(known[0], self._peaks.get(path, 0))

    def begin_behind(self, path: str, place: int) -> None:
        """Have the next value of a series be the first one, behind a place."""
        with self._lock:
            self._numbered.add(path)
            self._last[path] = place, -1
            self._peaks.pop(path, None)

    def learn(self, lasts: Mapping[str, tuple[int, float]]) -> None:
        """Take up series that other processes have written.

        Args:
            lasts: the last step and the last value by name.
        """
        with self._lock:
            for name, (step, _) in lasts.items():
                self._last[name] = step, step
            for name, (_, value) in lasts.items():
                path = name.removeprefix(STEPS)
                if path != name and path in self._last:
                    self._numbered.add(path)
                    self._last[path] = self._last[path][0], value

    def _take_up(self, directory: Path) -> None:
        """Learn where the series that this machine has have ended."""
        with closing(RunReader(directory)) as reader:
            infos = [info for info in reader.names() if info.last_step is not None]
        self.learn({info.name: (info.last_step or 0, info.last or 0.0) for info in infos})


def _entries(directory: Path) -> list[str]:
    """Return what is in a directory: media that wait to be encoded."""
    return os.listdir(directory) if directory.is_dir() else []


def seconds_of(moment: datetime | float | None) -> float | None:
    """Return a time as seconds since the Unix epoch; one without a zone is local."""
    return moment.timestamp() if isinstance(moment, datetime) else moment


def _after_fork() -> None:
    for recording in _every:
        recording.after_fork()


os.register_at_fork(after_in_child=_after_fork)
