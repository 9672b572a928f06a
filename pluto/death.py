"""What is known of the end of a process that ended without a word.

The kernel does not keep how a process died, and its parent is not ours. What can be told later is
what was written down in time: the machine's boot and the kernel's count of out-of-memory kills
when the run began, the trace that a crash left (`pluto.crash`), and the last rows.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from pluto.crash import read_crash
from pluto.probes import cgroup
from pluto.storage import Kind, RunReader

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
LAST_LINES: Final = 5
LINE_MAX: Final = 300

_UNKNOWN: Final = (
    "the process ended without a word: killed (SIGKILL, a closed terminal), os._exit, or a crash"
)


def circumstances() -> dict[str, Any]:
    """Return what has to be known from the beginning to judge a death later (JSON values)."""
    counter = cgroup.oom_counter()
    kills = None if counter is None else cgroup.read_oom_kills(counter)
    return {
        "host": os.uname().nodename,
        "boot": _boot(),
        "oom": None if counter is None else {"counter": str(counter), "kills": kills},
    }


def judge_death(directory: Path, process: int | None) -> tuple[int, dict[str, Any]]:
    """Judge a process that wrote to a run and never ended it.

    Args:
        directory: of the run.
        process: its number, None if it left no trace of itself.

    Returns:
        The time of the last sign of life in ms, and the metadata of a FAILED run.
    """
    reader = RunReader(directory)
    try:
        facts = reader.facts()
        times = [name.last_time for name in reader.names()]
        lines = reader.records(Kind.CONSOLE, offset=max(0, reader.count(Kind.CONSOLE) - LAST_LINES))
    finally:
        reader.close()
    times += [facts.get("created_at", 0), *(line.time for line in lines)]
    seen = min(max(filter(None, times), default=0), time.time_ns() // 1_000_000)
    return seen, {
        **_cause(directory, process, facts),
        "lastSign": datetime.fromtimestamp(seen / 1000, timezone.utc).isoformat(),
        "host": facts.get("host"),
        "lastLines": [line.body.decode("utf-8", "replace")[:LINE_MAX] for line in lines],
    }


def _cause(directory: Path, process: int | None, facts: Mapping[str, Any]) -> dict[str, str]:
    crash = None if process is None else read_crash(directory, process)
    if crash is None:
        return {"reason": _reason(facts)}
    return {"reason": f"the process crashed: {crash.reason}", "trace": crash.trace}


def _reason(facts: Mapping[str, Any]) -> str:
    if facts.get("host") != os.uname().nodename:
        return _UNKNOWN
    if facts.get("boot") and facts["boot"] != _boot():
        return "the machine was restarted or lost power"
    oom = facts.get("oom")
    if oom and (cgroup.read_oom_kills(Path(oom["counter"])) or 0) > oom["kills"]:
        return "the kernel killed it for want of memory (out of memory)"
    return _UNKNOWN


def _boot() -> str | None:
    try:
        return BOOT_ID.read_text().strip()
    except OSError:  # no Linux
        return None
