"""What the lists show of each run, kept in memory for as long as the run does not change.

A list of 1,000 runs must not read 1,000 runs: each is read again only when its version has changed.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import msgspec

from pluto.errors import StorageError
from pluto.server.backend import Backend
from pluto.server.fields import FieldValue, field_values, flatten, json_number, json_safe
from pluto.server.later import Later
from pluto.server.metric_table import MetricTable
from pluto.server.rows import RunRow
from pluto.storage import NameInfo

logger = logging.getLogger("pluto")

_LOSS = re.compile("loss", re.IGNORECASE)
_SCORE = re.compile("acc|reward|score|f1|auc|iou|ppl|perplexity", re.IGNORECASE)
PATIENCE_SECONDS = 0.3
FIRST = 30
"""So many runs at the head of a list are always read: the page draws the charts of the first 10."""
MAX_SHOWN_METRICS = 200
_KEPT_AT_ONCE = 500
_FACTS = ("config", "notes", "status_metadata", "summary")
"""Of a run's facts those that lists show; others are large."""
MAX_SHOWN_FIELD = 2000
"""Longer config values (characters of JSON) are shown on the run's page only."""


@dataclass(frozen=True)
class Stored:
    """What was read of a run at one version.

    Attributes:
        backend, row: from where.
        version: of the run.
        config: the config object, safe for JSON.
        summary: last value and more of each metric.
        shown_config, shown_summary: their JSON as the runs table shows them.
        problem: why nothing could be read.
    """

    backend: Backend
    row: RunRow
    version: int = 0
    config: Any = None
    notes: str | None = None
    status_metadata: Any = None
    summary: MetricTable = field(default_factory=lambda: MetricTable.of([]))
    shown_config: bytes = b"{}"
    shown_summary: bytes = b"{}"
    problem: str | None = None

    @cached_property
    def config_values(self) -> Mapping[str, FieldValue]:
        """The config as filters and sorting compare it."""
        return field_values(self.config)

    @cached_property
    def system_metadata(self) -> Mapping[str, Any]:
        """Read on demand: it is large, and only a filter or a column on it asks for it."""
        if self.problem:
            return {}
        with self.backend.look(self.row) as (_, reader):
            metadata = json_safe(reader.facts("system_metadata").get("system_metadata"))
        return metadata if isinstance(metadata, dict) else {}

    @cached_property
    def system_values(self) -> Mapping[str, FieldValue]:
        """The system metadata as filters and sorting compare it."""
        return field_values(self.system_metadata)


@dataclass(frozen=True)
class RunView:
    """One run in a list: its row in the catalog with what is stored of it."""

    row: RunRow
    stored: Stored

    @property
    def status(self) -> str:
        """The status, as far as anybody knows."""
        return self.row.status

    @property
    def name(self) -> str:
        """The name that the user gave."""
        return self.row.name

    @property
    def tags(self) -> Sequence[str]:
        """The tags in the order they were given."""
        return self.row.tags

    @property
    def created_at(self) -> int:
        """Time of creation."""
        return self.row.created_at

    @property
    def updated_at(self) -> int:
        """Time of the last change."""
        return self.row.updated_at

    @property
    def heartbeat_at(self) -> int | None:
        """Time of the last metric point, None when there is none."""
        return self.stored.summary.last_time

    @property
    def config(self) -> Mapping[str, FieldValue]:
        """Flattened config."""
        return self.stored.config_values

    @property
    def system_metadata(self) -> Mapping[str, FieldValue]:
        """Flattened system metadata."""
        return self.stored.system_values

    @property
    def summary(self) -> MetricTable:
        """Last value of each metric."""
        return self.stored.summary


