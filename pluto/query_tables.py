"""Tables on disk that grow in pieces: CSV, JSON and Parquet."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Literal, Protocol

import numpy as np
import orjson

from pluto.errors import UsageError
from pluto.query_frames import find, library
from pluto.server.fields import json_number

Kind = Literal["text", "integer", "number", "time"]
Schema = Mapping[str, Kind]
"""The columns of a table, in their order."""

Columns = Mapping[str, Sequence[Any] | np.ndarray[Any, Any]]
"""Rows as columns of equal length; times as datetime64[ms], UTC."""


class Table(Protocol):
    """A file that rows are added to."""

    def add(self, columns: Columns) -> None:
        """Write rows."""

    def close(self) -> None:
        """Make the file whole."""


def create_table(path: Path, schema: Schema) -> Table:
    """Begin a table; the suffix of its path says the format.

    Floats keep every bit. Times are ISO 8601 with `Z`, in Parquet timestamps in UTC. JSON, which
    has no such numbers, holds the words "NaN", "Infinity" and "-Infinity".

    Raises:
        UsageError: an unknown format, or one whose library is not installed.
    """
    make = _FORMATS.get(path.suffix.removeprefix("."))
    if make is None:
        raise UsageError(f"the format must be one of {', '.join(_FORMATS)}, got {path.suffix!r}")
    return make(path, schema)


class _CsvTable:
    def __init__(self, path: Path, schema: Schema) -> None:
        self._schema = schema
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._writer.writerow(schema)

    def add(self, columns: Columns) -> None:
        plain = (_plain(columns[name], kind) for name, kind in self._schema.items())
        self._writer.writerows(zip(*plain, strict=True))

    def close(self) -> None:
        self._file.close()


class _JsonTable:
    """A JSON array with one object a line."""

    def __init__(self, path: Path, schema: Schema) -> None:
        self._schema = schema
        self._file: IO[bytes] = path.open("wb")
        self._before = b"[\n"

    def add(self, columns: Columns) -> None:
        plain = [_json_safe(_plain(columns[name], kind)) for name, kind in self._schema.items()]
        names = list(self._schema)
        for row in zip(*plain, strict=True):
            self._file.write(self._before + orjson.dumps(dict(zip(names, row, strict=True))))
            self._before = b",\n"

    def close(self) -> None:
        self._file.write(b"\n]\n" if self._before == b",\n" else b"[]\n")
        self._file.close()


class _ParquetTable:
    def __init__(self, path: Path, schema: Schema) -> None:
        self._arrow = library("pyarrow", "parquet")
        types = {
            "text": self._arrow.string(),
            "integer": self._arrow.int64(),
            "number": self._arrow.float64(),
            "time": self._arrow.timestamp("ms", tz="UTC"),
        }
        self._schema = self._arrow.schema([(name, types[kind]) for name, kind in schema.items()])
        writer = library("pyarrow.parquet", "parquet").ParquetWriter
        self._writer = writer(str(path), self._schema, compression="zstd")

    def add(self, columns: Columns) -> None:
        arrays = [self._arrow.array(columns[field.name], type=field.type) for field in self._schema]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


class _PolarsParquetTable:
    """Parquet where polars is installed and pyarrow is not; keeps the rows in memory."""

    def __init__(self, path: Path, schema: Schema) -> None:
        self._polars = library("polars")
        types = {
            "text": self._polars.String,
            "integer": self._polars.Int64,
            "number": self._polars.Float64,
            "time": self._polars.Datetime("ms", "UTC"),
        }
        self._path = path
        self._schema = {name: types[kind] for name, kind in schema.items()}
        self._parts = [self._polars.DataFrame(schema=self._schema)]

    def add(self, columns: Columns) -> None:
        own = [
            self._polars.Series(name, columns[name]).cast(kind)
            if name != "time"
            else self._polars.Series(name, columns[name]).dt.replace_time_zone("UTC")
            for name, kind in self._schema.items()
        ]
        self._parts.append(self._polars.DataFrame(own))

    def close(self) -> None:
        self._polars.concat(self._parts).write_parquet(self._path)


def _parquet(path: Path, schema: Schema) -> Table:
    has_only_polars = find("polars") is not None and find("pyarrow") is None
    return (_PolarsParquetTable if has_only_polars else _ParquetTable)(path, schema)


def _plain(column: Sequence[Any] | np.ndarray[Any, Any], kind: Kind) -> list[Any]:
    if not isinstance(column, np.ndarray):
        return list(column)
    if kind == "time":
        return (
            np.datetime_as_string(column, unit="ms", timezone="UTC").tolist() if len(column) else []
        )
    plain: list[Any] = column.tolist()
    return plain


def _json_safe(column: list[Any]) -> list[Any]:
    return [json_number(value) if isinstance(value, float) else value for value in column]


_FORMATS: Final[dict[str, Callable[[Path, Schema], Table]]] = {
    "csv": _CsvTable,
    "json": _JsonTable,
    "parquet": _parquet,
}
