"""`wandb.Table`: rows that grow, whose cells may hold pictures."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from numbers import Number
from typing import Any, Final

import pluto
from pluto.compat.wandb_errors import Error
from pluto.media.tabular import read_grid


def _is_number(value: Any) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool)


_KINDS: Final[dict[Any, Callable[[Any], bool]]] = {
    **dict.fromkeys((str, "string"), lambda value: isinstance(value, str)),
    **dict.fromkeys((bool, "boolean"), lambda value: type(value).__name__ in {"bool", "bool_"}),
    **dict.fromkeys((int, float, "number"), _is_number),
}
"""What `Table.cast` checks, by type."""

DEFAULT_COLUMNS: Final = ("Input", "Output", "Expected")


class Table:
    """A table, as `wandb.Table` takes it. What it holds when it is logged is what is kept.

    Args:
        columns: names of the columns.
        data: rows, an array, or a pandas frame.
        rows: another way to give `data`.
        dataframe: a pandas frame, whose columns name those of the table.
        **_rules: `dtype`, `optional`, `allow_mixed_types`, `log_mode`: without effect, every cell
            may hold anything, and a table can be logged again after it has grown.

    Example:
        >>> table = Table(columns=["text", "label"])
        >>> table.add_data("hello", 1)
        >>> table.get_column("label")
        [1]
    """

    def __init__(
        self,
        columns: Iterable[Any] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        **_rules: Any,
    ) -> None:
        given = next((source for source in (dataframe, data, rows) if source is not None), None)
        grid = read_grid(given)
        named = grid.columns if dataframe is not None or columns is None else []
        self.columns: list[Any] = named or list(columns or DEFAULT_COLUMNS)
        self.data: list[list[Any]] = []
        for row in grid.rows:
            self.add_data(*row)

    def add_data(self, *row: Any) -> None:
        """Add a row: a value for each column.

        Raises:
            ValueError: there are more or fewer values than columns.
        """
        if len(row) != len(self.columns):
            raise ValueError(f"the table has {len(self.columns)} columns, the row {len(row)}")
        self.data.append(list(row))

    def add_row(self, *row: Any) -> None:
        """Add a row; the earlier name of `add_data`."""
        self.add_data(*row)

    def add_column(self, name: str, data: Any, optional: bool = False) -> None:  # noqa: ARG002
        """Add a column: a value for each row.

        Args:
            name: of the column.
            data: the values.
            optional: without effect: every cell may be None.

        Raises:
            ValueError: there are more or fewer values than rows.
        """
        values = list(data)
        if self.columns and self.data and len(values) != len(self.data):
            raise ValueError(f"the table has {len(self.data)} rows, the column {len(values)}")
        rows = self.data or [[] for _ in values]
        self.data = [[*row, value] for row, value in zip(rows, values, strict=True)]
        self.columns.append(name)

    def add_computed_columns(self, fn: Callable[[int, dict[Any, Any]], Any]) -> None:
        """Add the columns that `fn(index, row as a dict)` returns as a dict."""
        found = [
            fn(index, dict(zip(self.columns, row, strict=True))) for index, row in self.iterrows()
        ]
        for name in found[0] if found else []:
            self.add_column(name, [values[name] for values in found])

    def cast(self, col_name: str, dtype: Any, optional: bool = False) -> Any:
        """Check that a column holds values of a type; every cell stays as it is.

        Args:
            col_name: the column.
            dtype: `str`, `bool`, `int` or `float` (both mean any number), or one of their names
                "string", "boolean", "number"; whatever else is not checked.
            optional: whether None is a value too.

        Returns:
            `dtype`.

        Raises:
            Error: there is no such column.
            TypeError: a value is of another type.
        """
        columns_of(self, {"col_name": col_name})
        is_kind = _KINDS.get(dtype) if isinstance(dtype, Hashable) else None
        for row, value in enumerate(self.get_column(col_name)):
            if is_kind and not (is_kind(value) or (optional and value is None)):
                raise TypeError(f"row {row} of {col_name!r} holds {value!r}, which is no {dtype}")
        return dtype

    def get_column(self, name: str, convert_to: str | None = None) -> Any:
        """Return the values of a column; `convert_to="numpy"` makes an array of them."""
        place = self.columns.index(name)
        values = [row[place] for row in self.data]
        if convert_to is None:
            return values
        if convert_to != "numpy":
            raise Error(f"get_column(convert_to=) takes 'numpy', got {convert_to!r}")
        import numpy as np

        return np.array(values)

    def get_dataframe(self) -> Any:
        """Return the table as a pandas frame."""
        return frame_of(self.data, self.columns)

    def get_index(self) -> list[int]:
        """Return the numbers of the rows."""
        return list(range(len(self.data)))

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """Yield the number and the values of each row."""
        yield from enumerate(self.data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # like a list, it grows

    def __repr__(self) -> str:
        return f"Table({len(self.data)} rows, columns={self.columns})"


class JoinedTable(Table):
    """The rows of two tables that agree in a column, side by side, as they are now.

    A column that both have besides is called `<name>_1` and `<name>_2`.

    Args:
        table1: the left one.
        table2: the right one.
        join_key: the column; a list of two where the tables call it differently.

    Raises:
        Error: a table is not a `Table`, or has no such column.

    Example:
        >>> left = Table(["id", "text"], [[1, "one"], [2, "two"]])
        >>> JoinedTable(left, Table(["id", "score"], [[2, 0.5]]), "id").data
        [[2, 'two', 0.5]]
    """

    def __init__(self, table1: Any, table2: Any, join_key: str | Iterable[str]) -> None:
        keys = [join_key, join_key] if isinstance(join_key, str) else list(join_key)
        sides = list(zip((table1, table2), keys, strict=True))
        for table, key in sides:
            if not isinstance(table, Table):
                raise Error(f"JoinedTable() takes two tables, got {type(table).__name__}")
            columns_of(table, {"key": key})
        rests = [[name for name in table.columns if name != key] for table, key in sides]
        both = set(rests[0]) & set(rests[1])
        named = [
            f"{name}_{side}" if name in both else name
            for side, rest in enumerate(rests, 1)
            for name in rest
        ]
        super().__init__([keys[0], *named], _joined(sides))


def _joined(sides: list[tuple[Table, str]]) -> list[list[Any]]:
    """Return the key and the other values of every two rows with the same key."""
    (left, left_key), (right, right_key) = sides
    matches: dict[Any, list[list[Any]]] = {}
    for value, row in _keyed(right, right_key):
        matches.setdefault(value, []).append(row)
    return [
        [value, *row, *other]
        for value, row in _keyed(left, left_key)
        for other in matches.get(value, ())
    ]


def _keyed(table: Table, key: str) -> Iterator[tuple[Any, list[Any]]]:
    place = table.columns.index(key)
    yield from ((row[place], [*row[:place], *row[place + 1 :]]) for row in table.data)


def frame_of(rows: Any, columns: list[Any] | None = None) -> Any:
    """Return rows as a frame of pandas.

    Raises:
        ImportError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "pandas, which makes frames, is not installed: pip install pandas"
        ) from error
    return pd.DataFrame(rows, columns=columns)


def split_table(table: Table) -> tuple[pluto.Table, dict[str, list[pluto.File]]]:
    """Return a table as text and numbers, and what it shows beside them by column.

    A cell with a picture, a sound or another file becomes `column[n]`; the n-th file of the list
    is what it held.
    """
    files: dict[str, list[pluto.File]] = {}
    rows = [
        [_cell(files, str(name), cell) for name, cell in zip(table.columns, row, strict=True)]
        for row in table.data
    ]
    return pluto.Table(rows, columns=[str(name) for name in table.columns]), files


def _cell(files: dict[str, list[pluto.File]], column: str, cell: Any) -> Any:
    if not isinstance(cell, pluto.File):
        return cell.to_dict() if isinstance(cell, pluto.Data) else cell
    held = files.setdefault(column, [])
    held.append(cell)
    return f"{column}[{len(held) - 1}]"


def columns_of(table: Table, fields: Mapping[str, str]) -> dict[str, list[Any]]:
    """Return columns by role.

    Raises:
        Error: the table has no such column.
    """
    missing = [name for name in fields.values() if name not in table.columns]
    if missing:
        raise Error(f"the table has no column {missing[0]!r}, only {table.columns}")
    return {role: table.get_column(name) for role, name in fields.items()}
