"""`pluto server`: takes runs over the wire, keeps them, shows them; and its keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pluto.cli.sources import json_option
from pluto.cli.tables import show_table, words_of_time
from pluto.wording import counted

if TYPE_CHECKING:  # imported by the commands: `pluto --help` needs no server
    from pluto.server.keys import Keys
    from pluto.server.serve import Started
    from pluto.server.settings import ServerSettings

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default="~/.pluto/server",
    show_default=True,
    help="Directory in which runs and keys are kept.",
)
# On the commands below `key` too, where people look for it.
own_data_option = click.option(
    "--data",
    "own_data",
    type=click.Path(file_okay=False, path_type=Path),
    help="The server's directory.  [default: ~/.pluto/server]",
)
auth_option = click.option(
    "--auth",
    type=click.Choice(["token", "off"]),
    default="token",
    show_default=True,
    help="Ask for a key, or let everybody on this machine in.",
)


@click.group(invoke_without_command=True)
@data_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=3000, show_default=True, help="0 = any free."
)
@click.option(
    "--compat-ports",
    is_flag=True,
    help='Listen on 3000, 3001, 3003 and 3004 too, for clients with host="localhost".',
)
@auth_option
@click.option("--tls", is_flag=True, help="Speak HTTPS, with a certificate made for this machine.")
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="Another name under which the server is reached; may be repeated.",
)
@click.pass_context
def server(context: click.Context, /, data: Path, **options: Any) -> None:
    """Take runs from clients, keep and show them.

    Dashboard and API share one port; what is kept lies below --data. Ctrl-C stops it.

    Example, for a team: `pluto server --host 0.0.0.0 --allow-host gpu7`
    """
    context.obj = data.expanduser()
    if context.invoked_subcommand is None:
        from pluto.server.serve import serve

        serve(_settings(context.obj, **options), _announce)


@server.command("backup")
@own_data_option
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def back_up(data: Path, own_data: Path | None, target: Path) -> None:
    """Copy all runs and keys to TARGET.

    The server may run meanwhile. Once more into the same directory copies what has changed since.
    To restore, start a server with --data TARGET, or with a copy of it.
    """
    from pluto.server.sqlite.backup import backup

    report = backup((own_data or data).expanduser(), target)
    for problem in report.problems:
        click.echo(f"pluto: {problem}", err=True)
    click.echo(f"{counted(report.runs, 'run')} in {target}, {report.changed:,} of them copied now")
    if report.problems:
        raise SystemExit(1)


@server.group()
def key() -> None:
    """Make, list and revoke API keys.

    A running server knows of changes at once.
    """


@key.command("create")
@own_data_option
@click.argument("name")
@click.option("--days", type=click.FloatRange(min=0), help="Lifetime; unlimited by default.")
@click.pass_obj
def create_key(data: Path, own_data: Path | None, name: str, days: float | None) -> None:
    """Make a key called NAME and print it, once."""
    with _keys(own_data or data) as keys:
        click.echo(keys.create(name, days))


@key.command("list")
@own_data_option
@json_option
@click.pass_obj
def list_keys(data: Path, own_data: Path | None, as_json: bool) -> None:
    """List the keys: name, first and last letters, begin and end, state."""
    with _keys(own_data or data) as keys:
        rows = keys.list()
    if as_json:
        click.echo(json.dumps([{**asdict(row), "state": row.state} for row in rows]))
    elif rows:
        begin_and_end = [
            [words_of_time(time) if time else "" for time in (row.created_at, row.expires_at)]
            for row in rows
        ]
        show_table(
            ["NAME", "KEY", "MADE", "ENDS", "STATE"],
            [
                [row.name, row.hint, *times, row.state]
                for row, times in zip(rows, begin_and_end, strict=True)
            ],
        )
    else:
        click.echo("no key yet: make one with 'pluto server key create NAME'", err=True)


@key.command("revoke")
@own_data_option
@click.argument("name")
@click.pass_obj
def revoke_key(data: Path, own_data: Path | None, name: str) -> None:
    """Refuse the key called NAME from now on."""
    with _keys(own_data or data) as keys:
        keys.revoke(name)
    click.echo(f"revoked {name}")


@contextmanager
def _keys(data: Path) -> Iterator[Keys]:
    from pluto.errors import UsageError
    from pluto.server.keys import Keys
    from pluto.server.sqlite import open_keys

    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{data} cannot be written: {error.strerror}") from error
    with open_keys(data) as table:
        yield Keys(table, None)


def _settings(
    data: Path, *, compat_ports: bool, port: int, host: str, **rest: Any
) -> ServerSettings:
    from pluto.server.ports import free_port
    from pluto.server.settings import COMPAT_PORTS, ServerSettings

    port = port or free_port(host, range(0))
    extra = tuple(each for each in COMPAT_PORTS if each != port) if compat_ports else ()
    return ServerSettings(root=data, host=host, port=port, extra_ports=extra, **rest)


def _announce(started: Started) -> None:
    click.echo(f"pluto: dashboard  {started.link}")
    click.echo(f"pluto: send runs  PLUTO_URL={started.url}")
    if started.certificate:
        click.echo(f"pluto: trust it   export SSL_CERT_FILE={started.certificate}")
    click.echo("pluto: Ctrl-C stops the server")
