"""Trackio: its SQLite database of each project, read without Trackio."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pluto.data import Histogram, Table
from pluto.errors import UsageError
from pluto.migrate.loader import milliseconds
from pluto.migrate.run import (
    STRING_SERIES,
    Content,
    Facts,
    Identity,
    Item,
    Numbers,
    SourceError,
    Value,
)
from pluto.migrate.sqlite import reading, tables
from pluto.migrate.wandb_values import number_of

SOURCE: Final = "trackio"
_TABLES: Final = {"metrics", "configs"}
_MEDIA: Final = {"trackio.image": "IMAGE", "trackio.audio": "AUDIO", "trackio.video": "VIDEO"}


def runs(path: Path, project: str | None = None) -> list[TrackioRun]:
    """Return the runs in a database of Trackio, or in all of a directory.

    Args:
        path: a file `<project>.db`, or their directory (`~/.cache/huggingface/trackio`).
        project: that the runs go to; by default their own.

    Raises:
        SourceError: there is no such database.
    """
    files = [path] if path.is_file() else sorted(path.glob("*.db"))
    found = [file for file in files if tables(file) >= _TABLES]
    if not found:
        raise SourceError(f"there is no database of Trackio in {path}")
    return [run for file in found for run in _runs_of(file, project)]


def _runs_of(path: Path, project: str | None) -> Iterator[TrackioRun]:
    with reading(path) as connection:
        columns = {row["name"] for row in connection.execute("PRAGMA table_info(metrics)")}
        key = "run_id" if "run_id" in columns else "run_name"  # before runs had ids
        rows = connection.execute(
            f"SELECT {key} AS id, run_name AS name, min(timestamp) AS began,"  # noqa: S608
            f" max(timestamp) AS ended FROM metrics GROUP BY {key} ORDER BY began"
        ).fetchall()
    for row in rows:
        yield TrackioRun(path, key, dict(row), project)


class TrackioRun:
    """The rows of one run in a database."""

    def __init__(self, path: Path, key: str, row: Mapping[str, Any], project: str | None) -> None:
        self._path = path
        self._key = key
        self._row = row
        own = f"{path.stem}/{row['id']}"
        self._identity = Identity(SOURCE, own, project or path.stem, row["name"])
        self._lost: dict[str, None] = {}
        self._config: dict[str, Any] = {}

    @property
    def identity(self) -> Identity:
        """Named by the project and Trackio's id of the run."""
        return self._identity

    def items(self) -> Iterator[tuple[str, Item]]:
        """Yield the rows of each table, which is an origin, in the order of writing."""
        present = tables(self._path)
        with reading(self._path) as connection:
            for row in self._select(connection, "configs"):
                self._config.update(json.loads(row["config"]))
            for row in self._select(connection, "metrics"):
                time = milliseconds(row["timestamp"]) or 0
                for item in self._of_row(json.loads(row["metrics"]), row["step"], time):
                    yield "metrics", item
            if "system_metrics" in present:
                for step, row in enumerate(self._select(connection, "system_metrics")):
                    yield "system", _system(row, step)
            if "alerts" in present:
                for row in self._select(connection, "alerts"):
                    text = ": ".join(filter(None, (row["title"], row["text"])))
                    time = milliseconds(row["timestamp"]) or 0
                    yield "alerts", Value("alerts", STRING_SERIES, text, row["step"] or 0, time)

    def _select(self, connection: Any, table: str) -> list[Any]:
        rows: list[Any] = connection.execute(
            f"SELECT * FROM {table} WHERE {self._key} = ? ORDER BY id",  # noqa: S608
            (self._row["id"],),
        ).fetchall()
        return rows

    def _of_row(self, row: Mapping[str, Any], step: int, time: int) -> Iterator[Item]:
        numbers: dict[str, float] = {}
        others: list[Item] = []
        for name, value in row.items():
            self._sort(name, value, (step, time), numbers, others)
        if numbers:
            yield Numbers(numbers, step, time)
        yield from others

    def _sort(
        self,
        name: str,
        value: Any,
        when: tuple[int, int],
        numbers: dict[str, float],
        others: list[Item],
    ) -> None:
        """Sort a value; nested names get a slash, as Trackio's dashboard groups them."""
        number = number_of(value)
        if number is not None:
            numbers[name] = number
        elif isinstance(value, str):
            others.append(Value(name, STRING_SERIES, value, *when))
        elif isinstance(value, Mapping) and "_type" in value:
            others += self._typed(name, value, when)
        elif isinstance(value, (Mapping, list)):
            pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
            for key, item in pairs:
                self._sort(f"{name}/{key}", item, when, numbers, others)
        elif value is not None:
            self._lost[f"{name}: a value of the type {type(value).__name__}"] = None

    def _typed(self, name: str, value: Mapping[str, Any], when: tuple[int, int]) -> list[Item]:
        """Return what a value with a `_type` is; what cannot be read is noted as lost."""
        kind = str(value["_type"])
        try:
            item = self._item(name, kind, value, when)
        except (KeyError, TypeError, UsageError) as error:
            self._lost[f"{name} ({kind}): {error}"] = None
            return []
        if item is None:
            self._lost[f"{name}: values of the type {kind}"] = None
        return [item] if item else []

    def _item(
        self, name: str, kind: str, value: Mapping[str, Any], when: tuple[int, int]
    ) -> Item | None:
        if kind == "trackio.histogram":
            counted = Histogram((value["values"], value["bins"]))
            return Value(name, "HISTOGRAM", counted.to_json(), *when)
        if kind == "trackio.table":
            return Value(name, "TABLE", Table(value["_value"]).to_json(), *when)
        if "file_path" in value:
            path = str(value["file_path"])
            file = self._path.parent / "media" / path
            log_type = _MEDIA.get(kind, "FILE")
            return Content(name, log_type, file, path, *when, caption=value.get("caption"))
        if isinstance(value.get("_value"), str):  # Markdown and the like
            return Value(name, STRING_SERIES, value["_value"], *when)
        return None

    def facts(self) -> Facts:
        """Return the config, and the first and last of the times; Trackio keeps no status."""
        config = {key: value for key, value in self._config.items() if not key.startswith("_")}
        own = {key: value for key, value in self._config.items() if key.startswith("_") and value}
        group = own.get("_Group")
        return Facts(
            created_at=milliseconds(own.get("_Created") or self._row["began"]) or 0,
            finished_at=milliseconds(self._row["ended"]),
            config={**config, SOURCE: {**own, "run_id": self._row["id"]}},
            tags=[f"group:{group}"] if group else [],
            lost=list(self._lost),
        )


def _system(row: Any, step: int) -> Numbers:
    values = json.loads(row["metrics"])
    numbers = {f"sys/{name}": number_of(value) for name, value in values.items()}
    known = {name: number for name, number in numbers.items() if number is not None}
    return Numbers(known, step, milliseconds(row["timestamp"]) or 0, system=True)
