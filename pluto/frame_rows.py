"""What the frames of a journal segment hold: rows of numbers, records, facts."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from pluto import segments
from pluto.names import clean_key
from pluto.segments import Frame, read_frames
from pluto.storage import BadLine, Batch, Kind, MetricGroup, Record, parse_metric_lines

logger = logging.getLogger("pluto")

_KNOWN_SHAPES: Final = 1024


def add_frames(batch: Batch, path: Path, frames: Iterable[Frame]) -> None:
    """Add what consecutive frames of the segment `path` hold to a batch.

    A record of an unknown kind, which a later version may write, is warned about and left out.
    """
    rows, system = _Rows(path), list[bytes]()
    for kind, body, _ in frames:
        if kind == segments.ROW:
            rows.add(body)
        elif kind == segments.METRICS:
            rows.add_line(body)
        elif kind == segments.SYSTEM:
            system.append(body)
        elif kind in _DECODERS:
            record = _DECODERS[kind](orjson.loads(body))
            batch.records.append(record)
            if record.kind in (Kind.DATA, Kind.FILE):
                batch.names.setdefault(record.name, _log_type(record))
        elif kind != segments.SHAPE:
            logger.warning("a journal has a record of unknown kind %d: left out", kind)
    batch.groups += rows.groups()
    batch.system += _parse(system)


class _Rows:
    """Rows of the user, those with the same names together wherever their order cannot matter."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._groups: list[MetricGroup] = []
        self._lines: list[bytes] = []
        self._rows: dict[int, list[bytes]] = {}  # by the offset of their SHAPE
        self._seen: set[str] = set()

    def add(self, body: bytes) -> None:
        place = int.from_bytes(body[:4], "little")
        known = self._rows.get(place)
        if known is not None:
            known.append(body)
            return
        names = _shape(self._path, place)
        if self._lines or not self._seen.isdisjoint(names):
            self._flush()
        self._seen.update(names)
        self._rows[place] = [body]

    def add_line(self, line: bytes) -> None:
        if self._rows:
            self._flush()
        self._lines.append(line)

    def groups(self) -> list[MetricGroup]:
        self._flush()
        return self._groups

    def _flush(self) -> None:
        self._groups += _parse(self._lines)
        self._groups += [
            _columns(_shape(self._path, place), bodies) for place, bodies in self._rows.items()
        ]
        self._lines, self._rows, self._seen = [], {}, set()


@lru_cache(_KNOWN_SHAPES)
def _shape(path: Path, place: int) -> tuple[str, ...]:
    """Return the names that the SHAPE at an offset of a segment gives to rows."""
    _, body, _ = next(read_frames(path, place))
    return tuple(clean_names(json.loads(body)))


def _columns(names: tuple[str, ...], bodies: list[bytes]) -> MetricGroup:
    rows = np.frombuffer(b"".join(bodies), _row_type(len(names)))
    return MetricGroup(
        names,
        rows["step"].astype(np.int64),
        rows["time"].astype(np.int64),
        rows["values"].astype(np.float64),
    )


@lru_cache(_KNOWN_SHAPES)
def _row_type(width: int) -> np.dtype[np.void]:
    """Return the form of `segments.row_struct` as numpy has it."""
    fields = [("shape", "<u4"), ("time", "<i8"), ("step", "<i8"), ("values", "<f8", (width,))]
    return np.dtype(fields)


def _parse(lines: list[bytes]) -> list[MetricGroup]:
    """Return the rows of journal lines, with names that every server takes."""
    if not lines:
        return []
    try:
        groups = parse_metric_lines(b"\n".join(lines))
    except BadLine as error:
        line = orjson.loads(lines[error.number])
        line["data"] = dict(zip(clean_names(line["data"]), line["data"].values(), strict=True))
        groups = error.groups + parse_metric_lines(orjson.dumps(line))
        groups += _parse(lines[error.number + 1 :])
    return [_with_clean_names(group) for group in groups]


def _with_clean_names(group: MetricGroup) -> MetricGroup:
    return group._replace(names=tuple(clean_names(group.names)))


def clean_names(names: Iterable[str]) -> list[str]:
    r"""Return names that every server takes; those that would become the same get a number.

    Example:
        >>> clean_names(["loss", "a\n", "a\t"])
        ['loss', 'a-', 'a- (2)']
    """
    clean: dict[str, None] = {}
    for key in map(clean_key, names):
        name, number = key, 2
        while name in clean:
            name, number = f"{key} ({number})", number + 1
        clean[name] = None
    return list(clean)


def _log_type(record: Record) -> str:
    return "DATA" if record.type == "string-series" else record.type.upper()


def _console(value: dict[str, Any]) -> Record:
    body = value["message"].encode()
    return Record(Kind.CONSOLE, value["time"], value["lineNumber"], "", value["logType"], body)


def _data(value: dict[str, Any]) -> Record:
    body = value["data"].encode()
    return Record(
        Kind.DATA, value["time"], value["step"], value["logName"], value["dataType"], body
    )


def _file(value: dict[str, Any]) -> Record:
    body = orjson.dumps({"staged": value["staged"], "sampleIndex": value["sampleIndex"]})
    return Record(Kind.FILE, value["time"], value["step"], value["logName"], value["type"], body)


def _fact(value: dict[str, Any]) -> Record:
    return Record(Kind.FACT, value["time"], 0, value["name"], "", orjson.dumps(value["value"]))


_DECODERS: Final[dict[int, Callable[[dict[str, Any]], Record]]] = {
    segments.CONSOLE: _console,
    segments.DATA: _data,
    segments.FILE: _file,
    segments.FACT: _fact,
}
