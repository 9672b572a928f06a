"""The summaries of all metrics of one run, small enough to keep for thousands of runs."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from pluto.storage import NameInfo


class MetricSummary(NamedTuple):
    """What is known of one metric; values are of the finite points, NaN where there are none.

    `last` is the value at the greatest step, finite or not; `min_step` and `max_step` are where the
    extremes were reached.
    """

    finite: float
    last: float
    min: float
    max: float
    mean: float
    std: float
    min_step: float
    max_step: float


class MetricTable(Mapping[str, float]):
    """Maps each metric of a run to its last value; `row` gives the rest.

    One array holds the numbers, and runs share the texts of their names.

    Example:
        >>> table = MetricTable.of(reader.names())
        >>> table["val/loss"], table.row("val/loss").min
        (0.31, 0.29)
    """

    def __init__(self, names: Iterable[str], numbers: bytes, last_time: int | None) -> None:
        self._places = {sys.intern(name): place for place, name in enumerate(names)}
        self._rows = np.frombuffer(numbers, np.float64).reshape(-1, len(MetricSummary._fields))
        self.last_time = last_time

    @classmethod
    def of(cls, names: Iterable[NameInfo]) -> MetricTable:
        """Return the table of the metrics among the log names of a run."""
        infos = [info for info in names if info.type == "METRIC" and info.count]
        numbers = np.array([_numbers(info) for info in infos], np.float64)
        times = [info.last_time for info in infos if info.last_time is not None]
        return cls((info.name for info in infos), numbers.tobytes(), max(times, default=None))

    def columns(self) -> tuple[list[str], bytes, int | None]:
        """Return what makes this table again."""
        return list(self._places), self._rows.tobytes(), self.last_time

    def row(self, name: str) -> MetricSummary:
        """Return the summary of a metric.

        Raises:
            KeyError: the run has no such metric.
        """
        return MetricSummary(*self._rows[self._places[name]].tolist())

    def last_values(self) -> dict[str, float]:
        """Return the last value of each metric, faster than one by one."""
        return dict(zip(self._places, self._rows[:, 1].tolist(), strict=True))

    def __getitem__(self, name: str) -> float:
        return float(self._rows[self._places[name], 1])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _numbers(info: NameInfo) -> list[float]:
    extremes = (info.min, info.max)
    values = (info.last, *extremes, info.mean, info.std, info.min_step, info.max_step)
    return [info.finite, *(math.nan if value is None else value for value in values)]
