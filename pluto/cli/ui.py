"""`pluto ui`: shows the runs that lie on this disk."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from pluto.cli.server import auth_option

if TYPE_CHECKING:  # imported by the command: `pluto --help` needs no server
    from pluto.server.serve import Started

STOP_SECONDS: Final = 5.0


@click.command()
@click.argument(
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    metavar="[DIR]",
)
@click.option("--port", type=click.IntRange(0, 65535), help="Default: a free one, 3000 if it is.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@auth_option
def ui(directory: Path, port: int | None, no_browser: bool, auth: str) -> None:
    """Open the dashboard over the runs below DIR.

    It shows those being written too, and saves meanwhile what killed processes left in their
    journals. On a machine that is reached over SSH no browser is opened; the tunnel to your own is
    printed.
    """
    from pluto.cli.recovery import Recovery
    from pluto.server.ports import free_port
    from pluto.server.serve import serve
    from pluto.server.settings import ServerSettings

    preferred = range(3000, 3100) if port is None else range(0)
    port = port or free_port("127.0.0.1", preferred)
    settings = ServerSettings(
        root=directory.resolve(),
        mode="ui",
        auth="off" if auth == "off" else "token",
        port=port,
    )

    def announce(started: Started) -> None:
        for problem in started.problems:
            click.echo(f"pluto: {problem}", err=True)
        click.echo(f"pluto: {started.link}")
        if tunnel := _tunnel(port):
            click.echo(f"pluto: to open it on your own machine, run there first: {tunnel}")
        elif not no_browser:
            click.launch(started.link)
        click.echo("pluto: Ctrl-C stops it")

    recovery = Recovery(settings.root)
    recovery.start()
    try:
        serve(settings, announce)
    finally:
        recovery.stop(time.monotonic() + STOP_SECONDS)


def _tunnel(port: int) -> str | None:
    """Return the command that makes the address work where the person sits, if elsewhere."""
    has_screen = "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    if "SSH_CONNECTION" not in os.environ or has_screen:
        return None
    login = f"{os.environ['USER']}@" if os.environ.get("USER") else ""
    return f"ssh -N -L {port}:127.0.0.1:{port} {login}{socket.gethostname()}"
