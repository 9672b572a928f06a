"""CSV and JSON Lines: each file is a run, each line a row of metrics and texts."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from pluto.migrate.run import STRING_SERIES, Facts, Identity, Item, Numbers, SourceError, Value
from pluto.migrate.steps import Placing
from pluto.values import sort_values

SOURCE: Final = "csv"
STEP_COLUMNS: Final = ("step", "global_step", "_step", "iteration", "iter", "epoch")
TIME_COLUMNS: Final = ("timestamp", "_timestamp", "time", "wall time", "wall_time", "datetime")
_SECONDS: Final = (1e8, 1e11)  # 1973 to 5138
_MILLISECONDS: Final = (1e11, 1e14)
_GENERIC: Final = frozenset({"metrics", "log", "history", "progress", "results"})


def runs(
    path: Path, project: str | None = None, step: str | None = None, time: str | None = None
) -> list[TableRun]:
    """Return the run in a file, or those in all files `*.csv`, `*.jsonl` and `*.ndjson` below.

    Args:
        path: a file or a directory.
        project: that the runs go to; by default it is named after the directory.
        step: column of the step; by default the first one that is called like that
            (`STEP_COLUMNS`, in any case). Without one the rows are numbered.
        time: column of the time; by default the first of `TIME_COLUMNS`. Seconds or milliseconds
            since the epoch, or ISO 8601; without one all rows have the time at which the file was
            written.

    Raises:
        SourceError: there are no such files.
    """
    top = path.resolve()
    root = top.parent if top.is_file() else top
    files = [top] if top.is_file() else sorted(each for each in top.rglob("*.*") if _rows(each))
    if not files:
        raise SourceError(f"there are no files *.csv, *.jsonl or *.ndjson below {path}")
    for file in files:
        if _rows(file) is None:
            raise SourceError(f"{file} is no table: a name that ends in .csv, .jsonl or .ndjson")
    return [TableRun(file, root, project or root.name or SOURCE, (step, time)) for file in files]


class TableRun:
    """The rows of a file."""

    def __init__(
        self, path: Path, root: Path, project: str, columns: tuple[str | None, str | None]
    ) -> None:
        self._path = path
        inner = path.relative_to(root).with_suffix("")
        is_generic = inner.name.lower() in _GENERIC and inner.parent.name
        name = (inner.parent if is_generic else inner).as_posix()
        self._identity = Identity(SOURCE, "/".join(path.parts[-3:]), project, name)
        self._wanted = columns
        self._times: list[int] = []
        self._lost: dict[str, int] = {}

    @property
    def identity(self) -> Identity:
        """Named by the file and the two directories above."""
        return self._identity

    def items(self) -> Iterator[tuple[str, Item]]:
        """Yield the numbers and texts of each row; the origin is the file."""
        step_column, time_column = self._columns()
        written = int(self._path.stat().st_mtime * 1000)
        steps = [_number(row.get(step_column)) for row in self._read()] if step_column else []
        rows_have_steps = bool(steps) and not any(math.isnan(step) for step in steps)
        placing = Placing(SOURCE, step_column or "", steps) if rows_have_steps else None
        if placing is not None and placing.is_numbered:
            placing = None
        for number, row in enumerate(self._read()):
            moment = _moment(row.pop(time_column, None)) if time_column else None
            time = written if moment is None else moment
            self._times = [min([*self._times, time]), max([*self._times, time])]
            step = number
            if placing is not None and step_column:
                step = int(_number(row.pop(step_column)))
            yield from ((self._path.name, item) for item in self._items(row, step, time))

    def _columns(self) -> tuple[str | None, str | None]:
        """Return the columns of step and time.

        Raises:
            SourceError: one that was asked for is not there.
        """
        names: dict[str, Any] = {}
        for row in self._read():
            names = {**row, **names}
        found = []
        for wanted, usual in zip(self._wanted, (STEP_COLUMNS, TIME_COLUMNS), strict=True):
            if wanted is not None and wanted not in names:
                known = ", ".join(map(repr, names))
                raise SourceError(f"{self._path} has no column {wanted!r}, but {known}")
            by_lower = {name.strip().lower(): name for name in reversed(names)}
            found.append(
                wanted or next((by_lower[name] for name in usual if name in by_lower), None)
            )
        step, time = found
        is_time = time and all(
            row.get(time) in (None, "") or _moment(row[time]) is not None for row in self._read()
        )
        if time and not is_time and self._wanted[1]:
            raise SourceError(
                f"column {time!r} of {self._path} has no times: seconds or milliseconds since"
                " 1970, or ISO 8601"
            )
        return step, time if is_time else None

    def _read(self) -> Iterator[dict[str, Any]]:
        read = _rows(self._path)
        assert read is not None
        return read(self._path)

    def _items(self, row: Mapping[str, Any], step: int, time: int) -> Iterator[Item]:
        found = sort_values(row)
        if found.numbers:
            yield Numbers(found.numbers, step, time)
        for name, text in found.texts.items():
            yield Value(name, STRING_SERIES, text, step, time)
        for name, reason in found.refused:
            if reason != "None is no value":
                self._lost[f"{name}: {reason}"] = self._lost.get(f"{name}: {reason}", 0) + 1

    def facts(self) -> Facts:
        """Return the first and last of the times, and what was refused."""
        first, last = self._times or [0, 0]
        lost = [f"{what} ({count:,} times)" for what, count in self._lost.items()]
        return Facts(created_at=first, finished_at=last, lost=lost)


def _csv_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a CSV file, numbers as numbers, without the empty cells."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.reader(file)
        header = _distinct(next(reader, []))
        if not header:
            raise SourceError(f"{path} is empty: a first line with the names of columns is needed")
        for cells in reader:
            if len(cells) > len(header):
                raise SourceError(
                    f"{path}, line {reader.line_num}: {len(cells)} cells for {len(header)} columns"
                )
            row = zip(header, cells, strict=False)
            yield {name: _cell(text) for name, text in row if text.strip()}


def _distinct(header: list[str]) -> list[str]:
    """Return the names of columns; an empty one is numbered, and so is one that comes again."""
    names: list[str] = []
    for number, text in enumerate(header):
        name = text.strip() or f"column {number + 1}"
        names.append(name if name not in names else f"{name} ({number + 1})")
    return names


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines file; a torn one at the end is still being written."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                if not line.endswith("\n"):
                    return
                raise SourceError(f"{path}, line {number}: {error}") from error
            if not isinstance(row, dict):
                raise SourceError(
                    f"{path}, line {number}: a JSON object is needed, not {line[:40]!r}"
                )
            yield row


_READERS: Final[Mapping[str, Callable[[Path], Iterator[dict[str, Any]]]]] = {
    ".csv": _csv_rows,
    ".jsonl": _json_rows,
    ".ndjson": _json_rows,
}


def _rows(path: Path) -> Callable[[Path], Iterator[dict[str, Any]]] | None:
    return _READERS.get(path.suffix.lower())


def _cell(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _number(value: Any) -> float:
    """Return the number in a cell; NaN if there is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _moment(value: Any) -> int | None:
    """Return a time in milliseconds since the epoch, or None if the value is none."""
    number = _number(value)
    if _SECONDS[0] <= number < _SECONDS[1]:
        return round(number * 1000)
    if _MILLISECONDS[0] <= number < _MILLISECONDS[1]:
        return round(number)
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return round(moment.timestamp() * 1000)
