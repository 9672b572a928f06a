"""Where things are in the data directory of a server."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from pluto.server.rows import RunRow

INDEX: Final = "index.db"
SECRETS: Final = "secrets.json"
_PATHS: Final = 32_768


def run_directory(row: RunRow) -> Path:
    """Return the directory of a run that this engine listed."""
    return _path(row.place)


@lru_cache(_PATHS)
def _path(place: str) -> Path:
    return Path(place)  # which takes longer than all else that is asked of a run in a list
