"""What the ingest service answers when it takes no more: names, numbers and families of errors."""

from __future__ import annotations

import re
from typing import Any, Final

from pluto.errors import PlutoError
from pluto.server.full_disk import FULL, storage_status

_CODES: Final = {
    "InvalidToken": 1002,
    "MissingToken": 1003,
    "InvalidTokenFormat": 1006,
    "InvalidBearerFormat": 1007,
    "InvalidInput": 2001,
    "InvalidHeaderFormat": 2004,
    "InvalidMetricFormat": 2005,
    "InvalidLogFormat": 2006,
    "StreamDecodingError": 3004,
    "DatabaseError": 4001,
    "StorageFull": 4007,
}
_FAMILIES: Final = {1: "Authentication", 2: "Validation", 3: "Processing", 4: "Database"}
_STATUSES: Final = {1: 401, 2: 400, 3: 422, 4: 503}
_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


class IngestError(PlutoError):
    """A request that ingest refuses, whole or from some line on.

    Example:
        >>> error = IngestError("InvalidToken", "Invalid API key")
        >>> error.status, error.body()
        (401, {'code': 'INVALID_TOKEN', 'message': 'Invalid API key'})
        >>> error.wrapped("metrics")["message"].partition(": ")[2]
        'InvalidToken (1002 - Authentication Error): Invalid API key'
    """

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.number = _CODES[name]
        self.name = name

    @property
    def status(self) -> int:
        """Return the HTTP status, where the answer is not wrapped."""
        if self.name == "StorageFull":
            return FULL
        return _STATUSES[self.number // 1000]

    def body(self) -> dict[str, Any]:
        """Return the answer of `/files` and `/step`."""
        return {"code": _WORD_START.sub("_", self.name).upper(), "message": str(self)}

    def wrapped(self, stream: str) -> dict[str, Any]:
        """Return the answer of `/ingest/<stream>`, which goes with status 422."""
        family = _FAMILIES[self.number // 1000]
        text = f"{self.name} ({self.number} - {family} Error): {self}"
        return {
            "code": "PROCESSING_FAILED",
            "message": f"Failed to process {stream} stream: {text}",
        }


def not_stored(error: BaseException) -> IngestError:
    """Return what is answered for rows that could not be stored; the client repeats them."""
    name = "StorageFull" if storage_status(error) == FULL else "DatabaseError"
    return IngestError(name, str(error))
