"""What the commands of `pluto migrate` have in common: their options, and how runs are imported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pluto.auth import stored_key
from pluto.cli.options import chosen_settings, server_options, with_options
from pluto.errors import UsageError
from pluto.sets import destination
from pluto.wording import counted

if TYPE_CHECKING:
    from pluto.migrate.run import SourceRun
    from pluto.migrate.target import Outcome

PATH = click.Path(exists=True, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


import_options = with_options(
    click.argument("path", type=PATH),
    click.option(
        "--project", metavar="NAME", help="Project to import into; default: as the source."
    ),
    click.option("--dir", "directory", type=FOLDER, help="Where .pluto is, or is made."),
    click.option("--local", is_flag=True, help="Keep the runs here, whatever server is known."),
    click.option("--dry-run", is_flag=True, help="Only name the runs that were found."),
    click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON."),
    server_options,
)
"""Add what every source has in common: PATH, and where the runs go."""


def import_runs(
    find: Callable[[], Iterable[SourceRun]],
    *,
    directory: Path | None,
    local: bool,
    dry_run: bool,
    as_json: bool,
    url: str | None,
    host: str | None,
    **_: object,
) -> int:
    """Import the runs that a source finds; return the exit code."""
    from pluto.migrate.run import SourceError
    from pluto.migrate.target import Outcome, import_run

    settings = chosen_settings(url, host, **({"dir": directory} if directory else {}))
    where = None if local else destination(settings, stored_key)
    try:
        found = list(find())
    except (SourceError, UsageError) as error:
        raise click.UsageError(str(error)) from error
    done = []
    for run in found:
        outcome = Outcome(run.identity) if dry_run else import_run(run, settings, where)
        done.append(outcome)
        if not as_json:
            tell(outcome, dry_run)
    if as_json:
        click.echo(json.dumps([_as_json(outcome) for outcome in done]))
    else:
        click.echo(f"pluto: {_summary(done, dry_run)}")
    return 1 if any(outcome.problem for outcome in done) else 0


def tell(outcome: Outcome, dry_run: bool) -> None:
    """Print what became of a run."""
    from pluto.migrate.target import lost_in_words

    identity = outcome.identity
    if dry_run:
        click.echo(f"{identity.project}/{identity.name} ({identity.external_id})")
        return
    click.echo(f"pluto: {outcome}")
    for text in lost_in_words(outcome.lost):
        click.echo(f"  not taken over: {text}", err=True)


def _summary(done: list[Outcome], dry_run: bool) -> str:
    if dry_run:
        return f"{counted(len(done), 'run')} found"
    failed = sum(outcome.problem is not None for outcome in done)
    new = sum(outcome.is_new and not outcome.problem for outcome in done)
    same = len(done) - failed - new
    lost = sum(len(outcome.lost) for outcome in done)
    told = f"; {counted(lost, 'value')} not taken over" if lost else ""
    return f"{counted(new, 'run')} imported, {same:,} with nothing new, {failed:,} failed{told}"


def _as_json(outcome: Outcome) -> dict[str, Any]:
    identity, receipt = outcome.identity, outcome.receipt
    return {
        **identity._asdict(),
        "external_id": identity.external_id,
        "directory": str(outcome.directory) if outcome.directory else None,
        **outcome.counts,
        "lost": list(outcome.lost),
        "problem": outcome.problem,
        "delivered": receipt.delivered if receipt else None,
    }
