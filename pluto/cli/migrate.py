"""`pluto migrate`: imports runs from other trackers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pluto.auth import stored_key
from pluto.cli.options import chosen_settings, server_options
from pluto.sets import destination

if TYPE_CHECKING:
    from pluto.migrate.run import SourceRun
    from pluto.migrate.target import Outcome

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(exists=True, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


def import_options(command: Command) -> Command:
    """Add what every source has in common: PATH, and where the runs go."""
    for decorate in (
        click.argument("path", type=PATH),
        click.option("--project", metavar="NAME", help="Of the runs here."),
        click.option("--dir", "directory", type=FOLDER, help="Where .pluto is, or is made."),
        click.option("--local", is_flag=True, help="Keep the runs here, whatever server is known."),
        click.option("--dry-run", is_flag=True, help="Only name the runs that were found."),
        click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON."),
        server_options,
    ):
        command = decorate(command)
    return command


@click.group()
def migrate() -> None:
    """Import runs from the files of another tracker.

    Runs go where runs of a script would go: to the server that --url, --host or the environment
    name, or a stored key is for, else to .pluto in this directory. Each is known by its id in its
    source, so that a second import takes only what is new.

    The exit code is 0 when everything is imported, 1 when a run is not, 2 when the path or an
    option is wrong.
    """


@migrate.command()
@import_options
@click.pass_context
def tensorboard(context: click.Context, /, path: Path, **options: Any) -> None:
    """Import event files of TensorBoard: each directory with some below PATH is a run.

    TensorBoard itself is not needed.
    """
    from pluto.migrate import tensorboard as source

    context.exit(_import(lambda: source.runs(path, options["project"]), **options))


@migrate.command()
@click.option("--step", metavar="COLUMN", help="Column of the step; else step, epoch, ...")
@click.option("--time", metavar="COLUMN", help="Column of the time; else timestamp, time, ...")
@import_options
@click.pass_context
def csv(
    context: click.Context, /, path: Path, step: str | None, time: str | None, **options: Any
) -> None:
    """Import files *.csv, *.jsonl and *.ndjson: each file at or below PATH is a run."""
    from pluto.migrate import tables

    context.exit(_import(lambda: tables.runs(path, options["project"], step, time), **options))


def _import(
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
    except SourceError as error:
        raise click.UsageError(str(error)) from error
    done = []
    for run in found:
        outcome = Outcome(run.identity) if dry_run else import_run(run, settings, where)
        done.append(outcome)
        if not as_json:
            _tell(outcome, dry_run)
    if as_json:
        click.echo(json.dumps([_as_json(outcome) for outcome in done]))
    else:
        click.echo(f"pluto: {_summary(done, dry_run)}")
    return 1 if any(outcome.problem for outcome in done) else 0


def _tell(outcome: Outcome, dry_run: bool) -> None:
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
        return f"{len(done):,} runs found"
    failed = sum(outcome.problem is not None for outcome in done)
    new = sum(outcome.is_new and not outcome.problem for outcome in done)
    same = len(done) - failed - new
    lost = sum(len(outcome.lost) for outcome in done)
    told = f"; {lost:,} values not taken over" if lost else ""
    return f"{new:,} runs imported, {same:,} with nothing new, {failed:,} failed{told}"


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
