"""Points of metrics as columns, and reading them from a server without losing any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_THINNED: Final = 10_000
"""The most points of a metric that `/api/runs/metrics` gives; it thins longer ones."""

MAX_RAW: Final = 50_000
"""The most rows that `/api/runs/metrics/raw` gives at once."""

Get = Callable[[str, Mapping[str, Any]], Any]
"""Asks for a path with parameters and returns the parsed answer."""

_FLAGGED: Final[dict[object, float]] = {
    "NaN": np.nan,
    "Inf": np.inf,
    "-Inf": -np.inf,
    1: np.nan,
    2: np.inf,
    4: -np.inf,
}


class Series(NamedTuple):
    """One metric of a run: each step once, steps rising.

    Attributes:
        name: the metric.
        steps: (n,) int64.
        times: (n,) datetime64[ms], UTC.
        values: (n,) float64.
    """

    name: str
    steps: NDArray[np.int64]
    times: NDArray[np.datetime64]
    values: NDArray[np.float64]

    def cut(self, chosen: NDArray[Any]) -> Series:
        """Return some of the points: a mask, or places."""
        return Series(self.name, self.steps[chosen], self.times[chosen], self.values[chosen])


class Wanted(NamedTuple):
    """Which points to read.

    Attributes:
        project: name of the project.
        run_id: number of the run.
        names: the metrics; None = all.
        lo: lowest step, inclusive; None = from the start.
        hi: highest step, inclusive; None = to the end.
    """

    project: str
    run_id: int
    names: Sequence[str] | None = None
    lo: int | None = None
    hi: int | None = None

    def parameters(self, name: str | None, limit: int) -> dict[str, Any]:
        """Return the query of one request."""
        given = {"logName": name, "stepMin": self.lo, "stepMax": self.hi}
        return {
            "runId": self.run_id,
            "projectName": self.project,
            "limit": limit,
            **{key: value for key, value in given.items() if value is not None},
        }


def complete(get: Get, wanted: Wanted) -> Iterator[Series]:
    """Yield every point of the metrics, however long they are.

    A first answer holds metrics of up to 5,000 points whole. A longer one may have been thinned:
    the stride that brings n > 10,000 points below that limit leaves more than half of it. Those
    are read again, page by page, as they were written.
    """
    for series in thinned(get, wanted, MAX_THINNED):
        if len(series.steps) > MAX_THINNED // 2:
            yield _raw(get, wanted, series.name)
        else:
            yield series


def thinned(get: Get, wanted: Wanted, limit: int) -> Iterator[Series]:
    """Yield the metrics with about `limit` points each, as the server picks them."""
    for name in [None] if wanted.names is None else wanted.names:
        answer = get("/api/runs/metrics", wanted.parameters(name, limit))
        yield from _by_name(answer.get("metrics") or [])


def thin(series: Series, limit: int) -> Series:
    """Return about `limit` points at a fixed stride, and the last one, as servers do."""
    count = len(series.steps)
    if count <= limit:
        return series
    chosen = np.arange(0, count, -(-count // limit))
    return series.cut(np.union1d(chosen, [count - 1]))


def moments(texts: Sequence[object]) -> NDArray[np.datetime64]:
    """Return times that servers write as `2026-01-01 00:00:01.000`; None is no time.

    Example:
        >>> moments(["2026-01-01T00:00:01Z"])
        array(['2026-01-01T00:00:01.000'], dtype='datetime64[ms]')
    """
    plain = ["NaT" if text is None else str(text).removesuffix("Z") for text in texts]
    return np.array(plain, dtype="datetime64[ms]")


def _by_name(rows: Sequence[Mapping[str, Any]]) -> Iterator[Series]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["logName"], []).append(row)
    for name, own in found.items():
        yield _columns(name, own, "valueFlag")


def _columns(name: str, rows: Sequence[Mapping[str, Any]], flag: str) -> Series:
    """Return rows as columns; steps may be texts, and flagged values stand for no number."""
    return Series(
        name,
        np.array([int(row["step"]) for row in rows], np.int64),
        moments([row.get("time") for row in rows]),
        np.array([_FLAGGED.get(row.get(flag), row["value"]) for row in rows], np.float64),
    )


def _raw(get: Get, wanted: Wanted, name: str) -> Series:
    parts = list(_pages(get, wanted, name))
    steps, times, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    points = Series(name, steps, times, values)
    # Of several writes of a step the one with the greatest time counts: they come in that order.
    return points.cut(np.append(np.diff(points.steps) != 0, [True] * bool(len(steps))))


def _pages(
    get: Get, wanted: Wanted, name: str
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.datetime64], NDArray[np.float64]]]:
    """Yield writes in the order of steps; a page that is full ends before its last step."""
    while True:
        answer = get("/api/runs/metrics/raw", wanted.parameters(name, MAX_RAW))
        page = _columns(name, answer["rows"], "nonFiniteFlags")
        if not answer["truncated"]:
            yield page[1:]
            return
        last = int(page.steps[-1])
        whole = page.cut(page.steps < last)
        wanted = wanted._replace(lo=last)
        if not len(whole.steps):  # one step fills a page: take the point that counts
            only = wanted._replace(names=[name], hi=last)
            whole = next(thinned(get, only, MAX_THINNED), whole)
            wanted = wanted._replace(lo=last + 1)
        yield whole[1:]
