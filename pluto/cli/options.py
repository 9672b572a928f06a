"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pluto.sets import Settings, setup

Command = TypeVar("Command", bound=Callable[..., Any])


def with_options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make one decorator of several options, which `--help` names in this order."""

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def server_options(command: Command) -> Command:
    """Add `--url` and `--host`, which name the server instead of the environment."""
    url = click.option("--url", metavar="URL", help="URL of the server.")
    host = click.option(
        "--host", metavar="HOST", help="Server by name: gpu7, gpu7:3000; 'local' = the one here."
    )
    return url(host(command))


def chosen_settings(url: str | None, host: str | None, **more: Any) -> Settings:
    """Return the settings of this command: its options over the environment."""
    return setup(url=url, host=host, **more)
