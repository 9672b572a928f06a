"""`neptune_query.types`: what cells of tables hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class File:
    """A file of a run, which `download_files` fetches.

    Attributes:
        project: of the run.
        run: number of the run.
        container: how the run is called in tables.
        attribute: path of the attribute.
        step: of a series; None for a file that was assigned.
        row: what `pluto.query.get_files` says of it.
    """

    project: str
    run: int
    container: str
    attribute: str
    step: float | None
    row: Mapping[str, Any] = field(repr=False, hash=False, compare=False, default_factory=dict)

    @property
    def size(self) -> int:
        """In bytes."""
        return int(self.row["fileSize"])

    @property
    def path(self) -> str:
        """Its own name."""
        return str(self.row["fileName"])


@dataclass(frozen=True)
class Histogram:
    """Counts or densities between edges.

    Attributes:
        type: `COUNTING` or `DENSITY`.
    """

    type: str
    edges: list[float]
    values: list[float]
