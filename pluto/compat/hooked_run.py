"""The run that a framework's hook logs to: given by the user, taken up, or begun by the hook."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

import pluto
from pluto import state
from pluto.op import Op

logger = logging.getLogger("pluto")


class HookedRun:
    """Finds the run when it is first needed.

    Args:
        op: the run of the user; the newest live one by default, or else a new one.
        project: of a new run, unless the user names another one, here or in the environment.
        arguments: of `pluto.init` for a new run.

    Attributes:
        run: the run, which may have ended; None as long as none was needed.
        is_own: whether the hook began it, and therefore may end it.
    """

    def __init__(self, op: Op | None, project: str, arguments: Mapping[str, Any]) -> None:
        self.run = op
        self.is_own = False
        self.arguments = dict(arguments)
        self._project = project

    def live(self, **defaults: Any) -> Op:
        """Return the run; begin one if there is none, or if the one that was begun has ended.

        Args:
            **defaults: arguments of `pluto.init` that the user's arguments override.
        """
        live = state.live_runs()
        if self.run is not None and (self.run in live or not self.is_own):
            return self.run
        if self.run is None and live:
            if self.arguments:
                logger.warning("logging goes on in %r: other arguments have no effect", live[-1])
            self.run = live[-1]
            return self.run
        return self.begin(**defaults)

    def begin(self, **defaults: Any) -> Op:
        """Begin a run, the next one of the hook; with a `run_id` it goes on with the last one."""
        arguments = {"project": self._default_project(), **defaults, **self.arguments}
        if self.is_own and arguments.get("run_id") is not None:
            arguments["resume"] = True
        self.run, self.is_own = pluto.init(**arguments), True
        return self.run

    def fail(self) -> None:
        """End a run that the hook began with the exception that is being handled."""
        if self.run is None or not self.is_own:
            return
        kind, error, trace = sys.exc_info()
        if error is None:
            self.run.finish(1)
        else:
            self.run.__exit__(kind, error, trace)

    def _default_project(self) -> str:
        chosen = pluto.setup().project
        return self._project if chosen == pluto.Settings().project else chosen
