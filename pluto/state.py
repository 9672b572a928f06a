"""The runs that are open in this process: the only global state of the SDK."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pluto.op import Op


class Trial:
    """The choice of a sweep that the runs which begin now belong to.

    Attributes:
        runs: those that have begun, ended or not.
    """

    def __init__(
        self,
        sweep_id: str,
        definition: Mapping[str, Any],
        parameters: dict[str, Any],
        project: str | None,
    ) -> None:
        self.sweep_id = sweep_id
        self.parameters = parameters
        self.project = project
        self.runs: list[Op] = []
        told = {"method": definition.get("method"), "metric": definition.get("metric")}
        nested: dict[str, Any] = {}
        for name, value in parameters.items():
            *outer, last = definition.get("paths", {}).get(name, (name,))
            place = nested
            for each in outer:
                place = place.setdefault(each, {})
            place[last] = value
        self.config = {**nested, "sweep": {"id": sweep_id, **told, "parameters": parameters}}


_runs: list[Op] = []
_trial: Trial | None = None
_last_ended: Op | None = None
_lock = threading.Lock()  # guards _runs


def add(run: Op) -> None:
    """Remember a run that has begun."""
    with _lock:
        _runs.append(run)
        if _trial is not None:
            _trial.runs.append(run)


def begin_trial(trial: Trial | None) -> None:
    """Have the runs that begin from now on belong to a choice of a sweep, or to none."""
    global _trial  # noqa: PLW0603 - this module is the global state
    _trial = trial


def trial() -> Trial | None:
    """Return the choice of a sweep that is being tried."""
    return _trial


def remove(run: Op) -> None:
    """Forget a run that has ended; unknown ones are no error."""
    global _last_ended  # noqa: PLW0603 - this module is the global state
    with _lock:
        if run in _runs:
            _runs.remove(run)
            _last_ended = run


def live_runs() -> list[Op]:
    """Return the runs that have begun and not ended, oldest first."""
    with _lock:
        return list(_runs)


def replace(runs: Iterable[Op]) -> None:
    """Take these for the live runs and forget the others, without ending them."""
    with _lock:
        _runs[:] = runs


def last_ended() -> Op | None:
    """Return the run that ended last, which warns about what is logged to it."""
    return _last_ended


def newest() -> Op | None:
    """Return the run that began last and has not ended."""
    with _lock:
        return _runs[-1] if _runs else None


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - this module is the global state
    _lock = threading.Lock()
    for run in _runs:
        run.after_fork()


os.register_at_fork(after_in_child=_after_fork)
