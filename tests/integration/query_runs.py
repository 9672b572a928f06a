"""Runs that tests of reading ask for: recorded by the SDK, and the same ones on a server."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

import pluto
from pluto.addresses import one_origin
from pluto.iface import ServerInterface
from pluto.record import RunInfo
from pluto.sets import setup
from pluto.sink import Sink
from pluto.sync import sync_directory
from tests.server_process import RunningServer

QUIET = {"disable_system_metrics": True, "disable_console": True, "mode": "offline"}
LINES = 25
STEPS = 60


def begin(directory: Path, **options: Any) -> pluto.Op:
    return pluto.init(dir=directory, settings=QUIET, **options)


def record_digits(directory: Path) -> None:
    """Three runs of a project `digits`, and one of `other`; the newest is `large`."""
    small = begin(
        directory, project="digits", name="small", config={"lr": 0.1, "net": {"depth": 2}}
    )
    small.add_tags(["old", "small"])
    for step in range(STEPS):
        small.log({"loss": 1 / (step + 1), "val/acc": step / STEPS}, step=step)
    small.log({"loss": math.nan}, step=STEPS)
    small.log({"loss": -math.inf}, step=STEPS + 1)
    for step in (1, 5):
        small.log({"picture": pluto.Image(np.full((4, 4, 3), step, np.uint8))}, step=step)
    small.log({"story": pluto.Text("once upon a time")}, step=3)
    console(small)
    small.finish()

    large = begin(directory, project="digits", name="large", config={"lr": 0.01}, tags="new")
    for step in range(10):
        large.log({"loss": 2 / (step + 1)}, step=step)
    large.finish(1)
    begin(directory, project="digits", name="empty", tags=["new", "small"]).finish()
    begin(directory, project="other", name="small").finish()


def console(run: pluto.Op) -> None:
    recorder = run._recorder
    assert recorder is not None
    for number in range(LINES):
        recorder.console(f"line {number}", error=number % 5 == 4, time_ms=1_767_225_600_000)


def send(directory: Path, server: RunningServer) -> None:
    """Bring every run below a directory to a server."""

    def sink(_run: RunInfo, _meant: dict[str, str] | None) -> tuple[Sink, str]:
        return ServerInterface(one_origin(server.url), server.key, setup()), server.url

    outcome = sync_directory(directory, sink, include_local=True)
    assert (outcome.left, [run.problem for run in outcome.runs if run.problem]) == (0, [])
