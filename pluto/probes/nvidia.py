"""NVIDIA devices, through the NVIDIA Management Library (NVML)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pluto.probes.base import Probe, Surroundings, Unavailable

logger = logging.getLogger("pluto")


def open_probe(_directory: Path) -> Probe:
    """Sample `gpu.<index>.<name>.*` of every device.

    `utilization` and `memory.utilization` (of the memory controller) in %, `memory.used` in
    bytes, `power` in milliwatts, `temperature` in degrees Celsius; of each MIG instance
    `gpu.<index>.<name>.mig.<i>.memory.used`. What a device does not tell is left out, with one
    warning for all: a device divided by MIG has no utilization of its own, for example.
    """
    nvml = _start()
    prefixes = {f"gpu.{i}.{_slug(_name(nvml, h))}": h for i, h in _devices(nvml)}
    if not prefixes:
        raise Unavailable("no NVIDIA device answers")
    silent: set[str] = set()

    def sample() -> dict[str, float]:
        readings: dict[str, float] = {}
        missing: list[str] = []
        for prefix, handle in prefixes.items():
            for metrics, read in _READINGS:
                values = _told(nvml, read, nvml, handle)
                if values is None:
                    missing.append(f"{prefix}.{metrics[0]}")
                else:
                    pairs = zip(metrics, values, strict=True)
                    readings.update((f"{prefix}.{metric}", value) for metric, value in pairs)
            readings.update(_instances(nvml, prefix, handle))
        if missing and not silent:
            logger.warning("NVML does not report %s: left out", ", ".join(missing))
            silent.update(missing)
        return readings

    return sample


def facts(_surroundings: Surroundings) -> dict[str, object] | None:
    """Count and describe the devices, None where there is none."""
    try:
        nvml = _start()
    except Unavailable:
        return None
    devices = [_describe(nvml, handle) for _, handle in _devices(nvml)]
    driver = _told(nvml, nvml.nvmlSystemGetDriverVersion)
    return {"nvidia": {"count": len(devices), "driver": driver, "devices": devices}}


def cuda_version() -> str:
    """Return the newest CUDA version that the driver supports, for example `12.4`."""
    nvml = _start()
    try:
        number: int = nvml.nvmlSystemGetCudaDriverVersion()
    except nvml.NVMLError as error:
        raise Unavailable(str(error)) from error
    return f"{number // 1000}.{number % 1000 // 10}"


def _start() -> Any:
    """Return the library, ready for questions; it stays so until the process ends."""
    try:
        import pynvml
    except ImportError as error:
        raise Unavailable("nvidia-ml-py is not installed") from error
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:  # no driver, no library
        raise Unavailable(str(error)) from error
    return pynvml


def _devices(nvml: Any) -> list[tuple[int, Any]]:
    """The devices that answer; one that fell off the bus does not hide the others."""
    found = []
    for index in range(_told(nvml, nvml.nvmlDeviceGetCount) or 0):
        handle = _told(nvml, nvml.nvmlDeviceGetHandleByIndex, index)
        if handle is not None:
            found.append((index, handle))
    return found


def _name(nvml: Any, handle: Any) -> str:
    name = _told(nvml, nvml.nvmlDeviceGetName, handle) or "unknown"
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


def _slug(name: str) -> str:
    return name.lower().replace(" ", "_").replace("-", "_")


def _utilization(nvml: Any, handle: Any) -> tuple[float, ...]:
    rates = nvml.nvmlDeviceGetUtilizationRates(handle)
    return rates.gpu, rates.memory


def _memory_used(nvml: Any, handle: Any) -> tuple[float, ...]:
    return (nvml.nvmlDeviceGetMemoryInfo(handle).used,)


def _power(nvml: Any, handle: Any) -> tuple[float, ...]:
    return (nvml.nvmlDeviceGetPowerUsage(handle),)


def _temperature(nvml: Any, handle: Any) -> tuple[float, ...]:
    return (nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU),)


_READINGS: tuple[tuple[tuple[str, ...], Callable[[Any, Any], tuple[float, ...]]], ...] = (
    (("utilization", "memory.utilization"), _utilization),
    (("memory.used",), _memory_used),
    (("power",), _power),
    (("temperature",), _temperature),
)


def _instances(nvml: Any, prefix: str, handle: Any) -> dict[str, float]:
    """Memory of the MIG instances; a device without MIG has none."""
    readings = {}
    for index in range(_told(nvml, nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
        instance = _told(nvml, nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
        memory = instance and _told(nvml, nvml.nvmlDeviceGetMemoryInfo, instance)
        if memory:
            readings[f"{prefix}.mig.{index}.memory.used"] = memory.used
    return readings


def _describe(nvml: Any, handle: Any) -> dict[str, object]:
    memory = _told(nvml, nvml.nvmlDeviceGetMemoryInfo, handle)
    processes = _told(nvml, nvml.nvmlDeviceGetComputeRunningProcesses, handle) or []
    return {
        "name": _name(nvml, handle),
        "memory": {"total": memory.total if memory else None},
        "temp": _told(nvml, nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
        "pid": [process.pid for process in processes],
    }


def _told(nvml: Any, question: Callable[..., Any], *arguments: Any) -> Any:
    """Return the answer, None where the device or the driver has none."""
    try:
        return question(*arguments)
    except nvml.NVMLError:
        return None
