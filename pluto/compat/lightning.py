"""A logger for PyTorch Lightning, for the package `lightning` as for `pytorch_lightning`.

Example:
    >>> from lightning.pytorch import Trainer
    >>> from pluto.compat.lightning import PlutoLogger
    >>> trainer = Trainer(logger=PlutoLogger(project="digits", name="baseline"))
"""

from __future__ import annotations

import logging
import os
import sys
import weakref
from argparse import Namespace
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Literal

import pluto
from pluto import state
from pluto.compat.hooked_run import HookedRun
from pluto.compat.requires import requires

_HOMES: Final = ("lightning.pytorch", "pytorch_lightning")


def _home() -> str:
    """Return the package that the program uses: the one that is loaded, or else installed."""
    for package in _HOMES:
        if package in sys.modules:
            return package
    is_there = [package for package in _HOMES if find_spec(package.partition(".")[0])]
    return (is_there or _HOMES)[0]


with requires("lightning"):
    _base: Any = import_module(f"{_home()}.loggers.logger")
    _rank_zero: Any = import_module("lightning_utilities.core.rank_zero")

__all__ = ["MLOPLogger", "PlutoLogger"]

logger = logging.getLogger("pluto")

rank_zero_only: Any = _rank_zero.rank_zero_only


class PlutoLogger(_base.Logger):
    """Logs a Lightning training to a run: metrics, hyperparameters, checkpoints and its failure.

    Only the process of global rank 0 has a run. A failed `fit` ends a run that the logger began as
    FAILED, with the exception; otherwise the run goes on (`test` may follow `fit`) until
    `pluto.finish()` or the end of the script.

    Args:
        op: the run; by default the newest live one, or else a new one.
        log_model: checkpoints to keep with the run, as artifacts under the name `model`: True = the
            best and the last one, once the training has ended; "all" = each one when it is saved;
            False = none.
        **kwargs: arguments of `pluto.init` for a new run, whose project is `lightning` by default.

    Example:
        >>> logger = PlutoLogger(project="digits", run_id="night-3", resume=True)
        >>> logger.experiment.add_tags("resumed")
    """

    def __init__(
        self, op: Any = None, *, log_model: bool | Literal["all"] = True, **kwargs: Any
    ) -> None:
        super().__init__()
        _register()
        self._log_model = log_model
        self._hooked = HookedRun(op, "lightning", kwargs)
        self._step: int | None = None
        self._checkpointing: list[Any] = []
        self._kept: dict[str, int] = {}
        self._graphed: weakref.WeakSet[Any] = weakref.WeakSet()
        if rank_zero_only.rank == 0:
            self._hooked.live()

    @property
    @_base.rank_zero_experiment
    def experiment(self) -> pluto.Op:
        """The run; on other ranks an object that takes every call and does nothing."""
        return self._hooked.live()

    @property
    def name(self) -> str | None:
        """The run's name."""
        run = self._hooked.run
        return run.name if run is not None else self._hooked.arguments.get("name")

    @property
    def version(self) -> int | str | None:
        """The run's number on its server, the `run_id` it was given, or the name of its directory.

        On ranks other than 0, the `run_id` that was given, or None.
        """
        run = self._hooked.run
        if run is None:
            return self._hooked.arguments.get("run_id")
        return run.id or run.run_id or os.path.basename(run.dir)

    @property
    def root_dir(self) -> str | None:
        """The run's directory; None on ranks other than 0."""
        run = self._hooked.run
        return run.dir if run is not None else None

    @property
    def save_dir(self) -> str | None:
        """The run's directory; None on ranks other than 0."""
        return self.root_dir

    @property
    def log_dir(self) -> str | None:
        """The run's directory; None on ranks other than 0."""
        return self.root_dir

    @property
    def group_separator(self) -> str:
        """What Lightning puts between the parts of a name that it makes."""
        return "."

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log what the trainer reports, under its step."""
        self._step = step
        self.experiment.log(dict(metrics), step=step)

    @rank_zero_only
    def log_hyperparams(
        self, params: Mapping[str, Any] | Namespace, *_args: Any, **_kwargs: Any
    ) -> None:
        """Add hyperparameters to the run's config."""
        self.experiment.update_config(vars(params) if isinstance(params, Namespace) else params)

    @rank_zero_only
    def log_graph(self, model: Any, *_args: Any, **_kwargs: Any) -> None:
        """Send the tree of the model's modules; Lightning calls it, each model is sent once."""
        from pluto.compat.torch import log_graph

        if model not in self._graphed:
            self._graphed.add(model)
            log_graph(model, op=self.experiment)

    @rank_zero_only
    def watch(self, model: Any, **kwargs: Any) -> None:
        """Log histograms of gradients and parameters; see `pluto.compat.torch.watch`."""
        self.experiment.watch(model, **kwargs)

    @rank_zero_only
    def log_file(
        self, key: str, files: Any, step: int | None = None, ftype: Any = None, **kwargs: Any
    ) -> None:
        """Log one file or several.

        Args:
            key: the name to log under.
            files: paths, or objects such as `pluto.Image`; one or a list.
            step: the previous step + 1 by default.
            ftype: what to make of a path: `pluto.File` by default.
            **kwargs: arguments of `ftype`, each a list with a value for each file.
        """
        items = list(files) if isinstance(files, (list, tuple)) else [files]
        wrong = {name: len(values) for name, values in kwargs.items() if len(values) != len(items)}
        if wrong:
            logger.error("%s was not logged: %d files, but %s values", key, len(items), wrong)
            return
        made = []
        for place, item in enumerate(items):
            arguments = {name: values[place] for name, values in kwargs.items()}
            is_made = isinstance(item, pluto.File)
            made.append(item if is_made else (ftype or pluto.File)(item, **arguments))
        self.experiment.log({key: made}, step=step)

    def log_image(self, key: str, images: Any, step: int | None = None, **kwargs: Any) -> None:
        """Log images (arrays, tensors, paths, figures); see `log_file`."""
        self.log_file(key, images, step, pluto.Image, **kwargs)

    def log_audio(self, key: str, audios: Any, step: int | None = None, **kwargs: Any) -> None:
        """Log sounds (arrays, paths); see `log_file`."""
        self.log_file(key, audios, step, pluto.Audio, **kwargs)

    def log_video(self, key: str, videos: Any, step: int | None = None, **kwargs: Any) -> None:
        """Log videos (arrays, paths); see `log_file`."""
        self.log_file(key, videos, step, pluto.Video, **kwargs)

    @rank_zero_only
    def log_table(
        self,
        key: str,
        columns: list[str] | None = None,
        data: Any = None,
        dataframe: Any = None,
        step: int | None = None,
    ) -> None:
        """Log a table.

        Args:
            key: the name to log under.
            columns: names of the columns.
            data: rows, each a list with a value for each column.
            dataframe: a frame of pandas, in place of both.
            step: the previous step + 1 by default.

        Example:
            >>> logger.log_table("answers", ["question", "answer"], [["1 + 1", "2"]])
        """
        rows = data if dataframe is None else dataframe
        self.experiment.log({key: pluto.Table(rows, columns=columns or ())}, step=step)

    def log_text(
        self,
        key: str,
        columns: list[str] | str | None = None,
        data: Any = None,
        dataframe: Any = None,
        step: int | None = None,
    ) -> None:
        """Log texts: a table of them as `log_table` takes it, or one text as its second argument.

        Example:
            >>> logger.log_text("sample", "once upon a time", step=10)
        """
        if isinstance(columns, str):
            self.log_metrics({key: columns}, step)
        else:
            self.log_table(key, columns, data, dataframe, step)

    @rank_zero_only
    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Take note of the checkpoints that a `ModelCheckpoint` has saved."""
        if self._log_model == "all":
            self.log_checkpoint(checkpoint_callback)
        elif self._log_model and checkpoint_callback not in self._checkpointing:
            self._checkpointing.append(checkpoint_callback)

    @rank_zero_only
    def log_checkpoint(self, checkpoint: Any, step: int | None = None) -> None:
        """Keep the best and the last checkpoint of a `ModelCheckpoint` under the name `model`.

        Those that were kept already are left out, unless the file has been written anew.
        """
        artifacts = []
        for path, facts in _saved(checkpoint).items():
            written = os.stat(path).st_mtime_ns
            if self._kept.get(path) != written:
                self._kept[path] = written
                name = os.path.basename(path)
                artifacts.append(pluto.Artifact(path, name, facts, name=name, type="model"))
        if artifacts:
            self.experiment.log({"model": artifacts}, step=self._step if step is None else step)

    def save(self) -> None:
        """Do nothing: what was logged is safe."""

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Keep the checkpoints; end a run that the logger began if the training failed."""
        if self._hooked.run not in state.live_runs():
            return
        while self._checkpointing:
            self.log_checkpoint(self._checkpointing.pop(0))
        if status == "failed":
            self._hooked.fail()

    def finish(self) -> None:
        """End the run as COMPLETED."""
        if self._hooked.run is not None:
            self._hooked.run.finish()

    def __getstate__(self) -> dict[str, Any]:
        """Return what a spawned process gets: it joins a run that has a `run_id`."""
        run = self._hooked.run
        joins = {"run_id": run.run_id, "resume": True} if run is not None and run.run_id else {}
        hooked = HookedRun(None, "lightning", {**self._hooked.arguments, **joins})
        return {**self.__dict__, "_hooked": hooked, "_checkpointing": [], "_graphed": None}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        self.__dict__.update(saved, _graphed=weakref.WeakSet())


MLOPLogger = PlutoLogger
"""The name of the earlier client."""


def _saved(checkpoint: Any) -> dict[str, dict[str, Any]]:
    """Return what is known about the best and the last checkpoint, by path."""
    scores = {
        "best": getattr(checkpoint, "best_model_score", None),
        "last": getattr(checkpoint, "current_score", None),
    }
    found: dict[str, dict[str, Any]] = {}
    for tag, score in scores.items():
        path = getattr(checkpoint, f"{tag}_model_path", "")
        if path and os.path.exists(path):
            facts = found.setdefault(path, {"tags": [], "monitor": checkpoint.monitor})
            facts["tags"].append(tag)
            if score is not None:
                facts.setdefault("score", float(score))
    return found


def _register() -> None:
    """Make the logger an instance of the `Logger` of every package that is loaded."""
    for package in _HOMES:
        if package in sys.modules:
            import_module(f"{package}.loggers.logger").Logger.register(PlutoLogger)
