"""Where things are in the data directory of a server."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pluto.server.rows import RunRow

INDEX: Final = "index.db"
SECRETS: Final = "secrets.json"


def run_directory(row: RunRow) -> Path:
    """Return the directory of a run that this engine listed."""
    return Path(row.place)
