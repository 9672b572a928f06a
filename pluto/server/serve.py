"""Runs a server until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from granian.constants import Interfaces
from granian.server.embed import Server as Listener

from pluto.errors import UsageError
from pluto.server.app import Server
from pluto.server.backend import Backend
from pluto.server.catalog import Catalog
from pluto.server.changes import RunChanges
from pluto.server.compaction import Compaction
from pluto.server.data_directory import DataDirectory, Secrets
from pluto.server.files import RunFiles
from pluto.server.keys import Keys, generate_key
from pluto.server.liveness import Liveness
from pluto.server.ports import check_ports, listen_address
from pluto.server.session import Sessions
from pluto.server.settings import ServerSettings
from pluto.server.signing import Signer
from pluto.server.sqlite import SqliteBackend
from pluto.server.state import ServerState
from pluto.server.tls import certificate
from pluto.server.token_file import TokenFile
from pluto.server.views import Views

logger = logging.getLogger("pluto")

_START_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 5.0
_SWITCH_SECONDS: Final = 0.0005
"""After which a thread that computes lets others in: a query gives the interpreter away a hundred
times (at each block that is read or inflated), and would wait so long each time beside ingest."""


@dataclass(frozen=True)
class Started:
    """What to tell the user once the server answers.

    Attributes:
        url: the dashboard.
        link: the dashboard, opening a session once; equals `url` with `auth="off"`.
        token: the key of this server.
        certificate: the file that clients must trust, with TLS.
        problems: a line for each file that looked like a run and is not readable.
    """

    url: str
    link: str
    token: str
    certificate: Path | None
    problems: list[str]


def serve(settings: ServerSettings, on_start: Callable[[Started], None]) -> None:
    """Serve until SIGINT or SIGTERM; what was accepted is on disk whatever happens.

    Raises:
        UsageError: these settings cannot be served; the message names the fix.
        StorageError: the index is damaged or foreign.
    """
    _check(settings)
    _allow_many_files()
    sys.setswitchinterval(_SWITCH_SECONDS)
    if settings.mode == "ui":
        _serve(settings, None, Secrets(generate_key(), b""), on_start)
        return
    directory = DataDirectory(settings.root)
    try:
        _serve(settings, directory, directory.secrets(), on_start)
    finally:
        directory.release()


def make_state(
    settings: ServerSettings, secrets: Secrets, backend: Backend | None = None
) -> ServerState:
    """Return the parts of a server; `state.catalog.close()` ends them.

    Args:
        settings: how the server is started.
        secrets: of its data directory.
        backend: where runs are kept; by default in `settings.root`, by the engine `sqlite`.
    """
    signer = Signer(secrets.signing or None)
    writable = settings.mode == "server"
    catalog = Catalog(
        backend or SqliteBackend(settings.root, writable=writable, kept=settings.cache)
    )
    changes = RunChanges(catalog)
    keys = Keys(catalog.backend.keys, secrets.token)
    return ServerState(
        settings=settings,
        catalog=catalog,
        views=Views(catalog.backend),
        changes=changes,
        files=RunFiles(catalog, signer),
        liveness=Liveness(catalog, changes),
        keys=keys,
        sessions=Sessions(signer, keys),
    )


def _check(settings: ServerSettings) -> None:
    if settings.auth == "off" and not settings.is_loopback:
        raise UsageError(
            f"--auth off is for this machine only: with --host {settings.host} anybody could"
            " read and write; leave it out and make keys with 'pluto server key create NAME'"
        )
    check_ports(settings.host, dict.fromkeys((settings.port, *settings.extra_ports)))


def _serve(
    settings: ServerSettings,
    directory: DataDirectory | None,
    secrets: Secrets,
    on_start: Callable[[Started], None],
) -> None:
    tls = certificate(settings.root, settings.host) if directory and settings.tls else None
    state = make_state(settings, secrets)
    token_file = TokenFile() if directory else None
    try:
        _refuse_keyless_network(settings, state.keys)
        asyncio.run(_run(state, secrets, tls, token_file, on_start))
    finally:
        if token_file:
            token_file.remove()
        state.catalog.close()


def _refuse_keyless_network(settings: ServerSettings, keys: Keys) -> None:
    if settings.is_loopback or any(row.state == "valid" for row in keys.list()):
        return
    raise UsageError(
        f"--host {settings.host} opens the server to the network, and it has no key yet:"
        " make one with 'pluto server key create NAME'"
    )


async def _run(
    state: ServerState,
    secrets: Secrets,
    tls: tuple[Path, Path] | None,
    token_file: TokenFile | None,
    on_start: Callable[[Started], None],
) -> None:
    settings = state.settings
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    app = Server(state)
    ports = dict.fromkeys((settings.port, *settings.extra_ports))
    listeners = [_listener(app, settings.host, port, tls) for port in ports]
    tasks = [loop.create_task(listener.serve()) for listener in listeners]
    if settings.mode == "server":
        tasks.append(loop.create_task(state.liveness.run()))
    try:
        await _wait_for_answers(settings, tasks)
        if token_file:
            token_file.write(settings.url, secrets.token)
        on_start(_started(state, secrets, tls))
        with Compaction(state.catalog, state.turns) if settings.mode == "server" else nullcontext():
            await stop.wait()
    finally:
        await _end(listeners, tasks)
        app.close()


def _listener(app: Server, host: str, port: int, tls: tuple[Path, Path] | None) -> Listener:
    return Listener(
        app,
        address=listen_address(host),
        port=port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_enabled=False,
        backlog=1024,
        ssl_cert=tls[0] if tls else None,
        ssl_key=tls[1] if tls else None,
    )


def _started(state: ServerState, secrets: Secrets, tls: tuple[Path, Path] | None) -> Started:
    settings = state.settings
    link = f"{settings.url}/"
    if settings.auth == "token":
        link += f"?t={state.sessions.one_time_code()}"
    return Started(
        url=settings.url,
        link=link,
        token=secrets.token,
        certificate=tls[0] if tls else None,
        problems=state.catalog.problems(),
    )


async def _wait_for_answers(settings: ServerSettings, tasks: list[asyncio.Task[None]]) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _START_SECONDS
    for port in (settings.port, *settings.extra_ports):
        while not await asyncio.to_thread(_connects, host, port):
            ended = next((task for task in tasks if task.done()), None)
            if ended:
                ended.result()
            if loop.time() > deadline:
                raise UsageError(f"the server does not answer on {host}:{port}; see the log above")
            await asyncio.sleep(0.02)


def _connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


async def _end(listeners: list[Listener], tasks: list[asyncio.Task[None]]) -> None:
    for listener in listeners:
        listener.stop()  # type: ignore[no-untyped-call]
    _, pending = await asyncio.wait(tasks[: len(listeners)], timeout=_STOP_SECONDS)
    for task in (*pending, *tasks[len(listeners) :]):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _allow_many_files() -> None:
    """Use as many descriptors as the system grants: each open run takes some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
