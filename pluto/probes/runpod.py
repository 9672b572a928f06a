"""The RunPod pod this process runs in.

Variables: https://docs.runpod.io/pods/templates/environment-variables
"""

from __future__ import annotations

from pluto.probes.base import Surroundings, chosen

VARIABLES = {
    "pod_id": "RUNPOD_POD_ID",
    "hostname": "RUNPOD_POD_HOSTNAME",
    "data_center": "RUNPOD_DC_ID",
    "gpu_count": "RUNPOD_GPU_COUNT",
    "cpu_count": "RUNPOD_CPU_COUNT",
    "volume_id": "RUNPOD_VOLUME_ID",
}


def facts(surroundings: Surroundings) -> dict[str, str] | None:
    """Describe the pod, None elsewhere; its address and its key are left out."""
    if "RUNPOD_POD_ID" not in surroundings.environ:
        return None
    return chosen(surroundings.environ, VARIABLES)
