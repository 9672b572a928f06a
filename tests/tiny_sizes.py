"""Sizes at which compaction has work to do with a handful of rows."""

from pluto.storage.sizes import Sizes

TINY = Sizes(
    part_rows=8,
    piece_rows=24,
    rest_bytes=0,
    rest_tails=0,
    span_points=4,
    row_spans=8,
    coarse_spans=4,
    unrolled_points=8,
    rest_points=1,
    series_at_once=2,
    pages_at_once=2,
)
