"""What commands do to runs on this disk and tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pluto.retention import KeptRun


def remove_runs(runs: Sequence[KeptRun]) -> list[str]:
    """Remove runs; print and return why those that are left were kept."""
    from pluto.retention import attempt_removal

    problems = [problem for problem in map(attempt_removal, runs) if problem]
    for problem in problems:
        click.echo(f"pluto: {problem}", err=True)
    return problems


def run_as_json(run: KeptRun) -> dict[str, Any]:
    """Return what `--json` tells of a run on this disk."""
    return {
        "directory": str(run.directory),
        "project": run.project,
        "name": run.name,
        "state": run.state,
        "endedAt": run.ended_at,
        "size": run.size,
    }
