"""`pluto sync`: sends what earlier runs left behind."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from pluto.addresses import HOSTED, ServerUrls, resolve
from pluto.auth import stored_key
from pluto.cli.options import chosen_settings, server_options
from pluto.iface import ServerInterface
from pluto.old_store import NAME as OLD_STORE
from pluto.record import RunInfo
from pluto.sets import Settings
from pluto.sink import Sink
from pluto.storage import is_run_directory
from pluto.sync import RunReport, SyncReport, sync_directory
from pluto.wording import counted

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("directory", type=FOLDER, required=False, metavar="[DIR]")
@click.option("--dir", "folder", type=FOLDER, help="The same as DIR.")
@click.option(
    "--path",
    type=click.Path(path_type=Path),
    help="One run: its directory, run.db or sync.db.",
)
@click.option("--local", is_flag=True, help="Send runs too that were meant to stay here.")
@click.option("--background", is_flag=True, help="Go on in a process of its own.")
@click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    help="Seconds between two looks of --watch.",
)
@click.option("--timeout", type=click.FloatRange(min=0), help="Seconds for all runs of a look.")
@click.option("--verbose", is_flag=True, help="Name the runs too that have nothing to send.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@server_options
@click.pass_context
def sync(
    context: click.Context,
    /,
    directory: Path | None,
    folder: Path | None,
    path: Path | None,
    **options: object,
) -> None:
    """Send what the runs below DIR have not delivered.

    Every row arrives once, at the server that --url, --host or the environment name, else at the
    one that each run was meant for. The exit code is 0 when nothing is left. With --watch, runs
    that end meanwhile are sent too, and what is new is told.

    Example: `pluto sync runs --local --url http://gpu7:3000`
    """
    root = _one_run(path) if path else directory or folder or Path.cwd()
    if options.pop("background"):
        _in_background(root, options)
        return
    context.exit(_run(root, **options))  # type: ignore[arg-type]


def _run(
    root: Path,
    *,
    watch: bool,
    every: float,
    local: bool,
    timeout: float | None,
    verbose: bool,
    as_json: bool,
    **server: str | None,
) -> int:
    choose = sink_chooser(chosen_settings(server["url"], server["host"]))
    news = _News()

    def show(run: RunReport) -> None:
        if not as_json and (verbose or not run.skipped):
            news.tell(run.directory, f"pluto: {run.name}: {in_words(run)}")

    def look() -> int:
        outcome = sync_directory(root, choose, include_local=local, timeout=timeout, report=show)
        told = json.dumps(_as_json(outcome)) if as_json else f"pluto: {_summary(outcome, root)}"
        news.tell(root, told)
        return 0 if outcome.left == 0 else 1

    code = look()
    while watch:
        try:
            time.sleep(every)
        except KeyboardInterrupt:
            break
        code = look()
    return code


class _News:
    """Prints texts; one about a thing that was said of it last is not said again."""

    def __init__(self) -> None:
        self._said: dict[Path, str] = {}

    def tell(self, about: Path, text: str) -> None:
        if self._said.get(about) != text:
            self._said[about] = text
            click.echo(text)
            sys.stdout.flush()  # a watch is read while it goes on


def sink_chooser(
    settings: Settings,
) -> Callable[[RunInfo, dict[str, str] | None], tuple[Sink, str] | None]:
    """Return the function that gives a run its server.

    A server that the user names now goes first, then the one that the run was meant for, then the
    hosted one if there is a key for it.
    """
    named = resolve(settings.given.addresses)

    def choose(_run: RunInfo, meant: dict[str, str] | None) -> tuple[Sink, str] | None:
        urls = named or (ServerUrls(**meant) if meant else HOSTED)
        keys = (settings.api_key, stored_key(urls.api))
        # A key in the environment belongs to the server named there, a stored one to its server.
        key = next(filter(None, keys if named else reversed(keys)), "")
        if urls == HOSTED and not key:
            return None
        return ServerInterface(urls, key, settings), urls.api

    return choose


def _one_run(path: Path) -> Path:
    directory = path.parent if path.name in ("run.db", OLD_STORE) else path
    if not (is_run_directory(directory) or (directory / OLD_STORE).is_file()):
        raise click.ClickException(
            f"{path} is no run: name a run's directory, its run.db, or a sync.db"
        )
    return directory


def _in_background(root: Path, options: dict[str, object]) -> None:
    command = [sys.executable, "-m", "pluto", "sync", str(root)]
    flags = {"local": "--local", "verbose": "--verbose", "watch": "--watch"}
    command += [flag for name, flag in flags.items() if options[name]]
    values = {"every": "--every", "timeout": "--timeout", "url": "--url", "host": "--host"}
    for name, option in values.items():
        if options[name] is not None:
            command += [option, str(options[name])]
    subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    click.echo("Started 1 background sync process(es).")


def in_words(run: RunReport) -> str:
    """Return what became of a run."""
    if run.receipt is None:
        return f"not sent: {run.problem}" if run.problem else "nothing to send"
    return f"{run.receipt} ({run.problem})" if run.problem else str(run.receipt)


def _summary(outcome: SyncReport, root: Path) -> str:
    if not outcome.runs:
        return f"no runs found below {root}"
    if not outcome.left:
        return "nothing is left to send"
    kept = sum(run.receipt.kept for run in outcome.runs if run.receipt)
    if kept:
        return f"{counted(kept, 'row')} left: run 'pluto sync' again later"
    return "a run could not be sent: see above"


def _as_json(outcome: SyncReport) -> dict[str, object]:
    runs = [
        {
            "directory": str(run.directory),
            "name": run.name,
            "delivered": run.receipt.delivered if run.receipt else 0,
            "rejected": run.receipt.rejected if run.receipt else 0,
            "kept": run.receipt.kept if run.receipt else 0,
            "skipped": run.skipped,
            "problem": run.problem,
        }
        for run in outcome.runs
    ]
    return {"left": outcome.left, "sent": outcome.sent, "runs": runs}
