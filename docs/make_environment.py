"""Writes docs/environment.md from the settings and the probes: `make docs`."""

from pathlib import Path

from pluto.probes import cuda, k8s, konduktor, ray, runpod, slurm, torchelastic
from pluto.sets_table import TABLE, Setting

PAGE = Path(__file__).with_name("environment.md")

HEAD = """\
# Environment variables

<!-- Made by `make docs` from pluto/sets_table.py, pluto/probes and the table in this script. -->

What is given to `pluto.init()` goes before these, they go before the defaults. An empty variable
counts as none. The older names begin with `MLOP_`; using one is a `DeprecationWarning`, and the new
name wins where both are set. A value that decides where data go and makes no sense is an error that
names the variable; any other bad value is told, and the default stays.

## Settings

| Variable | Older names | Setting | What it is |
| --- | --- | --- | --- |
"""

RUN_ID = (
    "| `PLUTO_RUN_ID` | `MLOP_RUN_ID` | `run_id` of `init` | the run that the processes of a job "
    "share, or that a later process goes on with: see [several processes](how-to/multi-node.md) |\n"
)

# Variables that are no settings; `tests/test_docs_reference.py` finds those that are missing.
SURROUNDINGS = {
    "Where a process stands in its job": {
        "RANK": "number of the process in the job: the label of its console lines",
        "LOCAL_RANK": "number of the process on its machine; 0 samples the machine",
        "GROUP_RANK": "number of the machine, which names its lane of system metrics",
        "WORLD_SIZE": "processes in the job; above 1, those of a launcher share a run",
        "GROUP_WORLD_SIZE": "machines in the job",
        "TORCHELASTIC_RUN_ID": "`--rdzv-id` of `torchrun`: the id of the shared run",
        "SLURM_JOB_ID": "with more than one task: the id of the shared run; a requeue keeps it",
        "SLURM_STEP_ID": "the step of the job, which has a run of its own",
        "SLURM_STEP_NUM_TASKS": "tasks of this step; above 1 they share a run",
        "SLURM_PROCID": "as `RANK`, where that is not set",
        "SLURM_LOCALID": "as `LOCAL_RANK`, where that is not set",
        "SLURM_NODEID": "as `GROUP_RANK`, where that is not set",
        "LOCAL_SIZE, CROSS_RANK": "DeepSpeed: ranks of this machine; its number",
        "NODE_RANK": "Ray, Lightning: as `GROUP_RANK`",
        "OMPI_COMM_WORLD_SIZE, OMPI_COMM_WORLD_LOCAL_SIZE, OMPI_COMM_WORLD_RANK, "
        "OMPI_COMM_WORLD_LOCAL_RANK": "Open MPI: the same as above",
        "PMI_SIZE, MPI_LOCALNRANKS, PMI_RANK, MPI_LOCALRANKID": "MPICH, Intel MPI: the same",
        "KONDUKTOR_JOB_NAME": "the process is part of a Konduktor job; its runs get a tag",
        "KUBERNETES_SERVICE_HOST": "the process is in a pod, which the metadata describe",
    },
    "The machine": {
        "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY": "proxies, unless settings name them",
        "SSL_CERT_FILE, SSL_CERT_DIR": "certificates to trust instead of those of the system",
        "XDG_DATA_HOME": "where the earlier client kept its key",
        "SSH_CONNECTION": "`pluto ui` prints the tunnel to it and opens no browser",
        "DISPLAY, WAYLAND_DISPLAY": "there is a screen all the same: it opens one",
        "USER": "who the printed tunnel signs in as",
        "KAGGLE_KERNEL_RUN_TYPE": "the process is a Kaggle notebook",
        "LOG_MODEL": "`transformers`: keep models with the run (`end`, `checkpoint`)",
    },
}

METADATA = """
## Recorded only

Of these the values go into a run's metadata, secrets masked; nothing depends on them.

"""

FOOT = """
Besides, variables that begin with {prefixes} are recorded, and
with the setting `mode="debug"` all of them, secrets masked. There is no telemetry, so no variable
turns it off.
"""


def line_of(setting: Setting) -> str:
    first, *older = [f"`{name}`" for name in setting.env]
    return f"| {first} | {', '.join(older)} | `{setting.name}` | {setting.help} |\n"


def table_of(title: str, variables: dict[str, str]) -> str:
    rows = "".join(
        f"| {', '.join(f'`{name}`' for name in names.split(', '))} | {meaning} |\n"
        for names, meaning in variables.items()
    )
    return f"\n## {title}\n\n| Variable | What it does |\n| --- | --- |\n{rows}"


def metadata() -> str:
    probes = {
        "SLURM": slurm.VARIABLES,
        "torchrun": torchelastic.VARIABLES,
        "Konduktor": konduktor.VARIABLES,
        "Kubernetes": k8s.VARIABLES,
        "Ray": ray.VARIABLES,
        "RunPod": runpod.VARIABLES,
    }
    lines = [
        f"* {name}: {', '.join(f'`{variable}`' for variable in variables.values())}\n"
        for name, variables in probes.items()
    ]
    return METADATA + "".join(lines)


def page() -> str:
    """The whole page."""
    settings = "".join(line_of(setting) for setting in TABLE.values() if setting.env)
    tables = "".join(table_of(title, each) for title, each in SURROUNDINGS.items())
    prefixes = ", ".join(f"`{prefix}`" for prefix in ("CUDA_", *cuda.FABRIC))
    return HEAD + settings + RUN_ID + tables + metadata() + FOOT.format(prefixes=prefixes)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
