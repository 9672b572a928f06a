"""`pluto migrate`: imports runs from other trackers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pluto.cli.import_options import PATH, import_options, import_runs
from pluto.cli.migrate_wandb import wandb


@click.group()
def migrate() -> None:
    """Import runs from the files of another tracker.

    Runs go where runs of a script would go: to the server that --url, --host or the environment
    name, or a stored key is for, else to .pluto in this directory. Each is known by its id in its
    source, so that a second import takes only what is new.

    The exit code is 0 when everything is imported, 1 when a run is not, 2 when the path or an
    option is wrong.

    Example: `pluto migrate tensorboard logs --project mnist`
    """


@migrate.command()
@import_options
@click.pass_context
def tensorboard(context: click.Context, /, path: Path, **options: Any) -> None:
    """Import event files of TensorBoard.

    Each directory with some at or below PATH is a run. TensorBoard itself is not needed.
    """
    from pluto.migrate import tensorboard as source

    context.exit(import_runs(lambda: source.runs(path, options["project"]), **options))


@migrate.command()
@click.option("--step", metavar="COLUMN", help="Column of the step; else step, epoch, ...")
@click.option("--time", metavar="COLUMN", help="Column of the time; else timestamp, time, ...")
@import_options
@click.pass_context
def csv(
    context: click.Context, /, path: Path, step: str | None, time: str | None, **options: Any
) -> None:
    """Import files *.csv, *.jsonl and *.ndjson.

    Each file at or below PATH is a run.
    """
    from pluto.migrate import tables

    context.exit(import_runs(lambda: tables.runs(path, options["project"], step, time), **options))


@migrate.command()
@import_options
@click.pass_context
def mlflow(context: click.Context, /, path: Path, **options: Any) -> None:
    """Import runs of MLflow, with their artifacts.

    PATH is a directory mlruns or a SQLite database.
    """
    from pluto.migrate import mlflow as source

    context.exit(import_runs(lambda: source.runs(path, options["project"]), **options))


@migrate.command()
@import_options
@click.pass_context
def trackio(context: click.Context, /, path: Path, **options: Any) -> None:
    """Import databases of Trackio: PROJECT.db, or their directory."""
    from pluto.migrate import trackio as source

    context.exit(import_runs(lambda: source.runs(path, options["project"]), **options))


@migrate.command()
@click.option("--files", type=PATH, help="The exporter's --files-path; else files beside PATH.")
@import_options
@click.pass_context
def neptune(context: click.Context, /, path: Path, files: Path | None, **options: Any) -> None:
    """Import what neptune-exporter has written.

    PATH is its --data-path. Needs pyarrow.
    """
    from pluto.migrate import neptune as source

    context.exit(import_runs(lambda: source.runs(path, options["project"], files), **options))


migrate.add_command(wandb)
