"""`pluto clean`: removes old runs from this disk."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pluto.cli.removal import remove_runs, run_as_json
from pluto.cli.sources import json_option
from pluto.cli.tables import show_table, words_of_size, words_of_time
from pluto.wording import counted

if TYPE_CHECKING:
    from pluto.retention import KeptRun

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _age(_context: click.Context, _option: click.Parameter, text: str | None) -> timedelta:
    """Return a length of time that is written as `30d`, `12h`, `4w` or `90m`."""
    if text is None:
        raise click.UsageError(
            "say what may go, for example: pluto clean --older-than 30d --delivered --dry-run"
        )
    match = re.fullmatch(r"(\d{1,6})([mhdw])", text.strip())
    if match is None:
        raise click.BadParameter(f"{text!r}: write it as 30d, 12h, 4w or 90m")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


@click.command()
@click.argument(
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    metavar="[DIR]",
)
@click.option(
    "--older-than", callback=_age, metavar="AGE", help="30d, 12h, 4w, 90m; has to be given."
)
@click.option("--delivered", is_flag=True, help="Runs of which a server has every row.")
@click.option("--local", is_flag=True, help="Runs that were never meant for a server.")
@click.option("--deleted", is_flag=True, help="Runs that were deleted in a dashboard so long ago.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def clean(
    context: click.Context,
    /,
    directory: Path,
    delivered: bool,
    local: bool,
    deleted: bool,
    **options: Any,
) -> None:
    """Remove runs below DIR that ended long ago.

    A run that is being written, that has rows no server has, or that a `pluto server` keeps there
    is never removed. One that was deleted in a dashboard can be taken back until this removes it;
    DIR may be the data directory of a server that runs.

    Example: `pluto clean --older-than 30d --delivered --dry-run`
    """
    chosen = (("delivered", delivered), ("local", local), ("deleted", deleted))
    states = [state for state, on in chosen if on]
    if not states:
        raise click.UsageError("say what may go: --delivered, --local, --deleted")
    context.exit(_clean(directory, states, **options))


def _clean(
    directory: Path,
    states: Sequence[str],
    *,
    older_than: timedelta,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    from pluto.retention import deleted_runs, kept_runs

    before = (time.time() - older_than.total_seconds()) * 1000
    found = [*kept_runs(directory), *(deleted_runs(directory) if "deleted" in states else ())]
    old = [run for run in found if run.ended_at < before]
    chosen = [run for run in old if run.state in states]
    if not as_json:
        _show(chosen, [run for run in old if run.problem])
    if chosen and not (dry_run or yes):
        click.confirm(f"Remove {counted(len(chosen), 'run')} for good?", abort=True, err=True)
    problems = [] if dry_run else remove_runs(chosen)
    if as_json:
        gone = {"chosen": list(map(run_as_json, chosen)), "dryRun": dry_run, "problems": problems}
        click.echo(json.dumps(gone))
    elif chosen and not dry_run:
        click.echo(f"{len(chosen) - len(problems)} removed, {len(problems)} kept")
    return 1 if problems else 0


def _show(chosen: Sequence[KeptRun], kept: Sequence[KeptRun]) -> None:
    for run in kept:
        click.echo(f"pluto: {run.directory} is kept: {run.problem}", err=True)
    if not chosen:
        click.echo("nothing to remove")
        return
    rows = [
        [run.directory, run.state, words_of_time(run.ended_at), words_of_size(run.size)]
        for run in chosen
    ]
    show_table(["DIRECTORY", "STATE", "ENDED", "SIZE"], rows)
    click.echo(f"{counted(len(chosen), 'run')}, {words_of_size(sum(run.size for run in chosen))}")
