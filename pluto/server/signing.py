"""Signatures under what the server gives away and gets back: URLs, cookies."""

from __future__ import annotations

import hashlib
import hmac
import secrets


class Signer:
    """Signs texts with a secret of this server.

    Example:
        >>> signer = Signer(b"secret")
        >>> signer.is_valid("PUT /o/blob/1", signer.sign("PUT /o/blob/1"))
        True
    """

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret or secrets.token_bytes(32)

    def sign(self, text: str) -> str:
        """Return the signature of `text`: 64 hexadecimal digits."""
        return hmac.new(self._secret, text.encode("utf-8"), hashlib.sha256).hexdigest()

    def is_valid(self, text: str, signature: str) -> bool:
        """Tell whether `signature` is that of `text`."""
        return hmac.compare_digest(self.sign(text).encode(), signature.encode("utf-8", "replace"))
