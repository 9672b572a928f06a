"""The cells of a table as JSON values, and of what type they are.

A table has many cells of few types, so that it is looked at a column at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from pluto.media.plain import LARGEST_INTEGER, plain


def plain_column(cells: Sequence[Any]) -> Sequence[Any]:
    """Return what `plain` returns for each of the cells.

    Example:
        >>> plain_column([1.5, None, float("nan")])
        [1.5, None, None]
    """
    kinds = set(map(type, cells))
    for kind in kinds:
        alike = cells if len(kinds) == 1 else [cell for cell in cells if type(cell) is kind]
        if kind not in _ALL_PLAIN or not _ALL_PLAIN[kind](alike):
            return [plain(cell) for cell in cells]
    return cells


def dtype_of(cells: Sequence[Any]) -> str:
    """Return the type of the cells that are not null; only `int` and `float` mean numbers."""
    return _dtype(frozenset(map(type, cells)))


def dtypes_of_rows(columns: Sequence[Sequence[Any]]) -> list[str]:
    """Return `dtype_of` of each row of a table that is given as its columns."""
    kinds = zip(*(map(type, cells) for cells in columns), strict=True)
    return list(map(_dtype, map(frozenset, kinds)))


@cache
def _dtype(kinds: frozenset[type]) -> str:
    names = {kind.__name__ for kind in kinds if kind is not type(None)}
    if len(names) == 1:
        return names.pop()
    return "float" if names == {"int", "float"} else "str"


def _finite(numbers: Sequence[float]) -> bool:
    return math.isfinite(sum(numbers))  # a sum that overflows only costs a closer look


def _printable(numbers: Sequence[int]) -> bool:
    return min(numbers) > -LARGEST_INTEGER and max(numbers) < LARGEST_INTEGER


def _ascii(texts: Sequence[str]) -> bool:
    return "".join(texts).isascii()


def _always(_cells: Sequence[Any]) -> bool:
    return True


_ALL_PLAIN: Final[dict[type, Callable[[Sequence[Any]], bool]]] = {
    type(None): _always,
    bool: _always,
    int: _printable,
    float: _finite,
    str: _ascii,
}
"""By type: whether `plain` returns all of these values as they are, False if that is not sure."""
