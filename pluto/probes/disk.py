"""Space and traffic of the disks."""

from __future__ import annotations

import shutil
from pathlib import Path

from pluto.probes.base import Probe, Rates, Surroundings


def open_probe(directory: Path) -> Probe:
    """Sample `disk.used` and `disk.free` where the run is stored, and the host's disk traffic.

    All in bytes; `disk.read_bytes` and `disk.write_bytes` grow, their `.rate` is per second.
    """
    rates = Rates()
    rates.of(_traffic())

    def sample() -> dict[str, float]:
        space = shutil.disk_usage(directory)
        return {"disk.used": space.used, "disk.free": space.free, **rates.of(_traffic())}

    return sample


def facts(surroundings: Surroundings) -> dict[str, object] | None:
    """Describe each mounted disk, if details were asked for."""
    if not surroundings.detailed:
        return None
    import psutil

    return {
        part.mountpoint: {
            "device": part.device,
            "type": part.fstype,
            "total": shutil.disk_usage(part.mountpoint).total,
        }
        for part in psutil.disk_partitions()
    }


def _traffic() -> dict[str, float]:
    import psutil

    counters = psutil.disk_io_counters()  # None in some containers
    if counters is None:
        return {}
    return {"disk.read_bytes": counters.read_bytes, "disk.write_bytes": counters.write_bytes}
