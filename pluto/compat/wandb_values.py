"""What `wandb.log` takes, as what `Op.log` takes: names with dots, tables, charts, arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pluto
from pluto.compat.wandb_media import Object3D
from pluto.compat.wandb_plot import CustomChart
from pluto.compat.wandb_table import Table, split_table
from pluto.errors import PlutoError
from pluto.media.arrays import is_array, shape_of
from pluto.notice import Notices

notices = Notices()

PLAIN: Final = frozenset({int, float})
"""Types of values that `Op.log` takes as they are, under the name that they have."""

MOST_LISTED: Final = 64
"""Longer lists of numbers become a histogram."""

_SECTION: Final = "Custom Chart Tables/"


def translate(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as `Op.log` takes it; None values are left out.

    Nested mappings are flattened with a dot, as wandb names their metrics.

    Example:
        >>> translate({"train": {"loss": 0.5, "norm": {"l2": 1.0}}, "note": None})
        {'train.loss': 0.5, 'train.norm.l2': 1.0}
    """
    found: dict[str, Any] = {}
    for key, value in row.items():
        found.update(_stored(key, value))
    return found


def _stored(key: str, value: Any) -> dict[str, Any]:
    """Return what a value becomes; nothing, with a warning, if it cannot be stored."""
    try:
        return dict(_translated(key, value))
    except (PlutoError, TypeError, ValueError) as error:
        notices.warn((key, str(error)), "%s was not stored: %s", key, error)
        return {}


def _translated(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    for is_kind, convert in _CONVERTERS:
        if is_kind(value):
            yield from convert(key, value)
            return
    yield key, value


def _mapping(key: str, value: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for inner, item in value.items():
        yield from _translated(f"{key}.{inner}", item)


def _table(key: str, value: Table) -> Iterator[tuple[str, Any]]:
    table, files = split_table(value)
    yield key, table
    for column, held in files.items():
        yield f"{key}/{column}", held


def _chart(key: str, value: CustomChart) -> Iterator[tuple[str, Any]]:
    yield key, pluto.Plotly(value.figure)
    yield from _table(f"{_SECTION if value.apart else ''}{key}_table", value.table)


def _object_3d(key: str, value: Object3D) -> Iterator[tuple[str, Any]]:
    for suffix, part in value.parts().items():
        yield key + suffix, part


def _sequence(key: str, value: list[Any] | tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """Take a list of media under one name, of numbers as a histogram if they are many."""
    if len(value) > MOST_LISTED and all(isinstance(item, (int, float)) for item in value):
        yield key, pluto.Histogram(list(value))
        return
    if not any(isinstance(item, (Table, CustomChart, Object3D)) for item in value):
        yield key, value
        return
    grouped: dict[str, list[Any]] = {}
    for item in value:
        for name, part in _translated(key, item):
            grouped.setdefault(name, []).append(part)
    yield from grouped.items()


def _array(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield key, pluto.Histogram(value)


def _frame(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield key, pluto.Table(value)


def _plotly(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield key, pluto.Plotly(value)


def _figure(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield key, pluto.Image(value)


def _nothing(_key: str, _value: None) -> Iterator[tuple[str, Any]]:
    yield from ()


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


def _is_array(value: Any) -> bool:
    return is_array(value) and math.prod(shape_of(value)) != 1


def _is_frame(value: Any) -> bool:
    return hasattr(value, "itertuples")


def _is_plotly(value: Any) -> bool:
    return hasattr(value, "to_plotly_json")


def _is_figure(value: Any) -> bool:
    """Tell whether it is a figure, an artist of one, or the module `pyplot`."""
    return hasattr(value, "savefig") or hasattr(getattr(value, "figure", None), "savefig")


_CONVERTERS: Final[
    tuple[tuple[Callable[[Any], bool], Callable[[str, Any], Iterator[tuple[str, Any]]]], ...]
] = (
    (_is(type(None)), _nothing),
    (_is(Mapping), _mapping),
    (_is(Table), _table),
    (_is(CustomChart), _chart),
    (_is(Object3D), _object_3d),
    (_is(list, tuple), _sequence),
    (_is_frame, _frame),
    (_is_plotly, _plotly),
    (_is_figure, _figure),
    (_is_array, _array),
)
