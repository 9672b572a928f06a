"""Takes over what the earlier client (`pluto-ml` up to 0.0.29) left unsent in its `sync.db`.

That client keeps the rows of a run in a queue on disk, beside a worker that sends them, and gives
rows up after some failures. What is not sent is copied once into a run directory of ours, from
where it is delivered like anything else; `sync.db` is not changed.

Tables (version 3 of their schema): `runs`; `sync_queue`, a row for each record; `file_uploads`.
"""

from __future__ import annotations

import json
import logging
import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import orjson

from pluto.addresses import HOSTED
from pluto.errors import RunInUse, StorageError
from pluto.facts import apply_fact
from pluto.names import clean_key, directory_name, random_id
from pluto.storage import Batch, Blobs, Kind, Record, is_run_directory, parse_metric_lines
from pluto.store import Store

logger = logging.getLogger("pluto")

NAME: Final = "sync.db"
ROWS_AT_ONCE: Final = 2000

METRIC, CONFIG, DATA, TAGS, SYSTEM, CONSOLE = 0, 2, 3, 4, 5, 6
# Of `status`, 2 is sent and 4 is given up for good: the server refused it, or the file is gone.
_RUNS: Final = "SELECT run_id, project, op_id, created_at, finished, config_json FROM runs"
_QUEUE: Final = (
    "SELECT id, record_type, payload_json, timestamp_ms, step FROM sync_queue"
    " WHERE run_id=? AND id > ? AND status != 2 ORDER BY id LIMIT ?"
)
_UPLOADS: Final = (
    "SELECT id, local_path, file_type, file_name, file_ext, log_name, caption, annotations,"
    " sample_index, timestamp_ms, step FROM file_uploads"
    " WHERE run_id=? AND id > ? AND status NOT IN (2, 4) ORDER BY id"
)
_LOG_TYPES: Final = {"image": "IMAGE", "audio": "AUDIO", "video": "VIDEO", "text": "TEXT"}


def take_over(directory: Path) -> list[Path]:
    """Copy what the `sync.db` in a directory has not sent; return the run directories it is in.

    Safe to call again: each row is taken once.

    Raises:
        RunInUse: the worker of the earlier client is still sending.
        StorageError: it cannot be read or is no such store.
    """
    _check_worker(directory / ".sync.pid")
    path = directory / NAME
    try:
        with closing(sqlite3.connect(path, timeout=5)) as old:
            old.row_factory = sqlite3.Row
            runs = old.execute(_RUNS).fetchall()
            taken = [directory if len(runs) == 1 else _place(directory, run) for run in runs]
            for run, place in zip(runs, taken, strict=True):
                _take_run(old, run, place)
    except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
        raise StorageError(f"cannot read {path}: {error}") from error
    return taken


def _place(directory: Path, run: sqlite3.Row) -> Path:
    return directory / directory_name(run["run_id"])


def _take_run(old: sqlite3.Connection, run: sqlite3.Row, directory: Path) -> None:
    is_new = not is_run_directory(directory)
    with closing(Store(directory)) as store:
        if is_new:
            store.set_facts(_facts(run))
        done = store.writer.positions()
        last = done.get(f"{NAME}/queue", 0)
        while rows := old.execute(_QUEUE, (run["run_id"], last, ROWS_AT_ONCE)).fetchall():
            last = rows[-1]["id"]
            batch = _batch(rows)
            batch.positions = {f"{NAME}/queue": last}
            batch.facts = apply_fact(store.writer.facts, batch.records)
            store.writer.append(batch)
        uploads = old.execute(_UPLOADS, (run["run_id"], done.get(f"{NAME}/files", 0)))
        for upload in uploads.fetchall():
            store.writer.append(_upload(upload, store.blobs))


def _facts(run: sqlite3.Row) -> dict[str, Any]:
    """Return the facts of a run; that client has told the server its status, or never will."""
    created = int(run["created_at"] * 1000)
    return {
        "uid": random_id(16),
        "project": run["project"],
        "name": run["run_id"],
        "created_at": created,
        "finished_at": created,
        "config": json.loads(run["config_json"] or "null"),
        "tags": [],
        "status": "COMPLETED" if run["finished"] else "FAILED",
        "status_history": [],
        "mode": "perf",
        "resume_run_id": run["op_id"],
        "only_rows": True,
        "destination": HOSTED._asdict(),
    }


