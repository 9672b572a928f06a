"""Times of the wire as texts."""

from __future__ import annotations

import numpy as np

from pluto.storage.rows import Ints


def iso(milliseconds: int) -> str:
    """Return ISO 8601 with milliseconds and `Z`.

    Example:
        >>> iso(1767225601000)
        '2026-01-01T00:00:01.000Z'
    """
    return f"{np.datetime64(milliseconds, 'ms')}Z"


def point_times(milliseconds: Ints) -> list[str]:
    """Return the times of points: UTC without a zone, as the public server writes them.

    Example:
        >>> point_times(np.array([1767225601000]))
        ['2026-01-01 00:00:01.000']
    """
    texts = np.datetime_as_string(milliseconds.astype("datetime64[ms]"))
    return [text.replace("T", " ") for text in texts.tolist()]


def point_time(milliseconds: int) -> str:
    """Return the time of one point."""
    return str(np.datetime64(milliseconds, "ms")).replace("T", " ")
