"""A `pluto server` of its own for a benchmark, and how to ask it without an HTTP library's cost."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psutil
from harness.processes import environment

START_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Server:
    """A server that answers: its address, a key that it takes, and its process."""

    address: str
    key: str
    process: psutil.Process

    def connection(self) -> Connection:
        """Return a connection that stays open."""
        return Connection(self)


class Connection:
    """One keep-alive connection; for one thread."""

    def __init__(self, server: Server) -> None:
        self._http = http.client.HTTPConnection(server.address, timeout=120)
        self._headers = {"Authorization": f"Bearer {server.key}"}

    def get(self, path: str) -> bytes:
        """Return the body of an answer."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: bytes | dict[str, Any], **headers: str) -> bytes:
        """Post bytes, or a value as JSON, and return the body of the answer."""
        if isinstance(body, dict):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        return self._ask("POST", path, body, {k.replace("_", "-"): v for k, v in headers.items()})

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        self._http.request(method, path, body, self._headers | headers)
        answer = self._http.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
        return content


@contextmanager
def running_server(home: Path, data: Path) -> Iterator[Server]:
    """Run `pluto server` over a data directory until the end of the block."""
    command = [sys.executable, "-m", "pluto", "server", "--data", str(data), "--port", "0"]
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment(home), stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while "Ctrl-C" not in log.read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text()[-2000:])
            time.sleep(0.05)
        entry = json.loads((home / ".pluto" / "server.json").read_bytes())
        address = urlsplit(entry["url"]).netloc
        yield Server(address, entry["token"], psutil.Process(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def disk_bytes(data: Path) -> int:
    """Return the size of all run files below a data directory."""
    return sum(path.stat().st_size for path in data.glob("runs/*/*/run.db*"))
