"""A tracker for Hugging Face Accelerate.

Importing this module makes `log_with="pluto"` known where Accelerate keeps a table of trackers
(`register_tracker_class`); a `PlutoTracker` object works with every version.

Example:
    >>> import pluto.compat.accelerate
    >>> from accelerate import Accelerator
    >>> accelerator = Accelerator(log_with="pluto")
    >>> accelerator.init_trackers("digits", config={"lr": 0.01})
    >>> accelerator.log({"loss": 0.5}, step=0)
    >>> accelerator.end_training()
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, ClassVar

import pluto
from pluto.compat.hooked_run import HookedRun
from pluto.compat.requires import requires

with requires("accelerate"):
    from accelerate import tracking

__all__ = ["MLOPTracker", "PlutoTracker"]

on_main_process: Any = tracking.on_main_process


class PlutoTracker(tracking.GeneralTracker):
    """Logs what `Accelerator.log` is given to a run; only the main process has one.

    Args:
        run_name: the project, as `Accelerator.init_trackers` calls it.
        op: the run; by default the newest live one, or else a new one.
        **kwargs: arguments of `pluto.init` for a new run.

    Example:
        >>> accelerator = Accelerator(log_with=PlutoTracker("digits", name="baseline"))
    """

    name: ClassVar[str] = "pluto"
    requires_logging_directory: ClassVar[bool] = False
    main_process_only: ClassVar[bool] = False

    def __init__(self, run_name: str, op: pluto.Op | None = None, **kwargs: Any) -> None:
        super().__init__()
        self._hooked = HookedRun(op, run_name, kwargs)

    @property
    def tracker(self) -> pluto.Op | None:
        """The run; None on all but the main process."""
        if self._hooked.run is None:  # earlier versions of Accelerate do not call `start`
            self.start()
        return self._hooked.run

    @on_main_process
    def start(self) -> None:
        """Begin or take up the run."""
        self._hooked.live()

    @on_main_process
    def store_init_configuration(self, values: Mapping[str, Any]) -> None:
        """Add hyperparameters to the run's config."""
        self._hooked.live().update_config(values)

    @on_main_process
    def log(self, values: Mapping[str, Any], step: int | None = None, **_kwargs: Any) -> None:
        """Log values under a step, the previous one + 1 by default."""
        self._hooked.live().log(values, step=step)

    @on_main_process
    def log_images(self, values: Mapping[str, Any], step: int | None = None, **kwargs: Any) -> None:
        """Log names to lists of images (arrays, tensors, paths, figures)."""
        images = {
            name: [pluto.Image(image, **kwargs) for image in pictures]
            for name, pictures in values.items()
        }
        self._hooked.live().log(images, step=step)

    @on_main_process
    def log_table(
        self,
        table_name: str,
        columns: list[str] | None = None,
        data: Any = None,
        dataframe: Any = None,
        step: int | None = None,
        **_kwargs: Any,
    ) -> None:
        """Log a table, given as rows with the names of their columns, or as a frame."""
        rows = data if dataframe is None else dataframe
        self._hooked.live().log({table_name: pluto.Table(rows, columns=columns or ())}, step=step)

    @on_main_process
    def finish(self) -> None:
        """End the run: COMPLETED, or FAILED while an exception is being handled."""
        run = self._hooked.run
        if run is None:
            return
        if sys.exc_info()[0] is not None:
            self._hooked.fail()
        run.finish()


MLOPTracker = PlutoTracker
"""The name in the style of the earlier client."""

if hasattr(tracking, "register_tracker_class"):
    tracking.register_tracker_class(PlutoTracker)
