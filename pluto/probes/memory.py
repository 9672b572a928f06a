"""Memory of the host, and of the control group that may allow less of it."""

from __future__ import annotations

from pathlib import Path

from pluto.probes import cgroup
from pluto.probes.base import Probe, Surroundings


def open_probe(_directory: Path) -> Probe:
    """Sample `memory.*` in bytes.

    `memory.used`, `memory.active` (where the system has it) and `memory.available` speak of the
    host; `memory.limit` and `memory.group.used` of the control group, if that is limited.
    """
    import psutil

    limit = cgroup.memory_limit()

    def sample() -> dict[str, float]:
        host = psutil.virtual_memory()
        readings: dict[str, float] = {"memory.used": host.used, "memory.available": host.available}
        if hasattr(host, "active"):
            readings["memory.active"] = host.active
        if limit is not None:
            readings["memory.limit"] = limit
            used = cgroup.memory_used()
            if used is not None:
                readings["memory.group.used"] = used
        return readings

    return sample


def facts(_surroundings: Surroundings) -> dict[str, object]:
    """Tell the size of memory and swap, the group's limit and its count of out-of-memory kills."""
    import psutil

    described: dict[str, object] = {
        "virt": psutil.virtual_memory().total,
        "swap": psutil.swap_memory().total,
    }
    limit, kills = cgroup.memory_limit(), cgroup.oom_kills()
    if limit is not None:
        described["limit"] = limit
    if kills is not None:
        described["oom_kills"] = kills
    return described
