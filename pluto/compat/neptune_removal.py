"""Series and files of neptune 1.x that a script has taken back.

Pluto keeps everything that was logged. The config of a run says from where on an attribute counts;
what reads Neptune's attributes leaves the rest out, while the dashboard shows all of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pluto.compat.neptune_recording import OWN, Recording

REMOVED: Final = "removed"
"""Where the config keeps it, below `neptune`, by path."""

_TICK: Final = 0.002  # times of files are in whole milliseconds


@dataclass(frozen=True)
class Removal:
    """What of an attribute does not count any more.

    Attributes:
        step: the last place in the series that does not count.
        time: what was logged before does not count, in seconds since the Unix epoch.
        files: names in a set of files, or folders in it, to the time before which they do not
            count.
        is_gone: whether nothing was logged afterwards.
    """

    step: int | None = None
    time: float | None = None
    files: Mapping[str, float] = field(default_factory=dict)
    is_gone: bool = False

    def hides(self, step: float, seconds: float, name: str | None = None) -> bool:
        """Tell whether a value or a file does not count.

        Args:
            step: its place in the series.
            seconds: its time.
            name: of a file in a set.
        """
        if self.step is not None and step <= self.step:
            return True
        if self.time is not None and seconds < self.time:
            return True
        return any(
            seconds < moment and name is not None and _is_at_or_below(name, place)
            for place, moment in self.files.items()
        )


def read_removals(own: Mapping[str, Any]) -> dict[str, Removal]:
    """Return what the config keeps, by path.

    Args:
        own: what the stand-ins for Neptune have noted about the run.
    """
    return {path: Removal(**known) for path, known in (own.get(REMOVED) or {}).items()}


class Removals:
    """Takes series and files of a run back that is being written.

    Args:
        recording: logs the series.
        known: what earlier processes have taken back.
    """

    def __init__(self, recording: Recording, known: Mapping[str, Removal]) -> None:
        self._recording = recording
        self._gone = {path for path, removal in known.items() if removal.is_gone}
        for path in self._gone:
            step = known[path].step
            if step is not None:
                recording.begin_behind(path, step)

    def remove(self, path: str, *, is_series: bool) -> None:
        """Have what was logged under a path no longer count."""
        place = self._recording.end_of(path) if is_series else None
        if place is None:
            self._keep(path, {"time": _now(), "is_gone": True})
        else:
            self._keep(path, {"step": place, "is_gone": True})
            self._recording.begin_behind(path, place)
        self._gone.add(path)

    def remove_files(self, path: str, names: Iterable[str]) -> None:
        """Have files of a set, or those in its folders, no longer count."""
        self._keep(path, {"files": dict.fromkeys(names, _now())})

    def note(self, path: str) -> None:
        """Take note that something is logged under a path."""
        if path in self._gone:
            self._gone.discard(path)
            self._keep(path, {"is_gone": False})

    def _keep(self, path: str, change: Mapping[str, Any]) -> None:
        self._recording.op.update_config({OWN: {REMOVED: {path: change}}})


def _now() -> float:
    """Return a whole millisecond between what was logged and what will be."""
    time.sleep(_TICK)
    return int(time.time() * 1000) / 1000


def _is_at_or_below(name: str, place: str) -> bool:
    folder = place.rstrip("/")
    return name == folder or name.startswith(f"{folder}/")
