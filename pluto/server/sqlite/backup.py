"""Copies the data directory of a server, which may be running."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from pluto.errors import StorageError, UsageError
from pluto.server.sqlite.index import Index
from pluto.server.sqlite.places import INDEX, SECRETS
from pluto.storage import copy_run, is_run_directory


@dataclass
class BackupReport:
    """What a backup did.

    Attributes:
        runs: how many it holds now.
        changed: how many of them were copied anew.
        problems: a line for each run that could not be copied.
    """

    runs: int = 0
    changed: int = 0
    problems: list[str] = field(default_factory=list)


def backup(data: Path, target: Path) -> BackupReport:
    """Bring `target` to the state of the data directory `data`; a server starts on it as it is.

    Every row that the server had accepted when this began is in it. Runs come first and the index
    after them: a server that starts on the copy drops what the index knows and no directory has.
    A run that was deleted since the last backup stays in the copy.

    Raises:
        UsageError: `data` is no data directory of a server, or `target` is within it.
        StorageError: the copy cannot be written.
    """
    if not (data / INDEX).is_file():
        raise UsageError(f"{data} is no data directory of a server: name it with --data")
    if target.resolve().is_relative_to(data.resolve()):
        raise UsageError(f"{target} is within {data}: choose a directory elsewhere")
    report = BackupReport()
    for path in sorted((data / "runs").glob("*/*")):
        if is_run_directory(path):
            _copy(path, target / path.relative_to(data), report)
    try:
        target.mkdir(parents=True, exist_ok=True)
        _copy_index(data, target)
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error}") from error
    return report


def _copy(path: Path, target: Path, report: BackupReport) -> None:
    try:
        report.changed += copy_run(path, target)
        report.runs += 1
    except StorageError as error:
        report.problems.append(str(error))


def _copy_index(data: Path, target: Path) -> None:
    with closing(Index(data / INDEX)) as index:
        index.copy_to(target / INDEX)
    if (data / SECRETS).exists():
        fresh = target / f"{SECRETS}.new"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.close(descriptor)
        shutil.copyfile(data / SECRETS, fresh)
        fresh.replace(target / SECRETS)
