"""A run as files that every program reads: tables, JSON and the media."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from pluto.errors import QueryError, UsageError
from pluto.names import directory_name
from pluto.query_calls import Calls
from pluto.query_connection import RunId
from pluto.query_files import safe_file_name
from pluto.query_series import moments
from pluto.query_tables import Schema, Table, create_table

Format = Literal["parquet", "csv", "json"]
FORMATS: Final = ("parquet", "csv", "json")

METRICS: Final[Schema] = {"metric": "text", "step": "integer", "time": "time", "value": "number"}
CONSOLE: Final[Schema] = {"line": "integer", "time": "time", "type": "text", "message": "text"}
FILES: Final[Schema] = {
    "name": "text",
    "file_name": "text",
    "type": "text",
    "size": "integer",
    "step": "integer",
    "time": "time",
    "caption": "text",
    "annotations": "text",
    "path": "text",
}
DATA: Final[Schema] = {
    "name": "text",
    "type": "text",
    "step": "integer",
    "time": "time",
    "data": "text",
}


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        directory: where it is.
        metrics, points, lines, files, data: how many there are of each.
        missing: files of the run whose bytes are not to be had.
        has_data: False where the source does not give structured values.
    """

    directory: Path
    metrics: int
    points: int
    lines: int
    files: int
    missing: int
    data: int
    has_data: bool


def export_run(
    client: Calls,
    project: str,
    run_id: RunId,
    target: Path,
    format: Format = "parquet",  # noqa: A002 the natural name
    *,
    media: bool = True,
) -> Exported:
    """Write a run with every point, line and file into a new directory below `target`.

    The directory has the name of the run. In it are `run.json` (facts, config, tags), the tables
    `metrics`, `console`, `files` and `data`, and the bytes of the files below `files/`. It appears
    when it is complete.

    Args:
        client: has the run.
        project: of the run.
        run_id: number, display id, or name of the run.
        target: made if it is not there.
        format: of the tables.
        media: copy the bytes of the files too.

    Raises:
        UsageError: the directory is there already, or a library is not installed.
        QueryError: the run cannot be read.

    Example:
        >>> export_run(client, "digits", "brave-otter", Path("out"), "csv").points
        120000
    """
    run = client.get_run(project, run_id)
    directory = target / directory_name(run["name"])
    if directory.exists():
        raise UsageError(f"{directory} is there already: remove it, or choose another place")
    partial = target / f".{directory.name}.part"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        counts = _Export(client, run, partial, format).write(media)
        partial.rename(directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Exported(directory, **counts)


class _Export:
    """One run on its way into a directory."""

    def __init__(
        self,
        client: Calls,
        run: Mapping[str, Any],
        directory: Path,
        format: str,  # noqa: A002 the natural name
    ) -> None:
        self._client = client
        self._run = run
        self._project, self._number = str(run["projectName"]), int(run["id"])
        self._directory = directory
        self._format = format

    def write(self, media: bool) -> dict[str, Any]:
        """Write everything; return how much of each there was."""
        text = json.dumps(self._run, indent=2, ensure_ascii=False)
        (self._directory / "run.json").write_text(f"{text}\n", "utf-8")
        metrics, points = self._metrics()
        files, missing = self._files(media)
        structured = self._client.structured(self._project, self._number)
        return {
            "metrics": metrics,
            "points": points,
            "lines": self._console(),
            "files": files,
            "missing": missing,
            "data": self._data(structured or []),
            "has_data": structured is not None,
        }

    def _metrics(self) -> tuple[int, int]:
        metrics = points = 0
        with self._table("metrics", METRICS) as table:
            for series in self._client.get_series(self._project, self._number):
                metrics, points = metrics + 1, points + len(series.steps)
                table.add(
                    {
                        "metric": [series.name] * len(series.steps),
                        "step": series.steps,
                        "time": series.times,
                        "value": series.values,
                    }
                )
        return metrics, points

    def _console(self) -> int:
        lines = self._client.get_logs(self._project, self._number)
        with self._table("console", CONSOLE) as table:
            table.add(
                {
                    "line": [int(line["lineNumber"]) for line in lines],
                    "time": moments([line["time"] for line in lines]),
                    "type": [line["logType"] for line in lines],
                    "message": [line["message"] for line in lines],
                }
            )
        return len(lines)

    def _files(self, media: bool) -> tuple[int, int]:
        files = self._client.get_files(self._project, self._number)
        paths = [self._copy(place, file) if media else None for place, file in enumerate(files)]
        with self._table("files", FILES) as table:
            table.add(
                {
                    "name": [file["logName"] for file in files],
                    "file_name": [file["fileName"] for file in files],
                    "type": [file["fileType"] for file in files],
                    "size": [int(file["fileSize"]) for file in files],
                    "step": [int(file["step"]) for file in files],
                    "time": moments([file["time"] for file in files]),
                    "caption": [file["caption"] for file in files],
                    "annotations": [file["annotations"] for file in files],
                    "path": paths,
                }
            )
        return len(files), paths.count(None) if media else 0

    def _copy(self, place: int, file: Mapping[str, Any]) -> str | None:
        """Copy a file; return its path in the export, None if its bytes are not to be had."""
        name = f"{file['step']}-{place}-{safe_file_name(str(file['fileName']))}"
        path = Path("files") / directory_name(str(file["logName"])) / name
        try:
            self._client.fetch_file(file, self._directory / path)
        except QueryError:
            return None
        return path.as_posix()

    def _data(self, points: Sequence[Any]) -> int:
        with self._table("data", DATA) as table:
            table.add(
                {
                    "name": [point.name for point in points],
                    "type": [point.type for point in points],
                    "step": [point.step for point in points],
                    "time": np.array([point.time for point in points], "datetime64[ms]"),
                    "data": [point.data for point in points],
                }
            )
        return len(points)

    @contextmanager
    def _table(self, name: str, schema: Schema) -> Iterator[Table]:
        table = create_table(self._directory / f"{name}.{self._format}", schema)
        try:
            yield table
        finally:
            table.close()
