"""API keys: made once, kept as hashes, looked up with every request."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from typing import Final, Literal

from pluto.errors import UsageError
from pluto.server.backend import KeyTable
from pluto.server.rows import KeyRow

PREFIX: Final = "mlpl_"
OWN: Final = 0
"""Under which sessions are opened by a link or by the server's own key: no key ends them."""
KNOWN_PREFIXES: Final = (PREFIX, "mlps_", "mlpi_")

Verdict = Literal["ok", "unknown", "expired", "revoked"]

_NAME = re.compile(r"\S(.*\S)?")


class Keys:
    """The keys of one server; changes made by another process count at once.

    `token` is the server's own key of this start, which local clients read from the token file.

    Example:
        >>> keys = Keys(backend.keys, token=None)
        >>> keys.check(keys.create("laptop"))
        'ok'
    """

    def __init__(self, table: KeyTable, token: str | None) -> None:
        self._table = table
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
        hint = f"{key[:6]}…{key[-2:]}"
        self._table.add(KeyRow(0, name, hint, now, expires_at, None), hashed(key))
        return key

    def list(self) -> list[KeyRow]:
        """Return all keys, the oldest first."""
        return self._table.rows()

    def revoke(self, name: str) -> None:
        """Refuse a key from now on.

        Raises:
            UsageError: no valid key has this name.
        """
        if not self._table.revoke(name, int(time.time() * 1000)):
            raise UsageError(f"no valid key is named {name!r}: see 'pluto server key list'")

    def session_of(self, key: str) -> int | None:
        """Return under which number a key opens sessions, for `opens`; None if it is not good."""
        if self._is_token(key):
            return OWN
        row = self._table.find(hashed(key))
        return row.id if row and row.state == "valid" else None

    def opens(self, number: int) -> bool:
        """Tell whether sessions go on that were opened under a number of `session_of`, or `OWN`."""
        row = None if number == OWN else self._table.get(number)
        return number == OWN or (row is not None and row.state == "valid")

    def check(self, key: str) -> Verdict:
        """Judge a key; one that is expired and revoked counts as expired."""
        if self._is_token(key):
            return "ok"
        row = self._table.find(hashed(key))
        if row is None:
            return "unknown"
        return "ok" if row.state == "valid" else row.state

    def _is_token(self, key: str) -> bool:
        return bool(self._token) and hmac.compare_digest(key.encode(), str(self._token).encode())


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
