"""Ten thousand runs on disk in seconds: one that is written, and copies with other values.

What differs has the same length in every copy, so that it can be put into the bytes of the file.

usage: many_runs.py DIRECTORY [COUNT]
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np

from pluto.storage import Batch, MetricGroup, RunWriter

PROJECT = "many"
COUNT = 10_000
SEEDS = 5
CREATED_AT = 1_767_225_600_000  # ms
_LOSS = 0.123_456_789
_METRICS = ("train/loss", "val/accuracy", "lr", "epoch")


def name(number: int) -> str:
    return f"run-{number:05}"


def loss(number: int) -> float:
    """Its last loss: every one differs, and the last run is the best."""
    return (COUNT - number) / COUNT


def rate(number: int) -> float:
    """Its learning rate: the seeds in turn have the same."""
    return float(_rate(number))


def _rate(number: int) -> str:
    return f"0.1{number // SEEDS:04}"


def status(number: int) -> str:
    return "CANCELLED" if number % 10 == 3 else "COMPLETED"


def record_many(root: Path, count: int = COUNT) -> None:
    """Write `count` runs of one project below `root`."""
    runs = root / ".pluto" / PROJECT
    template = _template(runs / "run-00000")
    for number in range(1, count):
        directory = runs / name(number)
        directory.mkdir()
        (directory / "run.db").write_bytes(_copy(template, number))
    (runs / name(0) / "run.db").write_bytes(_copy(template, 0))


def _template(directory: Path) -> bytes:
    facts = {
        "uid": "uid-00000",
        "project": PROJECT,
        "name": "run-00000",
        "status": "COMPLETED",
        "created_at": CREATED_AT,
        "finished_at": CREATED_AT,
        "tags": ["first"],
        "config": {"lr": 0.99999, "seed": "s0", "model": {"depth": 4, "name": "mlp"}},
    }
    row = MetricGroup(_METRICS, np.array([1]), np.array([1]), np.array([[_LOSS, 0.5, 1e-3, 3.0]]))
    writer = RunWriter(directory)
    writer.append(Batch(facts=facts, groups=[row], names=dict.fromkeys(_METRICS, "METRIC")))
    writer.close()
    return (directory / "run.db").read_bytes()


def _copy(template: bytes, number: int) -> bytes:
    changed = template
    for old, new in (
        (b"uid-00000", f"uid-{number:05}".encode()),
        (b"run-00000", name(number).encode()),
        (b"0.99999", _rate(number).encode()),
        (b'"s0"', f'"s{number % SEEDS}"'.encode()),
        (str(CREATED_AT).encode(), str(CREATED_AT + number * 1000).encode()),
        (b"COMPLETED", status(number).encode()),
        (struct.pack(">d", _LOSS), struct.pack(">d", loss(number))),
    ):
        assert old in template
        assert len(old) == len(new)
        changed = changed.replace(old, new)
    return changed


if __name__ == "__main__":
    record_many(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else COUNT)
