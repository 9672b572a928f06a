"""What of a run still has to be sent: a cursor for each stream of each destination."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import orjson

from pluto.record import Stream
from pluto.storage.row_lines import RowLines
from pluto.storage.rows import Kind
from pluto.storage.writer import COUNT_ROWS, RunWriter

BYTES_A_BATCH: Final = 2 << 20

_KINDS: Final[dict[Stream, Kind]] = {
    "console": Kind.CONSOLE,
    "data": Kind.DATA,
    "files": Kind.FILE,
    "facts": Kind.FACT,
}


class Outbox:
    """Reads the rows of a run as wire lines, and remembers what a destination has accepted.

    The rows of a stream are numbered from 0 in the order in which they were stored. A row is
    pending exactly when its number is not below the cursor: there is no status to keep.

    Args:
        writer: the run's writer; the cursors live in its file.
        sink: names the destination, such as its API address.
    """

    def __init__(self, writer: RunWriter, sink: str) -> None:
        self._writer = writer
        self._sink = sink
        self._rows = {
            "metrics": RowLines(False, writer.names_of),
            "system": RowLines(True, writer.names_of),
        }

    def cursor(self, stream: Stream) -> int:
        """Return the number of the first row that is pending."""
        with self._writer.transaction() as connection:
            row = connection.execute(
                "SELECT next FROM cursor WHERE sink=? AND stream=?", (self._sink, stream)
            ).fetchone()
        return int(row[0]) if row else 0

    def pending(self, stream: Stream, limit: int) -> tuple[int, list[bytes]]:
        """Return the first pending row's number and at most `limit` rows from it on.

        Fewer come if they are large: about `BYTES_A_BATCH`, but at least one.
        """
        first = self.cursor(stream)
        return first, self._reader(stream)(first, limit)

    def count(self, stream: Stream) -> int:
        """Return how many rows the stream has, delivered or not."""
        with self._writer.transaction() as connection:
            return int(connection.execute(*_COUNT[stream]).fetchone()[0])

    def accept(self, stream: Stream, next_row: int) -> None:
        """Remember that every row before `next_row` was accepted or set aside."""
        with self._writer.transaction() as connection:
            connection.execute(
                "INSERT INTO cursor VALUES (?,?,?)"
                " ON CONFLICT (sink, stream) DO UPDATE SET next=max(next, excluded.next)",
                (self._sink, stream, next_row),
            )

    def reject(self, stream: Stream, row: int, reason: str, body: bytes) -> None:
        """Set a row aside with the reason, and move on."""
        with self._writer.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO rejected VALUES (?,?,?,?,?)",
                (self._sink, stream, row, reason, body),
            )
        self.accept(stream, row + 1)

    def rejected(self, stream: Stream | None = None) -> list[tuple[str, int, str]]:
        """Return (stream, row, reason) of every row that was set aside."""
        with self._writer.transaction() as connection:
            rows = connection.execute(
                "SELECT stream, row, reason FROM rejected"
                " WHERE sink=? AND (? IS NULL OR stream=?) ORDER BY stream, row",
                (self._sink, stream, stream),
            ).fetchall()
        return [(str(name), int(row), str(reason)) for name, row, reason in rows]

    def destinations(self) -> list[str]:
        """Return every destination that has ever accepted rows of this run."""
        with self._writer.transaction() as connection:
            return [row[0] for row in connection.execute("SELECT DISTINCT sink FROM cursor")]

    def _reader(self, stream: Stream) -> Callable[[int, int], list[bytes]]:
        if stream in ("metrics", "system"):
            return lambda first, limit: self._metric_lines(stream, first, limit)
        if stream == "names":
            return self._name_lines
        kind = _KINDS[stream]
        return lambda first, limit: self._record_lines(kind, first, limit)

    def _metric_lines(self, stream: Stream, first: int, limit: int) -> list[bytes]:
        with self._writer.transaction() as connection:
            return self._rows[stream].read(connection, first, limit, BYTES_A_BATCH)

    def _name_lines(self, first: int, limit: int) -> list[bytes]:
        with self._writer.transaction() as connection:
            rows = connection.execute(
                "SELECT name, type FROM name WHERE id > ? ORDER BY id LIMIT ?", (first, limit)
            ).fetchall()
        return [orjson.dumps({"logName": name, "logType": log_type}) for name, log_type in rows]

    def _record_lines(self, kind: Kind, first: int, limit: int) -> list[bytes]:
        with self._writer.transaction() as connection:
            rows = connection.execute(
                "SELECT time, step, name, type, body FROM record"
                " WHERE kind=? AND row >= ? ORDER BY row LIMIT ?",
                (int(kind), first, limit),
            )
            return list(_within_budget(_ENCODERS[kind](*row) for row in rows))


def least_unsent(connection: sqlite3.Connection) -> int:
    """Return how many rows the destination lacks that has most of the run; 0 where none has any."""
    counts = {stream: int(connection.execute(*sql).fetchone()[0]) for stream, sql in _COUNT.items()}
    cursors: dict[str, dict[str, int]] = {}
    for sink, stream, following in connection.execute("SELECT sink, stream, next FROM cursor"):
        cursors.setdefault(sink, {})[stream] = following
    lacking = (
        sum(max(0, count - known.get(stream, 0)) for stream, count in counts.items())
        for known in cursors.values()
    )
    return min(lacking, default=0)


def _within_budget(lines: Iterable[bytes]) -> Iterator[bytes]:
    room = BYTES_A_BATCH
    for line in lines:
        yield line
        room -= len(line)
        if room <= 0:
            return


def _console_line(time: int, step: int, _name: str, log_type: str, body: bytes) -> bytes:
    message = body.decode("utf-8", "replace")
    line = {"time": time, "message": message, "lineNumber": step, "logType": log_type}
    return orjson.dumps(line)


def _data_line(time: int, step: int, name: str, data_type: str, body: bytes) -> bytes:
    text = body.decode("utf-8", "replace")
    line = {"time": time, "step": step, "data": text, "dataType": data_type, "logName": name}
    return orjson.dumps(line)


def _file_line(time: int, step: int, name: str, log_type: str, body: bytes) -> bytes:
    return orjson.dumps(
        {**orjson.loads(body), "time": time, "step": step, "logName": name, "logType": log_type}
    )


def _fact_line(time: int, _step: int, name: str, _type: str, body: bytes) -> bytes:
    return orjson.dumps({"fact": name, "time": time, "value": orjson.Fragment(body)})


_ENCODERS: Final[dict[Kind, Callable[[int, int, str, str, bytes], bytes]]] = {
    Kind.CONSOLE: _console_line,
    Kind.DATA: _data_line,
    Kind.FILE: _file_line,
    Kind.FACT: _fact_line,
}

_RECORDS: Final = "SELECT coalesce(max(row) + 1, 0) FROM record WHERE kind=?"
_COUNT: Final[dict[Stream, tuple[str, tuple[int, ...]]]] = {
    "metrics": (COUNT_ROWS, (0, 0)),
    "system": (COUNT_ROWS, (1, 1)),
    "names": ("SELECT coalesce(max(id), 0) FROM name", ()),
    **{stream: (_RECORDS, (int(kind),)) for stream, kind in _KINDS.items()},
}
