"""A way to a server that is slow for the bytes of files."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

PIECE = 64 << 10


class SlowUplink:
    """Passes connections on; those that PUT wait after each piece until `hurry` is set.

    Attributes:
        url: where to connect to.
        putting: set when a PUT has begun.
        hurry: set it to end the slowness.
    """

    def __init__(self, server_url: str) -> None:
        parts = urlsplit(server_url)
        self._server = parts.hostname or "", parts.port or 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.putting = threading.Event()
        self.hurry = threading.Event()
        self._sockets = [self._listener]
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def close(self) -> None:
        self.hurry.set()
        for each in list(self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()

    def _begin(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                self._sockets += client, server
                self._begin(self._pump, client, server)
                self._begin(self._pump, server, client)

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        is_file = False
        with suppress(OSError):
            while piece := source.recv(PIECE):
                is_file = is_file or piece.startswith(b"PUT ")
                if is_file and not self.hurry.is_set():
                    self.putting.set()
                    time.sleep(0.05)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


@contextmanager
def slow_uplink(server_url: str) -> Iterator[SlowUplink]:
    uplink = SlowUplink(server_url)
    try:
        yield uplink
    finally:
        uplink.close()
