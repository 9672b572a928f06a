"""What the server knows of a run and a project without opening the run's own files."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final, Literal

TERMINAL = ("COMPLETED", "FAILED", "TERMINATED", "CANCELLED")
CLOSED: Final = "closed without a final status, for another process to go on with it"
"""The cause of a run that is RUNNING while no process writes it."""


@dataclass(frozen=True)
class RunRow:
    """One run as the catalog lists it; times are ms since the epoch.

    Attributes:
        id: the number on the wire; a run found on disk has a stable one between 2**32 and 2**48.
        uid: the id that the run was born with; names it for ever.
        place: where the storage engine keeps it; names the run, and means nothing to others.
        number: counts the runs of a project from 1; None where no server has given one.
        tags: in the order in which they were given.
        cause: why the run ended, where not the run itself told so (reaper, dead process).
        local: True for a run found on disk, which another process may be writing right now.
    """

    id: int
    uid: str
    project: str
    name: str
    number: int | None
    display_id: str | None
    external_id: str | None
    status: str
    tags: tuple[str, ...]
    created_at: int
    updated_at: int
    place: str
    finished_at: int | None = None
    cause: str | None = None
    local: bool = False


@dataclass(frozen=True)
class DeletedRun:
    """A run that was deleted and can still be brought back.

    Attributes:
        id: the number that it had, and will have.
        display_id: such as `MMP-1`; None where no server has given one.
        deleted_at: ms since the epoch.
    """

    id: int
    project: str
    name: str
    display_id: str | None
    status: str
    deleted_at: int


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
    def state(self) -> Literal["valid", "expired", "revoked"]:
        """What the key is worth now; one that is expired and revoked counts as expired."""
        if self.expires_at is not None and self.expires_at <= time.time() * 1000:
            return "expired"
        return "valid" if self.revoked_at is None else "revoked"


@dataclass(frozen=True)
class ProjectRow:
    """One project: its name as it was given, and how many runs it has."""

    id: int
    name: str
    created_at: int
    updated_at: int
    runs: int
    running: int


@dataclass(frozen=True)
class NewRun:
    """What a client asks for when it creates a run; JSON texts are parsed already."""

    project: str
    name: str
    external_id: str | None = None
    tags: tuple[str, ...] = ()
    config: Any = None
    logger_settings: Any = None
    system_metadata: Any = None
    created_at: int | None = None
    updated_at: int | None = None
    forked_from: int | None = None
    fork_step: int | None = None
