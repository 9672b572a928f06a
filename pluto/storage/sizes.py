"""How large the pieces are in which compaction works, and when there is something to do for it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from pluto.storage.migrations import version_of


@dataclass(frozen=True)
class Sizes:
    """Sizes of pieces; what is stored does not depend on them, only how fast it is.

    Attributes:
        part_rows: rows of a part, and rows in tails that are worth being compacted.
        tail_bytes: bytes of tails that are worth it even if they are fewer rows.
        piece_rows: most rows that are compacted at once.
        piece_bytes: most bytes of tails that are compacted at once.
        shape_values: most values of one shape that are joined with its small parts.
        rest_bytes: bytes of tails that a run that has ended keeps: reading them is quick.
        rest_tails: tails that it keeps.
        span_points: points that a span of a rollup summarises.
        row_spans: spans of a row of a rollup.
        coarse_spans: spans of a row for which coarse ones are made besides.
        unrolled_points: points that are left to be read one by one while a run goes on.
        rest_points: the same for a run that has ended.
        rest_pages: pages of unused disk space that a run that has ended keeps.
        series_at_once: series that one transaction rolls up.
        pages_at_once: pages of disk space that are given back at once.
    """

    part_rows: int = 4096
    tail_bytes: int = 4 << 20
    piece_rows: int = 4 * 4096
    piece_bytes: int = 8 << 20
    shape_values: int = 4 << 20
    rest_bytes: int = 64 << 10
    rest_tails: int = 64
    span_points: int = 64
    row_spans: int = 4096
    coarse_spans: int = 256
    unrolled_points: int = 4096
    rest_points: int = 1024
    rest_pages: int = 64
    series_at_once: int = 8
    pages_at_once: int = 1024


SIZES: Final = Sizes()
COARSE: Final = 4
"""Spans that make one span of `rollup.coarse`."""

_WAITING = "SELECT count(*), coalesce(sum(length(block)), 0) FROM tail"
_UNROLLED = "SELECT EXISTS (SELECT 1 FROM name WHERE unrolled >= ? OR unrolled < 0)"


def is_worth_it(tails: int, size: int, sizes: Sizes = SIZES) -> bool:
    """Tell whether so many tails of so many bytes are compacted when a run has ended."""
    return tails > sizes.rest_tails or size > sizes.rest_bytes


def needs_compaction(connection: sqlite3.Connection, sizes: Sizes = SIZES) -> bool:
    """Tell whether there is something to compact in a run that has ended."""
    tails, size = connection.execute(_WAITING).fetchone()
    if is_worth_it(tails, size, sizes):
        return True
    if version_of(connection) < 2:  # has only tails, and keeps its disk space
        return False
    (unused,) = connection.execute("PRAGMA freelist_count").fetchone()
    return unused > sizes.rest_pages or bool(
        connection.execute(_UNROLLED, (sizes.rest_points,)).fetchone()[0]
    )
