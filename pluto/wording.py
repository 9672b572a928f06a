"""Numbers as a person reads them."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """Return a number of things in words.

    Example:
        >>> counted(1, "row"), counted(12000, "row")
        ('1 row', '12,000 rows')
    """
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
