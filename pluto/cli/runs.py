"""`pluto runs`: lists, shows and removes runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import click

from pluto.cli.removal import remove_runs, run_as_json
from pluto.cli.sources import (
    dir_option,
    json_option,
    open_client,
    project_option,
    source_options,
)
from pluto.cli.tables import (
    show_table,
    words_of_size,
    words_of_time,
)
from pluto.server.fields import flatten
from pluto.wording import counted

if TYPE_CHECKING:
    from pluto.query import Client
    from pluto.retention import KeptRun


@click.group()
def runs() -> None:
    """List, show and remove runs."""


@runs.command("list")
@project_option
@click.option("--search", metavar="TEXT", help="Part of a name or display id.")
@click.option(
    "--tag", "tags", multiple=True, metavar="TAG", help="Has this tag; or one of several."
)
@click.option(
    "--filter", "filters", metavar="JSON", help='Such as \'{"config.lr": {"$lt": 0.1}}\'.'
)
@click.option("--sort", metavar="FIELD", help="Such as -createdAt or +summary_metrics.val/loss.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Of each project."
)
@click.option("--all", "everything", is_flag=True, help="No limit.")
@source_options
@json_option
def list_runs(
    project: str | None, everything: bool, limit: int, as_json: bool, **options: Any
) -> None:
    """List runs, the newest first.

    Example: `pluto runs list --project mnist --sort +summary_metrics.val/loss`
    """
    filters = _parsed(options.pop("filters"))
    conditions = {name: options.pop(name) for name in ("search", "tags", "sort")}
    with open_client(**options) as client:
        places = [project] if project else [each["name"] for each in client.list_projects()]
        found = [
            run
            for place in places
            for run in client.list_runs(
                place, limit=None if everything else limit, filters=filters, **conditions
            )
        ]
    if as_json:
        click.echo(json.dumps(found))
        return
    if not found:
        click.echo("no runs found", err=True)
        return
    rows = [
        [
            run.get("displayId") or run["id"],
            run["projectName"],
            run["name"],
            run["status"],
            words_of_time(run["createdAt"]),
            ", ".join(run["tags"]),
        ]
        for run in found
    ]
    show_table(["RUN", "PROJECT", "NAME", "STATUS", "BEGUN", "TAGS"], rows)


@runs.command()
@click.argument("run")
@project_option
@source_options
@json_option
def show(run: str, project: str | None, as_json: bool, **source: Any) -> None:
    """Show facts, config and metrics of a run.

    RUN is an id, display id, name or directory.
    """
    client, project, number = found_run(run, project, **source)
    with client:
        details = client.get_run(project, number)
        statistics = client.get_statistics(project, number)
    if as_json:
        click.echo(
            json.dumps({**details, "url": statistics["url"], "metrics": statistics["metrics"]})
        )
        return
    for name, value in _facts({**details, "url": statistics["url"]}):
        click.echo(f"{name:<10}{value}")
    if statistics["metrics"]:
        click.echo()
        show_table(
            ["METRIC", "LAST", "STEP", "MIN", "MAX", "MEAN"],
            list(map(_metric, statistics["metrics"])),
        )


@runs.command()
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
@project_option
@dir_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def rm(
    context: click.Context,
    names: tuple[str, ...],
    project: str | None,
    directory: Path | None,
    yes: bool,
) -> None:
    """Remove runs from this disk, for good.

    RUN is an id, display id, name or directory. Runs on a server are removed on its web pages.
    What no server has is named before you are asked.
    """
    from pluto.retention import look_at

    chosen = [look_at(_directory_of(name, project, directory)) for name in names]
    for run in chosen:
        click.echo(
            f"{run.directory}  {words_of_size(run.size)}  {_warning(run)}".rstrip(), err=True
        )
    if not yes:
        click.confirm(f"Remove {counted(len(chosen), 'run')}?", abort=True, err=True)
    problems = remove_runs(chosen)
    click.echo(f"{len(chosen) - len(problems)} removed, {len(problems)} kept")
    context.exit(1 if problems else 0)


@runs.command()
@project_option
@dir_option
@json_option
def deleted(project: str | None, directory: Path | None, as_json: bool) -> None:
    """List the runs on this disk that were deleted in a dashboard.

    The last deleted is first; `pluto runs restore` takes them back.
    """
    found = _deleted_runs(directory, project)
    if as_json:
        click.echo(json.dumps(list(map(run_as_json, found))))
    elif not found:
        click.echo("no deleted runs found", err=True)
    else:
        rows = [
            [run.project, run.name, words_of_time(run.ended_at), words_of_size(run.size)]
            for run in found
        ]
        show_table(["PROJECT", "NAME", "DELETED", "SIZE"], rows)


@runs.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@project_option
@dir_option
@click.pass_context
def restore(
    context: click.Context, names: tuple[str, ...], project: str | None, directory: Path | None
) -> None:
    """Take back runs that were deleted in a dashboard.

    NAME is what `pluto runs deleted` shows.

    A run that `pluto server` keeps is listed when that starts again; while it runs, use its page.
    """
    found = _deleted_runs(directory, project)
    problems = [problem for problem in (_attempt_restore(name, found) for name in names) if problem]
    for problem in problems:
        click.echo(f"pluto: {problem}", err=True)
    context.exit(1 if problems else 0)


def found_run(run: str, project: str | None, **source: Any) -> tuple[Client, str, int]:
    """Return the client that has a run, its project, and its number.

    Args:
        run: its id, display id or name; or its directory on this disk.
        project: where several projects have one of this name.
        **source: what `source_options` gave.

    Raises:
        QueryError: there is no such run, or there are several.
    """
    from pluto.query import Client
    from pluto.storage import is_run_directory

    path = Path(run)
    if is_run_directory(path):
        client = Client(dir=path)
        (only,) = client.list_projects()
        return client, only["name"], int(client.list_runs(only["name"])[0]["id"])
    client = open_client(**source)
    try:
        details = client.get_run(project, run)
    except BaseException:
        client.close()
        raise
    return client, details["projectName"], int(details["id"])


def _deleted_runs(directory: Path | None, project: str | None) -> list[KeptRun]:
    from pluto.retention import deleted_runs
    from pluto.sets import setup

    found = deleted_runs(Path(directory or setup().dir))
    return sorted(
        (run for run in found if project in {None, run.project}),
        key=lambda run: run.ended_at,
        reverse=True,
    )


def _attempt_restore(name: str, found: Sequence[KeptRun]) -> str:
    """Restore the deleted run of this name; return why it was not, "" if it was."""
    from pluto.errors import StorageError
    from pluto.retention import take_back

    matching = [run for run in found if run.name == name]
    if len(matching) != 1:
        why = "there are several: name the --project" if matching else "there is none"
        return f"no deleted run {name!r} is restored: {why}"
    try:
        click.echo(f"restored {take_back(matching[0])}")
    except (StorageError, OSError) as error:
        return str(error)
    return ""


def _directory_of(run: str, project: str | None, directory: Path | None) -> Path:
    from pluto.storage import is_run_directory

    if is_run_directory(Path(run)):
        return Path(run)
    client, project, number = found_run(
        run, project, directory=directory, server=False, url=None, host=None
    )
    with client:
        url = str(client.get_statistics(project, number, [])["url"])
    return Path(unquote(urlsplit(url).path))


def _warning(run: KeptRun) -> str:
    if run.state == "delivered":
        return "a server has all of it"
    return run.problem or {"local": "no server has it", "running": "it is still running"}.get(
        run.state, ""
    )


def _parsed(filters: str | None) -> Any:
    try:
        return None if filters is None else json.loads(filters)
    except ValueError as error:
        raise click.BadParameter(f"it is not JSON: {error}", param_hint="--filter") from error


def _facts(run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a person wants to know of a run, in words."""
    yield "run", str(run["displayId"] or run["id"])
    for name, key in (("name", "name"), ("project", "projectName"), ("status", "status")):
        yield name, str(run[key])
    yield "begun", words_of_time(run["createdAt"])
    yield "changed", words_of_time(run["updatedAt"])
    if run["tags"]:
        yield "tags", ", ".join(run["tags"])
    if run["externalId"]:
        yield "run_id", str(run["externalId"])
    if run["statusMetadata"]:
        yield "cause", json.dumps(run["statusMetadata"])
    yield "where", str(run["url"])
    for key, value in flatten(run["config"] or {}).items():
        yield "config", f"{key} = {json.dumps(value)}"


def _metric(metric: Mapping[str, Any]) -> list[object]:
    last = metric["last"] or {}
    return [
        metric["logName"],
        last.get("value"),
        last.get("step"),
        metric["min"],
        metric["max"],
        metric["mean"],
    ]
