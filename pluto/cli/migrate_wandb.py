"""`pluto migrate wandb`: from wandb's own files, or from its service by way of staging files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click

from pluto.cli.import_options import FOLDER, import_options, import_runs, tell
from pluto.cli.options import with_options
from pluto.errors import UsageError
from pluto.migrate.state import SEVERAL_PROJECTS

NOT_MIGRATED = 2


def _moment(context: click.Context, option: click.Parameter, value: str | None) -> datetime | None:
    """Return an ISO 8601 time; of UTC, if it names no zone."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError as error:
        wanted = f"{value!r} is no date such as 2026-01-31 or 2026-01-31T14:05"
        raise click.BadParameter(wanted, context, option) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


class WithPath(click.Group):
    """A group in which a path may stand in the place of a command: that of wandb's own files."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take what is no command for the arguments of `local`."""
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["local", *args]
        return super().parse_args(ctx, args)


@click.group(cls=WithPath)
def wandb() -> None:
    """Import runs of wandb.

    `pluto migrate wandb PATH` reads wandb's own files on this machine, of offline and of online
    runs; it needs neither wandb nor an account. `export` and `load` (or `all`, for both) go by the
    service and need pluto-ml[migrate].
    """


@wandb.command()
@import_options
@click.pass_context
def local(context: click.Context, /, path: Path, **options: Any) -> None:
    """Import wandb's own files at or below PATH.

    Example: `pluto migrate wandb local wandb/offline-run-…`
    """
    from pluto.migrate import wandb_files

    context.exit(import_runs(lambda: wandb_files.runs(path, options["project"]), **options))


_common = with_options(
    click.option("--project", "projects", multiple=True, help="Of wandb; default: all."),
    click.option("--exclude", "excluded", multiple=True, help="A project to leave out."),
    click.option(
        "--workers",
        type=click.IntRange(min=1),
        default=4,
        show_default=True,
        help="Files that are downloaded at once.",
    ),
)


_export_options = with_options(
    click.option("--entity", required=True, help="User or team of wandb."),
    click.option("--output", required=True, type=FOLDER, help="The staging directory."),
    click.option("--wandb-api-key", metavar="KEY", help="Default: that of wandb's login."),
    click.option("--run-id", "run_ids", multiple=True, help="Only this run."),
    click.option(
        "--after", metavar="ISO", callback=_moment, help="Only runs created from then on."
    ),
    click.option("--before", metavar="ISO", callback=_moment, help="Only runs created until then."),
    click.option("--no-artifacts", is_flag=True, help="Leave artifacts out."),
    click.option(
        "--artifact-max-size-mb",
        type=click.FloatRange(min=0),
        metavar="N",
        help="Leave larger artifacts out.",
    ),
    click.option("--no-console", is_flag=True, help="Leave the console out."),
    click.option("--no-system-metrics", is_flag=True, help="Leave system metrics out."),
    click.option("--no-files", is_flag=True, help="Leave files and media out."),
    click.option("--strict", is_flag=True, help="Exit code 2 if anything was left out."),
)


_load_options = with_options(
    click.option(
        "--dest-project", metavar="NAME", help="Project to import into; default: wandb's."
    ),
    click.option("--dry-run", is_flag=True, help="Only name what would be loaded."),
    click.option("--force-resume", is_flag=True, help="Add to runs that have these ids."),
    click.option(
        "--flush-every",
        type=click.IntRange(min=1),
        default=500,
        show_default=True,
        help="Rows that are written at once.",
    ),
    click.option(
        "--max-pending",
        type=click.IntRange(min=1),
        default=5000,
        show_default=True,
        help="Taken and without effect: rows wait on disk.",
    ),
    click.option("--cleanup", is_flag=True, help="Delete what has been loaded."),
)


@wandb.command()
@_common
@_export_options
@click.pass_context
def export(context: click.Context, /, **options: Any) -> None:
    """Export runs from wandb's service into a staging directory."""
    context.exit(_code(lambda: _export(**options)))


@wandb.command()
@_common
@click.option("--input", required=True, type=FOLDER, help="The staging directory.")
@_load_options
@click.pass_context
def load(context: click.Context, /, **options: Any) -> None:
    """Load exported runs.

    They go to the server that runs of a script go to, or into .pluto of this directory.
    """
    context.exit(_code(lambda: _load(**options)))


