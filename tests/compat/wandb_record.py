"""What wandb itself has written down of a run in offline mode.

A `.wandb` file is a log in LevelDB's format behind 7 bytes: blocks of 32 KiB that hold records of
4 bytes of checksum, 2 of length, 1 of kind (whole, first, middle, last), then a protobuf message.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BLOCK, HEADER = 32_768, 7
WHOLE, FIRST, LAST = 1, 2, 4
NON_FINITE = ("NaN", "Infinity", "-Infinity")


@dataclass
class Recorded:
    """A run: rows by step, the config, and the summary that the script has set or asked for."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    run_id: str = ""


def recorded(directory: Path) -> list[Recorded]:
    """The runs that were recorded below `directory`, the oldest first."""
    files = (path for path in directory.glob("wandb/*/*.wandb") if "latest-run" not in path.parts)
    return [_read(path) for path in sorted(files, key=lambda path: path.stat().st_ctime_ns)]


def numbers(run: Recorded) -> dict[tuple[str, int], float]:
    """Every number as {(name with dots, step): value}; lists as Pluto names their items."""
    found = {}
    for step, row in run.rows.items():
        for name, value in row.items():
            for inner, item in _leaves(name, value):
                found[inner, step] = item
    return found


def media(run: Recorded) -> dict[tuple[str, int], str]:
    """Everything that is no number as {(name, step): type}."""
    return {
        (name, step): value["_type"]
        for step, row in run.rows.items()
        for name, value in row.items()
        if isinstance(value, dict) and "_type" in value
    }


def _leaves(name: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, (bool, int, float)) or value in NON_FINITE:
        yield name, float(value)
    elif isinstance(value, dict) and "_type" not in value:
        for key, item in value.items():
            yield from _leaves(f"{name}.{key}", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(f"{name}/{index}", item)


def _read(path: Path) -> Recorded:
    from wandb.proto import wandb_internal_pb2 as messages

    run = Recorded()
    for body in _bodies(path.read_bytes()):
        record = messages.Record()
        record.ParseFromString(body)
        kind = record.WhichOneof("record_type")
        if kind == "history":
            row: dict[str, Any] = {}
            for item in record.history.item:
                _put(row, list(item.nested_key) or [item.key], json.loads(item.value_json))
            step = int(row["_step"])
            run.rows[step] = {key: value for key, value in row.items() if key[0] != "_"}
        elif kind == "run":
            run.name, run.run_id = record.run.display_name, record.run.run_id
            _take_config(run, record.run.config)
        elif kind == "config":
            _take_config(run, record.config)
        elif kind == "summary":
            for item in record.summary.update:
                _put(run.summary, list(item.nested_key) or [item.key], json.loads(item.value_json))
    return run


def _take_config(run: Recorded, config: Any) -> None:
    for item in config.update:
        path = list(item.nested_key) or [item.key]
        if path[0] != "_wandb":
            _put(run.config, path, json.loads(item.value_json))


def _put(target: dict[str, Any], path: list[str], value: Any) -> None:
    for key in path[:-1]:
        if not isinstance(target.get(key), dict):
            target[key] = {}
        target = target[key]
    target[path[-1]] = value


def _bodies(content: bytes) -> Iterator[bytes]:
    place, body = HEADER, b""
    while place + HEADER <= len(content):
        left = BLOCK - place % BLOCK
        if left < HEADER:
            place += left
            continue
        _, size, kind = struct.unpack("<IHB", content[place : place + HEADER])
        piece = content[place + HEADER : place + HEADER + size]
        place += HEADER + size
        body = piece if kind in (WHOLE, FIRST) else body + piece
        if kind in (WHOLE, LAST):
            yield body
