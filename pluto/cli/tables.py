"""Tables that people read on a terminal, and times, sizes and ages in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Final

import click

MAX_CELL: Final = 60
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def show_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows below headers, aligned; numbers to the right.

    Example:
        >>> show_table(["NAME", "RUNS"], [["digits", 12]])
        NAME    RUNS
        digits    12
    """
    texts = [list(headers), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    numeric = [
        bool(rows) and all(_is_number(row[place]) for row in rows) for place in range(len(headers))
    ]
    for line in texts:
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


def words_of_size(size: float) -> str:
    """Return a number of bytes in words.

    Example:
        >>> words_of_size(12_345_678)
        '12.3 MB'
    """
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {_UNITS[-1]}"


def words_of_time(time: str | int) -> str:
    """Return a time (ISO 8601, or ms since the epoch) as `2026-01-31 14:05` of this place."""
    if isinstance(time, int):
        moment = datetime.fromtimestamp(time / 1000, timezone.utc)
    else:
        moment = datetime.fromisoformat(time.replace("Z", "+00:00"))
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def words_of_number(value: float | None) -> str:
    """Return a number with six digits; "" for none."""
    return "" if value is None else f"{value:.6g}"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return words_of_number(value)
    text = " ".join("" if value is None else str(value).split())
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
