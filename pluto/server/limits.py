"""How much one run may hold, so that one mistaken loop does not slow the server for all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pluto.errors import PlutoError
from pluto.server.backend import RunWrites

MAX_NAMES: Final = 100_000


class TooManyNames(PlutoError):
    """A run that logs ever new names."""


def check_names(writer: RunWrites, names: Iterable[str]) -> None:
    """Make sure that a run may have these names besides its own.

    Raises:
        TooManyNames: some are new, and with them there would be too many.
    """
    names = set(names)
    count = writer.count_names(names)
    if count > MAX_NAMES and count > writer.count_names():
        raise TooManyNames(
            f"a run may have {MAX_NAMES:,} names and would have {count:,}:"
            " what varies belongs into the step or the value, not into the name"
        )
