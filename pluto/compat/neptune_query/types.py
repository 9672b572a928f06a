"""`neptune_query.types`: what cells of tables hold."""

from __future__ import annotations

import mimetypes
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
        experiment_name: the name of the run.
        run_id: the id of the run that the script gave.
    """

    project: str
    run: int
    container: str
    attribute: str
    step: float | None
    row: Mapping[str, Any] = field(repr=False, hash=False, compare=False, default_factory=dict)
    experiment_name: str | None = None
    run_id: str | None = None

    project_identifier = property(lambda self: self.project)
    container_identifier = property(lambda self: self.container)
    attribute_path = property(lambda self: self.attribute)
    size = property(lambda self: self.size_bytes)

    @property
    def size_bytes(self) -> int:
        """In bytes."""
        return int(self.row["fileSize"])

    @property
    def mime_type(self) -> str:
        """By its name; `application/octet-stream` where that tells nothing."""
        return mimetypes.guess_type(self.path)[0] or "application/octet-stream"

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
