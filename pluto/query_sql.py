"""SQL over local runs, with DuckDB."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from pluto.errors import QueryError, StorageError, UsageError
from pluto.query_frames import library
from pluto.query_local import LocalSource, metrics_of
from pluto.server.backend import RunReads
from pluto.server.file_rows import FileRow
from pluto.server.rows import RunRow
from pluto.storage import Kind

logger = logging.getLogger("pluto")

Columns = Mapping[str, Any]

PAGE: Final = 10_000
ROWS_AT_ONCE: Final = 1_000_000

# The names of metrics are joined to their points: a million rows do not repeat a text.
TABLES: Final = """
CREATE TABLE runs (
    run BIGINT, project VARCHAR, name VARCHAR, status VARCHAR, tags VARCHAR[], config VARCHAR,
    created_at TIMESTAMP_MS, updated_at TIMESTAMP_MS, display_id VARCHAR, run_id VARCHAR,
    directory VARCHAR
);
CREATE TABLE console (run BIGINT, line BIGINT, time TIMESTAMP_MS, type VARCHAR, text VARCHAR);
CREATE TABLE files (
    run BIGINT, name VARCHAR, file_name VARCHAR, type VARCHAR, mime VARCHAR, size BIGINT,
    step BIGINT, time TIMESTAMP_MS, caption VARCHAR, path VARCHAR
);
CREATE SCHEMA stored;
CREATE TABLE stored.series (series BIGINT, run BIGINT, name VARCHAR);
CREATE TABLE stored.points (series BIGINT, step BIGINT, time TIMESTAMP_MS, value DOUBLE);
CREATE VIEW metrics AS
    SELECT run, name, step, time, value FROM stored.points JOIN stored.series USING (series);
