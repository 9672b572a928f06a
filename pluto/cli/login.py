"""`pluto login`, `pluto logout`, `pluto whoami`: the API key of this user."""

from __future__ import annotations

import sys

import click

from pluto import auth
from pluto.cli.options import chosen_settings, server_options
from pluto.sets import destination


@click.command()
@click.argument("key", required=False)
@server_options
@click.pass_context
def login(context: click.Context, key: str | None, url: str | None, host: str | None) -> None:
    """Check an API KEY and store it; without KEY it is asked for.

    '-' reads the key from standard input, where no other user of the machine can see it.
    """
    if key == "-":
        key = sys.stdin.readline().strip()
    settings = chosen_settings(url, host, _auth=key)
    context.exit(0 if auth.login(settings, retry=settings.api_key is None) else 1)


@click.command()
@server_options
def logout(url: str | None, host: str | None) -> None:
    """Forget the stored key; having none is no error."""
    auth.logout(chosen_settings(url, host))


@click.command()
@server_options
@click.pass_context
def whoami(context: click.Context, url: str | None, host: str | None) -> None:
    """Show which server runs go to, and as whom."""
    settings = chosen_settings(url, host)
    where = destination(settings, auth.stored_key)
    if where is None:
        click.echo("runs stay on this machine: no server is set and no key is stored")
        context.exit(1)
    source = "the key given" if settings.api_key else "the stored key"
    context.exit(0 if auth.check(where.urls, where.key, settings, source) else 1)
