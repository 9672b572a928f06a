"""How a browser gets in: a one-time link, and the cookie that it is exchanged for."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from pluto.server.keys import OWN, Keys
from pluto.server.signing import Signer

COOKIE_DAYS: Final = 30
_LINK_SECONDS: Final = 24 * 3600
_RENEWAL_SECONDS: Final = 10


class Sessions:
    """Makes and checks one-time links and session cookies.

    A cookie is signed and carries its own end, so that it outlives a restart of the server. It
    names the key that opened it, and is good for as long as that key is.

    Example:
        >>> sessions = Sessions(Signer(), keys)
        >>> code = sessions.one_time_code()
        >>> sessions.redeem(code), sessions.redeem(code)
        (True, False)
    """

    def __init__(self, signer: Signer, keys: Keys, now: Callable[[], float] = time.time) -> None:
        self._signer = signer
        self._keys = keys
        self._now = now
        self._lock = threading.Lock()  # guards _codes, _renewed and _renewed_at
        self._codes: dict[str, float] = {}
        self._renewed = ""
        self._renewed_at = -math.inf

    def one_time_code(self) -> str:
        """Return a code that opens one session within a day."""
        code = secrets.token_urlsafe(24)
        with self._lock:
            self._codes[code] = self._now() + _LINK_SECONDS
        return code

    def renewed_code(self) -> str | None:
        """Return a code for those whose link was used; it ends the one that this returned last.

        Strangers can ask for it too: within ten seconds of the last one there is none.
        """
        with self._lock:
            if self._now() < self._renewed_at + _RENEWAL_SECONDS:
                return None
            self._codes.pop(self._renewed, None)
            self._renewed_at = self._now()
        self._renewed = self.one_time_code()
        return self._renewed

    def redeem(self, code: str) -> bool:
        """Tell whether `code` was good; it is not any more."""
        with self._lock:
            return self._codes.pop(code, 0.0) > self._now()

    def new_cookie(self, key: int = OWN) -> str:
        """Return the value of a fresh session cookie, opened by a key (`Keys.session_of`)."""
        content = f"{int(self._now()) + COOKIE_DAYS * 86_400}.{key}.{secrets.token_hex(8)}"
        return f"{content}.{self._signer.sign('session ' + content)}"

    def is_valid(self, cookies: Mapping[str, str], port: int) -> bool:
        """Tell whether a request with these cookies, sent to this port, belongs to a session."""
        content, _, signature = cookies.get(cookie_name(port), "").rpartition(".")
        if not self._signer.is_valid("session " + content, signature):
            return False
        end, _, rest = content.partition(".")
        key, _, _ = rest.rpartition(".")  # a cookie of an earlier version names none
        return int(end) > self._now() and key.isdecimal() and self._keys.opens(int(key))


def cookie_name(port: int) -> str:
    """Return the cookie's name: browsers do not tell the ports of one host apart."""
    return f"pluto_session_{port}"
