"""What flows from a run to a server: facts about the run and the rows it logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, Protocol

from pluto.wording import counted

Stream = Literal["names", "metrics", "system", "console", "data", "files", "facts", "status"]

STATUSES = ("RUNNING", "COMPLETED", "FAILED", "TERMINATED", "CANCELLED")


_NOTHING: Final[Mapping[str, Any]] = {}


class RunInfo(NamedTuple):
    """Everything a server needs to create a run or to attach to it.

    `uid` is made by `init()` and names this run directory for ever; it doubles as the
    external id where the user gave none, which makes creation idempotent. `fork_run_id` is the
    server's number of the parent, or its display id. `rewinds` are those of
    `pluto.storage.rewind`, as mappings. With `only_rows`, rows are added to a run whose status
    and config are left alone.
    """

    uid: str
    project: str
    name: str
    created_at: int
    external_id: str | None = None
    resume: bool = False
    resume_run_id: int | None = None
    resume_display_id: str | None = None
    fork_run_id: int | str | None = None
    fork_step: int | None = None
    inherit_config: bool | None = None
    inherit_tags: bool | None = None
    tags: tuple[str, ...] = ()
    config: Mapping[str, Any] | None = None
    logger_settings: Mapping[str, Any] = _NOTHING
    system_metadata: Mapping[str, Any] = _NOTHING
    backfill: Mapping[str, int] = _NOTHING
    rewinds: Sequence[Mapping[str, Any]] = ()
    only_rows: bool = False


class RemoteRun(NamedTuple):
    """The same run as the server knows it."""

    run_id: int
    url: str
    display_id: str | None = None
    resumed: bool = False
    fork_run_id: int | None = None
    fork_step: int | None = None
    idempotent_rows: bool = False
    rewinds: bool = False


class Rows(NamedTuple):
    """Consecutive rows of one stream, encoded as the wire wants them.

    `first` counts the rows of the stream from 0; together with `RunInfo.uid` and `stream` it
    identifies the rows, so that a server can drop what it has already.
    """

    stream: Stream
    first: int
    lines: list[bytes]


class Receipt(NamedTuple):
    """What became of the rows that a run logged: `logged == delivered + rejected + kept`.

    Example:
        >>> print(Receipt(logged=12000, delivered=12000))
        12,000 rows logged, 12,000 delivered
    """

    logged: int
    delivered: int = 0
    rejected: int = 0
    lost: int = 0
    masked: int = 0
    kept_in: str | None = None
    local: bool = False
    handed_over: bool = False
    unfinished: bool = False

    @property
    def kept(self) -> int:
        """Rows that are stored on this machine and still have to be sent."""
        return 0 if self.local or self.handed_over else self.logged - self.delivered - self.rejected

    def __str__(self) -> str:
        parts = [f"{counted(self.logged, 'row')} logged"]
        if self.handed_over:
            parts.append(f"left to another process of the run in {self.kept_in}")
        elif self.local:
            parts.append(f"all kept in {self.kept_in}: run 'pluto ui' to look at them")
        else:
            parts.append(f"{self.delivered:,} delivered")
            if self.rejected:
                parts.append(f"{self.rejected:,} refused by the server (reasons in {self.kept_in})")
            if self.kept:
                parts.append(f"{self.kept:,} kept in {self.kept_in}: run 'pluto sync'")
            elif self.unfinished:
                parts.append(f"the rest of the run is kept in {self.kept_in}: run 'pluto sync'")
        if self.lost:
            parts.append(f"{self.lost:,} could not be stored")
        if self.masked:
            looks = "value that looks" if self.masked == 1 else "values that look"
            parts.append(f"masked {self.masked:,} {looks} like a key or password")
        return ", ".join(parts)


class Recorder(Protocol):
    """Where the parts of a run put what they have to say; never raises for bad luck."""

    def metrics(
        self, data: Mapping[str, float], *, step: int, time_ms: int, system: bool = False
    ) -> None:
        """Record numbers under one step and time."""

    def console(self, text: str, *, error: bool, time_ms: int) -> None:
        """Record one console line, without its newline."""

    def data(self, name: str, type: str, body: str, *, step: int, time_ms: int) -> None:  # noqa: A002
        """Record a structured value as its JSON text."""

    def file(
        self,
        name: str,
        type: str,  # noqa: A002
        staged: Mapping[str, object],
        *,
        step: int,
        time_ms: int,
        index: int,
    ) -> None:
        """Record a media value whose bytes are staged in the run directory."""

    def fact(self, name: str, value: object) -> None:
        """Record a change of what is known about the run (tags, config, status, ...)."""
