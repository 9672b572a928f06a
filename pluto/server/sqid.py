"""Short ids of runs in addresses, the same as other Pluto servers make."""

from __future__ import annotations

from functools import cache
from typing import Final

from sqids import Sqids

LARGEST_ID: Final = 2**53  # what JavaScript counts to


@cache
def _codec() -> Sqids:
    return Sqids(min_length=5)


def encode_sqid(run_id: int) -> str:
    """Return the short id of a run.

    Example:
        >>> encode_sqid(42)
        'JgaEB'
    """
    return _codec().encode([run_id])


def decode_sqid(text: str) -> int | None:
    """Return the run id behind a short id, or None for anything else.

    Example:
        >>> decode_sqid("JgaEB")
        42
    """
    numbers = _codec().decode(text)
    if len(numbers) != 1 or numbers[0] > LARGEST_ID or encode_sqid(numbers[0]) != text:
        return None
    return numbers[0]
