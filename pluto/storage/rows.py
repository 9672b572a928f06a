"""What is written into a run: rows of metrics, records of other kinds, facts."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class MetricGroup(NamedTuple):
    """Rows that were logged with the same names.

    Attributes:
        names: the k metric names.
        steps: (n,) int64, 0 or more.
        times: (n,) int64, milliseconds since the Unix epoch.
        values: (n, k) float64.
    """

    names: tuple[str, ...]
    steps: Ints
    times: Ints
    values: Floats

    def cut(self, start: int, stop: int | None = None) -> MetricGroup:
        """Return the rows from `start` to before `stop`."""
        part = slice(start, stop)
        return MetricGroup(self.names, self.steps[part], self.times[part], self.values[part])


class Kind(enum.IntEnum):
    """Kinds of records that are not numbers."""

    CONSOLE = 1
    DATA = 2
    FILE = 3
    FACT = 4


class Record(NamedTuple):
    """One record that is not a number.

    | kind    | step        | name      | type                  | body                       |
    | ------- | ----------- | --------- | --------------------- | -------------------------- |
    | CONSOLE | line number | ""        | INFO, ERROR, ...      | the line, UTF-8            |
    | DATA    | step        | log name  | HISTOGRAM, TABLE, ... | the payload's text         |
    | FILE    | step        | log name  | IMAGE, AUDIO, ...     | JSON: fileName, sha256 ... |
    | FACT    | 0           | fact name | ""                    | JSON of the change         |

    `key` makes a record idempotent: a second one with the same key is dropped ("" = no key).
    """

    kind: Kind
    time: int
    step: int
    name: str
    type: str
    body: bytes
    key: str = ""


@dataclass
class Batch:
    """What one transaction writes.

    Attributes:
        groups: rows logged by the user.
        system: rows logged by the sampler.
        records: everything that is not a number.
        facts: facts of the run to set (JSON values).
        names: log name -> log type to register; the first type of a name stays.
        positions: journal segment -> offset up to which it is contained in this batch.
        received: (writer, stream, next row): what a server has received from a client.
        bodies: record id -> its new body.
    """

    groups: list[MetricGroup] = field(default_factory=list)
    system: list[MetricGroup] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    received: tuple[str, str, int] | None = None
    bodies: dict[int, bytes] = field(default_factory=dict)
