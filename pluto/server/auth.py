"""Who may call: three services with three ways to read one header, and browsers with a cookie."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final
from urllib.parse import urlsplit

from starlette.types import Scope

from pluto.server.ingest_errors import IngestError
from pluto.server.keys import KNOWN_PREFIXES, Keys, Verdict
from pluto.server.session import Sessions
from pluto.server.settings import ServerSettings
from pluto.server.wire import cookies, header, local_port, text_header

_TOKEN = re.compile(r"[A-Za-z0-9._-]+")
_VISIBLE = re.compile(rb"[\x20-\x7e]*")
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_API_TEXTS: Final[dict[Verdict, str]] = {
    "unknown": "Key not found",
    "expired": "API key has expired",
    "revoked": "API key has been revoked",
}
_INGEST_TEXTS: Final[dict[Verdict, str]] = {**_API_TEXTS, "unknown": "Invalid API key"}


class Gate:
    """Judges requests; each method returns None for one that may pass.

    The bodies are those of the public services, whose clients read them.
    """

    def __init__(self, settings: ServerSettings, keys: Keys, sessions: Sessions) -> None:
        self._settings = settings
        self._keys = keys
        self._sessions = sessions
        self._names = {"localhost", socket.gethostname().lower(), settings.host.lower()}
        self._names.update(name.lower() for name in settings.allowed_hosts)

    def wrong_address(self, scope: Scope) -> str | None:
        """Return why a request is refused that was led here under a foreign name.

        A page of another site can make a browser send requests to this machine, also under a name
        of its own that resolves to this machine (DNS rebinding). IP addresses cannot be rebound.
        """
        host = text_header(scope, b"host")
        name = urlsplit(f"//{host}").hostname or ""
        if host and not (name in self._names or name.endswith(".localhost") or _is_address(name)):
            return (
                f"this server is not called {name!r}: open it by its IP address, or start it with"
                f" --allow-host {name}"
            )
        origin = text_header(scope, b"origin")
        if scope["method"] not in _SAFE_METHODS and origin and urlsplit(origin).netloc != host:
            return f"a page of {origin} may not change anything on this server"
        return None

    def has_session(self, scope: Scope) -> bool:
        """Tell whether a browser has signed in."""
        if self._settings.auth == "off":
            return True
        return self._sessions.is_valid(cookies(scope), local_port(scope))

    def api(self, scope: Scope) -> dict[str, str] | None:
        """Return the 401 body of the api service; a session counts as a key."""
        if self.has_session(scope):
            return None
        words = text_header(scope, b"authorization").split(" ", 1)
        if len(words) < 2 or not words[1]:
            return {"error": "Unauthorized"}
        if not words[1].startswith(KNOWN_PREFIXES):
            return {"error": "Unauthorized", "message": "Invalid API key"}
        verdict = self._keys.check(words[1])
        if verdict == "ok":
            return None
        return {"error": "Unauthorized", "message": _API_TEXTS[verdict]}

    def ingest(self, scope: Scope) -> IngestError | None:
        """Return the refusal of the ingest service."""
        if self._settings.auth == "off":
            return None
        value = header(scope, b"authorization")
        if value is None:
            return IngestError("MissingToken", "Missing Authorization header")
        malformed = _malformed_bearer(value)
        if malformed:
            return malformed
        verdict = self._keys.check(value[len(b"Bearer ") :].decode().strip())
        return None if verdict == "ok" else IngestError("InvalidToken", _INGEST_TEXTS[verdict])

    def py(self, scope: Scope) -> dict[str, str] | None:
        """Return the 401 body of the py service; it takes revoked keys, as the public one does."""
        if self._settings.auth == "off":
            return None
        value = text_header(scope, b"authorization")
        if not value.startswith("Bearer "):
            return {"detail": "Authorization header missing or invalid"}
        key = value.replace("Bearer ", "").strip()
        if not key:
            return {"detail": "Invalid API key format"}
        if self._keys.check(key) in ("ok", "revoked"):
            return None
        return {"detail": "Invalid or expired API key for this run"}


def _malformed_bearer(value: bytes) -> IngestError | None:
    if not _VISIBLE.fullmatch(value):
        text = "Authorization header contains invalid characters"
        return IngestError("InvalidTokenFormat", text)
    # HTTP drops blanks at the end of a value: "Bearer " arrives as "Bearer".
    if not (value + b" ").startswith(b"Bearer "):
        text = "Authorization header must start with 'Bearer '"
        return IngestError("InvalidBearerFormat", text)
    token = value[len(b"Bearer ") :].decode().strip()
    if not token:
        return IngestError("InvalidToken", "Bearer token cannot be empty")
    if not _TOKEN.fullmatch(token):
        return IngestError("InvalidTokenFormat", "Bearer token contains invalid characters")
    return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
