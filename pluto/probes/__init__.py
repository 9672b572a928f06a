"""What this machine is and does: a table of probes to sample, a table of facts to tell.

To add a system metric, write one file beside this one and one line in `PROBES`. Everything
outside the standard library is imported when a probe is opened or a fact is collected.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pluto.probes import (
    cpu,
    cuda,
    disk,
    git,
    infiniband,
    k8s,
    konduktor,
    memory,
    network,
    nvidia,
    packages,
    platform,
    process,
    ray,
    runpod,
    slurm,
    torchelastic,
)
from pluto.probes.base import Fact, OpenProbe, Probe, Rates, Surroundings, Unavailable, open_all

__all__ = [
    "FACTS",
    "PROBES",
    "Fact",
    "OpenProbe",
    "Probe",
    "Rates",
    "Surroundings",
    "Unavailable",
    "open_all",
]

PROBES: Final[Mapping[str, OpenProbe]] = {
    "cpu": cpu.open_probe,
    "memory": memory.open_probe,
    "disk": disk.open_probe,
    "network": network.open_probe,
    "process": process.open_probe,
    "infiniband": infiniband.open_probe,
    "nvidia": nvidia.open_probe,
}

# In the order in which they are collected: the quick ones first, those that start other
# programs last. The keys are those of a run's `systemMetadata`.
FACTS: Final[Mapping[str, Fact]] = {
    "process": Fact(process.facts),
    "platform": Fact(platform.uname),
    "timezone": Fact(platform.timezone),
    "os_info": Fact(platform.os_info),
    "cpu": Fact(cpu.facts),
    "memory": Fact(memory.facts),
    "boot_time": Fact(platform.boot_time),
    "slurm": Fact(slurm.facts),
    "kubernetes": Fact(k8s.facts),
    "konduktor": Fact(konduktor.facts),
    "ray": Fact(ray.facts),
    "runpod": Fact(runpod.facts),
    "torchelastic": Fact(torchelastic.facts),
    "infiniband": Fact(infiniband.facts),
    "disk": Fact(disk.facts),
    "network": Fact(network.facts),
    "users": Fact(platform.users),
    "requirements": Fact(packages.facts),
    "nccl": Fact(cuda.nccl),
    "cuda": Fact(cuda.cuda, budget=4.0),
    "gpu": Fact(nvidia.facts, budget=4.0),
    "git": Fact(git.facts, budget=6.0),
}
