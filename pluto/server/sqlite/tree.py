"""Finding run directories below a directory, cheaply again and again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pluto.storage import RUN_DB

_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})
_MAX_DEPTH = 12


class _Listing(NamedTuple):
    changed: int
    is_run: bool
    children: tuple[str, ...]


class RunTree:
    """The run directories at and below `root`; hidden directories other than `.pluto` are skipped.

    A directory is listed again only when its modification time changed, so that a walk costs one
    `stat` a directory. Symbolic links are not followed.

    Example:
        >>> RunTree(Path(".")).walk()
        [PosixPath('.pluto/mnist/baseline-k3x9a2')]
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._listings: dict[str, _Listing] = {}

    def walk(self) -> list[Path]:
        """Return every run directory that is there now, the one that changed last first."""
        fresh: dict[str, _Listing] = {}
        found: list[tuple[int, Path]] = []
        pending = [(self._root, 0)]
        while pending:
            directory, depth = pending.pop()
            listing = self._listing(directory)
            if listing is None:
                continue
            fresh[directory] = listing
            if listing.is_run:
                found.append((listing.changed, Path(directory)))
            elif depth < _MAX_DEPTH:
                pending += [(os.path.join(directory, name), depth + 1) for name in listing.children]
        self._listings = fresh
        return [path for _, path in sorted(found, reverse=True)]

    def _listing(self, directory: str) -> _Listing | None:
        try:
            changed = os.stat(directory).st_mtime_ns
            known = self._listings.get(directory)
            if known and known.changed == changed:
                return known
            with os.scandir(directory) as entries:
                return _read(changed, entries)
        except OSError:
            return None  # gone meanwhile, or not ours to read: nothing to show there


def _read(changed: int, entries: Iterable[os.DirEntry[str]]) -> _Listing:
    children = []
    for entry in entries:
        if entry.name == RUN_DB:
            return _Listing(changed, True, ())
        if _is_searched(entry.name) and entry.is_dir(follow_symlinks=False):
            children.append(entry.name)
    return _Listing(changed, False, tuple(children))


def _is_searched(name: str) -> bool:
    return name == ".pluto" or not (name.startswith(".") or name in _SKIPPED)
