"""Changes of what is known about a run, by the rules of the protocol."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from msgspec import UNSET, UnsetType

from pluto.server.backend import ChangeRefused
from pluto.server.catalog import Catalog
from pluto.server.limits import check_names
from pluto.server.rows import CLOSED, TERMINAL, RunRow
from pluto.storage import Batch, Kind, Record, Rewind

Source = Literal["api", "resume", "stale-monitor", "cancel", "heartbeat"]

_SEVERITY: Final = {"COMPLETED": 0, "TERMINATED": 1, "CANCELLED": 2, "FAILED": 3}


@dataclass(frozen=True)
class StatusChange:
    """A status that somebody reports.

    Attributes:
        status: one of RUNNING COMPLETED FAILED TERMINATED CANCELLED.
        source: who says so.
        metadata: UNSET leaves what is there, None clears it, anything else replaces it.
        at: when it happened, in ms since the epoch; None = now.
        logger_settings: merged into those of the run.
        cause: one line for people, where not the run itself told the status.
    """

    status: str
    source: Source = "api"
    metadata: Any = UNSET
    at: int | None = None
    logger_settings: Any = None
    cause: str | None = None


class RunChanges:
    """Changes runs: first their own files, then the catalog's row.

    Every method raises `KeyError` for an unknown run, `ReadOnlyCatalog` or `ChangeRefused` where a
    run cannot be changed from here, and `StorageError` where its files cannot be written.
    """

    def __init__(
        self, catalog: Catalog, now: Callable[[], int] = lambda: int(time.time() * 1000)
    ) -> None:
        self._catalog = catalog
        self._now = now

    def set_status(self, run_id: int, change: StatusChange) -> RunRow:
        """Take a status, unless a worse final one is there already; return the row as it is then.

        A status that only a missing heartbeat suggested gives way to any other.
        """
        with self._catalog.write(run_id) as writer:
            facts = writer.facts()
            if _is_outranked(facts, change):
                return self._known(run_id)
            changed = self._status_facts(facts, change)
            writer.append(Batch(facts=changed, records=self._event(facts, changed)))
            return self._catalog.own.update(
                run_id,
                status=change.status,
                updated_at=changed["updated_at"],
                finished_at=changed["finished_at"],
                cause=changed["cause"],
            )

    def reopen(self, run_id: int, config: Any = None, machine: Any = None) -> RunRow:
        """Take a run up again (create with a known external id, or resume); merge `config`.

        Of `machine` what the run does not know yet is added: another node of the job describes
        itself.
        """
        if config:
            self.merge_config(run_id, config)
        if isinstance(machine, Mapping):

            def told(facts: dict[str, Any]) -> dict[str, Any]:
                return {"system_metadata": deep_merge(machine, facts.get("system_metadata") or {})}

            self._change(run_id, told)
        row = self._known(run_id)
        closed = row.status == "RUNNING" and row.cause == CLOSED
        if row.status == "RUNNING" and not closed:
            return row
        metadata = None if closed else UNSET
        return self.set_status(run_id, StatusChange("RUNNING", source="resume", metadata=metadata))

    def cancel(self, run_id: int) -> RunRow:
        """Ask a running run to stop: its next heartbeat tells it so.

        Raises:
            ChangeRefused: it is not running, or not writing to this server.
        """
        row = self._known(run_id)
        if row.local:
            raise ChangeRefused("this run writes to its own disk: stop it where it runs")
        if row.status != "RUNNING":
            raise ChangeRefused(f"the run is not running any more: it is {row.status}")
        return self.set_status(
            run_id, StatusChange("CANCELLED", source="cancel", cause="cancelled in the dashboard")
        )

    def merge_config(self, run_id: int, config: Mapping[str, Any]) -> None:
        """Merge `config` into that of the run: objects key by key, anything else replaces."""

        def merged(facts: dict[str, Any]) -> dict[str, Any]:
            return {"config": deep_merge(facts.get("config"), config)}

        self._change(run_id, merged)

    def set_tags(self, run_id: int, tags: list[str]) -> None:
        """Replace the tags."""
        self._change(run_id, lambda _: {"tags": list(tags)})
        if self._catalog.writable:
            self._catalog.own.update(run_id, tags=tuple(tags))

    def set_notes(self, run_id: int, notes: str | None) -> None:
        """Replace the notes; an empty text removes them."""
        self._change(run_id, lambda _: {"notes": notes or None})

    def rewind(self, run_id: int, rewinds: Iterable[Rewind]) -> None:
        """Hide what was logged before each rewind behind its step; known ones change nothing."""
        with self._catalog.write(run_id) as writer:
            for each in rewinds:
                writer.rewind(each)

    def add_graph(self, run_id: int, graph: Mapping[str, Any]) -> None:
        """Add the nodes of a model graph to those that are there."""

        def extended(facts: dict[str, Any]) -> dict[str, Any]:
            return {"modelGraph": deep_merge(facts.get("modelGraph"), graph)}

        self._change(run_id, extended)

    def add_alert(self, run_id: int, alert: Mapping[str, Any]) -> None:
        """Keep an alert with the run."""
        time_ms = alert.get("timestamp") or self._now()
        body = json.dumps(alert).encode()
        record = Record(Kind.FACT, int(time_ms), 0, "alert", str(alert.get("level", "INFO")), body)
        with self._catalog.write(run_id) as writer:
            writer.append(Batch(records=[record]))

    def register_names(self, run_id: int, names: Mapping[str, str]) -> None:
        """Register log names with their types; the first type of a name stays."""
        with self._catalog.write(run_id) as writer:
            check_names(writer, names)
            writer.append(Batch(names=dict(names)))

    def _change(self, run_id: int, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        row = self._known(run_id)
        if row.local and row.status == "RUNNING":
            raise ChangeRefused("the run is being written by its own process: change it there")
        with self._catalog.write(run_id) as writer:
            changed = change(writer.facts())
            now = self._now()
            records = [
                Record(Kind.FACT, now, 0, name, "", json.dumps(value).encode())
                for name, value in changed.items()
            ]
            if not row.local:
                changed["updated_at"] = now
            writer.append(Batch(facts=changed, records=records))
        if not row.local:
            self._catalog.own.update(run_id, updated_at=now)

    def _status_facts(self, facts: dict[str, Any], change: StatusChange) -> dict[str, Any]:
        now = self._now()
        old = facts["status"]
        repeated = old == change.status and old in TERMINAL
        at = change.at or (facts.get("status_updated") if repeated else now)
        changed = {
            "status": change.status,
            "status_updated": at,
            "finished_at": at if change.status in TERMINAL else None,
            "updated_at": now,
            "cause": change.cause,
            "status_history": [*facts["status_history"], *self._transition(old, change, now)],
        }
        if not isinstance(change.metadata, UnsetType):
            changed["status_metadata"] = change.metadata
        if change.logger_settings is not None:
            merged = deep_merge(facts.get("logger_settings"), change.logger_settings)
            changed["logger_settings"] = merged
        return changed

    @staticmethod
    def _transition(old: str, change: StatusChange, now: int) -> list[dict[str, Any]]:
        if old == change.status:
            return []
        metadata = None if isinstance(change.metadata, UnsetType) else change.metadata
        return [
            {
                "from": old,
                "to": change.status,
                "source": change.source,
                "metadata": metadata,
                "createdAt": now,
            }
        ]

    @staticmethod
    def _event(facts: dict[str, Any], changed: dict[str, Any]) -> list[Record]:
        events = changed["status_history"][len(facts["status_history"]) :]
        return [
            Record(Kind.FACT, event["createdAt"], 0, "status", "", json.dumps(event).encode())
            for event in events
        ]

    def _known(self, run_id: int) -> RunRow:
        row = self._catalog.get(run_id)
        if row is None:
            raise KeyError(run_id)
        return row


def deep_merge(old: Any, new: Any) -> Any:
    """Return `new` laid over `old`: objects key by key, anything else replaces.

    Example:
        >>> deep_merge({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}, "d": [4]})
        {'a': {'b': 3, 'c': 2}, 'd': [4]}
    """
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return new
    return {**old, **{key: deep_merge(old.get(key), value) for key, value in new.items()}}


def _is_outranked(facts: dict[str, Any], change: StatusChange) -> bool:
    old, new = facts["status"], change.status
    if change.source != "api" or old not in TERMINAL or new not in TERMINAL:
        return False
    history = facts["status_history"]
    if history and history[-1]["source"] == "stale-monitor":
        return False
    return _SEVERITY[new] < _SEVERITY[old]
