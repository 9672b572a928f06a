"""Neptune: the Parquet files and files that its exporter (neptune-exporter) has written.

Their schema is the one that its README documents: a row for each value, with `attribute_path`,
`attribute_type` and a column for each type of value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from pluto.data import Histogram
from pluto.errors import UsageError
from pluto.media.naming import content_type, extension_of
from pluto.migrate import schema
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
from pluto.migrate.steps import Placing

SOURCE: Final = "neptune"
_NEEDED: Final = {"project_id", "run_id", "attribute_path", "attribute_type"}
_SIMPLE: Final = {
    "float": "float_value", "int": "int_value", "string": "string_value", "bool": "bool_value",
    "datetime": "datetime_value", "string_set": "string_set_value",
}  # fmt: skip
_SERIES: Final = ("float_series", "string_series", "histogram_series", "file_series")
_LOG_TYPES: Final = {"image": "IMAGE", "audio": "AUDIO", "video": "VIDEO"}

Row = dict[str, Any]


def runs(path: Path, project: str | None = None, files: Path | None = None) -> list[NeptuneRun]:
    """Return the exported runs below a directory.

    Args:
        path: the `--data-path` of the export.
        project: that the runs go to; by default the last part of Neptune's.
        files: the `--files-path` of the export; by default the directory `files` beside `path`.

    Raises:
        SourceError: there are no such files.
        UsageError: pyarrow is missing.
    """
    schema.require_pyarrow()
    below = files or path.resolve().parent / "files"
    by_run: dict[tuple[str, str], list[Path]] = {}
    for part in sorted(path.rglob("*.parquet"), key=_part_number):
        for key in _runs_in(part):
            by_run.setdefault(key, []).append(part)
    if not by_run:
        raise SourceError(f"there are no Parquet files of neptune-exporter below {path}")
    return [NeptuneRun(key, parts, below, project) for key, parts in by_run.items()]


def _part_number(part: Path) -> tuple[str, int]:
    name, _, number = part.stem.rpartition("_")
    return (str(part.parent / name), int(number)) if number.isdecimal() else (str(part), 0)


def _runs_in(part: Path) -> list[tuple[str, str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(part) as file:
            if not set(file.schema_arrow.names) >= _NEEDED:
                return []
            table = file.read(["project_id", "run_id"])
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"cannot read {part}: {error}") from error
    pairs = zip(table["project_id"].to_pylist(), table["run_id"].to_pylist(), strict=True)
    return list(dict.fromkeys(pairs))


class NeptuneRun:
    """The rows of one run."""

    def __init__(
        self, key: tuple[str, str], parts: list[Path], files: Path, project: str | None
    ) -> None:
        self._project_id, self._run_id = key
        self._parts = parts
        self._files = files
        self._values: dict[str, Any] = {}
        self._lost: dict[str, None] = {}
        self._places: dict[str, Placing] = {}
        self._first = 0
        for row in self._rows():
            if row["attribute_type"] in _SIMPLE:
                self._values[row["attribute_path"]] = _simple(row)
        own = project or self._project_id.rpartition("/")[2]
        name = str(self._values.get("sys/name") or self._run_id)
        key_text = f"{self._project_id}/{self._run_id}"
        self._identity = Identity(SOURCE, key_text, own, name)

    @property
    def identity(self) -> Identity:
        """Named by Neptune's project and id of the run."""
        return self._identity

    def _rows(self) -> Iterator[Row]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        part = self._parts[0]
        try:
            for part in self._parts:
                with pq.ParquetFile(part) as file:
                    for batch in file.iter_batches():
                        yield from filter(self._is_own, batch.to_pylist())
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"cannot read {part}: {error}") from error

    def _is_own(self, row: Row) -> bool:
        return (row["project_id"], row["run_id"]) == (self._project_id, self._run_id)

    def items(self) -> Iterator[tuple[str, Item]]:
        """Yield series and files; each attribute is an origin."""
        steps: dict[str, list[float]] = {}
        for row in self._rows():
            if row["attribute_type"] in _SERIES:
                steps.setdefault(row["attribute_path"], []).append(float(row["step"] or 0))
        self._places = {path: Placing(SOURCE, path, each) for path, each in steps.items()}
        for row in self._rows():
            path, kind = row["attribute_path"], row["attribute_type"]
            if kind in _SIMPLE:
                continue
            time = _milliseconds(row.get("timestamp")) or self._first
            self._first = self._first or time
            for item in self._items(path, kind, row, time):
                yield path, item

    def _items(self, path: str, kind: str, row: Row, time: int) -> Iterator[Item]:
        if kind == "file":
            yield self._file(path, row, 0, time)
            return
        if kind not in _SERIES:
            self._lost[f"{path}: values of the type {kind}"] = None
            return
        step, companions = self._places[path].place(float(row["step"] or 0))
        if kind == "float_series":
            value = row["float_value"]
            number = math.nan if value is None else value
            yield Numbers({path: number, **companions}, step, time)
            return
        if companions:
            yield Numbers(companions, step, time)
        if kind == "string_series":
            yield Value(path, STRING_SERIES, row["string_value"] or "", step, time)
        elif kind == "file_series":
            yield self._file(path, row, step, time)
        else:
            yield from self._histogram(path, row["histogram_value"], step, time)

    def _file(self, path: str, row: Row, step: int, time: int) -> Content:
        place = str((row["file_value"] or {}).get("path") or "")
        kind = content_type(extension_of(place)).partition("/")[0]
        log_type = _LOG_TYPES.get(kind, "FILE")
        return Content(path, log_type, self._files / place, place, step, time, caption=path)

    def _histogram(
        self, path: str, value: Mapping[str, Any] | None, step: int, time: int
    ) -> Iterator[Value]:
        try:
            counted = Histogram((value["values"], value["edges"])) if value else Histogram([])
            yield Value(path, "HISTOGRAM", counted.to_json(), step, time)
        except UsageError as error:  # densities
            self._lost[f"{path}: {error}"] = None

    def facts(self) -> Facts:
        """Return single values as the config, and what Neptune knows under `sys/`."""
        own = {key: value for key, value in self._values.items() if key.startswith("sys/")}
        config: dict[str, Any] = {}
        for path, value in self._values.items():
            if path not in own:
                _put(config, path.split("/"), value)
        began = _milliseconds(own.get("sys/creation_time")) or self._first
        failed = bool(own.get("sys/failed"))
        about = {key.removeprefix("sys/"): value for key, value in own.items()}
        config[SOURCE] = {**about, "project_id": self._project_id, "run_id": self._run_id}
        tags = [*(own.get("sys/tags") or ()), *(own.get("sys/group_tags") or ())]
        return Facts(
            created_at=began,
            finished_at=_milliseconds(own.get("sys/modification_time")),
            status="FAILED" if failed else "COMPLETED",
            cause={"reason": "Neptune says: failed"} if failed else None,
            config=json.loads(json.dumps(config, default=str)),
            tags=tags,
            notes=own.get("sys/description") or None,
            lost=list(self._lost),
        )


def _simple(row: Row) -> Any:
    return row.get(_SIMPLE[row["attribute_type"]])


def _put(target: dict[str, Any], path: list[str], value: Any) -> None:
    """Set a value under its nested name; where a value stands in the way, under the rest of it."""
    for place, part in enumerate(path[:-1]):
        inner = target.setdefault(part, {})
        if not isinstance(inner, dict):
            target["/".join(path[place:])] = value
            return
        target = inner
    last = path[-1]
    target[f"{last}/" if isinstance(target.get(last), dict) else last] = value


def _milliseconds(moment: object) -> int | None:
    if not isinstance(moment, datetime):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return round(moment.timestamp() * 1000)
