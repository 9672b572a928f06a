"""Metric lines of the wire (newline-delimited JSON) to columns and back.

Format: `{"time": ms, "step": n, "data": {name: number}}`, one object a line. Python's bare
`NaN`, `Infinity`, `-Infinity` and the same words quoted are non-finite values; `null` is skipped.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Collection, Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np
import orjson

from pluto.storage.rows import Floats, MetricGroup

Natural = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
NonFinite = Literal["NaN", "Infinity", "-Infinity"]


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    time: Natural
    step: Natural
    data: dict[str, float | NonFinite | None]


_decoder = msgspec.json.Decoder(_Line)
_BARE_NON_FINITE = re.compile(rb'"(?:[^"\\]|\\.)*"|(-?Infinity|NaN)')


class BadLine(ValueError):
    """A line that is not a metric line.

    Attributes:
        number: its position in the body, from 0.
        reason: what is wrong with it.
        line: its text, cut to 100 characters.
        groups: the rows of the lines before it.
    """

    def __init__(self, number: int, reason: str, line: bytes, groups: list[MetricGroup]) -> None:
        self.number = number
        self.reason = reason
        self.line = line.decode("utf-8", "replace")[:100]
        self.groups = groups
        super().__init__(f"line {number + 1}: {reason}: {self.line}")


def parse_metric_lines(body: bytes) -> list[MetricGroup]:
    """Return the rows of `body`, those with the same names together.

    Rows keep their order wherever it can matter: two groups that share a name are in the order in
    which their rows came.

    Raises:
        BadLine: at the first line that does not parse; it carries the rows before it.

    Example:
        >>> parse_metric_lines(b'{"time":1,"step":0,"data":{"loss":0.5}}')[0].values
        array([[0.5]])
    """
    try:
        lines = _decoder.decode_lines(body)
        if b"null" not in body:
            return _group(lines)
    except (msgspec.DecodeError, UnicodeDecodeError, _BadNames):
        pass  # the slow way below finds the line and says what is wrong with it
    return _parse_one_by_one(body)


def _parse_one_by_one(body: bytes) -> list[MetricGroup]:
    good: list[_Line] = []
    for number, raw in enumerate(line.strip(b" \t\r") for line in body.split(b"\n")):
        if not raw:
            continue
        try:
            line = _decoder.decode(_quote_non_finite(raw))
            line.data = {name: value for name, value in line.data.items() if value is not None}
            _check_names(line.data)
        except (msgspec.DecodeError, UnicodeDecodeError, _BadNames) as error:
            raise BadLine(number, str(error), raw, _group(good)) from error
        good.append(line)
    return _group(good)


class _BadNames(ValueError):
    pass


def _check_names(names: Collection[str]) -> None:
    if not names:
        raise _BadNames("'data' field cannot be empty")
    if not all(name.strip() for name in names):
        raise _BadNames("metric name cannot be empty")


def _quote_non_finite(line: bytes) -> bytes:
    if b"NaN" not in line and b"Infinity" not in line:
        return line
    return _BARE_NON_FINITE.sub(
        lambda found: b'"' + found[1] + b'"' if found[1] else found[0], line
    )


def _group(lines: Sequence[_Line]) -> list[MetricGroup]:
    if not lines:
        return []
    names = tuple(lines[0].data)
    if all(map(names.__eq__, [tuple(line.data) for line in lines])):
        _check_names(names)
        return [_columns(names, lines)]  # what a training loop sends
    return _group_by_names(lines)


def _group_by_names(lines: Sequence[_Line]) -> list[MetricGroup]:
    finished: list[MetricGroup] = []
    rows: dict[tuple[str, ...], list[_Line]] = {}
    seen: set[str] = set()
    for line in lines:
        names = tuple(line.data)
        same = rows.get(names)
        if same is not None:
            same.append(line)
            continue
        _check_names(names)
        if not seen.isdisjoint(names):
            finished += itertools.starmap(_columns, rows.items())
            rows, seen = {}, set()
        rows[names] = [line]
        seen.update(names)
    return finished + list(itertools.starmap(_columns, rows.items()))


def _columns(names: tuple[str, ...], lines: Sequence[_Line]) -> MetricGroup:
    count = len(lines)
    flat = itertools.chain.from_iterable([line.data.values() for line in lines])
    # numpy reads the words of NonFinite as float() does; None is gone by now
    values: Floats = np.fromiter(flat, np.float64, count * len(names))
    return MetricGroup(
        names,
        np.fromiter([line.step for line in lines], np.int64, count),
        np.fromiter([line.time for line in lines], np.int64, count),
        values.reshape(count, len(names)),
    )


def encode_metric_lines(group: MetricGroup) -> list[bytes]:
    """Return the wire line of every row; the inverse of `parse_metric_lines`.

    Example:
        >>> from pluto.storage.lines import *
        >>> encode_metric_lines(parse_metric_lines(b'{"time":1,"step":0,"data":{"loss":1}}')[0])
        [b'{"time":1,"step":0,"data":{"loss":1.0}}']
    """
    names = b",".join(orjson.dumps(name).replace(b"%", b"%%") + b":%b" for name in group.names)
    template = b'{"time":%d,"step":%d,"data":{' + names + b"}}"
    times, steps = group.times.tolist(), group.steps.tolist()
    rows = _texts(group.values)
    return [
        template % (time, step, *row) for time, step, row in zip(times, steps, rows, strict=True)
    ]


def _texts(values: Floats) -> list[list[bytes]]:
    """Return the JSON text of every value, row by row."""
    if not len(values):
        return []
    whole = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    rows = [row.split(b",") for row in whole[2:-2].split(b"],[")]
    for row, column in np.argwhere(~np.isfinite(values)).tolist():  # orjson writes null for them
        rows[row][column] = orjson.dumps(word(values[row, column]))
    return rows


def word(value: float) -> str:
    """Return the quoted form of a non-finite value that every server takes."""
    return json.dumps(value)
