"""Removes runs and tells which were kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

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
