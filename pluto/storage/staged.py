"""Media records whose bytes are still as they were logged, waiting to be encoded."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from pluto.storage.rows import Batch, Kind, Record
from pluto.storage.writer import RunWriter


class Staged(NamedTuple):
    """A record that waits; `value` is its body: `staged` (the description) and `sampleIndex`."""

    id: int
    record: Record
    value: dict[str, Any]


class StagedFiles:
    """Walks over the media records of a run in order and puts the encoded ones in their place."""

    def __init__(self, writer: RunWriter) -> None:
        self._writer = writer
        self._row = 0

    def next(self) -> Staged | None:
        """Return the record that waits longest, or None."""
        with self._writer.transaction() as connection:
            rows = connection.execute(
                "SELECT id, row, time, step, name, type, body FROM record"
                " WHERE kind=? AND row >= ? ORDER BY row",
                (int(Kind.FILE), self._row),
            )
            for key, row, time, step, name, log_type, body in rows:
                self._row = int(row)
                value = orjson.loads(body)
                if "staged" in value:
                    record = Record(Kind.FILE, time, step, name, log_type, body)
                    return Staged(key, record, value)
                self._row += 1
        return None

    def failed(self, before: int = 1 << 62) -> int:
        """Count the media, of the rows before this one, that could never be encoded."""
        with self._writer.transaction() as connection:
            found = connection.execute(
                "SELECT count(*) FROM record WHERE kind=? AND row < ? AND substr(body, 1, 9)=?",
                (int(Kind.FILE), before, b'{"error":'),
            )
            return int(found.fetchone()[0])

    def replace(self, staged: Staged, bodies: list[dict[str, Any]]) -> None:
        """Put the first body in the place of a waiting record, and the others at the end."""
        first, *more = [orjson.dumps(body) for body in bodies]
        self._writer.append(
            Batch(
                records=[staged.record._replace(body=body) for body in more],
                bodies={staged.id: first},
            )
        )
