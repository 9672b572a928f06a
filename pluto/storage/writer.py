"""Writing a run: one transaction a batch, durable against the death of the process."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from pluto.errors import StorageError
from pluto.storage import codec, rollups, summary
from pluto.storage.rewind import Rewind, add_rewind, hidden, read_rewinds, visible
from pluto.storage.rows import Batch, Kind, MetricGroup, Record
from pluto.storage.schema import connect, reason_of, storage_error, unreadable
from pluto.storage.snapshot import Snapshot
from pluto.storage.thinning import exact_summary

FACTS: Final = "SELECT key, value FROM fact"
COUNT_ROWS: Final = (
    "SELECT max(coalesce((SELECT first_row + count FROM tail WHERE system=?"
    " ORDER BY first_row DESC LIMIT 1), 0),"
    " coalesce((SELECT max(last_row) + 1 FROM part WHERE system=?), 0))"
)
_RECEIVED: Final = "SELECT writer, stream, next FROM received"
_WAITING: Final = "SELECT coalesce(sum(count), 0) FROM tail"
_BEHIND: Final = "SELECT id, type FROM name WHERE last_step > ?"
_INCREMENTAL: Final = 2  # of PRAGMA auto_vacuum
MERGE_BELOW_ROWS: Final = 512
MERGE_BELOW_VALUES: Final = 8192
MAX_ROWS_A_BLOCK: Final = 4096


class RunWriter:
    """The one writer of a run directory; safe to call from several threads.

    `append` returns when the batch is committed: it then survives `kill -9` of the process.

    Args:
        directory: of the run; made if missing.
        network: whether it is on a network file system; found out by default.

    Raises:
        StorageError: the directory cannot be written, or holds something foreign.

    Example:
        >>> writer = RunWriter(Path("run"))
        >>> writer.append(Batch(facts={"name": "baseline"}, names={"loss": "METRIC"}))
    """

    def __init__(self, directory: Path, *, network: bool | None = None) -> None:
        self.directory = directory
        self._lock = threading.RLock()  # guards the connection and the caches below
        self._connection = connect(directory, network=network)
        # Of each stream the last tail with its rows, while more rows may join it.
        self._open_tail: list[tuple[int, MetricGroup] | None] = [None, None]
        self._waiting = 0
        try:
            with self._reading():
                self._load()
        except StorageError:
            self._connection.close()
            raise

    def append(self, batch: Batch) -> None:
        """Write everything in `batch`, or nothing of it.

        A batch with `received` is written once: nothing happens if its rows are known already.
        """
        with self.transaction():
            if batch.received and self.received(*batch.received[:2]) >= batch.received[2]:
                return
            for system, groups in enumerate((batch.groups, batch.system)):
                for group in groups:
                    self._append_group(group, bool(system))
            self._register(batch.names)
            self._append_records(batch)
            self._replace_bodies(batch.bodies)
            self._set_facts(batch.facts)
            self._set_marks(batch)
            self._connection.execute("UPDATE version SET number = number + 1")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection for one transaction; on an error nothing of it remains."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                with self._reading():
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    self._load()
                if isinstance(error, codec.DamagedBlock):
                    raise unreadable(self.directory, error) from error
                if isinstance(error, sqlite3.Error):
                    reason = reason_of(error, self.directory)
                    raise storage_error(f"cannot write {self.directory}", reason) from error
                raise

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Hold the connection; damage that is met is the run's, whatever the engine calls it."""
        with self._lock:
            try:
                yield
            except (sqlite3.Error, json.JSONDecodeError) as error:
                raise unreadable(self.directory, error) from error

    def facts(self) -> dict[str, Any]:
        """Return the facts of the run."""
        with self._reading():
            return facts_of(self._connection.execute(FACTS))

    def positions(self) -> dict[str, int]:
        """Return journal segment -> offset up to which it has been absorbed."""
        with self._reading():
            return dict(self._connection.execute("SELECT name, position FROM segment"))

    def forget_segments(self, names: list[str]) -> None:
        """Drop the positions of segments that no longer exist."""
        with self.transaction() as connection:
            connection.executemany("DELETE FROM segment WHERE name=?", [(name,) for name in names])

    def names_of(self, ids: list[int]) -> tuple[str, ...]:
        """Return the names with these ids."""
        with self._lock:
            return tuple(self._name_by_id[key] for key in ids)

    def count_names(self, more: Iterable[str] = ()) -> int:
        """Return how many names the run would have with these."""
        with self._lock:
            return len(self._names) + sum(name not in self._names for name in set(more))

    def received(self, writer: str, stream: str) -> int:
        """Return the next row that is expected from a client's stream; 0 for a new one."""
        with self._lock:
            return self._received.get((writer, stream), 0)

    @property
    def waiting_rows(self) -> int:
        """Return how many rows are not compacted."""
        return self._waiting

    def note_compacted(self, rows: int) -> None:
        """Count rows that were compacted; call it within the transaction that does so."""
        self._waiting -= rows

    def seal(self) -> None:
        """Let no row join those that were written so far: compaction takes all of them."""
        with self._lock:
            self._open_tail = [None, None]

    def is_open(self, tail: int) -> bool:
        """Tell whether rows may still join a tail; call it within a transaction."""
        return any(known is not None and known[0] == tail for known in self._open_tail)

    def summarise_exactly(self, name: int) -> None:
        """Take the summary of a metric from its points; call it within a transaction."""
        exact = exact_summary(Snapshot(self._connection), name)
        self._names[self._name_by_id[name]] = (name, exact)
        summary.save(self._connection, [(name, exact)])

    def give_back(self, pages: int) -> bool:
        """Return unused disk space to the system, about `pages` pages of it.

        Returns:
            True if there is more. Files of version 1 keep theirs: it is used again.
        """
        with self._reading():
            self._connection.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
            (left,) = self._connection.execute("PRAGMA freelist_count").fetchone()
            (mode,) = self._connection.execute("PRAGMA auto_vacuum").fetchone()
            if left and mode == _INCREMENTAL:
                return True
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return False

    def rewind(self, rewind: Rewind) -> None:
        """Have what was written before a moment at steps behind a checkpoint no longer count.

        A rewind that is known changes nothing.
        """
        with self.transaction() as connection:
            if not add_rewind(connection, rewind):
                return
            self._rewinds.append(rewind)
            changed = connection.execute(_BEHIND, (rewind.step,)).fetchall()
            for key, log_type in changed:
                if log_type == "METRIC":
                    # What the rollup says from there on is made again from what counts.
                    rollups.cut(connection, key, rewind.step + 1)
                    self.summarise_exactly(key)
                else:
                    self._count_records(key)
            connection.execute(
                "UPDATE name SET unrolled = count WHERE last_step > ? AND type='METRIC'",
                (rewind.step,),
            )
            connection.execute("UPDATE version SET number = number + 1")

    def close(self) -> None:
        """Close the file; idempotent."""
        with self._lock:
            self._connection.close()

    def _load(self) -> None:
        self._names = summary.load(self._connection)
        self._name_by_id = {key: name for name, (key, _) in self._names.items()}
        self._shapes = {
            tuple(json.loads(names)): int(key)
            for key, names in self._connection.execute("SELECT id, names FROM shape")
        }
        self._next_row = [self._count_rows(system) for system in (False, True)]
        (self._waiting,) = self._connection.execute(_WAITING).fetchone()
        self._next_record = dict(
            self._connection.execute("SELECT kind, max(row) + 1 FROM record GROUP BY kind")
        )
        self._received: dict[tuple[str, str], int] = {
            (writer, stream): next_row
            for writer, stream, next_row in self._connection.execute(_RECEIVED)
        }
        self._open_tail = [None, None]
        self._rewinds = read_rewinds(self._connection)

    def _count_rows(self, system: bool) -> int:
        (count,) = self._connection.execute(COUNT_ROWS, (system, system)).fetchone()
        return int(count)

    def _append_group(self, group: MetricGroup, system: bool) -> None:
        self._register(dict.fromkeys(group.names, "METRIC"))
        changed = []
        is_late = bool(self._rewinds) and hidden(self._rewinds, group.steps, group.times).any()
        for name, part in zip(group.names, summary.summarise(group), strict=True):
            key, whole = self._names[name]
            part.dirty |= int(is_late)
            whole.merge(part)
            changed.append((key, whole))
        summary.save(self._connection, changed)
        for start in range(0, len(group.steps), MAX_ROWS_A_BLOCK):
            self._append_block(group.cut(start, start + MAX_ROWS_A_BLOCK), system)

    def _append_block(self, group: MetricGroup, system: bool) -> None:
        open_tail = self._open_tail[system]
        if open_tail and open_tail[1].names == group.names:
            key, group = open_tail[0], _joined(open_tail[1], group)
            self._connection.execute(
                "UPDATE tail SET count=?, min_step=?, max_step=?, min_time=?, max_time=?, block=?"
                " WHERE id=?",
                (*_block_row(group), key),
            )
            added = len(group.steps) - len(open_tail[1].steps)
        else:
            key = self._insert_tail(group, system)
            added = len(group.steps)
        self._next_row[system] += added
        self._waiting += added
        self._open_tail[system] = (key, group) if _is_small(group) else None

    def _insert_tail(self, group: MetricGroup, system: bool) -> int:
        cursor = self._connection.execute(
            "INSERT INTO tail (system, shape, first_row, count, min_step, max_step, min_time,"
            " max_time, block) VALUES (?,?,?,?,?,?,?,?,?)",
            (system, self._shape(group.names), self._next_row[system], *_block_row(group)),
        )
        return int(cursor.lastrowid or 0)

    def _shape(self, names: tuple[str, ...]) -> int:
        shape = tuple(self._names[name][0] for name in names)
        if shape not in self._shapes:
            cursor = self._connection.execute(
                "INSERT INTO shape (names) VALUES (?)", (json.dumps(shape),)
            )
            key = self._shapes[shape] = int(cursor.lastrowid or 0)
            self._connection.executemany(
                "INSERT INTO shape_name (name, shape, place) VALUES (?,?,?)",
                [(name, key, place) for place, name in enumerate(shape)],
            )
        return self._shapes[shape]

    def _register(self, names: dict[str, str]) -> None:
        for name, log_type in names.items():
            if name not in self._names:
                cursor = self._connection.execute(
                    "INSERT INTO name (name, type) VALUES (?,?)", (name, log_type)
                )
                key = int(cursor.lastrowid or 0)
                self._names[name] = (key, summary.Summary())
                self._name_by_id[key] = name

    def _append_records(self, batch: Batch) -> None:
        for record in batch.records:
            row = self._next_record.get(record.kind, 0)
            done = self._connection.execute(
                "INSERT OR IGNORE INTO record (kind, row, time, step, name, type, body, key)"
                " VALUES (?,?,?,?,?,?,?,?)",
                (int(record.kind), row, *record[1:6], record.key or None),
            )
            if done.rowcount:
                self._next_record[record.kind] = row + 1
                if record.kind in (Kind.DATA, Kind.FILE) and not self._is_hidden(record):
                    self._count_point(record.name, record.step, record.time)

    def _replace_bodies(self, bodies: dict[int, bytes]) -> None:
        self._connection.executemany(
            "UPDATE record SET body=? WHERE id=?", [(body, key) for key, body in bodies.items()]
        )

    def _count_point(self, name: str, step: int, time: int) -> None:
        if name in self._names:
            key, whole = self._names[name]
            whole.merge(summary.Summary(1, 0, step, step, time))
            summary.save(self._connection, [(key, whole)])

    def _is_hidden(self, record: Record) -> bool:
        return any(record.step > each.step and record.time < each.time for each in self._rewinds)

    def _count_records(self, name: int) -> None:
        """Count the values or files of a name that no rewind hides."""
        text = self._name_by_id[name]
        condition, arguments = visible(self._rewinds)
        row = self._connection.execute(
            "SELECT count(*), min(step), max(step), max(time) FROM record"  # noqa: S608
            f" WHERE kind IN (2, 3) AND name=? AND {condition}",
            (text, *arguments),
        ).fetchone()
        count, first, last, time = row
        counted = summary.Summary(count, 0, first, last, time)
        self._names[text] = (name, counted)
        summary.save(self._connection, [(name, counted)])

    def _set_facts(self, facts: dict[str, Any]) -> None:
        self._connection.executemany(
            "INSERT INTO fact VALUES (?,?) ON CONFLICT (key) DO UPDATE SET value=excluded.value",
            [(key, json.dumps(value)) for key, value in facts.items()],
        )

    def _set_marks(self, batch: Batch) -> None:
        self._connection.executemany(
            "INSERT INTO segment VALUES (?,?)"
            " ON CONFLICT (name) DO UPDATE SET position=excluded.position",
            list(batch.positions.items()),
        )
        if batch.received:
            self._connection.execute(
                "INSERT INTO received VALUES (?,?,?)"
                " ON CONFLICT (writer, stream) DO UPDATE SET next=excluded.next",
                batch.received,
            )
            self._received[batch.received[:2]] = batch.received[2]


def facts_of(rows: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the facts in the rows that `FACTS` selects."""
    return {key: json.loads(value) for key, value in rows}


def _is_small(group: MetricGroup) -> bool:
    return len(group.steps) < MERGE_BELOW_ROWS and group.values.size < MERGE_BELOW_VALUES


def _joined(one: MetricGroup, other: MetricGroup) -> MetricGroup:
    return MetricGroup(
        one.names,
        np.concatenate((one.steps, other.steps)),
        np.concatenate((one.times, other.times)),
        np.concatenate((one.values, other.values)),
    )


def _block_row(group: MetricGroup) -> tuple[int, int, int, int, int, bytes]:
    steps, times = group.steps, group.times
    # Compaction deflates; what is written here is soon written again.
    block = codec.pack(steps, times, group.values, deflate=False)
    extent = (int(steps.min()), int(steps.max()), int(times.min()), int(times.max()))
    return (len(steps), *extent, block)
