"""Experiment tracking for machine learning: log, look, compare; offline or with a server.

Example:
    >>> import pluto
    >>> pluto.init(project="digits", config={"lr": 0.01})
    >>> pluto.log({"train/loss": 0.5})
    >>> pluto.finish()
"""

from __future__ import annotations

import sys as _sys  # `pluto.sys` is a module of ours
from collections.abc import Iterable, Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pluto import exit_call, state  # noqa: F401 - exit_call sees calls from now on
from pluto.errors import UsageError
from pluto.init import finish, init
from pluto.names import generate_run_id
from pluto.op import Op
from pluto.sets import Settings, setup
from pluto.version import VERSION

if TYPE_CHECKING:
    from pluto import query
    from pluto.auth import login, logout
    from pluto.data import Data, Graph, Histogram, Table
    from pluto.file import Artifact, Audio, File, Html, Image, Plotly, PointCloud, Text, Video
    from pluto.sweep import agent, sweep
    from pluto.sys import System

__version__ = VERSION

__path__.append(f"{__path__[0]}/legacy")  # modules of the earlier client under their old names

__all__ = [
    "Artifact",
    "Audio",
    "Data",
    "File",
    "Graph",
    "Histogram",
    "Html",
    "Image",
    "Op",
    "Plotly",
    "PointCloud",
    "Settings",
    "System",
    "Table",
    "Text",
    "Video",
    "agent",
    "alert",
    "finish",
    "generate_run_id",
    "init",
    "log",
    "login",
    "logout",
    "query",
    "setup",
    "sweep",
    "watch",
]

_MODULE_OF = {
    "System": "pluto.sys",
    "agent": "pluto.sweep",
    "login": "pluto.auth",
    "logout": "pluto.auth",
    "sweep": "pluto.sweep",
    **dict.fromkeys(("Data", "Graph", "Histogram", "Table"), "pluto.data"),
    **dict.fromkeys(
        ("Artifact", "Audio", "File", "Html", "Image", "Plotly", "PointCloud", "Text", "Video"),
        "pluto.file",
    ),
}


def log(
    data: Mapping[str, Any],
    step: Any = None,
    commit: bool | None = None,
    timestamp: float | None = None,
) -> None:
    """Log values to the run that was begun last; see `Op.log`.

    Raises:
        UsageError: no run was ever begun.
    """
    _newest("log").log(data, step, commit, timestamp)


def watch(module: Any, **kwargs: Any) -> None:
    """Log gradients and parameters of a torch module to the newest run; see `Op.watch`."""
    _newest("watch").watch(module, **kwargs)


def alert(
    message: str | None = None,
    title: str = "pluto",
    level: str | int = "INFO",
    wait: float = 0,
    url: str | None = None,
    remote: bool = True,
    **kwargs: Any,
) -> None:
    """Tell people something through the newest run; see `Op.alert`."""
    _newest("alert").alert(message, title, level, wait, url, remote, **kwargs)


def _newest(function: str) -> Op:
    run = state.newest() or state.last_ended()
    if run is None:
        raise UsageError(f"pluto.{function}() needs a run: call pluto.init() first")
    return run


class _Package(ModuleType):
    """The class of this module: `pluto.ops` is always the present list, and can be assigned.

    `import pluto.log` does not put the module into the place of the function of that name.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        is_shadowed = name in ("init", "log", "sweep") and isinstance(value, ModuleType)
        if not is_shadowed:
            super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by name, as tools that send functions to other processes do with a module."""
        return import_module, (self.__name__,)

    @property
    def ops(self) -> list[Op]:
        """The live runs, oldest first."""
        return state.live_runs()

    @ops.setter
    def ops(self, runs: Iterable[Op] | None) -> None:
        state.replace(runs or ())


_sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name == "query":
        return import_module("pluto.query")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'pluto' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
    return value
