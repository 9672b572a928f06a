"""Reading a run back, for the tests of the hooks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pluto.storage import Kind, RunReader


@contextmanager
def reading(run_or_directory: Any) -> Iterator[RunReader]:
    """A reader of a run, given as the run or its directory."""
    reader = RunReader(Path(getattr(run_or_directory, "dir", run_or_directory)))
    try:
        yield reader
    finally:
        reader.close()


def metrics(run: Any) -> dict[str, dict[int, float]]:
    """Every metric that the machine did not make: `{name: {step: value}}`."""
    with reading(run) as reader:
        found = {}
        for info in reader.names():
            if info.type == "METRIC" and not info.name.startswith("sys/"):
                points = reader.points(info.name)
                steps, values = points.steps.tolist(), points.values.tolist()
                found[info.name] = dict(zip(steps, values, strict=True))
        return found


def histograms(run: Any, name: str) -> list[tuple[int, dict[str, Any]]]:
    """The histograms of a name as (step, document)."""
    with reading(run) as reader:
        records = reader.records(Kind.DATA, name, type="HISTOGRAM", limit=100_000)
        return [(record.step, json.loads(record.body)) for record in records]


def names(run: Any, prefix: str) -> set[str]:
    """The log names with a prefix."""
    with reading(run) as reader:
        return {info.name for info in reader.names(prefix)}


def files(run: Any, name: str) -> list[dict[str, Any]]:
    """The file rows of a log name, with their step."""
    with reading(run) as reader:
        records = reader.records(Kind.FILE, name, limit=10_000)
        return [{**json.loads(record.body), "step": record.step} for record in records]


def facts(run: Any, name: str) -> list[Any]:
    """Every value that a fact was given, in order."""
    with reading(run) as reader:
        return [json.loads(record.body) for record in reader.records(Kind.FACT, name)]


def known(run: Any) -> dict[str, Any]:
    """What is known about the run."""
    with reading(run) as reader:
        return reader.facts()


def run_directories(project: str) -> list[Path]:
    """The runs of a project below the working directory, the oldest first."""
    return sorted(Path(".pluto", project).iterdir(), key=lambda path: path.stat().st_ctime_ns)
