"""`pluto query`: SQL over the runs on this disk."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from pluto.cli.sources import dir_option, json_option, project_option
from pluto.cli.tables import show_table


@click.command()
@click.option("--sql", metavar="SELECT", help="The query; '-' reads it from stdin.")
@project_option
@dir_option
@json_option
def query(sql: str | None, project: str | None, directory: Path | None, as_json: bool) -> None:
    """Answer SQL (of DuckDB) over the runs on this disk. Nothing can be changed.

    Table `runs`: run, project, name, status, tags, config, created_at, updated_at, display_id,
    run_id, directory. Config is JSON: config->>'$.optimizer.lr'.

    Table `metrics`: run, name, step, time, value.

    Table `console`: run, line, time, type, text.

    Table `files`: run, name, file_name, type, mime, size, step, time, caption, path.

    `run` joins them. DuckDB comes with the extra 'sql'.

    Example: `pluto query --sql "SELECT project, name, status FROM runs"`
    """
    if sql is None:
        example = "SELECT project, name, status FROM runs"
        raise click.UsageError(f'say what to look for, for example: pluto query --sql "{example}"')
    from pluto.query_local import LocalSource
    from pluto.query_sql import run_sql
    from pluto.sets import setup

    source = LocalSource(Path(directory or setup().dir).resolve())
    try:
        columns, rows = run_sql(source, sys.stdin.read() if sql == "-" else sql, project)
        if as_json:
            _show_json(columns, rows)
        else:
            show_table(columns, list(rows))
    finally:
        source.close()


def _show_json(columns: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Print an array with one object a line, as the rows come."""
    from pluto.server.fields import json_safe

    before = "["
    for row in rows:
        line = json_safe(dict(zip(columns, row, strict=True)))
        click.echo(f"{before}\n{json.dumps(line, default=str)}", nl=False)
        before = ","
    click.echo("\n]" if before == "," else "[]")
