"""The Konduktor job this process is a part of."""

from __future__ import annotations

from pluto.probes.base import Surroundings, chosen

VARIABLES = {
    "num_nodes": "NUM_NODES",
    "num_gpus_per_node": "NUM_GPUS_PER_NODE",
    "rank": "RANK",
    "master_addr": "MASTER_ADDR",
    "accelerator_type": "KONDUKTOR_ACCELERATOR_TYPE",
    "node_name": "NODE_NAME",
    "restart_attempt": "RESTART_ATTEMPT",
    "namespace": "KONDUKTOR_NAMESPACE",
    "job_name": "KONDUKTOR_JOB_NAME",
}


def facts(surroundings: Surroundings) -> dict[str, object] | None:
    """Describe the job, None outside Konduktor (that is, without `KONDUKTOR_JOB_NAME`)."""
    environ = surroundings.environ
    if not environ.get("KONDUKTOR_JOB_NAME"):
        return None
    described: dict[str, object] = dict(chosen(environ, VARIABLES) or {})
    nodes, gpus = environ.get("NUM_NODES", ""), environ.get("NUM_GPUS_PER_NODE", "")
    if nodes.isdecimal() and gpus.isdecimal():
        described["total_gpus"] = int(nodes) * int(gpus)
    return described
