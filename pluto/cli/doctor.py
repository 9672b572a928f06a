"""`pluto doctor`: tells what would keep a run from working here, and how to mend it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import click

from pluto.cli.machine_checks import Finding, directory, gpus, installation, runs
from pluto.cli.options import chosen_settings, server_options
from pluto.cli.server_checks import server
from pluto.cli.sources import json_option
from pluto.sets import Settings

CHECKS: Final[tuple[Callable[[Settings], list[Finding]], ...]] = (
    installation,
    directory,
    gpus,
    server,
    runs,
)


@click.command()
@server_options
@json_option
@click.pass_context
def doctor(context: click.Context, url: str | None, host: str | None, as_json: bool) -> None:
    """Check this installation and what it is connected to.

    It says where runs are written, where they go, and which wait to be sent. The exit code is 1 if
    there is a problem; each one says its fix.
    """
    settings = chosen_settings(url, host)
    findings = [finding for check in CHECKS for finding in check(settings)]
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in findings]))
    else:
        for finding in findings:
            fix = f": {finding.fix}" if finding.fix else ""
            click.echo(f"{'ok     ' if finding.good else 'PROBLEM'} {finding.text}{fix}")
    context.exit(0 if all(finding.good for finding in findings) else 1)
