"""Reads the many forms of a table into rows and names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from pluto.errors import UsageError
from pluto.media.arrays import is_array


@dataclass
class Grid:
    """Rows of cells with the names of columns and rows; names are empty if the source has none."""

    rows: list[Sequence[Any]]
    columns: list[str] = field(default_factory=list)
    index: list[str] = field(default_factory=list)


def read_grid(data: Any) -> Grid:
    """Read a table from whatever holds one.

    Frames of pandas and polars (and what looks like them), arrays and tensors of one or two
    dimensions, structured arrays, mappings of columns, lists of mappings, lists of rows, and
    lists of single values (one column).

    Raises:
        UsageError: `data` is none of these.
    """
    if data is None:
        return Grid([])
    for recognise, read in _READERS:
        if recognise(data):
            return read(data)
    if isinstance(data, (str, bytes)) or not isinstance(data, Iterable):
        raise UsageError(
            f"Table takes rows, an array, a frame or a dict of columns, got {type(data).__name__}"
        )
    return _read_rows(list(data))


def label(name: object) -> str:
    """Return the text of a column's or row's name; levels of a multi-index are joined with `/`."""
    return "/".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _is_pandas(data: object) -> bool:
    return hasattr(data, "itertuples") and hasattr(data, "index")


def _read_pandas(frame: Any) -> Grid:
    cells = [column.tolist() for _, column in frame.items()]
    rows: list[Sequence[Any]] = list(zip(*cells, strict=True)) or [()] * len(frame.index)
    return Grid(
        rows, [label(name) for name in frame.columns], [label(name) for name in frame.index]
    )


def _is_polars(data: object) -> bool:
    return hasattr(data, "rows") and hasattr(data, "columns")


def _read_polars(frame: Any) -> Grid:
    return Grid(list(frame.rows()), [label(name) for name in frame.columns])


def _read_array(array: Any) -> Grid:
    names = getattr(array.dtype, "names", None)
    if names:
        return Grid(array.reshape(-1).tolist(), [str(name) for name in names])
    if len(array.shape) not in {1, 2}:
        raise UsageError(f"Table takes arrays of 1 or 2 dimensions, got shape {tuple(array.shape)}")
    return _read_rows(array.tolist())


def _is_mapping(data: object) -> bool:
    return isinstance(data, Mapping)


def _read_mapping(columns: Mapping[Any, Any]) -> Grid:
    cells = [_cells(column) for column in columns.values()]
    return Grid(list(zip_longest(*cells)), [label(name) for name in columns])


def _read_rows(rows: Sequence[Any]) -> Grid:
    if rows and all(isinstance(row, Mapping) for row in rows):
        return _read_mappings(rows)
    if {list, tuple}.issuperset(map(type, rows)):
        return Grid(list(rows))
    return Grid([_cells(row) for row in rows])


def _read_mappings(rows: Sequence[Mapping[Any, Any]]) -> Grid:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return Grid(
        [[row.get(name) for name in names] for row in rows], [label(name) for name in names]
    )


def _cells(row: Any) -> list[Any]:
    if is_array(row) and len(row.shape) > 0:
        return list(row.tolist())
    if isinstance(row, (list, tuple)) or (hasattr(row, "tolist") and hasattr(row, "__len__")):
        return list(row)
    return [row]


_READERS = (
    (_is_pandas, _read_pandas),
    (_is_polars, _read_polars),
    (is_array, _read_array),
    (_is_mapping, _read_mapping),
)
