"""What the probes say about the job that a process belongs to."""

from pathlib import Path
from typing import Any

import pytest

from pluto.probes import FACTS, Surroundings, k8s


def surroundings(directory: Path, **environ: str) -> Surroundings:
    return Surroundings(directory=directory, environ=environ)


CLUSTERS = [
    ("slurm", {"SLURM_JOB_ID": "7", "SLURM_NODEID": "0"}, {"job_id": "7", "nodeid": "0"}),
    ("slurm", {"SLURM_NODEID": "0"}, None),
    ("kubernetes", {"HOSTNAME": "laptop"}, None),
    (
        "torchelastic",
        {"WORLD_SIZE": "4", "RANK": "1", "TORCHELASTIC_RUN_ID": "x"},
        {"world_size": "4", "rank": "1", "run_id": "x"},
    ),
    ("torchelastic", {}, None),
    (
        "konduktor",
        {"KONDUKTOR_JOB_NAME": "job", "NUM_NODES": "2", "NUM_GPUS_PER_NODE": "8"},
        {"job_name": "job", "num_nodes": "2", "num_gpus_per_node": "8", "total_gpus": 16},
    ),
    ("konduktor", {"NUM_NODES": "2"}, None),
    ("ray", {"RAY_JOB_ID": "01000000"}, {"job_id": "01000000"}),
    ("ray", {"RAY_ADDRESS": "auto"}, None),
    (
        "runpod",
        {"RUNPOD_POD_ID": "p1", "RUNPOD_DC_ID": "EU-RO-1", "RUNPOD_API_KEY": "rpa_secret"},
        {"pod_id": "p1", "data_center": "EU-RO-1"},
    ),
    ("runpod", {"RUNPOD_DC_ID": "EU-RO-1"}, None),
]


@pytest.mark.parametrize(("name", "environ", "facts"), CLUSTERS)
def test_a_cluster_is_described_from_its_variables(
    name: str, environ: dict[str, str], facts: object, tmp_path: Path
) -> None:
    assert FACTS[name].collect(surroundings(tmp_path, **environ)) == facts


def test_variables_of_nccl_and_the_fabric_are_facts(tmp_path: Path) -> None:
    fabric = {
        "NCCL_DEBUG": "INFO",
        "TORCH_NCCL_BLOCKING_WAIT": "1",
        "FI_PROVIDER": "efa",
        "OFI_NCCL_PROTOCOL": "RDMA",
        "UCX_TLS": "rc",
        "GLOO_SOCKET_IFNAME": "eth0",
    }
    here = surroundings(tmp_path, **fabric, FILE="x", NCCLX="x")
    described: Any = FACTS["nccl"].collect(here)
    assert described["nccl_env"] == fabric


def test_a_pod_knows_its_namespace(tmp_path: Path) -> None:
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "POD_NAME": "train-0"}
    mounted = tmp_path / "namespace"
    mounted.write_text("research\n")
    here = surroundings(tmp_path, **environ)
    assert k8s.facts(here, mounted) == {"pod": "train-0", "namespace": "research"}
    assert k8s.facts(here, tmp_path / "none") == {"pod": "train-0"}
