"""Metrics as a table: of pandas, polars, NumPy columns, or plain rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any, Final, Literal

import numpy as np

from pluto.errors import UsageError
from pluto.query_series import Series

Frame = Literal["pandas", "polars", "numpy", "dicts"]
Columns = dict[str, "np.ndarray[Any, Any]"]


def to_frame(series: Iterable[Series], frame: Frame | None) -> Any:
    """Return the columns metric, step, value, time (UTC) in the form asked for.

    Args:
        series: of one or more metrics.
        frame: `pandas`, `polars`, `numpy` (a dict of arrays) or `dicts` (a list of rows); None is
            pandas where it is installed, else dicts.

    Raises:
        UsageError: an unknown form, or one whose library is not installed.
    """
    if frame is None:
        return _of_pandas(series) if find("pandas") else _of_dicts(series)
    if frame not in _MAKERS:
        known = ", ".join(map(repr, _MAKERS))
        raise UsageError(f"frame must be one of {known}, or None; got {frame!r}")
    return _MAKERS[frame](series)


def rows(series: Series) -> Iterator[dict[str, Any]]:
    """Yield the points of a metric; times as texts such as `2026-01-01 00:00:01.000`."""
    texts = np.datetime_as_string(series.times, unit="ms").tolist() if len(series.times) else []
    columns = (series.steps.tolist(), series.values.tolist(), texts)
    for step, value, time in zip(*columns, strict=True):
        yield {
            "metric": series.name,
            "step": step,
            "value": value,
            "time": time.replace("T", " "),
        }


def columns(series: Iterable[Series]) -> Columns:
    """Return the columns of several metrics, one below the other; names as Python objects."""
    parts = list(series)
    names = np.array([part.name for part in parts], object)
    return {
        "metric": np.repeat(names, [len(part.steps) for part in parts]),
        "step": _joined([part.steps for part in parts], np.int64),
        "value": _joined([part.values for part in parts], np.float64),
        "time": _joined([part.times for part in parts], "datetime64[ms]"),
    }


def _joined(parts: list[Any], kind: Any) -> np.ndarray[Any, Any]:
    return np.concatenate([np.empty(0, kind), *parts])


def _of_pandas(series: Iterable[Series]) -> Any:
    return library("pandas").DataFrame(columns(series))


def _of_polars(series: Iterable[Series]) -> Any:
    polars = library("polars")
    table = columns(series)
    return polars.DataFrame(
        {**table, "metric": polars.Series(table["metric"], dtype=polars.String)}
    )


def _of_dicts(series: Iterable[Series]) -> list[dict[str, Any]]:
    return [row for each in series for row in rows(each)]


def find(name: str) -> Any:
    """Return a library, None if it is not installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):  # it is there, and what it needs is not
            raise
        return None


def library(name: str, extra: str | None = None) -> Any:
    """Return a library that not everybody has.

    Raises:
        UsageError: it is not installed; the message says how to, by its extra if it has one.
    """
    found = find(name)
    if found is None:
        wanted = f"'pluto-ml[{extra}]'" if extra else name
        raise UsageError(f"this needs {name}, which is not installed: pip install {wanted}")
    return found


_MAKERS: Final[dict[str, Callable[[Iterable[Series]], Any]]] = {
    "pandas": _of_pandas,
    "polars": _of_polars,
    "numpy": columns,
    "dicts": _of_dicts,
}