"""
EXPRESSIONS: Final = {"stored.points": "series, step, time, if(is_nan, 'NaN', value)"}
NAMES: Final = "the tables are runs, metrics, console and files"
LOCKS: Final = "SET enable_external_access = false; SET lock_configuration = true;"


class Result(NamedTuple):
    """What a query found: names of its columns, and its rows as they are read."""

    columns: list[str]
    rows: Iterator[tuple[Any, ...]]


def run_sql(source: LocalSource, sql: str, project: str | None = None) -> Result:
    """Answer one SELECT over the tables `runs`, `metrics`, `console` and `files`.

    Only the tables that the query names are read. `run` joins them.

    Args:
        source: the runs.
        sql: in DuckDB's dialect; it can reach neither files nor the network.
        project: read the runs of this one only.

    Raises:
        UsageError: DuckDB is not installed, or this is not one SELECT.
        QueryError: DuckDB cannot answer it.

    Example:
        >>> run_sql(source, "SELECT name, min(value) FROM metrics GROUP BY name").columns
        ['name', 'min(value)']
    """
    duckdb = library("duckdb", "sql")
    connection = duckdb.connect(":memory:")
    try:
        _check(duckdb, connection, sql)
        connection.execute(TABLES)
        _Loader(source, connection).load(sql, source.rows(project))
        connection.execute(LOCKS)
        connection.execute(sql)
    except duckdb.Error as error:
        connection.close()
        hint = f"\n\n{NAMES}" if isinstance(error, duckdb.CatalogException) else ""
        raise QueryError(f"{error}{hint}") from error
    columns = [column[0] for column in connection.description or ()]
    return Result(columns, _rows(connection))


def _check(duckdb: Any, connection: Any, sql: str) -> None:
    statements = connection.extract_statements(sql)
    kinds = [statement.type for statement in statements]
    if kinds not in ([duckdb.StatementType.SELECT], [duckdb.StatementType.EXPLAIN]):
        raise UsageError("only one SELECT is answered: runs are not changed by SQL")


def _rows(connection: Any) -> Iterator[tuple[Any, ...]]:
    with connection:
        while page := connection.fetchmany(PAGE):
            yield from page


class _Loader:
    """Copies what a query needs into the tables, many runs at a time."""

    def __init__(self, source: LocalSource, connection: Any) -> None:
        self._source = source
        self._connection = connection
        self._series = 0
        self._waiting: dict[str, list[Columns]] = {}
        self._rows = 0

    def load(self, sql: str, rows: list[RunRow]) -> None:
        tables = ("metrics", "console", "files")
        named = {table for table in tables if re.search(rf"\b{table}\b", sql, re.IGNORECASE)}
        for row in rows:
            self._load_run(row, named)
        self._flush()

    def _load_run(self, row: RunRow, named: set[str]) -> None:
        try:
            reader = self._source.reader(row)
            self._add("runs", _run(row, reader))
            if "metrics" in named:
                self._load_metrics(row, reader)
            if "console" in named:
                self._add("console", _console(row, reader))
            if "files" in named:
                self._add("files", _files(row, self._source))
        except StorageError as error:
            logger.warning("a damaged run is left out, in part or as a whole: %s", error)

    def _load_metrics(self, row: RunRow, reader: RunReads) -> None:
        infos = metrics_of(reader)
        if not infos:
            return
        points = [reader.points(info.name) for info in infos]
        numbers = np.arange(self._series, self._series + len(infos))
        self._series += len(infos)
        names = [info.name for info in infos]
        owner = np.full(len(infos), row.id)
        self._add("stored.series", {"series": numbers, "run": owner, "name": names})
        values = np.concatenate([each.values for each in points])
        self._add(
            "stored.points",
            {
                "series": np.repeat(numbers, [len(each.steps) for each in points]),
                "step": np.concatenate([each.steps for each in points]),
                "time": _times(np.concatenate([each.times for each in points])),
                "value": np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf),
                "is_nan": np.isnan(values),  # DuckDB takes a NaN of NumPy for NULL
            },
        )

    def _add(self, table: str, columns: Columns) -> None:
        """Take rows given as columns, arrays or lists of texts, all of one length."""
        arrays = {name: _array(column) for name, column in columns.items()}
        self._waiting.setdefault(table, []).append(arrays)
        self._rows += max(map(len, arrays.values()))
        if self._rows >= ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        for table, parts in self._waiting.items():
            names = parts[0]
            added = {name: np.concatenate([part[name] for part in parts]) for name in names}
            chosen = EXPRESSIONS.get(table, "*")
            self._connection.register("added", added)
            self._connection.execute(f"INSERT INTO {table} SELECT {chosen} FROM added")  # noqa: S608
            self._connection.unregister("added")
        self._waiting.clear()
        self._rows = 0


def _array(column: Any) -> np.ndarray[Any, Any]:
    if isinstance(column, np.ndarray):
        return column
    array = np.empty(len(column), object)
    array[:] = column
    return array


def _times(milliseconds: Any) -> np.ndarray[Any, Any]:
    return np.asarray(milliseconds, np.int64).astype("datetime64[ms]")


def _run(row: RunRow, reader: RunReads) -> Columns:
    config = reader.facts().get("config")
    return {
        "run": np.array([row.id]),
        "project": [row.project],
        "name": [row.name],
        "status": [row.status],
        "tags": [list(row.tags)],
        "config": [json.dumps(config)],
        "created_at": _times([row.created_at]),
        "updated_at": _times([row.updated_at]),
        "display_id": [row.display_id],
        "run_id": [row.external_id],
        "directory": [row.place],
    }


def _console(row: RunRow, reader: RunReads) -> Columns:
    lines = reader.records(Kind.CONSOLE, limit=-1)
    return {
        "run": np.full(len(lines), row.id),
        "line": np.array([line.step for line in lines], np.int64),
        "time": _times([line.time for line in lines]),
        "type": [line.type for line in lines],
        "text": [line.body.decode("utf-8", "replace") for line in lines],
    }


def _files(row: RunRow, source: LocalSource) -> Columns:
    files: list[FileRow] = source.files(row)
    return {
        "run": np.full(len(files), row.id),
        "name": [file.name for file in files],
        "file_name": [file.file_name for file in files],
        "type": [file.type for file in files],
        "mime": [file.mime for file in files],
        "size": np.array([file.size for file in files], np.int64),
        "step": np.array([file.step for file in files], np.int64),
        "time": _times([file.time for file in files]),
        "caption": [file.caption for file in files],
        "path": [_text(source.file_path(row, file)) for file in files],
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
