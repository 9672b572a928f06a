"""Where exported runs are staged, and what is remembered of exporting and loading them.

```text
<out>/<entity>/<project>/manifest.json
<out>/<entity>/<project>/runs/<run id>/run.json, part-NNNNN.parquet, files/, artifacts/,
                                       custom_charts.json, _export_complete.json
<out>/loaded_runs.json, loaded_runs.<project>.json
```
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pluto.migrate.run import SourceError
from pluto.names import directory_name

RUN: Final = "run.json"
COMPLETE: Final = "_export_complete.json"
CHARTS: Final = "custom_charts.json"
MANIFEST: Final = "manifest.json"
SEVERAL_PROJECTS: Final = "a destination project goes with one project of wandb: choose it"


def run_directory(out: Path, entity: str, project: str, run_id: str) -> Path:
    """Return where a run is staged."""
    return _project_directory(out, entity, project) / "runs" / directory_name(run_id)


def manifest_path(out: Path, entity: str, project: str) -> Path:
    """Return where the list of a project's runs is."""
    return _project_directory(out, entity, project) / MANIFEST


def _project_directory(out: Path, entity: str, project: str) -> Path:
    return out.joinpath(directory_name(entity), directory_name(project))


def staged_runs(out: Path) -> Iterator[Path]:
    """Yield the directories of all staged runs, sorted."""
    yield from sorted(path.parent for path in out.glob(f"*/*/runs/*/{RUN}"))


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a file, {} if there is none.

    Raises:
        SourceError: it is no JSON object.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read {path}: {error}") from error
    if not isinstance(value, dict):
        raise SourceError(f"{path} is no JSON object")
    return value


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write an object whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(value, indent=1, default=str), "utf-8")
    unfinished.replace(path)


class Ledger:
    """Which runs have been loaded, as they were when they were exported.

    Args:
        path: of the file.

    Example:
        >>> ledger = Ledger(Path("staging/loaded_runs.json"))
        >>> ledger.has("wandb::team/digits/1", {"updated_at": "2026-01-01"})
        False
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._loaded = read_json(path)

    @classmethod
    def beside(cls, out: Path, dest_project: str | None) -> Ledger:
        """Return the ledger of a staging directory and a destination."""
        middle = f".{directory_name(dest_project)}" if dest_project else ""
        return cls(out / f"loaded_runs{middle}.json")

    def has(self, external_id: str, exported: dict[str, Any]) -> bool:
        """Tell whether a run was loaded as it was exported then."""
        return bool(self._loaded.get(external_id) == exported)

    def add(self, external_id: str, exported: dict[str, Any]) -> None:
        """Remember that a run was loaded."""
        self._loaded[external_id] = exported
        write_json(self.path, self._loaded)
