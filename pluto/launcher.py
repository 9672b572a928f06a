"""What started this process: one id for all processes of a job, where the launcher tells one.

Variables: torch.distributed.elastic, srun(1), DeepSpeed's launcher, mpirun(1) of Open MPI, mpiexec
of MPICH and Intel MPI, Ray Train.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from pluto.process_identity import identity

# Of launchers without a name for the job: their count of all ranks, and of those of this node.
_RANKS: Final = (
    ("WORLD_SIZE", "LOCAL_SIZE"),  # DeepSpeed
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"),  # Open MPI
    ("PMI_SIZE", "MPI_LOCALNRANKS"),  # MPICH, Intel MPI
)
_RANK: Final = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
_LOCAL_RANK: Final = (
    "LOCAL_RANK",
    "OMPI_COMM_WORLD_LOCAL_RANK",
    "MPI_LOCALRANKID",
    "SLURM_LOCALID",
)
_NODE: Final = ("GROUP_RANK", "NODE_RANK", "CROSS_RANK", "SLURM_NODEID")


def shared_run_id(environ: Mapping[str, str], parent: int) -> str | None:
    """Return an external id that the processes of one job agree on; None for a single process.

    A job is one of `torchrun` or a step of SLURM (`srun` with more than one task); a requeued step
    keeps its id, and so goes on with its run. The ranks of a `torchrun` without `--rdzv-id`, of
    DeepSpeed and of MPI agree on one id only within a node: on the process that started them,
    which is told from a later one of that number (in a container it is always the same).

    Args:
        environ: the environment of this process.
        parent: number of the process that started this one.

    Example:
        >>> shared_run_id({"WORLD_SIZE": "4", "TORCHELASTIC_RUN_ID": "job7"}, 1)
        'torchrun-job7'
    """
    if _many(environ.get("WORLD_SIZE")) and "TORCHELASTIC_RUN_ID" in environ:
        name = environ["TORCHELASTIC_RUN_ID"]
        if name != "none":
            return f"torchrun-{name}"
        one_node = environ.get("GROUP_WORLD_SIZE", "1") == "1"
        return f"torchrun-{identity(parent)}" if one_node else None
    if _many(environ.get("SLURM_STEP_NUM_TASKS")) and environ.get("SLURM_JOB_ID"):
        return f"slurm-{environ['SLURM_JOB_ID']}.{environ.get('SLURM_STEP_ID', '0')}"
    for ranks, of_this_node in _RANKS:
        if _many(environ.get(ranks)) and environ[ranks] == environ.get(of_this_node):
            return f"ranks-{identity(parent)}"
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
    return _first(environ, _NODE) or "0"


def rank_of(environ: Mapping[str, str]) -> str | None:
    """Return the number of this process among several of its job, None where it is told none.

    Example:
        >>> rank_of({"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "8"})
        '3'
    """
    if rank := _first(environ, _RANK):
        return rank
    return environ.get("SLURM_PROCID") if _many(environ.get("SLURM_STEP_NUM_TASKS")) else None


def place_of(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the number of this process in its job and on its node, both "0" where there is none.

    Without a word about the place on the node it is the number in the job.
    """
    rank = _first(environ, (*_RANK, "SLURM_PROCID")) or "0"
    return rank, _first(environ, _LOCAL_RANK) or rank


def _first(environ: Mapping[str, str], names: Iterable[str]) -> str | None:
    return next((environ[name] for name in names if environ.get(name)), None)


def _many(count: str | None) -> bool:
    return count is not None and count.isdecimal() and int(count) > 1
