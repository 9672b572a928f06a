"""What is known about a run, and how a recorded change alters it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import orjson

from pluto.config import deep_merge
from pluto.record import RunInfo
from pluto.storage import Kind, Record

LATE_MS: Final = 60_000


def run_info(facts: Mapping[str, Any]) -> RunInfo:
    """Return what a server has to know to create the run that these facts describe."""
    known = RunInfo._fields
    values = {key: value for key, value in facts.items() if key in known and value is not None}
    return RunInfo(**{**values, "tags": tuple(facts.get("tags") or ())})


def dated(run: RunInfo, now: int) -> RunInfo:
    """Have a server that gets the run late (`now`, in ms) show it from when it began."""
    if now - run.created_at < LATE_MS:
        return run
    return run._replace(backfill={"createdAt": run.created_at, **run.backfill})


def apply_fact(read: Callable[[], dict[str, Any]], records: Iterable[Record]) -> dict[str, Any]:
    """Return the facts that the FACT records among `records` change, with their new values.

    Args:
        read: returns the facts as they are; called only if something changes them.
        records: in the order in which they were recorded.
    """
    changes = [record for record in records if record.kind is Kind.FACT]
    if not changes:
        return {}
    before = read()
    facts = dict(before)
    for record in changes:
        rule = _RULES.get(record.name)
        if rule is not None:
            rule(facts, orjson.loads(record.body), record.time)
    return {key: value for key, value in facts.items() if before.get(key) != value}


def _tags(facts: dict[str, Any], value: Any, _time: int) -> None:
    facts["tags"] = value


def _notes(facts: dict[str, Any], value: Any, _time: int) -> None:
    facts["notes"] = value


def _name(facts: dict[str, Any], value: Any, _time: int) -> None:
    facts["name"] = value


def _summary(facts: dict[str, Any], value: Any, _time: int) -> None:
    merged = {**(facts.get("summary") or {}), **value}
    facts["summary"] = {key: item for key, item in merged.items() if item is not None}


def _config(facts: dict[str, Any], value: Any, _time: int) -> None:
    facts["config"] = deep_merge(facts.get("config") or {}, value)


def _system_metadata(facts: dict[str, Any], value: Any, _time: int) -> None:
    facts["system_metadata"] = deep_merge(facts.get("system_metadata") or {}, value)


def _status(facts: dict[str, Any], value: Any, time: int) -> None:
    event = {
        "from": facts.get("status"),
        "to": value["status"],
        "source": "client",
        "metadata": value.get("statusMetadata"),
        "createdAt": time,
    }
    if facts.get("status") != value["status"]:
        facts["status_history"] = [*facts.get("status_history", []), event]
    facts["status"] = value["status"]
    facts["status_metadata"] = value.get("statusMetadata")
    facts["finished_at"] = None if value["status"] == "RUNNING" else time


def _end(facts: dict[str, Any], value: Any, time: int) -> None:
    facts["ends"] = [*(facts.get("ends") or []), {"time": time, **value}]


def _closed(facts: dict[str, Any], _value: Any, time: int) -> None:
    facts["closed"] = time


_RULES: Final[dict[str, Callable[[dict[str, Any], Any, int], None]]] = {
    "tags": _tags,
    "notes": _notes,
    "name": _name,
    "summary": _summary,
    "config": _config,
    "system_metadata": _system_metadata,
    "status": _status,
    "end": _end,
    "closed": _closed,
}
