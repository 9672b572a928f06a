"""The command `pluto`: finds the commands and turns errors into exit codes."""

from __future__ import annotations

import logging
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Final

import click

import pluto
from pluto.errors import PlutoError
from pluto.home import working_directory

COMMANDS: Final = {
    "login": "pluto.cli.login:login",
    "logout": "pluto.cli.login:logout",
    "whoami": "pluto.cli.login:whoami",
    "sync": "pluto.cli.sync:sync",
    "ui": "pluto.cli.ui:ui",
    "server": "pluto.cli.server:server",
    "runs": "pluto.cli.runs:runs",
    "query": "pluto.cli.query:query",
    "export": "pluto.cli.export:export",
    "clean": "pluto.cli.clean:clean",
    "migrate": "pluto.cli.migrate:migrate",
    "doctor": "pluto.cli.doctor:doctor",
}


_ELSEWHERE: Final = {  # what other tools call it
    "list": "runs list",
    "ls": "runs list",
    "show": "runs show",
    "rm": "runs rm",
    "delete": "runs rm",
    "dashboard": "ui",
    "start": "ui",
    "serve": "server",
    "status": "doctor",
    "verify": "doctor",
    "import": "migrate",
    "sql": "query",
    "gc": "clean",
    "prune": "clean",
    "upload": "sync",
}


class Commands(click.Group):
    """Imports a command's module only when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's interface
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command, or None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown word say what comes nearest to it."""
        name = args[0]
        if name in COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches

        near = [_ELSEWHERE.get(name, ""), *get_close_matches(name, COMMANDS, n=1)]
        meant = next(filter(None, near), "--help")
        raise click.UsageError(f"there is no command {name!r}; try 'pluto {meant}'", ctx)


@click.group(cls=Commands, invoke_without_command=True)
@click.version_option(pluto.__version__, "-v", "--version", message="%(version)s")
@click.option("-c", "--commit", is_flag=True, help="Show the commit of this installation and exit.")
@click.pass_context
def commands(context: click.Context, commit: bool) -> None:
    """Track experiments: look at runs, serve them, send what is left.

    Runs are recorded by scripts (`pluto.init`). To look at those of this directory: `pluto ui`
    """
    if commit:
        click.echo(installed_commit())
        context.exit(0)
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
        context.exit(1)


def run(arguments: list[str]) -> int:
    """Run a command line; return the exit code: 0 done, 1 not done, 2 not understood."""
    _show_messages()
    try:
        code = commands.main(arguments, prog_name="pluto", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("pluto: stopped", err=True)
        return 1
    except PlutoError as error:
        click.echo(f"pluto: {error}", err=True)
        return 1
    except FileNotFoundError:
        if working_directory():
            raise
        click.echo("pluto: the working directory was deleted: change to another one", err=True)
        return 1
    return code if isinstance(code, int) else 0


def installed_commit() -> str:
    """Return the git commit of a development installation, or `unknown`."""
    root = Path(pluto.__file__).parent.parent
    if not (root / ".git").exists():
        return "unknown"
    command = ["git", "-C", str(root), "describe", "--always", "--abbrev=40", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()


def _show_messages() -> None:
    """Let what the SDK logs appear on stderr as lines of this command."""
    logger = logging.getLogger("pluto")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("pluto: %(message)s"))
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
