"""The SLURM job this process is a part of; variables as in srun(1) and sbatch(1)."""

from __future__ import annotations

from pluto.probes.base import Surroundings, chosen

VARIABLES = {
    name.lower(): f"SLURM_{name}"
    for name in (
        "JOB_ID",
        "JOB_NAME",
        "JOB_PARTITION",
        "JOB_ACCOUNT",
        "JOB_QOS",
        "JOB_NODELIST",
        "JOB_NUM_NODES",
        "JOB_START_TIME",
        "JOB_END_TIME",
        "ARRAY_JOB_ID",
        "ARRAY_TASK_ID",
        "CLUSTER_NAME",
        "CPUS_PER_TASK",
        "GPUS_ON_NODE",
        "LOCALID",
        "NODEID",
        "NTASKS",
        "PROCID",
        "RESTART_COUNT",
        "STEP_ID",
        "SUBMIT_DIR",
        "SUBMIT_HOST",
    )
}


def facts(surroundings: Surroundings) -> dict[str, str] | None:
    """Describe the job, the step and this task, None outside SLURM."""
    if "SLURM_JOB_ID" not in surroundings.environ:
        return None
    return chosen(surroundings.environ, VARIABLES)
