"""`neptune_scale.types`: files and histograms as scripts give them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

__all__ = ["File", "Histogram"]


@dataclass
class File:
    """A file, with what Neptune wants to know of it.

    Attributes:
        source: a path, or the bytes.
        mime_type: by default it follows from the name, or from the first bytes.
        size: without effect; it is measured.
        destination: the name under which it is kept.
    """

    source: str | os.PathLike[str] | bytes
    mime_type: str | None = None
    size: int | None = None
    destination: str | None = None


@dataclass
class Histogram:
    """Counts or densities between bin edges, of which there is one more; lists or arrays."""

    bin_edges: Any
    counts: Any = None
    densities: Any = None

    def bin_edges_as_list(self) -> list[float]:
        """Return the edges."""
        return list(self.bin_edges)

    def counts_as_list(self) -> list[int]:
        """Return the counts; none if there are densities."""
        return [] if self.counts is None else list(self.counts)

    def densities_as_list(self) -> list[float]:
        """Return the densities; none if there are counts."""
        return [] if self.densities is None else list(self.densities)
