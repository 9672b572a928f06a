"""A real embedded server in a process of its own, for tests."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from pluto.server.settings import COMPAT_PORTS

START_SECONDS = 60.0
STOP_SECONDS = 20.0
_LINK = re.compile(r"https?://\S+")


@dataclass
class RunningServer:
    """A server that answers.

    Attributes:
        url: its one origin.
        key: an API key that it takes.
        data: its data directory (`pluto ui`: the directory that is looked at).
        link: the address that opens a browser session once.
    """

    url: str
    key: str
    data: Path
    link: str
    process: subprocess.Popen[str]
    output: list[str]

    def client(self, *, key: str | None = None, certificate: Path | None = None) -> httpx.Client:
        """Return an HTTP client with the server's key, or with `key` ("" for none).

        It trusts `certificate` alone, if one is given.
        """
        chosen = self.key if key is None else key
        headers = {"Authorization": f"Bearer {chosen}"} if chosen else {}
        trust = ssl.create_default_context(cafile=certificate) if certificate else True
        return httpx.Client(
            base_url=self.url, headers=headers, timeout=30, trust_env=False, verify=trust
        )

    def kill(self) -> None:
        """End it with SIGKILL, as an out-of-memory kill or a power button would."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def stop(self) -> int:
        """End it with SIGTERM; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@contextmanager
def running_server(
    data: Path, *options: str, command: str = "server", home: Path | None = None
) -> Iterator[RunningServer]:
    """Run `pluto server --data DATA` (or `pluto ui DATA`) on a free port.

    Args:
        data: the data directory; kept, so that a second server can go on with it.
        options: further options of the command line.
        command: `server` or `ui`.
        home: home directory, where the token file goes; default: that of the test.

    Example:
        >>> with running_server(tmp_path / "data") as server, server.client() as client:
        ...     client.post("/api/slug").json()
        {'organization': {'slug': 'local'}}
    """
    place = ["--data", str(data)] if command == "server" else [str(data), "--no-browser"]
    port = [] if "--port" in options else ["--port", "0"]
    environment = dict(os.environ) | ({"HOME": str(home)} if home else {})
    process = subprocess.Popen(
        [*pluto_command(command), *place, *port, *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        url, link, output = _wait(process)
        key = _token(environment) if command == "server" else ""
        server = RunningServer(url, key, data, link, process, output)
        yield server
        server.stop()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def fixed_ports() -> Iterator[None]:
    """Have the ports of `--compat-ports` alone; other tests that use this wait their turn.

    Skips the test where another program keeps one of them.
    """
    deadline = time.monotonic() + START_SECONDS
    with (Path(tempfile.gettempdir()) / "pluto-tests-fixed-ports.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        while taken := [port for port in COMPAT_PORTS if _is_answered(port)]:
            if time.monotonic() > deadline:
                pytest.skip(f"another program listens on {taken}")
            time.sleep(0.2)
        yield


def _is_answered(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def pluto_command(command: str) -> list[str]:
    """Return how to run a command of the terminal with this interpreter."""
    return [sys.executable, "-m", "pluto", command]


def _wait(process: subprocess.Popen[str]) -> tuple[str, str, list[str]]:
    """Return URL, one-time link and output so far, once the server says that it answers."""
    assert process.stdout is not None
    output: list[str] = []
    link = ""
    deadline = time.monotonic() + START_SECONDS
    for line in process.stdout:
        output.append(line.rstrip("\n"))
        found = _LINK.search(line)
        if found and not link:
            link = found[0]
        if "Ctrl-C" in line:
            return link.partition("/?")[0].rstrip("/"), link, output
        assert time.monotonic() < deadline, output
    raise AssertionError(f"the server ended with {process.wait()}: {output}")


def _token(environment: Mapping[str, str]) -> str:
    token_file = Path(environment["HOME"]) / ".pluto" / "server.json"
    return str(json.loads(token_file.read_text())["token"])
