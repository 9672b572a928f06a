"""What the real Neptune packages have written down of their runs in offline mode."""

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import Any

Place = tuple[str, float]
"""A path and a step."""


@dataclass
class Recorded:
    """A run: series by (path, step), single values and tags.

    `times` are seconds, where the step tells the points of a path apart.
    """

    numbers: dict[Place, float] = field(default_factory=dict)
    texts: dict[Place, str] = field(default_factory=dict)
    histograms: dict[Place, dict[str, list[float]]] = field(default_factory=dict)
    files: dict[Place | str, tuple[str, int]] = field(default_factory=dict)
    previews: dict[Place, float] = field(default_factory=dict)
    times: dict[Place, float] = field(default_factory=dict)
    single: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, set[str]] = field(default_factory=dict)


def recorded_scale(directory: Path) -> dict[str, Recorded]:
    """The runs that neptune_scale has recorded below `directory`, by run id."""
    found = {}
    for path in directory.glob(".neptune/*/run_operations.sqlite3"):
        database = sqlite3.connect(path)
        try:
            ((run_id,),) = database.execute("SELECT run_id FROM metadata")
            operations = database.execute(
                "SELECT operation FROM run_operations WHERE operation_type=0 ORDER BY sequence_id"
            ).fetchall()
        finally:
            database.close()
        found[run_id] = _scale_run([body for (body,) in operations])
    return found


def _scale_run(operations: list[bytes]) -> Recorded:
    messages: Any = import_module("neptune_api.proto.neptune_pb.ingest.v1.common_pb2")

    run = Recorded()
    for body in operations:
        update = messages.UpdateRunSnapshot()
        update.ParseFromString(body)
        step = update.step.whole + update.step.micro / 1e6
        for path, value in update.append.items():
            place = path, step
            run.times[place] = update.timestamp.seconds + update.timestamp.nanos / 1e9
            run.previews.pop(place, None)
            if update.preview.is_preview:
                run.previews[place] = update.preview.completion_ratio
            _append(run, place, value)
        for path, value in update.assign.items():
            if value.WhichOneof("value") == "file_ref":
                run.files[path] = value.file_ref.mime_type, value.file_ref.size_bytes
            else:
                run.single[path] = _single(value)
        for path, change in update.modify_sets.items():
            words = run.tags.setdefault(path, set())
            for word, how in change.string.values.items():
                (words.add if how == messages.ADD else words.discard)(word)
    return run


def _append(run: Recorded, place: Place, value: Any) -> None:
    kind = value.WhichOneof("value")
    if kind == "string":
        run.texts[place] = value.string
    elif kind == "file_ref":
        run.files[place] = value.file_ref.mime_type, value.file_ref.size_bytes
    elif kind == "histogram":
        histogram = value.histogram
        run.histograms[place] = {"bin_edges": list(histogram.bin_edges)}
        for name in ("counts", "densities"):
            if histogram.HasField(name):
                run.histograms[place][name] = list(getattr(histogram, name).values)
    else:
        run.numbers[place] = getattr(value, kind)


def _single(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "string_set":
        return set(value.string_set.values)
    if kind == "timestamp":
        return datetime.fromtimestamp(value.timestamp.seconds, timezone.utc)
    return getattr(value, kind)


def operations_of(directory: Path) -> list[dict[str, Any]]:
    """What neptune 1.x has written down of the one run below `directory`, in its order."""
    (path,) = directory.glob(".neptune/offline/*/data-1.log")
    text, place, found = path.read_text("utf-8"), 0, []
    decoder = json.JSONDecoder()
    while place < len(text):
        entry, place = decoder.raw_decode(text, place)
        found.append(entry["obj"])
        while place < len(text) and text[place].isspace():
            place += 1
    return found
