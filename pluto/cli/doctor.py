"""`pluto doctor`: tells what would keep a run from working here."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import click

import pluto
from pluto import auth
from pluto.cli.options import chosen_settings, server_options
from pluto.errors import PlutoError
from pluto.sets import Settings, destination

LOW_SPACE: Final = 1 << 30


class Finding(NamedTuple):
    """One line of the report."""

    good: bool
    text: str


def _installation(_settings: Settings) -> Finding:
    python = platform.python_version()
    return Finding(True, f"pluto {pluto.__version__} on Python {python}, {platform.platform()}")


def _directory(settings: Settings) -> Finding:
    place = Path(settings.dir)
    try:
        with tempfile.TemporaryFile(dir=place):
            free = shutil.disk_usage(place).free
    except OSError as error:
        fix = "set PLUTO_DIR or pass init(dir=...)"
        return Finding(False, f"runs cannot be written to {place} ({error.strerror}): {fix}")
    text = f"runs are written to {place / '.pluto'}, {free / (1 << 30):,.1f} GiB free"
    return Finding(free > LOW_SPACE, text)


def _server(settings: Settings) -> Finding:
    where = destination(settings, auth.stored_key)
    if where is None:
        return Finding(True, "runs stay on this machine: look at them with 'pluto ui'")
    from pluto.iface import ServerInterface

    interface = ServerInterface(where.urls, where.key, settings)
    try:
        organization = interface.organization()
    except PlutoError as error:
        return Finding(False, f"runs go to {where.urls.app}, but: {error}")
    finally:
        interface.close()
    return Finding(True, f"runs go to {where.urls.app} as {organization}")


CHECKS: Final[tuple[Callable[[Settings], Finding], ...]] = (_installation, _directory, _server)


@click.command()
@server_options
@click.pass_context
def doctor(context: click.Context, url: str | None, host: str | None) -> None:
    """Check this installation: where runs are written and where they go."""
    settings = chosen_settings(url, host)
    findings = [check(settings) for check in CHECKS]
    for finding in findings:
        click.echo(f"{'ok     ' if finding.good else 'PROBLEM'} {finding.text}")
    context.exit(0 if all(finding.good for finding in findings) else 1)
