"""`pluto.util` of the earlier client: ids."""

from __future__ import annotations

from typing import Any

from pluto.names import generate_run_id, random_id

__all__ = ["gen_id", "generate_run_id"]


def gen_id(seed: Any = None, length: int = 8) -> str:  # noqa: ARG001 - taken and without effect
    """Return a random id, independent of any seed: two runs of one seed are two runs."""
    return random_id(length)
