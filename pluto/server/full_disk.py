"""Tells a full disk from other failures: whoever sends should know that waiting may help."""

from __future__ import annotations

from typing import Final

from pluto.errors import StorageFull
from pluto.storage import is_full

FULL: Final = 507
UNAVAILABLE: Final = 503


def storage_status(error: BaseException) -> int:
    """Return the HTTP status for something that could not be stored: 507 or 503.

    Clients repeat a request after either; what was stored before is kept and can be read.

    Example:
        >>> storage_status(OSError(errno.ENOSPC, "No space left on device"))
        507
        >>> storage_status(PermissionError(errno.EACCES, "Permission denied"))
        503
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, StorageFull) or is_full(cause):
            return FULL
        cause = cause.__cause__
    return UNAVAILABLE
