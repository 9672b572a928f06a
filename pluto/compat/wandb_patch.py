"""Logging with the real wandb and with Pluto at once, for scripts that import wandb."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from typing import Any, Final

from pluto.compat.beside import Patches
from pluto.compat.requires import to_install
from pluto.compat.wandb_init import begin
from pluto.compat.wandb_real import own_artifact, own_value
from pluto.compat.wandb_run import Run
from pluto.compat.wandb_settings import Wanted, read_wanted

_OFF: Final = "DISABLE_WANDB_LOGGING"
"""A true value has wandb do nothing, while Pluto goes on."""

_FORWARDED: Final = ("define_metric", "alert", "save", "watch", "unwatch", "log_model", "log_code")
_GLOBALS: Final = (
    *("log", "save", "use_artifact", "log_artifact", "define_metric", "alert"),
    *("log_model", "use_model", "link_model", "watch", "unwatch", "mark_preempting"),
)

_beside: Beside | None = None


def patch(**arguments: Any) -> None:
    """Have every run of the real wandb logged to Pluto as well, until `restore()`.

    wandb is called first; its results and exceptions are the script's. Nothing that goes wrong on
    Pluto's side reaches the script. Call it before `wandb.init()`, or later for the live run.

    Args:
        **arguments: of `pluto.init` for the runs of Pluto, such as `project`.

    Raises:
        ImportError: wandb is not installed.

    Example:
        >>> import pluto.compat.wandb
        >>> pluto.compat.wandb.patch()  # doctest: +SKIP
    """
    global _beside  # noqa: PLW0603 - one package, patched once
    unpatch()
    try:
        wandb = import_module("wandb")
    except ModuleNotFoundError as error:
        if error.name != "wandb":
            raise
        raise ImportError(
            "patch() works beside the real wandb, which is not installed:"
            f" {to_install('wandb')}; or 'import pluto.compat.wandb as wandb' does without it",
            name="wandb",
        ) from error
    _beside = Beside(wandb, arguments)


def unpatch() -> None:
    """Undo `patch()`; the runs that Pluto has begun go on until they are finished."""
    global _beside  # noqa: PLW0603 - one package, patched once
    if _beside is not None:
        _beside.restore()
    _beside = None


@dataclass
class _Pair:
    """A run of wandb, and the one of Pluto beside it.

    Attributes:
        is_off: whether wandb does nothing, and counts no steps.
        config: what Pluto knows of the config.
    """

    real: Any
    own: Run
    is_off: bool
    config: dict[str, Any] = field(default_factory=dict)


class Beside:
    """Keeps a run of Pluto beside each run of the real package.

    Args:
        wandb: the package.
        arguments: of `pluto.init`.
    """

    def __init__(self, wandb: Any, arguments: Mapping[str, Any]) -> None:
        self._wandb = wandb
        self._arguments = dict(arguments)
        self._pairs: list[_Pair] = []
        self._patches = Patches()
        self._is_off = os.environ.get(_OFF, "").lower() in ("1", "true", "yes")
        override = {"mode": "disabled"} if self._is_off else {}
        for owner in (wandb, wandb.sdk):
            self._patches.wrap(owner, "init", self._after_init, override=override)
        run = import_module("wandb.sdk.wandb_run").Run
        self._wrap_methods(run)
        noop = sys.modules.get("wandb.sdk.lib.noop_run")
        if noop is not None:  # since 0.27
            self._wrap_methods(noop.NoopRun)
        for name in ("tags", "notes", "name"):
            self._patches.wrap_setter(run, name, self._setter(name))
        config = import_module("wandb.sdk.wandb_config").Config
        for name in ("update", "setdefaults", "__setitem__", "__setattr__"):
            self._patches.wrap(config, name, self._after_config)
        summary = import_module("wandb.sdk.wandb_summary").SummaryDict
        self._patches.wrap(summary, "update", self._after_summary)
        self._rebind()
        if wandb.run is not None:
            self._after_init(wandb.run)

    def restore(self) -> None:
        """Leave the package as it was."""
        self._patches.restore()
        self._rebind()

    def _wrap_methods(self, kind: type) -> None:
        told = self._told()
        for name in told.keys() & vars(kind).keys():
            self._patches.wrap(kind, name, told[name])
        self._patches.wrap(kind, "log", self._after_log, before=self._before_log)

    def _wrap_own_methods(self, real: Any) -> None:
        """Wrap the methods that a disabled run itself has, not its class: wandb before 0.27."""
        told = self._told()
        for name in told.keys() & vars(real).keys():
            self._patches.wrap(real, name, _with(told[name], real))
        if "log" in vars(real):
            before = partial(self._before_log, real)
            self._patches.wrap(real, "log", _with(self._after_log, real), before=before)

    def _told(self) -> dict[str, Callable[..., None]]:
        """Return what follows the methods of a run, other than `log`."""
        told: dict[str, Callable[..., None]] = {name: self._forwarder(name) for name in _FORWARDED}
        told["finish"] = self._after_finish
        told["__exit__"] = self._after_exit
        told["log_artifact"] = self._after_log_artifact
        return told

    def _rebind(self) -> None:
        """Let `wandb.log` and the like be the methods of the live run as they are now."""
        run = self._wandb.run
        for name in _GLOBALS if run is not None else ():
            setattr(self._wandb, name, getattr(run, name))

    def _pair(self, real: Any) -> _Pair | None:
        return next((pair for pair in self._pairs if pair.real is real), None)

    def _after_init(self, real: Any, *_args: Any, **given: Any) -> None:
        for pair in [pair for pair in self._pairs if vars(pair.real).get("_is_finished")]:
            self._end(pair.real)
        if self._pair(real) is not None or (real.disabled and not self._is_off):
            return
        self._wrap_own_methods(real)
        wanted = self._wanted(real, given)
        config = own_value(real.config.as_dict())
        own = begin(wanted, {**self._arguments, "config": config or None}, allow_val_change=True)
        self._pairs.append(_Pair(real, own, real.disabled, config))
        self._rebind()

    def _wanted(self, real: Any, given: Mapping[str, Any]) -> Wanted:
        """Return the run of Pluto that belongs to one of wandb."""
        if self._is_off:
            asked = {key: value for key, value in given.items() if key not in ("mode", "settings")}
            wanted = read_wanted(asked, None, {**os.environ, "WANDB_MODE": ""})
        else:
            wanted = Wanted(
                entity=real.entity or None,
                project=real.project,
                name=real.name,
                notes=real.notes,
                tags=tuple(real.tags or ()),
                group=real.group or None,
                job_type=real.job_type or None,
                id=real.id,
                resume="allow",
            )
        project = os.environ.get("PLUTO_PROJECT") or self._arguments.get("project")
        run_id = os.environ.get("PLUTO_RUN_ID") or wanted.id
        return replace(wanted, project=project or wanted.project, id=run_id)

    def _before_log(
        self, real: Any, data: Any, *_args: Any, **_kwargs: Any
    ) -> tuple[int | None, Any]:
        """Return the step that the row has, and the row, whose charts wandb takes out."""
        pair = self._pair(real)
        return None if pair is None or pair.is_off else real.step, _copied(data)

    def _after_log(
        self,
        seen: tuple[tuple[int | None, Any], None],
        real: Any,
        _data: Any,
        step: int | None = None,
        commit: bool | None = None,
        **_kwargs: Any,
    ) -> None:
        pair = self._pair(real)
        if pair is not None and seen[0] is not None:
            place, data = seen[0]
            commits = step is None if commit is None else commit
            pair.own.log(own_value(data), place if step is None else step, commits)

    def _after_finish(self, _result: None, real: Any, exit_code: int | None = None) -> None:
        self._end(real, exit_code)

    def _end(self, real: Any, exit_code: int | None = None) -> None:
        pair = self._pair(real)
        if pair is not None:
            self._pairs.remove(pair)
            pair.own.finish(exit_code)

    def _after_exit(self, _result: None, real: Any, *error: Any) -> None:
        pair = self._pair(real)
        if pair is not None:
            self._pairs.remove(pair)
            pair.own.__exit__(*error)

    def _after_log_artifact(  # noqa: PLR0917 - the order of wandb
        self,
        result: Any,
        real: Any,
        given: Any,
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - the name of wandb
        aliases: list[str] | None = None,
        tags: list[str] | None = None,
    ) -> None:
        pair = self._pair(real)
        if pair is None:
            return
        if isinstance(given, (str, os.PathLike)):
            pair.own.log_artifact(given, name, type, aliases, tags)
        else:
            pair.own.log_artifact(own_artifact(result if not pair.is_off else given, aliases, tags))

    def _forwarder(self, name: str) -> Callable[..., None]:
        def forward(_result: Any, real: Any, *args: Any, **kwargs: Any) -> None:
            pair = self._pair(real)
            if pair is not None:
                getattr(pair.own, name)(*own_value(args), **own_value(kwargs))

        return forward

    def _setter(self, name: str) -> Callable[[Any, Any], None]:
        def forward(real: Any, value: Any) -> None:
            pair = self._pair(real)
            if pair is not None:
                setattr(pair.own, name, value)

        return forward

    def _after_config(self, _result: None, config: Any, *_args: Any, **_kwargs: Any) -> None:
        for pair in self._pairs:
            if pair.real.config is config:
                values = own_value(config.as_dict())
                new = {
                    k: v for k, v in values.items() if k not in pair.config or pair.config[k] != v
                }
                pair.config.update(new)
                pair.own.op.update_config(new)

    def _after_summary(self, _result: None, node: Any, values: Mapping[str, Any]) -> None:
        """Set the same, below the same names if it is a nested summary."""
        path: list[str] = []
        while "_parent_key" in vars(node):
            path.insert(0, vars(node)["_parent_key"])
            node = vars(node)["_parent"]
        for pair in self._pairs:
            if pair.real.summary is node:
                target = pair.own.summary
                for key in path:
                    target = target[key]
                target.update(own_value(values))


def _with(after: Callable[..., None], real: Any) -> Callable[..., None]:
    """Return `after` for a function that is not given the run it belongs to."""
    return lambda result, *args, **kwargs: after(result, real, *args, **kwargs)


def _copied(data: Any) -> Any:
    return {k: _copied(v) for k, v in data.items()} if isinstance(data, dict) else data
