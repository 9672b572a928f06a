"""Options of commands that read runs: from this disk, or from a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pluto.cli.options import server_options

if TYPE_CHECKING:  # imported when runs are read: `pluto --help` needs neither httpx nor a server
    from pluto.query import Client

Command = TypeVar("Command", bound=Callable[..., Any])

project_option = click.option("--project", metavar="NAME", help="Look in this project only.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
dir_option = click.option(
    "--dir",
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Read the runs below this directory; default: PLUTO_DIR or this one.",
)


def source_options(command: Command) -> Command:
    """Add `--dir`, `--server`, `--url` and `--host`, which say where runs are read."""
    server = click.option(
        "--server", is_flag=True, help="Read from the server that runs are sent to."
    )
    return dir_option(server(server_options(command)))


def open_client(directory: Path | None, server: bool, url: str | None, host: str | None) -> Client:
    """Return the client for what `source_options` gave: this disk, unless a server is named.

    Raises:
        QueryError: a server is asked for, and none is known.
    """
    from pluto.query import Client
    from pluto.sets import setup

    if directory is not None and (server or url or host):
        raise click.UsageError("--dir reads this disk, --server, --url and --host a server")
    if server or url or host:
        return Client(host=url or host)
    return Client(dir=directory or setup().dir)
