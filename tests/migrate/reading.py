"""What is in imported runs, and how tests import them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from pluto.addresses import one_origin
from pluto.migrate.run import SourceRun
from pluto.migrate.target import Outcome, import_run
from pluto.sets import Destination, setup
from pluto.storage import Kind, RunReader
from pluto.sync import run_directories
from tests.server_process import RunningServer


def import_all(
    runs: Iterable[SourceRun], directory: Path, server: RunningServer | None = None
) -> list[Outcome]:
    """Import runs below a directory, and to a server if one is given."""
    where = Destination(one_origin(server.url), server.key) if server else None
    return [import_run(run, setup(dir=directory), where) for run in runs]


def run_named(name: str, root: Path) -> Path:
    """The directory of the one run of that name."""
    (found,) = [each for each in run_directories(root) if facts(each)["name"] == name]
    return found


def facts(directory: Path) -> dict[str, Any]:
    with closing(RunReader(directory)) as reader:
        return reader.facts()


def points(directory: Path) -> dict[str, list[tuple[int, float]]]:
    """Every point of every metric, in order."""
    with closing(RunReader(directory)) as reader:
        found = {}
        for each in reader.names():
            if each.type == "METRIC":
                series = reader.points(each.name, raw=True)
                pairs = zip(series.steps.tolist(), series.values.tolist(), strict=True)
                found[each.name] = list(pairs)
        return found


def times(directory: Path, name: str) -> list[int]:
    with closing(RunReader(directory)) as reader:
        found: list[int] = reader.points(name, raw=True).times.tolist()
        return found


def values(directory: Path) -> list[tuple[str, str, int, Any]]:
    """Every structured value as (name, type, step, JSON or text)."""
    with closing(RunReader(directory)) as reader:
        return [
            (each.name, each.type, each.step, _loaded(each.type, each.body))
            for each in reader.records(Kind.DATA)
        ]


def files(directory: Path) -> list[tuple[str, str, int, dict[str, Any]]]:
    """Every file as (name, type, step, row); the row has its `content`."""
    with closing(RunReader(directory)) as reader:
        found = []
        for each in reader.records(Kind.FILE):
            row = json.loads(each.body)
            if "sha256" in row:
                digest = row["sha256"]
                row["content"] = (directory / "files" / digest[:2] / digest).read_bytes()
            found.append((each.name, each.type, each.step, row))
        return found


def lines(directory: Path) -> list[tuple[str, str]]:
    """The console as (INFO or ERROR, text)."""
    with closing(RunReader(directory)) as reader:
        return [(each.type, each.body.decode()) for each in reader.records(Kind.CONSOLE)]


def _loaded(kind: str, body: bytes) -> Any:
    return body.decode() if kind == "string-series" else json.loads(body)
