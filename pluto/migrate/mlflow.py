"""MLflow: its directory `mlruns`, or its SQLite database, read without MLflow.

Both are described by MLflow's documents on backend stores. Metrics that were logged without a step
all have step 0 there, and are numbered here.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from pluto.migrate.run import Content, Facts, Identity, Item, Numbers, SourceError
from pluto.migrate.sqlite import reading, tables
from pluto.migrate.steps import Placing

SOURCE: Final = "mlflow"
META: Final = "meta.yaml"
_TABLES: Final = {"experiments", "runs", "metrics", "params", "tags"}
_STATUSES: Final = ("", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
_STATUS: Final = {"FINISHED": "COMPLETED", "FAILED": "FAILED", "KILLED": "TERMINATED"}
_INTEGER: Final = re.compile(r"-?\d+")
_OWN: Final = "mlflow."
_SYSTEM: Final = "system/"


class Point(NamedTuple):
    """A value of a metric; `time` in milliseconds."""

    value: float
    time: int
    step: int


@dataclass(frozen=True)
class MlflowRun:
    """A run as either store has it.

    Attributes:
        about: `run_id`, `name`, `status`, `start_time`, `end_time`, `experiment_id`, `experiment`.
        metrics: the points of each metric, in the order of logging.
        artifacts: their directory; None if there is none on this machine.
        artifact_uri: as MLflow has it.
        has_artifact_store: whether artifacts would be on this machine, if the run had any.
    """

    about: Mapping[str, Any]
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, list[Point]]
    artifacts: Path | None
    artifact_uri: str
    has_artifact_store: bool
    project: str | None = None
    _lost: dict[str, None] = field(default_factory=dict)

    @property
    def identity(self) -> Identity:
        """Named by MLflow's id of the run."""
        about = self.about
        name = about.get("name") or self.tags.get("mlflow.runName") or about["run_id"]
        return Identity(SOURCE, about["run_id"], self.project or about["experiment"], name)

    def items(self) -> Iterator[tuple[str, Item]]:
        """Yield the points and the artifacts; each metric is an origin."""
        for name, points in self.metrics.items():
            is_system = name.startswith(_SYSTEM)
            shown = f"sys/{name.removeprefix(_SYSTEM)}" if is_system else name
            placing = Placing(SOURCE, shown, [point.step for point in points])
            for point in points:
                step, values = placing.put(point.value, point.step)
                yield f"metrics/{name}", Numbers(values, step, point.time, is_system)
        if self.artifacts is None:
            if self.artifact_uri and not self.has_artifact_store:
                self._lost[f"artifacts, which are not here: {self.artifact_uri}"] = None
            return
        time = self.about.get("end_time") or self.about["start_time"] or 0
        for file in sorted(path for path in self.artifacts.rglob("*") if path.is_file()):
            path = file.relative_to(self.artifacts).as_posix()
            name = f"artifacts/{path}"
            yield "artifacts", Content(name, "ARTIFACT", file, path, 0, time, caption=path)

    def facts(self) -> Facts:
        """Return parameters as the config; those that are numbers become numbers."""
        about = self.about
        status = str(about["status"])
        cause = None
        if status not in _STATUS:
            cause = {"reason": f"MLflow says: {status}; it was still running, or has died"}
        kept = ("run_id", "experiment_id", "experiment")
        own: dict[str, Any] = {key: about[key] for key in kept}
        return Facts(
            created_at=about["start_time"] or 0,
            finished_at=about.get("end_time") or None,
            status=_STATUS.get(status, "FAILED"),
            cause=cause,
            config={
                **{name: _plain(text) for name, text in self.params.items()},
                SOURCE: {**own, "tags": dict(self.tags)},
            },
            tags=[f"{k}:{v}" for k, v in self.tags.items() if not k.startswith(_OWN)],
            notes=self.tags.get("mlflow.note.content"),
            lost=list(self._lost),
        )


def runs(path: Path, project: str | None = None) -> list[MlflowRun]:
    """Return the runs of a store; deleted ones are left out.

    Args:
        path: a directory `mlruns`, a database, or a directory that has one of the two.
        project: that the runs go to; by default that of the experiment.

    Raises:
        SourceError: there is no store of MLflow.
    """
    found = list(_stores(path))
    if not found:
        raise SourceError(f"there is no mlruns and no database of MLflow in {path}")
    by_id: dict[str, MlflowRun] = {}
    for store in found:
        for run in _of_database(store, project) if store.is_file() else _of_files(store, project):
            by_id.setdefault(run.about["run_id"], run)
    return sorted(by_id.values(), key=lambda run: run.about["start_time"] or 0)


def _stores(path: Path) -> Iterator[Path]:
    if path.is_file():
        if tables(path) >= _TABLES:
            yield path
        return
    yield from (file for file in sorted(path.glob("*.db")) if tables(file) >= _TABLES)
    for directory in (path, path / "mlruns"):
        if any(directory.glob(f"*/{META}")):
            yield directory


