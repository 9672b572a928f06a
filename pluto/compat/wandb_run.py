"""The run object of a wandb script, and what it does with a run of Pluto."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from pluto.compat.wandb_config import Config
from pluto.compat.wandb_errors import UsageError
from pluto.compat.wandb_metrics import Metric, read_metric
from pluto.compat.wandb_rows import Rows
from pluto.compat.wandb_run_files import OWN_CONFIG, FileMethods
from pluto.compat.wandb_settings import Settings, Wanted
from pluto.compat.wandb_summary import Summary
from pluto.op import Op
from pluto.process_exit import judge, shared

if TYPE_CHECKING:
    from typing_extensions import Self


class AlertLevel(Enum):
    """How urgent an alert is."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Run(FileMethods):
    """A run, as `wandb.init()` returns it.

    Args:
        op: the run of Pluto.
        run_id: its id, by which it can be resumed.
        wanted: what the script said about it.
        allow_val_change: whether config values may change.

    Attributes:
        op: the run of Pluto.
        id: the id.
        config: see `Config`.
        summary: see `Summary`.
    """

    def __init__(
        self, op: Op, run_id: str, wanted: Wanted, *, allow_val_change: bool = False
    ) -> None:
        super().__init__(op, run_id, Rows(op, op.step + 1 if op.resumed else 0))
        self.settings = Settings(mode=wanted.mode, **dict(wanted.settings))
        given = {key: value for key, value in (op.config or {}).items() if key != OWN_CONFIG}
        self.config = Config(given, op.update_config, allow_val_change)
        self.start_time = time.time()
        self.starting_step = self._rows.step
        self.summary = Summary(self._rows.summary, self._rows.set_summary)
        self._wanted = wanted
        self._notes = wanted.notes
        self._marks = marks(wanted)
        self._is_recorded = op.settings.mode != "noop"
        self._alerts: dict[str, float] = {}
        self._process = os.getpid()
        self._ended = False
        self.on_end: list[Callable[[Run], None]] = []
        if self._is_recorded:
            shared().add(self)

    name = property(lambda self: self.op.name, lambda self, name: self.op.rename(str(name)))
    project = property(lambda self: self.op.project)
    entity = property(lambda self: self._wanted.entity or "")
    group = property(lambda self: self._wanted.group or "")
    job_type = property(lambda self: self._wanted.job_type or "")
    resumed = property(lambda self: self.op.resumed)
    disabled = property(lambda self: not self._is_recorded)
    offline = property(lambda self: self.op.settings.is_local)
    url = property(lambda self: self.op.url)
    sweep_id = property(lambda self: ((self.op.config or {}).get("sweep") or {}).get("id"))

    @property
    def step(self) -> int:
        """The step of the next row that names none."""
        return self._rows.step

    @property
    def path(self) -> str:
        """`entity/project/id`, without an entity that nobody named."""
        return "/".join(part for part in (self.entity, self.project, self.id) if part)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags; assign a tuple to replace them."""
        return tuple(tag for tag in self.op.tags if tag not in self._marks)

    @tags.setter
    def tags(self, tags: Sequence[str] | None) -> None:
        wanted = [tags] if isinstance(tags, str) else list(tags or ())
        gone = [tag for tag in self.tags if tag not in wanted]
        if gone:
            self.op.remove_tags(gone)
        self.op.add_tags(wanted)

    @property
    def notes(self) -> str | None:
        """The notes; assign a text to replace them."""
        return self._notes

    @notes.setter
    def notes(self, notes: str | None) -> None:
        self._notes = notes
        self.op.set_notes(notes)

    def get_url(self) -> str | None:
        """Return where a browser shows the run; None for a local run."""
        return self.op.url

    @property
    def project_url(self) -> str | None:
        """Where a browser shows the project; None for a local run."""
        return self.url.rpartition("/")[0] if self.url else None

    def get_project_url(self) -> str | None:
        """Return `project_url`."""
        return self.project_url

    def display(self, height: int = 420, hidden: bool = False) -> bool:  # noqa: ARG002
        """Return False: a notebook shows no dashboard inside of it. `url` leads to one."""
        return False

    def write_logs(self, text: str) -> None:
        """Add lines to the run's console; nothing once it has ended."""
        from pluto.compat.logging import PlutoHandler

        if not self._ended:
            handler = PlutoHandler(self.op)
            handler.setFormatter(logging.Formatter("%(message)s"))
            handler.emit(logging.LogRecord("wandb", logging.INFO, "", 0, text, None, None))

    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
        **_options: Any,
    ) -> None:
        """Log a row or a part of one; see `Rows.log`.

        Raises:
            UsageError: the run has ended.
            TypeError: `data` is no dict with texts for names.
        """
        self._refuse_if_ended("log")
        self._rows.log(data, step, commit)

    def define_metric(  # noqa: PLR0917 - the order of wandb
        self,
        name: str,
        step_metric: str | Metric | None = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        goal: str | None = None,
        overwrite: bool | None = None,
    ) -> Metric:
        """Say how a metric sums up, and which metric it follows.

        Args:
            name: of the metric, or the beginning of names with `*` behind it.
            step_metric: the metric to draw it over; each row with the metric gets its last value.
            step_sync: False leaves that out.
            hidden: kept with the run.
            summary: `min`, `max`, `mean`, `first`, `last`, `best`, or several with commas.
            goal: what `best` means: `minimize` or `maximize`.
            overwrite: forget what was said before.
        """
        metric = read_metric(name, step_metric, step_sync, hidden, summary, goal)
        defined = self._rows.define(metric, overwrite=bool(overwrite))
        self.op.update_config({OWN_CONFIG: {"metrics": {name: defined.described()}}})
        return defined

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:  # noqa: ARG002
        """End the run: as FAILED if `exit_code` is given and not 0."""
        if exit_code is None:
            self.end(*shared().verdict())
        else:
            cause = {"type": "SystemExit", "code": exit_code} if exit_code else None
            self.end("FAILED" if exit_code else "COMPLETED", cause)

    def end(self, status: str, metadata: Mapping[str, Any] | None = None) -> None:
        """End the run with a status of Pluto; ending it again, or in a child, does nothing."""
        if self._ended or os.getpid() != self._process:
            return
        self._ended = True
        shared().remove(self)
        try:
            self._rows.end()
            self._end_files()
        finally:
            self.op.end(status, metadata)
            for forget in self.on_end:
                forget(self)

    def watch(
        self,
        models: Any,
        criterion: Any = None,  # noqa: ARG002 - it has no weights
        log: Literal["gradients", "parameters", "all"] | None = "gradients",
        log_freq: int = 1000,
        idx: int | None = None,  # noqa: ARG002
        log_graph: bool = False,
    ) -> None:
        """Log histograms of gradients and parameters of torch modules; see `pluto.watch`."""
        from pluto.compat.torch import watch

        for model in _listed(models):
            watch(model, log=log, freq=log_freq, disable_graph=not log_graph, op=self.op)

    def unwatch(self, models: Any = None) -> None:
        """Stop what `watch` began, for some models or all."""
        from pluto.compat.torch import unwatch

        for model in [None] if models is None else _listed(models):
            unwatch(model)

    def alert(
        self,
        title: str,
        text: str,
        level: str | AlertLevel | None = None,
        wait_duration: float | timedelta | None = None,
    ) -> None:
        """Tell people something; of one title only after `wait_duration` (60 s) again."""
        word = level.value if isinstance(level, AlertLevel) else (level or "INFO")
        if word not in AlertLevel.__members__:
            raise ValueError(f"level= takes INFO, WARN or ERROR, got {level!r}")
        wait = timedelta(minutes=1) if wait_duration is None else wait_duration
        seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
        now = time.monotonic()
        if now - self._alerts.get(title, -float("inf")) >= seconds:
            self._alerts[title] = now
            self.op.alert(text, title=title, level=word)

    def mark_preempting(self) -> None:
        """Do nothing: Pluto sees by itself what ends a run."""

    def _refuse_if_ended(self, method: str) -> None:
        if self._ended:
            raise UsageError(f"the run {self.id} has ended: {method}() has no effect any more")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.finish()
        else:
            self.end(*judge(error))

    def __repr__(self) -> str:
        return f"<wandb-style run {self.path}>"


def marks(wanted: Wanted) -> list[str]:
    """Return the tags that stand for the group and the job type."""
    known = {"group": wanted.group, "job_type": wanted.job_type}
    return [f"{name}:{value}" for name, value in known.items() if value]


def _listed(models: Any) -> Iterable[Any]:
    return models if isinstance(models, (list, tuple)) else [models]