@wandb.command(name="all")
@_common
@_export_options
@_load_options
@click.pass_context
def all_(context: click.Context, /, **options: Any) -> None:
    """Export runs, and load them."""
    if options["dry_run"]:
        raise click.UsageError("--dry-run goes with load: an export has to read the runs")
    loads = ("dest_project", "dry_run", "force_resume", "flush_every", "max_pending", "cleanup")
    load_options = {name: options.pop(name) for name in loads}
    common = {name: options[name] for name in ("projects", "excluded", "workers")}

    def both() -> int:
        code = _export(**options, dest_project=load_options["dest_project"])
        loaded = _load(input=options["output"], **common, **load_options)
        return max(code, loaded)

    context.exit(_code(both))


def _code(act: Callable[[], int]) -> int:
    try:
        return act()
    except UsageError as error:
        raise click.UsageError(str(error)) from error


def _export(
    *,
    entity: str,
    output: Path,
    wandb_api_key: str | None,
    projects: tuple[str, ...],
    excluded: tuple[str, ...],
    strict: bool,
    dest_project: str | None = None,
    **chosen: Any,
) -> int:
    from pluto.migrate.wandb_export import WandbExporter, wandb_api

    api = wandb_api(wandb_api_key)
    named = projects or tuple(project.name for project in api.projects(entity))
    named = tuple(name for name in named if name not in excluded)
    if dest_project and len(named) > 1:
        raise UsageError(SEVERAL_PROJECTS)
    failed, lost = 0, 0
    for project in named:
        done = WandbExporter(entity, project, output, api=api, **_how(**chosen)).export()
        failed += done["failed"]
        lost += _tell_export(entity, project, done)
    if strict and lost:
        return NOT_MIGRATED
    return 1 if failed else 0


def _how(
    *,
    workers: int,
    run_ids: tuple[str, ...],
    after: datetime | None,
    before: datetime | None,
    artifact_max_size_mb: float | None,
    **left_out: bool,
) -> dict[str, Any]:
    """Return the options of the command as the exporter calls them."""
    return {
        "run_ids": run_ids,
        "after": after,
        "before": before,
        "include_artifacts": not left_out["no_artifacts"],
        "include_console": not left_out["no_console"],
        "include_system_metrics": not left_out["no_system_metrics"],
        "include_files": not left_out["no_files"],
        "artifact_max_bytes": _bytes(artifact_max_size_mb),
        "download_workers": workers,
    }


def _bytes(megabytes: float | None) -> int | None:
    return None if megabytes is None else int(megabytes * 1_000_000)


def _tell_export(entity: str, project: str, done: dict[str, Any]) -> int:
    """Say what was exported of a project; return how much was not."""
    counts = ", ".join(f"{done[each]:,} {each}" for each in ("exported", "skipped", "failed"))
    click.echo(f"pluto: {entity}/{project}: {counts}")
    lost = [f"{run}: {text}" for run, texts in done["coverage"]["lost"].items() for text in texts]
    for text in lost:
        click.echo(f"  not exported: {text}", err=True)
    return len(lost)


def _load(
    *,
    input: Path,  # noqa: A002 - the name of the option
    dest_project: str | None,
    projects: tuple[str, ...],
    excluded: tuple[str, ...],
    dry_run: bool,
    force_resume: bool,
    flush_every: int,
    max_pending: int,
    cleanup: bool,
    workers: int,  # noqa: ARG001 - of downloads
) -> int:
    from pluto.migrate.loader import PlutoLoader

    loader = PlutoLoader(
        input,
        dest_project,
        flush_every=flush_every,
        max_pending=max_pending,
        dry_run=dry_run,
        force_resume=force_resume,
        cleanup=cleanup,
        projects=projects or None,
        exclude_projects=excluded or None,
    )
    done = loader.load()
    for outcome in loader.outcomes:
        tell(outcome, dry_run)
    counts = ", ".join(f"{count:,} {what}" for what, count in done.items())
    click.echo(f"pluto: {'would be ' if dry_run else ''}{counts}")
    return 1 if done["failed"] else 0
