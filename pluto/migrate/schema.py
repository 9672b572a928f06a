"""The staging format of exported runs: Parquet files with one row for each value.

| attribute_type | what the row is |
| --- | --- |
| `metric`, `system_metric` | `float_value` of the metric `attribute_path` |
| `string_series` | `string_value` |
| `media` | a file (`file_value`, relative to the run), or the JSON of a histogram or table |
| `artifact` | a file of an artifact |
| `console` | a line; `annotation_value` is ERROR for stderr |
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from pluto.errors import UsageError
from pluto.media.naming import content_type, extension_of
from pluto.migrate.run import STRING_SERIES, Content, Item, Line, Numbers, SourceError, Value

COLUMNS: Final = (
    "project_id", "run_id", "attribute_path", "attribute_type", "step", "timestamp_ms",
    "float_value", "string_value", "file_value", "caption", "annotation_value",
)  # fmt: skip
ROWS_A_PART: Final = 50_000
EXTRA: Final = "pip install 'pluto-ml[migrate]'"
_INTEGERS: Final = frozenset({"step", "timestamp_ms"})
_MEDIA: Final = {"image": "IMAGE", "audio": "AUDIO", "video": "VIDEO"}

Row = dict[str, Any]


def require_pyarrow() -> None:
    """Check that Parquet files can be written and read.

    Raises:
        UsageError: pyarrow is not installed; the message names the extra.
    """
    import importlib.util

    if importlib.util.find_spec("pyarrow") is None:
        raise UsageError(f"Parquet files need pyarrow: {EXTRA}")


def part_path(directory: Path, number: int) -> Path:
    """Return where a part of a run's rows is."""
    return directory / f"part-{number:05}.parquet"


def write_parts(directory: Path, rows: Iterable[Row]) -> int:
    """Write rows as the parts of a run, instead of those that are there; return how many rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for old in directory.glob("part-*.parquet"):
        old.unlink()
    types = {"float_value": pa.float64(), **dict.fromkeys(_INTEGERS, pa.int64())}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])
    stream, count = iter(rows), 0
    for number in itertools.count():
        piece = list(itertools.islice(stream, ROWS_A_PART))
        if not piece and number:
            return count
        pq.write_table(pa.Table.from_pylist(piece, schema), part_path(directory, number))
        count += len(piece)
    return count


def read_parts(directory: Path) -> Iterator[Row]:
    """Yield the rows of a run in order.

    Raises:
        SourceError: a part is missing or is none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = sorted(directory.glob("part-*.parquet"))
    if parts != [part_path(directory, number) for number in range(len(parts))] or not parts:
        raise SourceError(f"parts are missing in {directory}: export the run again")
    part = directory
    try:
        for part in parts:
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches():
                    yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"cannot read {part}: {error}") from error


def rows_of(item: Item, base: Row, root: Path) -> Iterator[Row]:
    """Yield the rows that stand for an item.

    Args:
        item: what a run has logged; a file lies below `root`.
        base: `project_id` and `run_id`.
        root: the directory of the exported run.
    """
    kind = attribute_type(item)
    row = {**dict.fromkeys(COLUMNS), **base, "attribute_type": kind, "timestamp_ms": item.time}
    if isinstance(item, Line):
        error = "ERROR" if item.error else None
        more = {"string_value": item.text, "annotation_value": error}
        yield {**row, "attribute_path": "console", **more}
        return
    row["step"] = item.step
    if isinstance(item, Numbers):
        for name, value in item.values.items():
            yield {**row, "attribute_path": name, "float_value": float(value)}
    elif isinstance(item, Value):
        yield {**row, "attribute_path": item.name, "string_value": item.body}
    else:
        yield row | _file_row(item, root)


def attribute_type(item: Item) -> str:
    """Return what the rows of an item are called."""
    if isinstance(item, Numbers):
        return "system_metric" if item.system else "metric"
    if isinstance(item, Value):
        return "string_series" if item.type == STRING_SERIES else "media"
    if isinstance(item, Line):
        return "console"
    return "artifact" if item.type == "ARTIFACT" else "media"


def _file_row(item: Content, root: Path) -> Row:
    assert isinstance(item.content, Path)
    return {
        "attribute_path": item.name,
        "file_value": item.content.relative_to(root).as_posix(),
        "caption": item.caption,
        "annotation_value": item.annotations,
    }


def items_of(rows: Iterable[Row], root: Path) -> Iterator[Item]:
    """Yield what rows stand for; metrics of one step and time come together."""
    for key, group in itertools.groupby(rows, _moment):
        if key[0] in ("metric", "system_metric"):
            yield from _numbers(list(group), key)
            continue
        places: dict[tuple[str, int], int] = {}
        for row in group:
            name = row["attribute_path"], row["step"] or 0
            places[name] = place = places.get(name, -1) + 1
            yield _item(row, root, place)


def _moment(row: Row) -> tuple[str, int, int]:
    return row["attribute_type"], row["step"] or 0, row["timestamp_ms"] or 0


def _numbers(rows: list[Row], key: tuple[str, int, int]) -> Iterator[Numbers]:
    """Yield rows of numbers together, as long as no name comes twice."""
    values: dict[str, float] = {}
    is_system = key[0] == "system_metric"
    for row in rows:
        if row["attribute_path"] in values:
            yield Numbers(values, key[1], key[2], is_system)
            values = {}
        value = row["float_value"]
        values[row["attribute_path"]] = float("nan") if value is None else value
    yield Numbers(values, key[1], key[2], is_system)


def _item(row: Row, root: Path, place: int) -> Item:
    name, step, time = row["attribute_path"], row["step"] or 0, row["timestamp_ms"] or 0
    kind, text, file = row["attribute_type"], row["string_value"], row["file_value"]
    if kind == "console":
        return Line(text or "", time, row["annotation_value"] == "ERROR")
    if kind == "string_series":
        return Value(name, STRING_SERIES, text or "", step, time)
    if file is None:
        return Value(name, _type_of(text), text, step, time)
    log_type = "ARTIFACT" if kind == "artifact" else _log_type(file)
    inner = Path(*Path(file).parts[1:]).as_posix()  # below files/ or artifacts/
    content = root / file
    if not content.resolve().is_relative_to(root.resolve()):
        raise SourceError(f"the file {file} of {name} is not one of the run")
    more = {"caption": row["caption"], "annotations": row["annotation_value"], "place": place}
    return Content(name, log_type, content, inner, step, time, **more)


def _type_of(text: str | None) -> str:
    try:
        document = json.loads(text or "")
        return str(document["type"]).upper()
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError("a media row has neither a file nor a structured value") from error


def _log_type(file: str) -> str:
    return _MEDIA.get(content_type(extension_of(file)).partition("/")[0], "FILE")