def _batch(rows: list[sqlite3.Row]) -> Batch:
    batch = Batch()
    metrics: dict[int, list[bytes]] = {METRIC: [], SYSTEM: []}
    for row in rows:
        payload, kind = json.loads(row["payload_json"]), row["record_type"]
        if kind in metrics:
            line = _metric_line(payload, row)
            metrics[kind] += [line] if line else []
        elif kind in _RECORDS:
            batch.records.append(_RECORDS[kind](payload, row))
        else:
            logger.warning("a sync.db has a record of unknown kind %s: left out", kind)
    batch.names = {
        record.name: "DATA" if record.type == "string-series" else record.type.upper()
        for record in batch.records
        if record.kind is Kind.DATA
    }
    batch.groups = parse_metric_lines(b"\n".join(metrics[METRIC]))
    batch.system = parse_metric_lines(b"\n".join(metrics[SYSTEM]))
    return batch


def _metric_line(payload: dict[str, Any], row: sqlite3.Row) -> bytes | None:
    """Return a line of the wire, or None for a row without numbers."""
    numbers = {
        clean_key(key): float(value) if math.isfinite(value) else json.dumps(value)
        for key, value in payload.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }
    if not numbers:
        return None
    return orjson.dumps({"time": row["timestamp_ms"], "step": _step(row["step"]), "data": numbers})


def _step(value: Any) -> int:
    """Return a step as that client stored it: numpy integers as their bytes, None for the first."""
    if isinstance(value, bytes):
        value = int.from_bytes(value, "little", signed=True)
    return max(0, int(value or 0))


def _console(payload: dict[str, Any], row: sqlite3.Row) -> Record:
    text = str(payload["message"]).encode("utf-8", "replace")
    number, log_type = int(payload["lineNumber"]), str(payload["logType"])
    return Record(Kind.CONSOLE, row["timestamp_ms"], number, "", log_type, text)


def _data(payload: dict[str, Any], row: sqlite3.Row) -> Record:
    data = payload["data"]
    text = data if isinstance(data, str) else json.dumps(data)
    name, body = clean_key(payload["log_name"]), text.encode("utf-8", "replace")
    step = _step(row["step"])
    return Record(Kind.DATA, row["timestamp_ms"], step, name, payload["data_type"], body)


def _tags(payload: dict[str, Any], row: sqlite3.Row) -> Record:
    return Record(Kind.FACT, row["timestamp_ms"], 0, "tags", "", orjson.dumps(payload["tags"]))


def _config(payload: dict[str, Any], row: sqlite3.Row) -> Record:
    body = json.dumps(payload).encode("utf-8", "replace")
    return Record(Kind.FACT, row["timestamp_ms"], 0, "config", "", body)


_RECORDS: Final[dict[int, Callable[[dict[str, Any], sqlite3.Row], Record]]] = {
    CONSOLE: _console,
    DATA: _data,
    TAGS: _tags,
    CONFIG: _config,
}


def _upload(row: sqlite3.Row, blobs: Blobs) -> Batch:
    """Return the file row of an upload, with its bytes copied; one that is gone tells so."""
    extension = row["file_ext"] or ""
    described: dict[str, Any] = {
        "fileName": f"{row['file_name']}{extension}",
        "fileType": "mask" if row["file_name"].endswith(".mask") else extension.lstrip("."),
        "caption": row["caption"],
        "annotations": row["annotations"],
        "mime": row["file_type"],
        "sampleIndex": row["sample_index"] or 0,
    }
    try:
        sha256, size = blobs.put_copy(Path(row["local_path"]))
        described |= {"sha256": sha256, "fileSize": size}
    except OSError as error:
        described["error"] = f"{row['local_path']} is gone: {error.strerror}"
    name = clean_key(row["log_name"] or "file")
    log_type = _LOG_TYPES.get(str(row["file_type"]).partition("/")[0], "ARTIFACT")
    body, step = orjson.dumps(described), _step(row["step"])
    record = Record(Kind.FILE, row["timestamp_ms"], step, name, log_type, body)
    return Batch(records=[record], names={name: log_type}, positions={f"{NAME}/files": row["id"]})


def _check_worker(path: Path) -> None:
    """Raise RunInUse while the worker that this file names lives; numbers are used again."""
    import psutil

    try:
        command = psutil.Process(int(path.read_text())).cmdline()
    except (OSError, ValueError, psutil.Error):
        return
    if "pluto.sync" in command:
        raise RunInUse(f"{path.parent} is still being sent by the earlier client")


def old_stores(root: Path) -> Iterator[Path]:
    """Yield the directories at and below `root` that have a `sync.db`, sorted."""
    yield from sorted({path.parent for path in root.rglob(NAME) if path.is_file()})
