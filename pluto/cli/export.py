"""`pluto export`: writes a run as files that every program reads, or runs as a page."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pluto.cli.runs import found_run
from pluto.cli.sources import json_option, project_option, source_options
from pluto.wording import counted

if TYPE_CHECKING:
    from pluto.query_export import Exported


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="RUN | run RUN... DIR")
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory in which one with the run's name is made.",
)
@click.option(
    "--format",
    "table_format",
    type=click.Choice(["parquet", "csv", "json"]),
    default="parquet",
    show_default=True,
    help="Of the tables. Parquet needs pyarrow or polars.",
)
@click.option("--no-media", is_flag=True, help="List the files without copying them.")
@click.option(
    "--charts", multiple=True, metavar="PATTERN", help="Only these metrics in the page: 'train/*'."
)
@project_option
@source_options
@json_option
@click.pass_context
def export(context: click.Context, /, words: tuple[str, ...], **options: Any) -> None:
    """Write a run as files that every program reads, or runs as a page.

    `pluto export RUN --to DIR` writes tables with every point, line and file of a run (id, display
    id, name or directory).

    `pluto export run RUN... DIR` writes a folder with the dashboard and the runs: open its
    index.html in a browser, no server is needed. It takes runs of this disk. The scripts of
    HTML that was logged are off in it.

    The exit code is 1 when bytes of files were not to be had.
    """
    if words[0] == "run" and options["target"] is None:
        context.exit(_page(words[1:], **options))
    if len(words) != 1 or options["target"] is None:
        raise click.UsageError("give one RUN and --to DIR, or the words: run RUN... DIR")
    if options.pop("charts"):
        raise click.UsageError("--charts chooses what is in a page: pluto export run RUN... DIR")
    context.exit(_tables(run=words[0], **options))


def _page(
    words: tuple[str, ...],
    *,
    charts: tuple[str, ...],
    no_media: bool,
    as_json: bool,
    project: str | None,
    **source: Any,
) -> int:
    from pluto.export_page import Chosen, export_page

    if len(words) < 2:
        raise click.UsageError("say which run, and where to: pluto export run RUN... DIR")
    del source["target"], source["table_format"]
    if source["server"] or source["url"] or source["host"]:
        raise click.UsageError("a page is made of runs on this disk; see --dir")
    chosen = []
    for run in words[:-1]:
        client, _, number = found_run(run, project, **source)
        client.close()
        chosen.append(Chosen(_root(run, source["directory"]), number))
    done = export_page(chosen, Path(words[-1]), charts, media=not no_media)
    if as_json:
        click.echo(json.dumps({**asdict(done), "directory": str(done.directory)}))
        return 1 if done.missing else 0
    click.echo(
        f"{done.directory / 'index.html'}: {counted(done.runs, 'run')},"
        f" {counted(done.metrics, 'metric')}, {counted(done.files, 'file')}"
    )
    _tell_missing(done.missing)
    return 1 if done.missing else 0


def _root(run: str, directory: Path | None) -> Path:
    """Return below which directory a run was found."""
    from pluto.sets import setup
    from pluto.storage import is_run_directory

    path = Path(run)
    return path if is_run_directory(path) else directory or Path(setup().dir)


def _tables(
    *, run: str, target: Path, table_format: Any, no_media: bool, as_json: bool, **source: Any
) -> int:
    from pluto.query_export import export_run

    client, project, number = found_run(run, **source)
    with client:
        done = export_run(client, project, number, target, table_format, media=not no_media)
    if as_json:
        click.echo(json.dumps({**asdict(done), "directory": str(done.directory)}))
    else:
        _tell(done)
    return 1 if done.missing else 0


def _tell_missing(missing: int) -> None:
    if missing:
        click.echo(f"pluto: the bytes of {counted(missing, 'file')} cannot be had", err=True)


def _tell(done: Exported) -> None:
    data = f", {counted(done.data, 'structured value')}" if done.data else ""
    click.echo(
        f"{done.directory}: {counted(done.points, 'point')} of {counted(done.metrics, 'metric')},"
        f" {counted(done.lines, 'console line')}, {counted(done.files, 'file')}{data}"
    )
    _tell_missing(done.missing)
    if not done.has_data:
        click.echo(
            "pluto: histograms, tables and texts are left out: this server does not give them;"
            " export from the disk that has the run",
            err=True,
        )
