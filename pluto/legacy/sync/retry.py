"""`python -m pluto.sync.retry`: sends once what a `sync.db` of the earlier client has left."""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from pluto.cli.sync import in_words, sink_chooser
from pluto.errors import UsageError
from pluto.legacy.sync.store import SyncStatus
from pluto.old_store import NAME
from pluto.sets import setup
from pluto.sync import RunReport, sync_directory


def retry_sync(
    db_path: str | Path,
    settings_dict: Mapping[str, Any] | None = None,
    timeout: float | None = 60.0,
    verbose: bool = False,
) -> bool:
    """Send what the store has not sent, also what its client had given up; True if nothing is left.

    The store itself is not changed (`pluto.old_store`).

    Args:
        db_path: a file `sync.db`.
        settings_dict: settings of the run, such as `url_api`, `host` and `_auth`.
        timeout: seconds.
        verbose: print how it goes.

    Raises:
        UsageError: there is no such file, or a setting cannot work.
    """
    path = Path(db_path)
    if path.name != NAME or not path.is_file():
        raise UsageError(f"{path} is no {NAME} of the earlier client")
    known = {key: value for key, value in (settings_dict or {}).items() if _is_setting(key)}
    pending = _pending(path) if verbose else 0
    if verbose and not pending:
        print("No pending records to sync.")
    elif verbose:
        print(f"Syncing {pending:,} pending records")

    def show(run: RunReport) -> None:
        if verbose:
            print(f"{run.name}: {in_words(run)}")

    sink_for = sink_chooser(setup(known))
    return not sync_directory(path.parent, sink_for, timeout=timeout, report=show).left


def _is_setting(name: str) -> bool:
    return name == "_auth" or not name.startswith("_")


def _pending(path: Path) -> int:
    statuses = SyncStatus.PENDING, SyncStatus.IN_PROGRESS, SyncStatus.FAILED
    marks = tuple(map(int, statuses))
    try:
        with closing(sqlite3.connect(path)) as store:
            counts = [
                store.execute(
                    f"SELECT count(*) FROM {table} WHERE status IN (?,?,?)",  # noqa: S608 two names
                    marks,
                ).fetchone()[0]
                for table in ("sync_queue", "file_uploads")
            ]
    except sqlite3.Error:
        return 0  # the delivery tells what is wrong with it
    return sum(counts)


def parser() -> argparse.ArgumentParser:
    """Return the options that both commands have."""
    options = argparse.ArgumentParser(prog="python -m pluto.sync")
    options.add_argument("--db-path", required=True, type=Path)
    options.add_argument("--settings", required=True, help="JSON")
    options.add_argument("--verbose", action="store_true")
    return options


def read_settings(text: str) -> dict[str, Any]:
    """Return the settings of a command line.

    Raises:
        UsageError: they are no JSON object.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--settings is no JSON: {error}") from error
    if not isinstance(values, dict):
        raise UsageError("--settings is no JSON object")
    return values


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0 if nothing is left, else 1."""
    options = parser()
    options.add_argument("--timeout", type=float, default=60.0)
    chosen = options.parse_args(arguments)
    try:
        done = retry_sync(
            chosen.db_path, read_settings(chosen.settings), chosen.timeout, chosen.verbose
        )
    except UsageError as error:
        print(f"pluto: {error}", file=sys.stderr)
        return 1
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
