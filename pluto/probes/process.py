"""This process: what it uses and how it was started."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from pluto.probes.base import Probe, Surroundings


def open_probe(_directory: Path) -> Probe:
    """Sample `process.cpu.percentage` (100 = one core), `process.memory.rss` and `.threads`."""
    import psutil

    process = psutil.Process()
    before = (time.process_time(), time.monotonic())

    def sample() -> dict[str, float]:
        nonlocal before
        now = (time.process_time(), time.monotonic())
        elapsed = max(now[1] - before[1], 1e-6)
        readings = {
            "process.cpu.percentage": round(100 * (now[0] - before[0]) / elapsed, 2),
            "process.memory.rss": process.memory_info().rss,
            "process.threads": process.num_threads(),
        }
        before = now
        return readings

    return sample


def facts(surroundings: Surroundings) -> dict[str, object]:
    """Tell the interpreter, the command line and, if details were asked for, the environment."""
    described: dict[str, object] = {
        "exe": sys.executable,
        "cmdline": list(sys.orig_argv),
        "pid": os.getpid(),
        "cwd": str(surroundings.directory),
    }
    if surroundings.detailed:
        described["environ"] = dict(surroundings.environ)
    return described
