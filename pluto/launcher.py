"""What started this process: one id for all processes of a job, where the launcher tells one."""

from __future__ import annotations

from collections.abc import Mapping


def shared_run_id(environ: Mapping[str, str], parent: int) -> str | None:
    """Return an external id that the processes of one job agree on; None for a single process.

    A job is one of `torchrun` (variables of torch.distributed.elastic) or of SLURM (`srun` with
    more than one task). A requeued SLURM job keeps its id, and so goes on with its run. Processes
    of a `torchrun` without `--rdzv-id` agree on one id only within a node: on the process that
    started them.

    Example:
        >>> shared_run_id({"WORLD_SIZE": "4", "TORCHELASTIC_RUN_ID": "job7"}, 1)
        'torchrun-job7'
    """
    if _many(environ.get("WORLD_SIZE")) and "TORCHELASTIC_RUN_ID" in environ:
        name = environ["TORCHELASTIC_RUN_ID"]
        if name != "none":
            return f"torchrun-{name}"
        one_node = environ.get("GROUP_WORLD_SIZE", "1") == "1"
        return f"torchrun-{environ.get('MASTER_PORT', '')}-{parent}" if one_node else None
    if _many(environ.get("SLURM_NTASKS")) and environ.get("SLURM_JOB_ID"):
        step = environ.get("SLURM_STEP_ID", "0")
        return f"slurm-{environ['SLURM_JOB_ID']}.{step}"
    return None


def is_on_first_node(environ: Mapping[str, str]) -> bool:
    """Tell whether this process is on the first node of its job, or in no job."""
    return node_of(environ) == "0"


def node_of(environ: Mapping[str, str]) -> str:
    """Return the number of this process' node in its job, "0" where there is no job.

    Example:
        >>> node_of({"GROUP_RANK": "2", "RANK": "17"})
        '2'
    """
    return environ.get("GROUP_RANK") or environ.get("SLURM_NODEID") or "0"


def rank_of(environ: Mapping[str, str]) -> str | None:
    """Return the number of this process among several of its job, None where it is told none.

    Example:
        >>> rank_of({"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "8"})
        '3'
    """
    if environ.get("RANK"):
        return environ["RANK"]
    return environ.get("SLURM_PROCID") if _many(environ.get("SLURM_STEP_NUM_TASKS")) else None


def _many(count: str | None) -> bool:
    return count is not None and count.isdecimal() and int(count) > 1
