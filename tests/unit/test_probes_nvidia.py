"""The NVIDIA probe, against a library that answers as a driver would."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "fake_nvml.c"
SCRIPT = """
import json, logging, sys
from pathlib import Path
from pluto.probes import FACTS, PROBES, Surroundings, Unavailable

logging.basicConfig(stream=sys.stderr, format="%(message)s")
try:
    probe = PROBES["nvidia"](Path("."))
except Unavailable as error:
    samples = str(error)
else:
    samples = [probe(), probe()]
surroundings = Surroundings()
facts = {name: FACTS[name].collect(surroundings) for name in ("gpu", "cuda")}
print(json.dumps({"samples": samples, "facts": facts}))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("nvml")
    target = folder / "libnvidia-ml.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-w", "-o", target, SOURCE], check=True)
    return folder


def ask(library: Path, **environ: str) -> tuple[dict[str, object], str]:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "LD_LIBRARY_PATH": str(library), **environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(result.stdout), result.stderr


def test_every_device_that_answers_is_sampled_and_what_is_missing_warned_about_once(
    library: Path,
) -> None:
    answer, warnings = ask(library)
    whole, divided = "gpu.0.nvidia_a100_sxm4_40gb", "gpu.1.nvidia_h100_pcie"
    sample = {
        f"{whole}.utilization": 87,
        f"{whole}.memory.utilization": 41,
        f"{whole}.memory.used": 1 << 20,
        f"{whole}.power": 250123,
        f"{whole}.temperature": 61,
        f"{divided}.memory.used": 2 << 20,
        f"{divided}.power": 250123,
        f"{divided}.temperature": 61,
        f"{divided}.mig.0.memory.used": 3 << 20,
    }
    assert answer["samples"] == [sample, sample]
    assert warnings == f"NVML does not report {divided}.utilization: left out\n"


def test_the_devices_are_described_in_the_metadata(library: Path) -> None:
    facts = ask(library)[0]["facts"]
    assert isinstance(facts, dict)
    assert facts["gpu"]["nvidia"] == {
        "count": 2,
        "driver": "550.54",
        "devices": [
            {
                "name": "NVIDIA A100-SXM4-40GB",
                "memory": {"total": 1000 << 20},
                "temp": 61,
                "pid": [4711],
            },
            {"name": "NVIDIA H100 PCIe", "memory": {"total": 1000 << 20}, "temp": 61, "pid": []},
        ],
    }
    assert facts["cuda"]["cuda_driver"] == "12.4"


def test_a_driver_that_does_not_start_is_no_reason_to_warn(library: Path) -> None:
    answer, warnings = ask(library, FAKE_NVML_BROKEN="1")
    assert answer["samples"] == "Driver Not Loaded"
    assert isinstance(answer["facts"], dict)
    assert answer["facts"]["gpu"] is None
    assert warnings == ""
