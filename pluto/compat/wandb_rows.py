"""The rows of a run by the rules of wandb: only a commit moves the step on."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Mapping
from typing import Any

from pluto.compat.wandb_metrics import Metric, MetricRules
from pluto.compat.wandb_values import PLAIN, translate
from pluto.op import Op
from pluto.values import whole_step

logger = logging.getLogger("pluto")

_every: weakref.WeakSet[Rows] = weakref.WeakSet()


class Rows:
    """Logs to a run, and keeps what sums it up.

    Every call is stored at once, parts of one row under its step. So nothing waits for a commit,
    and what `log` took survives the process.

    Args:
        op: the run.
        first: step of the first row.

    Attributes:
        step: of the next row that names none.
    """

    def __init__(self, op: Op, first: int = 0) -> None:
        self.step = first
        self._op = op
        self._rules = MetricRules()
        self._began = time.time()
        self._lock = threading.Lock()  # guards step and _rules
        self._has_told = False
        _every.add(self)

    def log(self, data: Mapping[str, Any], step: Any = None, commit: bool | None = None) -> None:
        """Store a row or a part of one.

        Args:
            data: names to whatever wandb logs.
            step: of the row; a greater one than the present ends the present row, an earlier one
                adds to an earlier row (where wandb would drop it).
            commit: whether the row ends with this part; by default it does if no step is given.

        Raises:
            TypeError: `data` is no mapping, or has names that are no texts.
        """
        if not isinstance(data, Mapping):
            raise TypeError(f"log() takes a dict of names to values, not {type(data).__name__}")
        if not all(isinstance(name, str) for name in data):
            raise TypeError("log() takes texts for names")
        row = data if PLAIN.issuperset(map(type, data.values())) else translate(data)
        with self._lock:
            place = self._place(step, step is None if commit is None else commit)
            lacking = self._rules.complete(row)
            if lacking:
                row = {**row, **lacking}
            replaced = self._rules.note(row)
        if replaced:
            self._op.update_summary(dict.fromkeys(replaced))
        if row:
            self._op.log(row, step=place)

    def add(self, data: Mapping[str, Any]) -> None:
        """Store values of Pluto beside the present row, which goes on."""
        self._op.log(data, step=self.step)

    def define(self, metric: Metric, *, overwrite: bool) -> Metric:
        """Take rules for a metric; return them with what was said of it before."""
        with self._lock:
            self._rules.define(metric, overwrite=overwrite)
            return self._rules.defined[metric.name]

    def summary(self) -> dict[str, Any]:
        """Return what sums up the run so far."""
        with self._lock:
            found = self._rules.summary()
            now = time.time()
            own = {"_step": self.step - 1, "_runtime": now - self._began, "_timestamp": now}
        return {**found, **(own if self.step else {})}

    def set_summary(self, values: Mapping[str, Any]) -> None:
        """Set what sums up the run; None takes a value back."""
        with self._lock:
            self._rules.explicit.update(values)
            for name in [name for name, value in values.items() if value is None]:
                del self._rules.explicit[name]
        self._op.update_summary(values)

    def after_fork(self) -> None:
        """In a forked child: another thread of the parent may have held the lock."""
        self._lock = threading.Lock()

    def end(self) -> None:
        """Store the aggregates that were asked for."""
        with self._lock:
            explicit = self._rules.explicit
            found = {k: v for k, v in self._rules.aggregates().items() if k not in explicit}
        if found:
            self._op.update_summary(found)

    def _place(self, step: Any, commit: bool) -> int:
        """Return the step of a row, and move on."""
        given = self.step if step is None else whole_step(step)
        if given is None:
            raise TypeError(f"log(step=) takes whole numbers from 0, got {step!r}")
        if given < self.step and not self._has_told:
            self._has_told = True
            logger.warning(
                "a row for step %d after step %d is kept (wandb drops such rows)", given, self.step
            )
        self.step = max(given, self.step) + int(commit)
        return given


def _after_fork() -> None:
    for rows in _every:
        rows.after_fork()


os.register_at_fork(after_in_child=_after_fork)
