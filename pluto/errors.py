"""Exceptions of Pluto, arranged by what the caller should do.

```text
PlutoError
├── UsageError (ValueError)        fix the call: bad argument, setting or URL
├── MediaError                     this value cannot be stored; the others can
├── StorageError                   a run directory cannot be read or written
│   ├── RunInUse                   another live process owns the run
│   └── StorageFull                free some space: what was stored before is kept
├── ServerDecision (RuntimeError)  the server said no: do what its text says
│   ├── AuthError                  use another key
│   └── RunExistsError             pass resume=True or another run_id
├── QueryError                     what was asked for could not be read; the text says why
├── RetryLater                     bad luck: keep the rows, try again
└── Rejected                       these rows will never be taken: set them aside
```
"""

from __future__ import annotations


class PlutoError(Exception):
    """Base of everything that Pluto raises on purpose."""


class UsageError(PlutoError, ValueError):
    """The caller passed something that cannot work; the message names the fix."""


class MediaError(PlutoError):
    """A media value cannot be encoded; the run goes on without it."""


class StorageError(PlutoError):
    """A run directory is missing, foreign, damaged or from a newer version."""


class RunInUse(StorageError):
    """Another process that still runs owns the run."""


class StorageFull(StorageError):
    """There is no space left to write to."""


class ServerDecision(PlutoError, RuntimeError):
    """The server refused for a reason that a retry does not change.

    Attributes:
        status_code: the HTTP status, or None when no answer carried one.
    """

    def __init__(self, message: str, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code


class AuthError(ServerDecision):
    """The key is missing, unknown, expired or revoked."""


class RunExistsError(ServerDecision):
    """A run with this external id exists and `resume` was not asked for."""


class QueryError(PlutoError):
    """Runs could not be read back: unknown run, refused key, server that does not answer.

    Attributes:
        status_code: the HTTP status, or None when no answer carried one.
    """

    def __init__(self, message: str, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code


class RetryLater(PlutoError):
    """Nothing was decided: unreachable, overloaded or failing server.

    Attributes:
        after: seconds to wait before the next try.
    """

    def __init__(self, reason: str, after: float = 1.0) -> None:
        super().__init__(reason)
        self.after = after


class Rejected(PlutoError):
    """The server will never take these rows."""
