"""The Python packages that are installed."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from pluto.probes.base import Surroundings

# A distribution's folder is named `<name>-<version>.dist-info`, the name's dashes written as
# underscores (Python packaging specification "Recording installed projects"); older tools
# wrote `<name>-<version>[-py3.x].egg-info`. Reading these names takes a thousandth of the
# time that parsing each METADATA file takes.
FOLDER = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)(?:-py\d[\d.]*)?\.(?:dist|egg)-info")


def facts(_surroundings: Surroundings) -> list[str]:
    """Return `name==version` of every installed distribution, sorted."""
    return installed([Path(entry or ".") for entry in sys.path])


def installed(folders: list[Path]) -> list[str]:
    """Return `name==version` for the distributions in `folders`; the first of a name counts."""
    found: dict[str, str] = {}
    for folder in folders:
        for file in _names(folder):
            match = FOLDER.fullmatch(file)
            if match:
                found.setdefault(match["name"].replace("_", "-"), match["version"])
    return sorted(f"{name}=={version}" for name, version in found.items())


def _names(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from sorted(entry.name for entry in entries)
    except OSError:  # sys.path names folders that do not exist, and zip files
        return
