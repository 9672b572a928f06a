"""The place of this process among those that torchrun (or a look-alike) started."""

from __future__ import annotations

from pluto.probes.base import Surroundings, chosen

VARIABLES = {
    "run_id": "TORCHELASTIC_RUN_ID",
    "restart_count": "TORCHELASTIC_RESTART_COUNT",
    "max_restarts": "TORCHELASTIC_MAX_RESTARTS",
    "rank": "RANK",
    "local_rank": "LOCAL_RANK",
    "node_rank": "GROUP_RANK",
    "world_size": "WORLD_SIZE",
    "local_world_size": "LOCAL_WORLD_SIZE",
    "master_addr": "MASTER_ADDR",
    "master_port": "MASTER_PORT",
}


def facts(surroundings: Surroundings) -> dict[str, str] | None:
    """Describe rank and world, None where no launcher set `WORLD_SIZE`."""
    if not surroundings.environ.get("WORLD_SIZE"):
        return None
    return chosen(surroundings.environ, VARIABLES)
