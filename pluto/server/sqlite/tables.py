"""What the server knows besides runs, in tables of its index: keys, announced files, heartbeats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from pluto.server.rows import KeyRow
from pluto.server.sqlite.index import Index
from pluto.server.sqlite.places import INDEX

_KEY: Final = "SELECT id, name, hint, created_at, expires_at, revoked_at FROM api_key"


class KeyRows:
    """The API keys; see `backend.KeyTable`."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def add(self, row: KeyRow, digest: str) -> None:
        """Keep a key under a new id."""
        with self._index.transaction() as connection:
            connection.execute(
                "INSERT INTO api_key (name, hash, hint, created_at, expires_at) VALUES (?,?,?,?,?)",
                (row.name, digest, row.hint, row.created_at, row.expires_at),
            )

    def rows(self) -> list[KeyRow]:
        """Return all keys, the oldest first."""
        return [KeyRow(*values) for values in self._index.rows(f"{_KEY} ORDER BY id")]

    def get(self, key_id: int) -> KeyRow | None:
        """Return one key by its id."""
        return self._one(f"{_KEY} WHERE id=?", key_id)

    def find(self, digest: str) -> KeyRow | None:
        """Return the key with this hash."""
        return self._one(f"{_KEY} WHERE hash=?", digest)

    def revoke(self, name: str, at: int) -> bool:
        """Revoke the key of this name that is not revoked; return False if there is none."""
        with self._index.transaction() as connection:
            done = connection.execute(
                "UPDATE api_key SET revoked_at=? WHERE name=? AND revoked_at IS NULL", (at, name)
            )
        return bool(done.rowcount)

    def _one(self, sql: str, argument: object) -> KeyRow | None:
        found = self._index.rows(sql, (argument,))
        return KeyRow(*found[0]) if found else None


class FilesToCome:
    """The announced files; see `backend.AnnouncedFiles`."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def add(self, run_id: int, rows: Mapping[str, str]) -> None:
        """Remember files; those that are known stay as they are."""
        with self._index.transaction() as connection:
            connection.executemany(
                "INSERT INTO announced_file (run, key, row) VALUES (?,?,?) ON CONFLICT DO NOTHING",
                [(run_id, key, text) for key, text in rows.items()],
            )

    def get(self, run_id: int, key: str) -> str | None:
        """Return what was announced under a key, or None."""
        found = self._index.rows(
            "SELECT row FROM announced_file WHERE run=? AND key=?", (run_id, key)
        )
        return str(found[0][0]) if found else None

    def waiting(self, run_id: int) -> list[str]:
        """Return what was announced and has not come."""
        return [
            text
            for (text,) in self._index.rows(
                "SELECT row FROM announced_file WHERE run=? AND stored=0", (run_id,)
            )
        ]

    def arrived(self, run_id: int, key: str) -> None:
        """Note that the bytes of a file have come."""
        with self._index.transaction() as connection:
            connection.execute(
                "UPDATE announced_file SET stored=1 WHERE run=? AND key=?", (run_id, key)
            )


class HeartbeatColumn:
    """The heartbeats; see `backend.Heartbeats`."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def all(self) -> dict[int, int]:
        """Return the last heartbeat of each run that ever sent one."""
        return dict(
            self._index.rows("SELECT id, heartbeat_at FROM run WHERE heartbeat_at IS NOT NULL")
        )

    def keep(self, run_id: int, at: int) -> None:
        """Keep a heartbeat."""
        with self._index.transaction() as connection:
            connection.execute("UPDATE run SET heartbeat_at=? WHERE id=?", (at, run_id))


@contextmanager
def open_keys(data: Path) -> Iterator[KeyRows]:
    """Open the keys of a data directory, whose server may be running.

    Raises:
        StorageError: the index cannot be opened.
    """
    with closing(Index(data / INDEX)) as index:
        yield KeyRows(index)
