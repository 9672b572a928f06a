"""API keys: made once, kept as hashes, looked up with every request."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from typing import Final, Literal

from pluto.errors import UsageError
from pluto.server.index import Index

PREFIX: Final = "mlpl_"
KNOWN_PREFIXES: Final = (PREFIX, "mlps_", "mlpi_")

Verdict = Literal["ok", "unknown", "expired", "revoked"]

_NAME = re.compile(r"\S(.*\S)?")


@dataclass(frozen=True)
class KeyRow:
    """One key as it is listed; times are ms since the epoch."""

    id: int
    name: str
    hint: str
    created_at: int
    expires_at: int | None
    revoked_at: int | None

    @property
    def state(self) -> str:
        """Return `valid`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        expired = self.expires_at is not None and self.expires_at <= time.time() * 1000
        return "expired" if expired else "valid"


class Keys:
    """The keys of one server; changes made by another process count at once.

    `token` is the server's own key of this start, which local clients read from the token file.

    Example:
        >>> keys = Keys(Index(None), token=None)
        >>> keys.check(keys.create("laptop"))
        'ok'
    """

    def __init__(self, index: Index, token: str | None) -> None:
        self._index = index
        self._token = token

    def create(self, name: str, lifetime_days: float | None = None) -> str:
        """Make a key and return it; nothing can show it again.

        Raises:
            UsageError: the name is blank or carried by another key that is not revoked.
        """
        if not _NAME.fullmatch(name):
            raise UsageError("a key needs a name without blanks around it, for example 'laptop'")
        if any(row.name == name and row.revoked_at is None for row in self.list()):
            raise UsageError(f"there is a key named {name!r}: revoke it, or choose another name")
        key = generate_key()
        now = int(time.time() * 1000)
        expires_at = None if lifetime_days is None else now + int(lifetime_days * 86_400_000)
        with self._index.transaction() as connection:
            connection.execute(
                "INSERT INTO api_key (name, hash, hint, created_at, expires_at) VALUES (?,?,?,?,?)",
                (name, hashed(key), f"{key[:6]}…{key[-2:]}", now, expires_at),
            )
        return key

    def list(self) -> list[KeyRow]:
        """Return all keys, the oldest first."""
        rows = self._index.rows(
            "SELECT id, name, hint, created_at, expires_at, revoked_at FROM api_key ORDER BY id"
        )
        return [KeyRow(*row) for row in rows]

    def revoke(self, name: str) -> None:
        """Refuse a key from now on.

        Raises:
            UsageError: no valid key has this name.
        """
        with self._index.transaction() as connection:
            done = connection.execute(
                "UPDATE api_key SET revoked_at=? WHERE name=? AND revoked_at IS NULL",
                (int(time.time() * 1000), name),
            )
        if not done.rowcount:
            raise UsageError(f"no valid key is named {name!r}: see 'pluto server key list'")

    def check(self, key: str) -> Verdict:
        """Judge a key; one that is expired and revoked counts as expired."""
        if self._token and hmac.compare_digest(key.encode(), self._token.encode()):
            return "ok"
        rows = self._index.rows(
            "SELECT expires_at, revoked_at FROM api_key WHERE hash=?", (hashed(key),)
        )
        if not rows:
            return "unknown"
        expires_at, revoked_at = rows[0]
        if expires_at is not None and expires_at <= time.time() * 1000:
            return "expired"
        return "ok" if revoked_at is None else "revoked"


def generate_key() -> str:
    """Return a new random key: 192 bits behind the prefix."""
    return PREFIX + secrets.token_urlsafe(24)


def hashed(key: str) -> str:
    """Return the form in which a key is kept: the hexadecimal SHA-256 of all of it.

    Example:
        >>> hashed("mlps_AAAAAAAAAAAAAAAAAAAAAAAA")[:8]
        '472d2103'
    """
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
