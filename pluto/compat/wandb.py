"""Runs wandb scripts without wandb: `import pluto.compat.wandb as wandb`.

Runs go where Pluto sends them: to its server, or to this machine. `docs/how-to/from-wandb.md` says
what is kept as what, and what is not offered. To log with the real package and with Pluto at once,
leave the script's import alone and call `pluto.compat.wandb.patch()` before `wandb.init()`.

Example:
    >>> import pluto.compat.wandb as wandb
    >>> run = wandb.init(project="digits", config={"lr": 0.01})
    >>> wandb.log({"loss": 0.5})
    >>> wandb.finish()
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, Final, NoReturn

from pluto.compat import wandb_errors as errors
from pluto.compat import wandb_plot as plot
from pluto.compat.wandb_artifact import Artifact
from pluto.compat.wandb_boxes import box3d
from pluto.compat.wandb_config import Config
from pluto.compat.wandb_errors import CommError, Error, UnsupportedError, UsageError
from pluto.compat.wandb_init import current, finish, init, require_current, teardown
from pluto.compat.wandb_media import (
    Audio,
    Classes,
    Histogram,
    Html,
    Image,
    Molecule,
    Object3D,
    Plotly,
    Video,
)
from pluto.compat.wandb_patch import patch, unpatch
from pluto.compat.wandb_plot import plot_table
from pluto.compat.wandb_run import AlertLevel, Run
from pluto.compat.wandb_settings import Settings
from pluto.compat.wandb_summary import Summary
from pluto.compat.wandb_sweep import agent, sweep
from pluto.compat.wandb_table import JoinedTable, Table
from pluto.names import random_id

__all__ = [
    "AlertLevel",
    "Artifact",
    "Audio",
    "Classes",
    "CommError",
    "Config",
    "Error",
    "Histogram",
    "Html",
    "Image",
    "JoinedTable",
    "Molecule",
    "Object3D",
    "Plotly",
    "Run",
    "Settings",
    "Summary",
    "Table",
    "UsageError",
    "Video",
    "agent",
    "alert",
    "box3d",
    "controller",
    "data_types",
    "define_metric",
    "errors",
    "finish",
    "init",
    "join",
    "link_model",
    "log",
    "log_artifact",
    "log_model",
    "login",
    "mark_preempting",
    "patch",
    "plot",
    "plot_table",
    "require",
    "restore",
    "save",
    "sdk",
    "setup",
    "sweep",
    "teardown",
    "termerror",
    "termlog",
    "termwarn",
    "unwatch",
    "use_artifact",
    "use_model",
    "util",
    "watch",
]

logger = logging.getLogger("pluto")

__version__ = "0.31.0"
"""The version of wandb whose names and rules these are."""

_ABSENT: Final = {
    "EvalTable": "log a Table",
    "integration": "use the hooks of Pluto for frameworks, or log from a callback of your own",
    "Graph": "log a model's graph with pluto.watch(model, disable_graph=False)",
    "visualize": "use wandb.plot",
    "tensorboard": "use pluto.compat.tensorboard, or wandb.init(sync_tensorboard=True)",
    **dict.fromkeys(
        ("keras", "sklearn", "xgboost", "lightgbm", "catboost", "gym", "sacred", "tensorflow"),
        "log from a callback of your own",
    ),
}

util: Final = SimpleNamespace(generate_id=random_id)
"""`wandb.util.generate_id()` makes an id for a run."""

data_types: Final = SimpleNamespace(
    Audio=Audio,
    Histogram=Histogram,
    Html=Html,
    Image=Image,
    JoinedTable=JoinedTable,
    Molecule=Molecule,
    Object3D=Object3D,
    Plotly=Plotly,
    Table=Table,
    Video=Video,
)
"""What scripts name as `wandb.data_types.Image`."""

sdk: Final = SimpleNamespace(
    wandb_run=SimpleNamespace(Run=Run),
    wandb_config=SimpleNamespace(Config=Config),
    wandb_settings=SimpleNamespace(Settings=Settings),
    data_types=data_types,
)
"""What scripts name in annotations, as `wandb.sdk.wandb_run.Run`."""

api: Final = SimpleNamespace(api_key=None)
"""`if wandb.api.api_key is None: wandb.login()`: there is no key of wandb here."""

join = finish


def _of_current(name: str) -> Callable[..., Any]:
    """Return the function that calls a method of the current run."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(require_current(f"wandb.{name}()"), name)(*args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = getattr(Run, name).__doc__
    return call


log = _of_current("log")
define_metric = _of_current("define_metric")
watch = _of_current("watch")
unwatch = _of_current("unwatch")
alert = _of_current("alert")
save = _of_current("save")
log_artifact = _of_current("log_artifact")
log_model = _of_current("log_model")
use_artifact = _of_current("use_artifact")
use_model = _of_current("use_model")
link_model = _of_current("link_model")
mark_preempting = _of_current("mark_preempting")


def login(*_args: Any, **_kwargs: Any) -> bool:
    """Return True. A key for wandb's server is of no use here, and is sent nowhere."""
    logger.info("wandb.login() has no effect: runs go where Pluto sends them ('pluto login')")
    return True


def setup(settings: Any = None) -> None:
    """Do nothing: there is no service to start."""


def require(requirement: Any = None, experiment: Any = None) -> None:
    """Do nothing: no feature has to be switched on."""


def controller(*_args: Any, **_kwargs: Any) -> NoReturn:
    """Refuse: a sweep is run by `agent`."""
    raise UnsupportedError("Pluto has no controller of sweeps: agent(sweep_id, function) runs one")


def restore(
    name: str | None = None,
    run_path: str | None = None,
    replace: bool = False,
    root: str | None = None,
) -> IO[str] | None:
    """Fetch a file that a run has kept; see `Run.restore`. Without a name, undo `patch()`.

    Raises:
        Error: there is no current run, and no other is named.
    """
    if name is None:
        unpatch()
        return None
    run = current() if run_path is not None else require_current("wandb.restore()")
    if run is not None:
        return run.restore(name, run_path, replace, root)
    from pluto.compat.wandb_api import fetch_saved

    return fetch_saved(str(run_path), name, Path(root or "."), replace=replace)


def termlog(string: str = "", newline: bool = True, repeat: bool = True) -> None:  # noqa: ARG001
    """Log a line."""
    logger.info("%s", string)


def termwarn(string: str, newline: bool = True, repeat: bool = True) -> None:  # noqa: ARG001
    """Log a warning."""
    logger.warning("%s", string)


def termerror(string: str, newline: bool = True, repeat: bool = True) -> None:  # noqa: ARG001
    """Log an error."""
    logger.error("%s", string)


class _BeforeInit:
    """Stands for `wandb.config` and `wandb.summary` as long as there is no run."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        return self[key]

    def __getitem__(self, key: str) -> Any:
        return require_current(f"wandb.{self._name}[{key!r}]")

    def __setitem__(self, key: str, value: Any) -> None:
        require_current(f"wandb.{self._name}[{key!r}]")

    __setattr__ = __setitem__


def __getattr__(name: str) -> Any:
    if name == "run":
        return current()
    if name in ("config", "summary"):
        run = current()
        return _BeforeInit(name) if run is None else getattr(run, name)
    if name == "Api":
        from pluto.compat.wandb_api import Api

        return Api
    hint = f": {_ABSENT[name]}" if name in _ABSENT else ""
    raise AttributeError(f"pluto.compat.wandb has no {name!r}{hint}")
