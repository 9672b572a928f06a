"""A sweep that `wandb.Api` has read back from the runs that belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from pluto.errors import UsageError
from pluto.sweep import definition_of

if TYPE_CHECKING:
    from pluto.compat.wandb_api_run import ApiRun

TAG: Final = "sweep:"
"""Begins the tag of a run that belongs to a sweep."""


class ApiSweep:
    """A sweep.

    Args:
        sweep_id: its id.
        runs: that belong to it, the oldest first; at least one.

    Attributes:
        id: its id, which is its name too.
        runs: as given.
    """

    def __init__(self, sweep_id: str, runs: Sequence[ApiRun]) -> None:
        self.id = self.name = sweep_id
        self.runs = list(runs)
        self.project = self.runs[0].project

    @property
    def config(self) -> dict[str, Any]:
        """The definition; without the choices for its parameters where another machine made it."""
        known = {k: v for k, v in self.runs[0].config["sweep"].items() if k != "parameters"}
        try:
            return {**known, **definition_of(self.id)}
        except UsageError:
            return known

    @property
    def order(self) -> str | None:
        """The order in which the best run comes first; None if the sweep has no metric."""
        metric = self.runs[0].config["sweep"].get("metric")
        if not metric:
            return None
        sign = "-" if str(metric.get("goal", "minimize")).startswith("max") else "+"
        return f"{sign}summary_metrics.{metric['name']}"

    @property
    def state(self) -> str:
        """`RUNNING` while one of its runs is, else `FINISHED`."""
        is_running = any(run.state == "running" for run in self.runs)
        return "RUNNING" if is_running else "FINISHED"

    def best_run(self, order: str | None = None) -> ApiRun | None:
        """Return the best of the runs that came to their end; None if none has the metric.

        Args:
            order: `+` or `-` and `summary_metrics.<name>`; by default the sweep's metric.
        """
        wanted = order or self.order
        if wanted is None:
            return None
        name = wanted.lstrip("+-").removeprefix("summary_metrics.")
        ended = [run for run in self.runs if run.state == "finished" and name in run.summary]
        ended.sort(key=lambda run: run.summary[name], reverse=wanted.startswith("-"))
        return ended[0] if ended else None

    def __repr__(self) -> str:
        return f"<sweep {self.project}/{self.id} ({len(self.runs)} runs)>"