class Views:
    """The views of all runs of a storage engine; safe from any thread."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._later: Later[RunRow] = Later(self._read, "pluto-read-views")
        self._lock = threading.Lock()  # guards the collections, never held while runs are read
        self._known: dict[str, Stored] = {}  # by place
        self._not_kept: dict[str, RunRow] = {}

    def of(self, rows: Iterable[RunRow]) -> list[RunView]:
        """Return the views of runs in the order given; an unreadable run has a `problem`."""
        rows = list(rows)
        self._take_kept([row for row in rows if row.place not in self._known])
        views = [RunView(row, self._stored(row)) for row in rows]
        self._keep()
        return views

    def so_far(self, rows: Iterable[RunRow]) -> tuple[list[RunView], int]:
        """Return the views of runs, and how many of them are empty so far.

        Those that cannot be read in a moment are read in the background: to look at what a
        thousand runs logged takes a second, and their names are there at once.
        """
        rows = list(rows)
        new = [row for row in rows if row.place not in self._known and row not in self._later]
        self._take_kept(new)
        deadline = time.monotonic() + (0 if self._later.waiting else PATIENCE_SECONDS)
        views, unread = [], []
        for place, row in enumerate(rows):
            if row.place in self._known or place < FIRST or time.monotonic() < deadline:
                views.append(RunView(row, self._stored(row)))
            else:
                views.append(RunView(row, Stored(self._backend, row)))
                unread.append(row)
        self._later.add(unread)
        if not unread:
            self._keep()
        return views, len(unread)

    def close(self) -> None:
        """Read no more."""
        self._later.close()

    def _read(self, row: RunRow) -> None:
        self._stored(row)

    def _take_kept(self, rows: Sequence[RunRow]) -> None:
        for start in range(0, len(rows), _KEPT_AT_ONCE):
            for row, version, body in self._backend.kept(rows[start : start + _KEPT_AT_ONCE]):
                with self._lock:
                    stored = _unpacked(self._backend, row, version, body)
                    self._known.setdefault(row.place, stored)

    def _keep(self) -> None:
        """Keep what was read, of runs that nobody is writing just now."""
        with self._lock:
            waiting = list(self._not_kept.values())
        if not waiting:
            return
        for row in self._backend.keep(waiting, lambda row: _packed(self._known[row.place])):
            with self._lock:
                self._not_kept.pop(row.place, None)

    def _stored(self, row: RunRow) -> Stored:
        before = self._known.get(row.place)
        known = None if before is None or before.problem else before
        if known is not None and known.version == self._backend.known_version(row):
            return known
        try:
            with self._backend.look(row) as (version, reader):
                if known is not None and known.version == version:
                    return known
                facts, names = reader.facts(*_FACTS), reader.names()
            stored = _summarised(self._backend, row, version, (facts, names))
        except StorageError as error:
            stored = Stored(self._backend, row, problem=str(error))
            if before is None or before.problem != stored.problem:
                logger.warning("pluto: a run is shown without its values: %s", error)
        with self._lock:
            self._known[row.place] = stored
            if stored.problem:
                self._not_kept.pop(row.place, None)
            else:
                self._not_kept[row.place] = row
        return stored


class _Body(msgspec.Struct, array_like=True):
    """A view as it is kept."""

    config: Any
    notes: str | None
    status_metadata: Any
    summary: tuple[list[str], bytes, int | None]
    shown_config: bytes
    shown_summary: bytes


_decoder = msgspec.msgpack.Decoder(_Body)


def _packed(stored: Stored) -> bytes:
    return msgspec.msgpack.encode(
        _Body(
            stored.config,
            stored.notes,
            stored.status_metadata,
            stored.summary.columns(),
            stored.shown_config,
            stored.shown_summary,
        )
    )


def _unpacked(backend: Backend, row: RunRow, version: int, body: bytes) -> Stored:
    kept = _decoder.decode(body)
    return Stored(
        backend=backend,
        row=row,
        version=version,
        config=kept.config,
        notes=kept.notes,
        status_metadata=kept.status_metadata,
        summary=MetricTable(*kept.summary),
        shown_config=kept.shown_config,
        shown_summary=kept.shown_summary,
    )


def _summarised(
    backend: Backend,
    row: RunRow,
    version: int,
    read: tuple[Mapping[str, Any], list[NameInfo]],
) -> Stored:
    facts, names = read
    config = json_safe(facts.get("config"))
    summary = MetricTable.of(names)
    notes = facts.get("notes")
    return Stored(
        backend=backend,
        row=row,
        version=version,
        config=config,
        notes=str(json_safe(notes)) if notes else None,
        status_metadata=json_safe(facts.get("status_metadata")),
        summary=summary,
        shown_config=_encode_fields(config),
        shown_summary=msgspec.json.encode(shown_summary(summary, facts.get("summary"))),
    )


def shown_summary(summary: MetricTable, given: object = None) -> dict[str, float | str]:
    """Return at most 200 values for a table, system metrics last, non-finite as words.

    They are the numbers that the user gave to sum up the run, and the last value of each metric;
    of too many, losses and scores are kept first.
    """
    numbers = {
        name: float(value)
        for name, value in flatten(given).items()
        if isinstance(value, (int, float))
    }
    values = {**numbers, **summary.last_values(), **numbers}
    own = sorted(values, key=_rank)
    return {str(json_safe(name)): json_number(values[name]) for name in own[:MAX_SHOWN_METRICS]}


@lru_cache(maxsize=1 << 15)
def _rank(name: str) -> int:
    """Return how soon a person looks for a metric, from 0; as the page orders them."""
    if name.startswith("sys/"):
        return 3
    return 0 if _LOSS.search(name) else 1 if _SCORE.search(name) else 2


def _encode_fields(config: object) -> bytes:
    """Encode the flat config for a table, without values that no table can show."""
    encoded = {key: msgspec.Raw(msgspec.json.encode(leaf)) for key, leaf in flatten(config).items()}
    return msgspec.json.encode(
        {key: text for key, text in encoded.items() if len(bytes(text)) <= MAX_SHOWN_FIELD}
    )
