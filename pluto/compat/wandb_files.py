"""`wandb.save` and `run.dir`: files that are kept with a run, at once or when it ends."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pluto
from pluto.compat.wandb_errors import UsageError

FOLDER: Final = "save"
"""Files are logged as `save/<relative name>`."""

_POLICIES: Final = ("live", "now", "end")


class SavedFiles:
    """The files of a run.

    Args:
        directory: of the run; None for one that keeps nothing.
        log: logs a file under a name.
    """

    def __init__(self, directory: str | None, log: Callable[[str, pluto.File], None]) -> None:
        self._parent = directory
        self._log = log
        self._directory: Path | None = None
        self._at_end: dict[str, Path] = {}
        self._written: dict[str, int] = {}

    @property
    def directory(self) -> Path:
        """A folder whose files are kept when the run ends; it is made at the first use."""
        if self._directory is None:
            if self._parent is None:
                self._directory = Path(tempfile.mkdtemp(prefix="pluto-"))
            else:
                self._directory = Path(self._parent, "wandb")
                self._directory.mkdir(exist_ok=True)
        return self._directory

    def save(
        self,
        pattern: str | os.PathLike[str],
        base_path: str | os.PathLike[str] | None = None,
        policy: str = "live",
    ) -> list[str]:
        """Keep the files that a pattern names.

        Args:
            pattern: a path, `*` and `?` allowed; relative to the working directory.
            base_path: the folder that their names are relative to; by default the working
                directory, or for an absolute pattern its own folder.
            policy: `now`: as they are; `live`: also as they are when the run ends, if they change;
                `end`: as they are when the run ends.

        Returns:
            The paths of the files.

        Raises:
            UsageError: the policy is none of these, or the pattern leads out of `base_path`.
        """
        if policy not in _POLICIES:
            raise UsageError(f"save(policy=) takes {', '.join(_POLICIES)}, got {policy!r}")
        given = os.path.expanduser(os.fspath(pattern))
        text = os.path.abspath(given)
        is_inside = not os.path.isabs(given) and Path(text).is_relative_to(Path.cwd())
        default = Path.cwd() if is_inside else _fixed_part(text)
        base = Path(os.path.abspath(base_path or default))
        found = [Path(path) for path in sorted(glob.glob(text)) if os.path.isfile(path)]
        for path in found:
            if not path.is_relative_to(base):
                raise UsageError(f"save(): {path} is not below base_path={base}")
            name = path.relative_to(base).as_posix()
            if policy != "end":
                self._keep(name, path)
            if policy != "now":
                self._at_end[name] = path
        return [str(path) for path in found]

    def end(self) -> None:
        """Keep what was saved for the end, what has changed, and what is in `directory`."""
        for name, path in {**self._at_end, **dict(self._in_directory())}.items():
            if path.is_file() and self._written.get(name) != path.stat().st_mtime_ns:
                self._keep(name, path)
        if self._parent is None and self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _in_directory(self) -> Iterator[tuple[str, Path]]:
        if self._directory is not None:
            for path in sorted(self._directory.rglob("*")):
                if path.is_file():
                    yield path.relative_to(self._directory).as_posix(), path

    def _keep(self, name: str, path: Path) -> None:
        self._written[name] = path.stat().st_mtime_ns
        self._log(f"{FOLDER}/{name}", pluto.File(path, name=path.stem, caption=name))


def _fixed_part(pattern: str) -> str:
    """Return the folder before the first wildcard of an absolute pattern."""
    folder = os.path.dirname(pattern)
    while glob.has_magic(folder):
        folder = os.path.dirname(folder)
    return folder
