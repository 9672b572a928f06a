"""`pluto login`, `pluto logout`, `pluto whoami`: the API key of this user."""

from __future__ import annotations

import json
import sys

import click

from pluto import auth
from pluto.cli.options import chosen_settings, server_options
from pluto.cli.sources import json_option
from pluto.errors import PlutoError
from pluto.sets import Destination, Settings, destination


@click.command()
@click.argument("key", required=False)
@server_options
@click.pass_context
def login(context: click.Context, key: str | None, url: str | None, host: str | None) -> None:
    """Check an API key and store it.

    Without KEY it is asked for. '-' reads the key from standard input, where no other user of
    the machine can see it.
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
@json_option
@click.pass_context
def whoami(context: click.Context, url: str | None, host: str | None, as_json: bool) -> None:
    """Show which server runs go to, and as whom."""
    settings = chosen_settings(url, host)
    where = destination(settings, auth.stored_key)
    source = "the key given" if settings.api_key else "the stored key"
    if as_json:
        told = _told(where, source, settings)
        click.echo(json.dumps(told))
        context.exit(0 if told["organization"] is not None else 1)
    if where is None:
        click.echo("runs stay on this machine: no server is set and no key is stored")
        context.exit(1)
    context.exit(0 if auth.check(where.urls, where.key, settings, source) else 1)


def _told(where: Destination | None, source: str, settings: Settings) -> dict[str, str | None]:
    told: dict[str, str | None] = {"server": None, "key": None, "organization": None}
    if where is None:
        return {**told, "problem": "no server is set and no key is stored"}
    told |= {"server": where.urls.api, "key": source, "problem": None}
    try:
        told["organization"] = auth.organization_of(where.urls, where.key, settings)
    except PlutoError as error:
        told["problem"] = str(error)
    return told
