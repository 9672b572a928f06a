"""The runs that this server created: their rows in the index, their directories on disk."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pluto.errors import StorageError
from pluto.names import directory_name
from pluto.server.first_batch import first_batch
from pluto.server.rows import NewRun, RunRow
from pluto.server.settings import display_prefix
from pluto.server.sqlite.index import Index
from pluto.server.sqlite.places import run_directory
from pluto.storage import RunReader, RunWriter

logger = logging.getLogger("pluto")

# In the order of the fields of `RunRow`.
_SELECT = (
    "SELECT run.id, uid, project.name, run.name, number, prefix || '-' || number, external_id,"
    " status, tags, created_at, updated_at, directory, finished_at, cause"
    " FROM run JOIN project ON project.id = run.project"
)
_KEPT = ("name", "status", "updated_at", "finished_at", "cause")


class IndexedRuns:
    """The runs below `<root>/runs`, in memory, in the index and in their own `run.db`.

    The run's own file is written first and is the truth; the index follows. What a crash leaves
    between the two is put right when the server starts again.
    """

    def __init__(self, root: Path, index: Index) -> None:
        self._root = root
        self._index = index
        self._lock = threading.RLock()  # guards _rows, _external and _version
        self._version = 1
        self._reconcile()
        rows = (self._row(values) for values in index.rows(_SELECT))
        self._rows: dict[int, RunRow] = {row.id: row for row in rows}
        self._external = {
            (row.project, row.external_id): row.id for row in self._rows.values() if row.external_id
        }

    def rows(self) -> list[RunRow]:
        """Return all rows, in no order."""
        with self._lock:
            return list(self._rows.values())

    def so_far(self) -> tuple[list[RunRow], int]:
        """Return all rows: they are in the index."""
        return self.rows(), 0

    def get(self, run_id: int) -> RunRow | None:
        """Return one row, or None."""
        return self._rows.get(run_id)

    def by_external_id(self, external_id: str, project: str) -> RunRow | None:
        """Return the run of the project that has this external id."""
        run_id = self._external.get((project, external_id))
        return None if run_id is None else self._rows[run_id]

    def version(self) -> int:
        """Return a number that grows whenever a row appears or changes."""
        return self._version

    def problems(self) -> list[str]:
        """Return nothing: what this server wrote itself is reported when it is read."""
        return []

    def expire(self) -> None:
        """Do nothing: these rows are always current."""

    def create(self, new: NewRun) -> tuple[RunRow, bool]:
        """Create a run, or find the one with the same external id; see `backend.OwnRuns`."""
        with self._lock:
            known = new.external_id and self.by_external_id(new.external_id, new.project)
            if known:
                return known, False
            row = self._insert(new)
            self._rows[row.id] = row
            if row.external_id:
                self._external[row.project, row.external_id] = row.id
            self._version += 1
        return row, True

    def update(self, run_id: int, **changes: Any) -> RunRow:
        """Change fields of a row (status, tags, updated_at, finished_at, cause) for good."""
        with self._lock:
            row = replace(self._rows[run_id], **changes)
            values = [getattr(row, name) for name in _KEPT]
            with self._index.transaction() as connection:
                connection.execute(
                    f"UPDATE run SET {', '.join(name + '=?' for name in _KEPT)}, tags=? WHERE id=?",  # noqa: S608
                    (*values, json.dumps(row.tags), run_id),
                )
            self._rows[run_id] = row
            self._version += 1
        return row

    def forget(self, run_id: int) -> None:
        """Take a run out of the list; its directory stays as it is."""
        with self._lock:
            with self._index.transaction() as connection:
                connection.execute("DELETE FROM run WHERE id=?", (run_id,))
            row = self._rows.pop(run_id)
            if row.external_id:
                self._external.pop((row.project, row.external_id), None)
            self._version += 1

    def take_back(self, path: Path) -> None:
        """List a run again whose directory is where it was.

        Raises:
            StorageError: another run has its external id now, or its files cannot be read.
        """
        with closing(RunReader(path)) as reader:
            facts = reader.facts()
        directory = path.relative_to(self._root).as_posix()
        external_id = facts.get("external_id")
        with self._lock:
            if external_id and self.by_external_id(external_id, facts["project"]):
                raise StorageError(f"another run has its external id {external_id!r} now")
            with self._index.transaction() as connection:
                _adopt(connection, facts, directory)
            (values,) = self._index.rows(f"{_SELECT} WHERE run.id = ?", (facts["run_id"],))
            row = self._row(values)
            self._rows[row.id] = row
            if row.external_id:
                self._external[row.project, row.external_id] = row.id
            self._version += 1

    def touch(self, run_id: int, now: int) -> None:
        """Note that rows of the run came in; kept in memory until the next `update`."""
        row = self._rows[run_id]
        if now - row.updated_at >= 1000:
            with self._lock:
                self._rows[run_id] = replace(self._rows[run_id], updated_at=now)

    def _insert(self, new: NewRun) -> RunRow:
        directory: Path | None = None
        try:
            with self._index.transaction() as connection:
                row = self._allot(connection, new)
                directory = run_directory(row)
                _write_new_run(row, new)
        except BaseException:
            if directory:
                shutil.rmtree(directory, ignore_errors=True)
            raise
        return row

    def _allot(self, connection: sqlite3.Connection, new: NewRun) -> RunRow:
        now = int(time.time() * 1000)
        project, prefix, number = _next_number(connection, new.project)
        cursor = connection.execute(
            "INSERT INTO run (uid, project, number, name, external_id, status, tags, created_at,"
            " updated_at, directory) VALUES (?,?,?,?,?,?,?,?,?,?)",
            (
                uid := uuid.uuid4().hex,
                project,
                number,
                new.name,
                new.external_id,
                "RUNNING",
                json.dumps(new.tags),
                created_at := now if new.created_at is None else new.created_at,
                updated_at := now if new.updated_at is None else new.updated_at,
                uid,  # replaced below: the directory is named by the id, which is known only now
            ),
        )
        run_id = int(cursor.lastrowid or 0)
        directory = f"runs/{directory_name(new.project)}/{run_id}"
        connection.execute("UPDATE run SET directory=? WHERE id=?", (directory, run_id))
        return RunRow(
            id=run_id,
            uid=uid,
            project=new.project,
            name=new.name,
            number=number,
            display_id=f"{prefix}-{number}",
            external_id=new.external_id,
            status="RUNNING",
            tags=new.tags,
            created_at=created_at,
            updated_at=updated_at,
            place=str(self._root / directory),
        )

    def _row(self, values: tuple[Any, ...]) -> RunRow:
        names = [field.name for field in fields(RunRow)][: len(values)]
        columns = dict(zip(names, values, strict=True))
        columns["tags"] = tuple(json.loads(columns["tags"]))
        columns["place"] = str(self._root / columns["place"])
        return RunRow(**columns)

    def _reconcile(self) -> None:
        """Bring the index in line with the run directories after a crash or a copy."""
        started = time.time()
        seen = float(self._index.setting("reconciled_at") or 0)
        known = dict(self._index.rows("SELECT directory, id FROM run"))
        for path in sorted((self._root / "runs").glob("*/*/run.db")):
            directory = path.parent.relative_to(self._root).as_posix()
            if directory not in known or _changed_at(path) >= seen:
                self._take_facts(path.parent, directory, known.get(directory))
            known.pop(directory, None)
        with self._index.transaction() as connection:
            connection.executemany("DELETE FROM run WHERE id=?", [(key,) for key in known.values()])
        self._index.keep_setting("reconciled_at", str(started))

    def _take_facts(self, path: Path, directory: str, run_id: int | None) -> None:
        try:
            reader = RunReader(path)
            facts = reader.facts()
            reader.close()
            with self._index.transaction() as connection:
                if run_id is None:
                    _adopt(connection, facts, directory)
                else:
                    _follow(connection, facts, run_id)
        except (StorageError, KeyError) as error:
            logger.warning("%s is left out: %s", path, error)


def _next_number(connection: sqlite3.Connection, project: str) -> tuple[int, str, int]:
    connection.execute(
        "INSERT INTO project (name, prefix, next_number) VALUES (?,?,1) ON CONFLICT DO NOTHING",
        (project, display_prefix(project)),
    )
    key, prefix, number = connection.execute(
        "SELECT id, prefix, next_number FROM project WHERE name=?", (project,)
    ).fetchone()
    connection.execute("UPDATE project SET next_number = ? WHERE id=?", (number + 1, key))
    return key, prefix, number


def _write_new_run(row: RunRow, new: NewRun) -> None:
    with closing(RunWriter(run_directory(row))) as writer:
        writer.append(first_batch(row, new))


def _changed_at(path: Path) -> float:
    log = path.with_name("run.db-wal")
    return max(each.stat().st_mtime for each in (path, log) if each.exists())


def _adopt(connection: sqlite3.Connection, facts: dict[str, Any], directory: str) -> None:
    if not facts.get("run_id") or not facts.get("number"):
        raise StorageError("no server created this run: look at it with 'pluto ui'")
    project, _, next_number = _next_number(connection, facts["project"])
    connection.execute(
        "INSERT INTO run (id, uid, project, number, name, external_id, status, tags, created_at,"
        " updated_at, finished_at, cause, directory) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            facts["run_id"],
            facts["uid"],
            project,
            facts["number"],
            facts["name"],
            facts["external_id"],
            *_changing(facts),
            directory,
        ),
    )
    connection.execute(
        "UPDATE project SET next_number=? WHERE id=?",
        (max(next_number, facts["number"] + 1), project),
    )


def _follow(connection: sqlite3.Connection, facts: dict[str, Any], run_id: int) -> None:
    connection.execute(
        "UPDATE run SET status=?, tags=?, created_at=?, updated_at=?, finished_at=?, cause=?"
        " WHERE id=?",
        (*_changing(facts), run_id),
    )


def _changing(facts: dict[str, Any]) -> Iterable[Any]:
    return (
        facts["status"],
        json.dumps(facts["tags"]),
        facts["created_at"],
        facts["updated_at"],
        facts.get("finished_at"),
        facts.get("cause"),
    )
