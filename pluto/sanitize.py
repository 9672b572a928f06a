"""The name under which existing scripts know the redactor."""

from __future__ import annotations

from pluto.redact import Redactor


class SecretSanitizer:
    """Masks secrets in lines of text; `pluto.redact.Redactor` does the work.

    Example:
        >>> SecretSanitizer().sanitize("password=hunter2")
        '***REDACTED***'
    """

    def __init__(self) -> None:
        self._redactor = Redactor()

    def sanitize(self, line: str) -> str:
        """Return `line` with its secrets masked."""
        return self._redactor.text(line)
