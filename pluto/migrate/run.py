"""What a source of another tracker yields: runs, their rows, and what is known about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from pluto.errors import PlutoError

STRING_SERIES: Final = "string-series"


class SourceError(PlutoError):
    """What was to be imported cannot be read; the message says what it is and why."""


class Identity(NamedTuple):
    """What a run is called, in its source and here.

    Attributes:
        source: the tracker: `tensorboard`, `wandb`, ...
        key: names the run in its source for ever.
        project: that it goes to.
        name: that people see.
    """

    source: str
    key: str
    project: str
    name: str

    @property
    def external_id(self) -> str:
        """The id of the run under which every later import finds it again."""
        return f"{self.source}::{self.key}"


class Numbers(NamedTuple):
    """Metrics of one step; `time` in milliseconds since the epoch."""

    values: Mapping[str, float]
    step: int
    time: int
    system: bool = False


class Value(NamedTuple):
    """A text or a structured value, as its JSON text (docs/format.md, records of kind 2)."""

    name: str
    type: str
    body: str
    step: int
    time: int


class Content(NamedTuple):
    """A file: bytes, or where they are.

    Attributes:
        file: its name in the source.
        place: among the files of one name and step.
    """

    name: str
    type: str
    content: bytes | Path
    file: str
    step: int
    time: int
    caption: str | None = None
    annotations: str | None = None
    place: int = 0


class Line(NamedTuple):
    """A line of the console, without its newline."""

    text: str
    time: int
    error: bool = False


Item = Numbers | Value | Content | Line


@dataclass(frozen=True)
class Facts:
    """What is known about a run once it has been read.

    Attributes:
        created_at: when it began, in milliseconds since the epoch.
        finished_at: when it ended; None if that is not known: then it is the last of its times.
        status: RUNNING, COMPLETED, FAILED, TERMINATED or CANCELLED.
        cause: what is known about a bad end.
        notes: for people.
        lost: what could not be taken over, and why.
    """

    created_at: int
    finished_at: int | None = None
    status: str = "COMPLETED"
    cause: Mapping[str, Any] | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    notes: str | None = None
    system_metadata: Mapping[str, Any] = field(default_factory=dict)
    lost: Sequence[str] = ()


class SourceRun(Protocol):
    """A run of a source."""

    @property
    def identity(self) -> Identity:
        """What it is called."""

    def items(self) -> Iterator[tuple[str, Item]]:
        """Yield (origin, item) in the order of writing.

        An origin is a file or a table to which its tracker only appends: the n-th item of an
        origin is the same each time, which is how a later import knows what is new.

        Raises:
            SourceError: it cannot be read any further.
        """

    def facts(self) -> Facts:
        """Return what is known about it; asked for when `items` has come to its end."""
