"""The Kubernetes pod this process runs in."""

from __future__ import annotations

from pathlib import Path

from pluto.probes.base import Surroundings, chosen, read_text

NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

# The names that pod specifications usually give to fields of the downward API; a pod's host
# name is its own name unless the specification says otherwise.
VARIABLES = {
    "pod": "POD_NAME",
    "hostname": "HOSTNAME",
    "namespace": "POD_NAMESPACE",
    "node": "NODE_NAME",
    "pod_ip": "POD_IP",
    "service_account": "POD_SERVICE_ACCOUNT",
    "job": "JOB_NAME",
    "job_completion_index": "JOB_COMPLETION_INDEX",
}


def facts(surroundings: Surroundings, namespace: Path = NAMESPACE) -> dict[str, str] | None:
    """Name the pod, its namespace and its node, None outside Kubernetes."""
    if "KUBERNETES_SERVICE_HOST" not in surroundings.environ:
        return None
    described = chosen(surroundings.environ, VARIABLES) or {}
    mounted = read_text(namespace)
    if mounted:
        described.setdefault("namespace", mounted)
    return described
