"""A storage engine in memory: what every engine has to do, in the plainest words.

It knows `pluto.server.backend` and the plain types of `pluto.storage`, and nothing of SQLite.
Nothing in it is fast.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pluto.errors import StorageError
from pluto.server.backend import ChangeRefused
from pluto.server.first_batch import first_batch
from pluto.server.rows import DeletedRun, KeyRow, NewRun, RunRow
from pluto.server.settings import display_prefix
from pluto.storage import Blobs
from tests.conformance.memory_run import MemoryRun, Run


class MemoryRuns:
    """The runs of a server; lists and creates them."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.stored: dict[str, Run] = {}
        self.listed: dict[int, RunRow] = {}
        self._numbers: dict[str, int] = {}
        self._ids = 0
        self._version = 1

    def rows(self) -> list[RunRow]:
        return list(self.listed.values())

    def so_far(self) -> tuple[list[RunRow], int]:
        return self.rows(), 0

    def get(self, run_id: int) -> RunRow | None:
        return self.listed.get(run_id)

    def version(self) -> int:
        return self._version

    def problems(self) -> list[str]:
        return []

    def expire(self) -> None:
        pass

    def by_external_id(self, external_id: str, project: str) -> RunRow | None:
        wanted = (project, external_id)
        return next((row for row in self.rows() if (row.project, row.external_id) == wanted), None)

    def create(self, new: NewRun) -> tuple[RunRow, bool]:
        with self.lock:
            known = new.external_id and self.by_external_id(new.external_id, new.project)
            if known:
                return known, False
            row = self._row(new)
            run = self.stored[row.place] = Run()
            MemoryRun(run, self.lock).append(first_batch(row, new))
            self.listed[row.id] = row
            self._version += 1
            return row, True

    def update(self, run_id: int, **changes: Any) -> RunRow:
        with self.lock:
            row = self.listed[run_id] = replace(self.listed[run_id], **changes)
            self._version += 1
            return row

    def touch(self, run_id: int, now: int) -> None:
        if now - self.listed[run_id].updated_at >= 1000:
            self.listed[run_id] = replace(self.listed[run_id], updated_at=now)

    def forget(self, run_id: int) -> RunRow:
        with self.lock:
            self._version += 1
            return self.listed.pop(run_id)

    def take_back(self, row: RunRow) -> None:
        with self.lock:
            if row.external_id and self.by_external_id(row.external_id, row.project):
                raise ChangeRefused(f"another run has its external id {row.external_id!r} now")
            self.listed[row.id] = row
            self._version += 1

    def _row(self, new: NewRun) -> RunRow:
        now = int(time.time() * 1000)
        self._ids += 1
        number = self._numbers[new.project] = self._numbers.get(new.project, 0) + 1
        return RunRow(
            id=self._ids,
            uid=uuid.uuid4().hex,
            project=new.project,
            name=new.name,
            number=number,
            display_id=f"{display_prefix(new.project)}-{number}",
            external_id=new.external_id,
            status="RUNNING",
            tags=new.tags,
            created_at=now if new.created_at is None else new.created_at,
            updated_at=now if new.updated_at is None else new.updated_at,
            place=f"memory:{self._ids}",
        )


class MemoryKeys:
    def __init__(self) -> None:
        self._keys: list[tuple[str, KeyRow]] = []

    def add(self, row: KeyRow, digest: str) -> None:
        self._keys.append((digest, replace(row, id=len(self._keys) + 1)))

    def rows(self) -> list[KeyRow]:
        return [row for _, row in self._keys]

    def get(self, key_id: int) -> KeyRow | None:
        return next((row for row in self.rows() if row.id == key_id), None)

    def find(self, digest: str) -> KeyRow | None:
        return dict(self._keys).get(digest)

    def revoke(self, name: str, at: int) -> bool:
        for place, (digest, row) in enumerate(self._keys):
            if row.name == name and row.revoked_at is None:
                self._keys[place] = digest, replace(row, revoked_at=at)
                return True
        return False


class MemoryAnnounced:
    def __init__(self) -> None:
        self._rows: dict[tuple[int, str], str] = {}
        self._arrived: set[tuple[int, str]] = set()

    def add(self, run_id: int, rows: Mapping[str, str]) -> None:
        for key, text in rows.items():
            self._rows.setdefault((run_id, key), text)

    def get(self, run_id: int, key: str) -> str | None:
        return self._rows.get((run_id, key))

    def waiting(self, run_id: int) -> list[str]:
        return [
            text
            for place, text in self._rows.items()
            if place[0] == run_id and place not in self._arrived
        ]

    def arrived(self, run_id: int, key: str) -> None:
        self._arrived.add((run_id, key))


class MemoryHeartbeats:
    def __init__(self) -> None:
        self._beats: dict[int, int] = {}

    def all(self) -> dict[int, int]:
        return dict(self._beats)

    def keep(self, run_id: int, at: int) -> None:
        self._beats[run_id] = at


class MemoryBackend:
    """The engine; `directory` is for the bytes of files only."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.runs = self.own = MemoryRuns()
        self.keys = MemoryKeys()
        self.announced = MemoryAnnounced()
        self.heartbeats = MemoryHeartbeats()
        self._deleted: dict[int, tuple[RunRow, Run]] = {}

    def reader(self, row: RunRow) -> MemoryRun:
        if row.place not in self.runs.stored:
            raise StorageError(f"there is no {row.place}")
        return MemoryRun(self.runs.stored[row.place], self.runs.lock)

    @contextmanager
    def look(self, row: RunRow) -> Iterator[tuple[int, MemoryRun]]:
        reader = self.reader(row)
        yield reader.version(), reader

    def version(self, row: RunRow) -> int:
        return self.reader(row).version()

    def known_version(self, row: RunRow) -> int | None:
        return self.version(row)

    def keep(self, rows: Sequence[RunRow], body: Callable[[RunRow], bytes]) -> list[RunRow]:
        return list(rows)

    def kept(self, rows: Sequence[RunRow]) -> list[tuple[RunRow, int, bytes]]:
        return []

    @contextmanager
    def write(self, row: RunRow) -> Iterator[MemoryRun]:
        with self.runs.lock:
            yield self.reader(row)

    def blobs(self, row: RunRow) -> Blobs:
        return Blobs(self._directory / row.place.replace(":", "-"))

    def needs_compaction(self, row: RunRow) -> bool:
        return False

    def compact(self, row: RunRow) -> bool:
        return False

    def delete(self, row: RunRow) -> None:
        run = self.runs.stored.pop(row.place)
        self._deleted[row.id] = (self.runs.forget(row.id), run)

    def restore(self, run_id: int) -> None:
        row, run = self._deleted[run_id]
        self.runs.take_back(row)
        self.runs.stored[row.place] = run
        del self._deleted[run_id]

    def deleted(self) -> list[DeletedRun]:
        rows = [row for row, _ in reversed(self._deleted.values())]
        return [DeletedRun(r.id, r.project, r.name, r.display_id, r.status, 1) for r in rows]

    def discard(self, run_id: int) -> None:
        del self._deleted[run_id]

    def check(self) -> None:
        pass

    def close(self) -> None:
        pass
