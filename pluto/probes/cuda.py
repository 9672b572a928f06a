"""The CUDA and NCCL installations; asks a loaded torch, and never loads it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping

from pluto.probes import nvidia
from pluto.probes.base import Surroundings, Unavailable

FABRIC = ("NCCL_", "TORCH_NCCL_", "FI_", "OFI_", "UCX_", "GLOO_", "TORCH_DISTRIBUTED_", "RDMAV_")
"""Beginnings of the variables of NCCL, Gloo, libfabric, its plugin for NCCL, UCX and verbs."""


def cuda(surroundings: Surroundings) -> dict[str, object] | None:
    """Tell the versions of compiler, driver and torch's CUDA, and the `CUDA_*` variables."""
    return _without_none(
        {
            "cuda_nvcc": _nvcc_version(),
            "cuda_driver": _driver_version(),
            "cuda_pytorch": _ask_torch(lambda torch: torch.version.cuda),
            "cudnn_pytorch": _ask_torch(lambda torch: torch.backends.cudnn.version()),
            "cuda_env": _variables(surroundings.environ, "CUDA_"),
        }
    )


def nccl(surroundings: Surroundings) -> dict[str, object] | None:
    """Tell the version of torch's NCCL and the variables that steer it and the fabric below it."""
    return _without_none(
        {
            "nccl_pytorch": _ask_torch(
                lambda torch: (
                    ".".join(map(str, torch.cuda.nccl.version())) if torch.version.cuda else None
                )
            ),
            "nccl_env": _variables(surroundings.environ, *FABRIC),
        }
    )


def _without_none(described: Mapping[str, object]) -> dict[str, object] | None:
    return {key: value for key, value in described.items() if value is not None} or None


def _variables(environ: Mapping[str, str], *prefixes: str) -> dict[str, str] | None:
    return {key: value for key, value in environ.items() if key.startswith(prefixes)} or None


def _ask_torch(question: Callable[..., object]) -> object:
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    try:
        return question(torch)
    except (AttributeError, RuntimeError):  # a build without CUDA, or a half-imported torch
        return None


def _nvcc_version() -> str | None:
    compiler = shutil.which("nvcc")
    if compiler is None:
        return None
    answer = subprocess.run(  # noqa: S603
        [compiler, "--version"], capture_output=True, text=True, timeout=2, check=False
    )
    match = re.search(r"release ([\d.]+)", answer.stdout)
    return match[1] if match else None


def _driver_version() -> str | None:
    try:
        return nvidia.cuda_version()
    except Unavailable:
        return None
