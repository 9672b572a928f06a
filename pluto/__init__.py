"""Experiment tracking for machine learning: log, look, compare; offline or with a server.

Example:
    >>> import pluto
    >>> pluto.init(project="digits", config={"lr": 0.01})
    >>> pluto.log({"train/loss": 0.5})
    >>> pluto.finish()
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pluto import state
from pluto.data import Data, Graph, Histogram, Table
from pluto.errors import UsageError
from pluto.file import Artifact, Audio, File, Html, Image, Plotly, PointCloud, Text, Video
from pluto.init import finish, init
from pluto.names import generate_run_id
from pluto.op import Op
from pluto.sets import Settings, setup

if TYPE_CHECKING:
    from pluto.auth import login as login
    from pluto.auth import logout as logout
    from pluto.sys import System as System

__version__ = "0.1.0"

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
    "alert",
    "finish",
    "generate_run_id",
    "init",
    "log",
    "login",
    "logout",
    "setup",
    "watch",
]

_LAZY = {
    "System": ("pluto.sys", "System"),
    "login": ("pluto.auth", "login"),
    "logout": ("pluto.auth", "logout"),
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


def alert(message: str | None = None, **kwargs: Any) -> None:
    """Tell people something through the newest run; see `Op.alert`."""
    _newest("alert").alert(message, **kwargs)


def _newest(function: str) -> Op:
    run = state.newest() or state.last_ended()
    if run is None:
        raise UsageError(f"pluto.{function}() needs a run: call pluto.init() first")
    return run


def __getattr__(name: str) -> Any:
    if name == "ops":
        return state.live_runs()
    if name in _LAZY:
        module, attribute = _LAZY[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'pluto' has no attribute {name!r}")
