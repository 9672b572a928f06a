"""Why a run ended, in one line, from what its client reported with the status."""

from __future__ import annotations

from typing import Any, Final

LONGEST: Final = 200
"""Characters of a cause in a list; the run's page has the whole of it."""


def reported_cause(metadata: Any) -> str | None:
    """Return what the metadata of a status says: an exception, an exit code, a signal, a reason.

    Example:
        >>> reported_cause({"type": "MemoryError", "message": "out of memory"})
        'MemoryError: out of memory'
        >>> reported_cause({"type": "SystemExit", "code": 3})
        'exit code 3'
        >>> reported_cause({"signal": "SIGTERM"})
        'SIGTERM'
    """
    if not isinstance(metadata, dict):
        return None
    code = metadata.get("code")
    kind = metadata.get("type") if code is None else f"exit code {code}"
    told = (metadata.get(key) for key in ("cause", "message", "error", "reason"))
    message = _first_line(next(filter(None, told), ""))
    said = [str(part) for part in (metadata.get("signal") or kind, message) if part]
    return ": ".join(said)[:LONGEST] or None


def _first_line(text: object) -> str:
    return next((line.strip() for line in str(text or "").splitlines() if line.strip()), "")
