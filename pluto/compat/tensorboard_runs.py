"""The run behind a writer: the script's own, or one for each log directory."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Final

import pluto
from pluto import state
from pluto.names import random_id
from pluto.op import Op

MARK: Final = "pluto.json"
"""A file in a log directory that names its run, for writers with `purge_step`."""


@dataclass
class _Own:
    """A run that writers began, and those that have it open."""

    op: Op
    writers: set[int] = field(default_factory=set)


_by_directory: dict[str, _Own] = {}


class WriterRun:
    """The run of one writer; writers of one log directory share theirs.

    Args:
        log_dir: names a run of its own.
        op: the run of the user, if he gave one; else the newest live one that no writer began.
        arguments: of `pluto.init` for a run of its own.
        goes_on: whether that continues the last run of this directory.

    Attributes:
        op: the run.
    """

    def __init__(
        self, log_dir: str, op: Op | None, arguments: Mapping[str, Any], *, goes_on: bool
    ) -> None:
        self._log_dir = log_dir
        self._arguments = dict(arguments)
        self._goes_on = goes_on
        self._own: _Own | None = None
        given = op or _run_of_the_script()
        self._is_given = given is not None
        self.op = given or self._open()

    def live(self) -> Op:
        """Return the run to log to; one that `close` has ended is taken up again."""
        if not self._is_given and self._own is None:
            self._goes_on = True
            self.op = self._open()
        return self.op

    def close(self, error: BaseException | None = None) -> None:
        """End a run of its own that no other writer has open; as FAILED with an error."""
        own, self._own = self._own, None
        if own is None:
            return
        own.writers.discard(id(self))
        if not own.writers:
            _by_directory.pop(os.path.abspath(self._log_dir), None)
            own.op.__exit__(type(error) if error else None, error, None)

    def _open(self) -> Op:
        place = os.path.abspath(self._log_dir)
        own = _by_directory.get(place)
        if own is None or own.op not in state.live_runs():
            own = _by_directory[place] = _Own(self._begin(Path(place)))
        own.writers.add(id(self))
        self._own = own
        return own.op

    def _begin(self, place: Path) -> Op:
        mark = place / MARK
        run_id = _last_run(mark) if self._goes_on else None
        chosen = run_id or f"tb-{random_id(8)}"
        given = {"name": _name_of(self._log_dir), "run_id": chosen, **self._arguments}
        op = pluto.init(**given, resume=run_id is not None)
        if op.settings.mode != "noop":
            place.mkdir(parents=True, exist_ok=True)
            mark.write_text(json.dumps({"run_id": given["run_id"]}))
        return op


def default_log_dir(comment: str) -> str:
    """Return `runs/<time>_<host><comment>`, as TensorBoard's writers name theirs."""
    now = time.strftime("%b%d_%H-%M-%S")
    return os.path.join("runs", f"{now}_{platform.node()}{comment}")


def _run_of_the_script() -> Op | None:
    """Return the newest live run that no writer began."""
    own = [each.op for each in _by_directory.values()]
    return next((run for run in reversed(state.live_runs()) if run not in own), None)


def _name_of(log_dir: str) -> str:
    """Return the parts of a log directory that tell runs apart: what follows `runs`."""
    parts = [part for part in PurePath(log_dir).parts if part not in ("/", ".", "..")]
    if "runs" in parts[:-1]:
        parts = parts[parts.index("runs") + 1 :]
    elif os.path.isabs(log_dir):
        parts = parts[-1:]
    return "/".join(parts) or "run"


def _last_run(mark: Path) -> str | None:
    try:
        return str(json.loads(mark.read_text("utf-8"))["run_id"])
    except (OSError, ValueError, KeyError):
        return None  # no writer of ours was here before
