"""The Ray job this process is a worker of; variables as Ray's worker processes have them."""

from __future__ import annotations

from pluto.probes.base import Surroundings, chosen

VARIABLES = {
    "job_id": "RAY_JOB_ID",
    "address": "RAY_ADDRESS",
}


def facts(surroundings: Surroundings) -> dict[str, str] | None:
    """Name the job and the cluster, None outside a worker of Ray."""
    if "RAY_JOB_ID" not in surroundings.environ:
        return None
    return chosen(surroundings.environ, VARIABLES)