def _of_files(root: Path, project: str | None) -> Iterator[MlflowRun]:
    for meta in sorted(root.glob(f"*/*/{META}")):
        about = _meta(meta)
        if "run_id" not in about or about.get("lifecycle_stage") == "deleted":
            continue  # models and the like
        directory = meta.parent
        experiment = _meta(directory.parent / META).get("name") or directory.parent.name
        number = about["status"]
        status = _STATUSES[int(number)] if number.isdecimal() else number
        times = {name: int(about.get(name) or 0) for name in ("start_time", "end_time")}
        named = {"experiment": experiment, "status": status, "name": about.get("run_name"), **times}
        uri = about.get("artifact_uri", "")
        yield MlflowRun(
            {**about, **named},
            _texts(directory / "params"),
            _texts(directory / "tags"),
            {name: list(_points(text)) for name, text in _texts(directory / "metrics").items()},
            _place(directory / "artifacts", uri),
            uri,
            _local(uri) is not None,
            project,
        )


def _texts(directory: Path) -> dict[str, str]:
    """Return the content of each file below a directory, by its relative name."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {
        path.relative_to(directory).as_posix(): path.read_text("utf-8", "replace") for path in files
    }


def _points(text: str) -> Iterator[Point]:
    """Yield the points of a metric's file: lines of time, value and, in newer ones, step."""
    for line in text.splitlines():
        words = line.split()
        try:
            step = int(words[2]) if len(words) > 2 else 0
            yield Point(float(words[1]), int(words[0]), step)
        except (IndexError, ValueError) as error:
            raise SourceError(f"a line of a metric is no time, value and step: {line!r}") from error


def _meta(path: Path) -> dict[str, str]:
    """Return the names and texts of a `meta.yaml`, which MLflow writes flat."""
    found: dict[str, str] = {}
    name = ""
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        if line.startswith(" ") and name:  # a long text goes on
            found[name] += f" {line.strip()}"
        else:
            name, _, text = line.partition(":")
            found[name] = text.strip()
    return {name: _unquoted(text) for name, text in found.items()}


def _unquoted(text: str) -> str:
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        return text[1:-1].replace("''", "'")
    if text.startswith('"'):
        return str(json.loads(text))
    return "" if text == "null" else text


def _of_database(path: Path, project: str | None) -> Iterator[MlflowRun]:
    with reading(path) as connection:
        experiments = {
            row["experiment_id"]: row["name"]
            for row in connection.execute("SELECT experiment_id, name FROM experiments")
        }
        rows = connection.execute("SELECT * FROM runs WHERE lifecycle_stage != 'deleted'")
        for row in rows.fetchall():
            run_id, uri = row["run_uuid"], row["artifact_uri"] or ""
            texts = {
                table: dict(
                    connection.execute(
                        f"SELECT key, value FROM {table} WHERE run_uuid = ?",  # noqa: S608
                        (run_id,),
                    ).fetchall()
                )
                for table in ("params", "tags")
            }
            own = ("status", "start_time", "end_time", "experiment_id", "name")
            about = {name: row[name] for name in own}
            experiment = experiments.get(row["experiment_id"]) or str(row["experiment_id"])
            below = f"{row['experiment_id']}/{run_id}/artifacts"
            places = (path.parent / folder / below for folder in ("mlruns", "mlartifacts"))
            nearby = next(filter(_is_store, places), path.parent / below)
            yield MlflowRun(
                {**about, "run_id": run_id, "experiment": experiment},
                texts["params"],
                texts["tags"],
                _points_of(connection, run_id),
                _place(nearby, uri),
                uri,
                _local(uri) is not None and _has_store(nearby, uri),
                project,
            )


def _points_of(connection: Any, run_id: str) -> dict[str, list[Point]]:
    """Return the points in a database, where NaN is a mark and an infinity the greatest number."""
    found: dict[str, list[Point]] = {}
    for row in connection.execute(
        "SELECT key, value, timestamp, step, is_nan FROM metrics WHERE run_uuid = ? ORDER BY rowid",
        (run_id,),
    ):
        value = math.nan if row["is_nan"] else float(row["value"])
        if abs(value) >= sys.float_info.max:
            value = math.copysign(math.inf, value)
        found.setdefault(row["key"], []).append(Point(value, row["timestamp"], row["step"]))
    return found


def _place(nearby: Path, uri: str) -> Path | None:
    """Return where artifacts are on this machine: beside the store, else where MLflow says."""
    said = _local(uri)
    return next((place for place in (nearby, said) if place and place.is_dir()), None)


def _is_store(nearby: Path) -> bool:
    return nearby.parent.parent.is_dir()


def _has_store(nearby: Path, uri: str) -> bool:
    """Tell whether the artifacts of a run's experiment are in one of the two places."""
    said = _local(uri)
    return any(place and _is_store(place) for place in (nearby, said))


def _local(uri: str) -> Path | None:
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if uri and parts.scheme in ("", "file") else None


def _plain(text: str) -> Any:
    """Return a parameter, which MLflow keeps as a text, as the number or bool that it was."""
    if text in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text
