"""`pluto export`: writes a run as files that every program reads."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pluto.cli.runs import found_run
from pluto.cli.sources import json_option, project_option, source_options

if TYPE_CHECKING:
    from pluto.query_export import Exported


@click.command()
@click.argument("run")
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
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
@project_option
@source_options
@json_option
@click.pass_context
def export(context: click.Context, /, **options: Any) -> None:
    """Write a RUN (id, display id, name or directory) with every point, line and file.

    The exit code is 1 when bytes of files were not to be had.
    """
    context.exit(_run(**options))


def _run(
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


def _tell(done: Exported) -> None:
    data = f", {done.data:,} structured values" if done.data else ""
    click.echo(
        f"{done.directory}: {done.points:,} points of {done.metrics:,} metrics,"
        f" {done.lines:,} console lines, {done.files:,} files{data}"
    )
    if done.missing:
        click.echo(f"pluto: the bytes of {done.missing:,} files are not to be had", err=True)
    if not done.has_data:
        click.echo(
            "pluto: histograms, tables and texts are left out: servers do not give them;"
            " export from the disk that has the run",
            err=True,
        )
