"""Makes run directories of what sources yield; a later import adds only what is new."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

import orjson

from pluto.assembly import run_directory
from pluto.config import plain_config
from pluto.errors import MediaError, PlutoError
from pluto.frame_rows import clean_names
from pluto.iface import ServerInterface
from pluto.media import naming
from pluto.migrate.run import (
    STRING_SERIES,
    Content,
    Facts,
    Identity,
    Item,
    Line,
    Numbers,
    SourceError,
    SourceRun,
    Value,
)
from pluto.names import clean_key, clean_name
from pluto.record import Receipt
from pluto.redact import LineRedactor, Redactor
from pluto.sets import Destination, Settings
from pluto.storage import Batch, Blobs, Kind, Outbox, Record, parse_metric_lines
from pluto.store import Store, shown
from pluto.sync import sync_directory
from pluto.wording import counted

ITEMS_A_BATCH: Final = 4096
BYTES_A_BATCH: Final = 4 << 20
COMPACTION_SECONDS: Final = 2.0
_POSITION: Final = "import/"
_NON_FINITE: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_MOST_LISTED: Final = 5


@dataclass(frozen=True)
class Outcome:
    """What became of one run.

    Attributes:
        directory: where it is on this machine.
        counts: new rows of each kind: `points`, `values`, `files`, `lines`.
        lost: what was not taken over, and why.
        problem: why the run is not complete here, or not on the server; None if it is.
        receipt: of the delivery; None without a server.
    """

    identity: Identity
    directory: Path | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    problem: str | None = None
    receipt: Receipt | None = None

    @property
    def is_new(self) -> bool:
        """Whether there was anything to import."""
        return any(self.counts.values())

    def __str__(self) -> str:
        title = f"{self.identity.project}/{self.identity.name}"
        if self.problem:
            return f"{title}: {self.problem}"
        new = ", ".join(f"{count:,} {kind}" for kind, count in self.counts.items() if count)
        where = f" in {shown(self.directory)}" if self.directory else ""
        sent = f", {counted(self.receipt.delivered, 'row')} delivered" if self.receipt else ""
        return f"{title}: {f'{new} imported' if new else 'nothing new'}{where}{sent}"


def import_run(
    run: SourceRun,
    settings: Settings,
    where: Destination | None = None,
    *,
    resume: bool = False,
    batch: int = ITEMS_A_BATCH,
    timeout: float | None = None,
) -> Outcome:
    """Import a run into this machine's run directories, and send it where a server is given.

    Nothing is imported twice, however often and from wherever this is called: a run is known by
    the id that it has in its source, and its rows by their place in it.

    Args:
        run: of the source.
        settings: say where run directories are, and whether secrets are masked.
        where: the server; None keeps the run on this machine.
        resume: add to a run of the server that has this id already, and was not made by an import.
        batch: items that are written at once.
        timeout: seconds for the delivery; None = as long as it takes to try all once.
    """
    identity = _clean(run.identity)
    try:
        directory = run_directory(settings, {"external_id": identity.external_id}, identity.project)
        outcome = _written(run, identity, directory, settings, where, resume, batch)
    except (PlutoError, OSError) as error:
        return Outcome(identity, problem=str(error))
    if where is None or outcome.problem:
        return outcome
    return _deliver(outcome, directory, settings, where, timeout)


def _written(  # noqa: PLR0917 - what import_run was given
    run: SourceRun,
    identity: Identity,
    directory: Path,
    settings: Settings,
    where: Destination | None,
    resume: bool,
    batch: int,
) -> Outcome:
    """Write a run into its directory; one of which nothing can be read leaves none behind."""
    problem = None
    with closing(Store(directory)) as store:
        is_known = "uid" in store.writer.facts()
        writer = _Writer(store, Redactor(enabled=settings.sanitize_logs), batch)
        writer.begin(identity, where, resume)
        try:
            for origin, item in run.items():
                writer.add(origin, item)
            writer.end(identity, run.facts())
            store.compact(COMPACTION_SECONDS)
        except (SourceError, OSError) as error:
            problem = str(error)
            writer.stop(problem)
    counts = writer.counts
    if problem and not is_known and not any(counts.values()):
        shutil.rmtree(directory)
        return Outcome(identity, problem=problem)
    return Outcome(identity, directory, counts, tuple(writer.lost), problem)


def _deliver(
    outcome: Outcome,
    directory: Path,
    settings: Settings,
    where: Destination,
    timeout: float | None,
) -> Outcome:
    def sink(*_: object) -> tuple[ServerInterface, str]:
        return ServerInterface(where.urls, where.key, settings), where.urls.api

    (report,) = sync_directory(directory, sink, timeout=timeout).runs
    return replace(outcome, receipt=report.receipt, problem=report.problem)


def _clean(identity: Identity) -> Identity:
    project, name = clean_name(identity.project), clean_name(identity.name)
    return identity._replace(project=project or identity.source, name=name or identity.key)


class _Writer:
    """Writes the items of one run, those that are not there yet."""

    def __init__(self, store: Store, redactor: Redactor, batch: int) -> None:
        self.counts = dict.fromkeys(("points", "values", "files", "lines"), 0)
        self.lost: list[str] = []
        self._store = store
        self._most = max(1, batch)
        self._redactor = redactor
        self._lines = {error: redactor.lines() for error in (False, True)}
        self._done = store.writer.positions()
        self._seen: dict[str, int] = {}
        self._next_line = Outbox(store.writer, "").count("console") + 1
        self._last_time = 0
        self._clear()

    def begin(self, identity: Identity, where: Destination | None, resume: bool) -> None:
        """Say what the run is, unless an earlier import has."""
        known = self._store.writer.facts()
        facts: dict[str, Any] = {"destination": where.urls._asdict() if where else None}
        facts["resume"] = resume
        if "uid" not in known:
            facts |= {
                "uid": _uid(identity),
                "external_id": identity.external_id,
                "project": identity.project,
                "name": identity.name,
                "created_at": time.time_ns() // 1_000_000,
                "tags": [],
                "status": "RUNNING",
                "status_history": [],
                "mode": "perf" if where else "local",
            }
        elif where is None:
            facts = {}
        self._store.set_facts(facts)

    def add(self, origin: str, item: Item) -> None:
        """Take an item unless an earlier import has taken it."""
        place = self._seen[origin] = self._seen.get(origin, 0) + 1
        self._last_time = max(self._last_time, item.time)
        key = _POSITION + origin
        if place <= self._done.get(key, 0):
            return
        self._batch.positions[key] = place
        _ADD[type(item)](self, item)
        self._items += 1
        if self._items >= self._most or self._bytes >= BYTES_A_BATCH:
            self._flush()

    def end(self, identity: Identity, facts: Facts) -> None:
        """Write what is left, and what is known about the whole run."""
        self._flush()
        self.lost += [text for text in facts.lost if text not in self.lost]
        known = self._store.writer.facts()
        last = facts.finished_at or max(self._last_time, facts.created_at)
        config = self._redactor.value(plain_config(facts.config)) or {}
        changes: dict[str, Any] = {
            "created_at": facts.created_at,
            "backfill": {"createdAt": facts.created_at, "updatedAt": last},
            "system_metadata": self._redactor.value(plain_config(facts.system_metadata)) or {},
        }
        tags = list(dict.fromkeys([*facts.tags, f"import:{identity.source}"]))
        if known.get("run_id") is None:  # told when the run is created there
            changes |= {"config": config, "tags": tags}
        self._store.set_facts(changes)
        told = {"config": config, "tags": tags, "notes": facts.notes}
        told["summary"] = plain_config(facts.summary) or None
        for name, value in told.items():
            if value and value != self._store.writer.facts().get(name):
                self._tell(name, value, last)
        status = {"status": facts.status, "statusMetadata": facts.cause}
        if facts.status != known.get("status"):
            self._tell("status", status, last)

    def stop(self, problem: str) -> None:
        """Keep what could be read, and say why it is not all."""
        self._flush()
        if any(self.counts.values()):
            status = {"status": "FAILED", "statusMetadata": {"reason": f"not all read: {problem}"}}
            self._tell("status", status, self._last_time)

    def _tell(self, name: str, value: Any, moment: int) -> None:
        self._store.append_fact(name, value, moment)

    def _clear(self) -> None:
        self._batch = Batch()
        self._rows: dict[bool, list[bytes]] = {False: [], True: []}
        self._items = self._bytes = 0

    def _flush(self) -> None:
        self._batch.groups = parse_metric_lines(b"\n".join(self._rows[False]))
        self._batch.system = parse_metric_lines(b"\n".join(self._rows[True]))
        if self._items:
            self._store.writer.append(self._batch)
        self._clear()

    def _add_numbers(self, item: Numbers) -> None:
        if not item.values:
            return
        values = {
            name: value if math.isfinite(value) else _NON_FINITE[str(value)]
            for name, value in zip(_clean_names(tuple(item.values)), _floats(item), strict=True)
        }
        line = orjson.dumps({"time": item.time, "step": item.step, "data": values})
        self._rows[item.system].append(line)
        self._bytes += len(line)
        self.counts["points"] += len(values)

    def _add_value(self, item: Value) -> None:
        name, body = clean_key(item.name), item.body.encode("utf-8", "replace")
        log_type = "DATA" if item.type == STRING_SERIES else item.type.upper()
        self._record(Record(Kind.DATA, item.time, item.step, name, item.type, body), log_type)
        self.counts["values"] += 1

    def _add_file(self, item: Content) -> None:
        name = clean_key(item.name)
        described = _described(item, self._store.blobs)
        if "error" in described:
            self.lost.append(str(described["error"]))
        body = orjson.dumps(described)
        self._record(Record(Kind.FILE, item.time, item.step, name, item.type, body), item.type)
        self.counts["files"] += 1

    def _add_line(self, item: Line) -> None:
        redactor: LineRedactor = self._lines[item.error]
        text = redactor.line(item.text).encode("utf-8", "replace")
        log_type = "ERROR" if item.error else "INFO"
        self._record(Record(Kind.CONSOLE, item.time, self._next_line, "", log_type, text))
        self._next_line += 1
        self.counts["lines"] += 1

    def _record(self, record: Record, log_type: str | None = None) -> None:
        self._batch.records.append(record)
        self._bytes += len(record.body)
        if log_type:
            self._batch.names.setdefault(record.name, log_type)


_ADD: Final[Mapping[type, Any]] = {
    Numbers: _Writer._add_numbers,  # noqa: SLF001 - of this module
    Value: _Writer._add_value,  # noqa: SLF001
    Content: _Writer._add_file,  # noqa: SLF001
    Line: _Writer._add_line,  # noqa: SLF001
}


@lru_cache(1024)
def _clean_names(names: tuple[str, ...]) -> list[str]:
    return clean_names(names)


def _floats(item: Numbers) -> Iterator[float]:
    return map(_float, item.values.values())


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond what a float can be
        return math.inf if value > 0 else -math.inf


def _uid(identity: Identity) -> str:
    """Return the id of the run directory: the same wherever the run is imported.

    A server knows rows by it, and drops those that it has.
    """
    text = json.dumps([identity.external_id, identity.project])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _described(item: Content, blobs: Blobs) -> dict[str, Any]:
    """Return the file row of a content, with its bytes copied; one that is gone tells so."""
    path = PurePosixPath(item.file)
    described: dict[str, Any] = {
        "fileName": path.name,
        "fileType": naming.extension_of(item.file).lstrip("."),
        "caption": item.caption,
        "annotations": item.annotations,
        "mime": naming.content_type(naming.extension_of(item.file)),
        "sampleIndex": item.place,
    }
    try:
        digest, size = _stored(item.content, blobs)
    except (OSError, MediaError) as error:
        reason = getattr(error, "strerror", None) or error
        return described | {"error": f"{item.file} of {item.name} cannot be read: {reason}"}
    extension = naming.extension_of(item.file)
    named = naming.file_name(str(path.with_suffix("")), digest[:16], extension)
    return described | {"fileName": named, "sha256": digest, "fileSize": size}


def _stored(content: bytes | Path, blobs: Blobs) -> tuple[str, int]:
    return blobs.put_bytes(content) if isinstance(content, bytes) else blobs.put_copy(content)


def lost_in_words(lost: tuple[str, ...]) -> list[str]:
    """Return what was not taken over as a few lines; many of them are counted."""
    more = len(lost) - _MOST_LISTED
    return [*lost[:_MOST_LISTED], *([f"and {more:,} more"] if more > 0 else [])]
