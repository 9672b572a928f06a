"""PointCloud: points in space."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pluto.errors import UsageError
from pluto.media.arrays import as_array, is_array, load, shape_of
from pluto.media.base import File
from pluto.media.content import ArrayContent
from pluto.media.part import Part
from pluto.notice import logger

_PIECE_ROWS = 1 << 14


class PointCloud(File):
    """Points in space, stored as the JSON rows that dashboards draw in three dimensions.

    Args:
        points: numbers of shape (N, 3): x, y, z; (N, 4): and a category; (N, 6): and red, green,
            blue of 0..255. Rows with a number that is not finite are left out, with a warning.
        caption: free text shown with the points.
        name: readable beginning of the uploaded file's name.

    Raises:
        UsageError: the shape is none of these.

    Example:
        >>> corners = PointCloud([[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    """

    type_name: ClassVar[str] = "FILE"

    def __init__(
        self,
        points: Any,
        caption: str | None = None,
        *,
        name: str | None = None,
        **unknown: object,
    ) -> None:
        array = points if is_array(points) else as_array(points)
        shape = shape_of(array)
        if len(shape) != 2 or shape[1] not in {3, 4, 6}:
            raise UsageError(f"PointCloud takes (N, 3), (N, 4) or (N, 6) numbers, got {shape}")
        content = ArrayContent(array, "points", ".json", {})
        self._adopt(content, caption=caption, name=name, unknown=unknown)


def encode_points(source: Path, part: Part, target: Path) -> str:
    """Write staged points as `[[x, y, z, …], …]`, a piece at a time."""
    import numpy as np
    import orjson

    rows = part.options["shape"][0]
    points = load(source, part) if rows else None
    left_out, separator = 0, b""
    with target.open("wb") as file:
        file.write(b"[")
        for start in range(0, rows, _PIECE_ROWS):
            assert points is not None
            piece = points[start : start + _PIECE_ROWS]
            kept = piece[np.isfinite(piece).all(axis=1)]
            left_out += len(piece) - len(kept)
            if len(kept):
                file.write(separator + orjson.dumps(kept.tolist())[1:-1])
                separator = b","
        file.write(b"]")
    if left_out:
        logger.warning("PointCloud: left out %d of %d points that are not finite", left_out, rows)
    return ".json"
