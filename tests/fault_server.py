"""Servers that misbehave in one chosen way, on loopback, made of raw sockets.

Example:
    >>> with fault_server("silent") as url:
    ...     client.get(url)  # connects, and then waits for an answer that never comes

`RawServer` takes any function of a connection, for tests that script the answers themselves.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

Fault = Literal[
    "refused",  # nothing listens: connecting fails at once
    "black_hole",  # connecting never succeeds: the kernel drops the packets
    "silent",  # takes the connection and never says a word
    "500",  # answers every request with 500
    "401",  # answers every request with 401
    "slow",  # answers 200, ten seconds late
    "drip",  # answers one byte a second, for ever
    "reset",  # reads the head and a little of the body, then resets the connection
    "reset_after",  # reads the whole request, then resets instead of answering
    "html",  # answers 200 with a page, as a captive portal does
]
UNREACHED: Final[tuple[Fault, ...]] = tuple(each for each in get_args(Fault) if each != "401")
"""With these no server answers that a client could believe."""


@dataclass(frozen=True)
class Request:
    """One request as it came over the socket; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Connection:
    """One accepted connection and the flag that tells its function to end."""

    socket: socket.socket
    closing: threading.Event
    buffer: bytes = b""

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the client closed the connection")
        self.buffer += data

    def head(self) -> Request:
        """Read as far as the blank line; the body stays unread."""
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        pairs = (line.split(":", 1) for line in lines)
        return Request(method, path, {n.strip().lower(): v.strip() for n, v in pairs}, b"")

    def request(self) -> Request:
        """Read a whole request, its body by Content-Length or in chunks."""
        head = self.head()
        if head.headers.get("transfer-encoding") == "chunked":
            body = self._chunks()
        else:
            body = self._take(int(head.headers.get("content-length", "0")))
        return Request(head.method, head.path, head.headers, body)

    def _take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self._more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def _chunks(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self.buffer:
                self._more()
            size, self.buffer = self.buffer.split(b"\r\n", 1)
            part = self._take(int(size, 16) + 2)[:-2]
            if not part:
                return body
            body += part

    def answer(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        """Send a response; `retry_after="3"` becomes the header `retry-after: 3`."""
        fields = {"content-type": "application/json", "content-length": str(len(body))}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.socket.sendall(f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode("latin-1") + body)

    def reset(self) -> None:
        """Close so that the client sees a reset instead of an orderly end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@dataclass
class RawServer:
    """A loopback TCP server that hands each connection to one function, on its own thread."""

    behave: Callable[[Connection], None]
    connections: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._live: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                accepted, _ = self._listener.accept()
            except TimeoutError:
                continue
            accepted.settimeout(None)
            self.connections += 1
            self._live.append(accepted)
            thread = threading.Thread(target=self._serve, args=(accepted,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, accepted: socket.socket) -> None:
        # A client may go away at any moment; that is no failure of the test's server.
        with accepted, suppress(OSError):
            self.behave(Connection(accepted, self.closing))

    def close(self) -> None:
        """End every connection and thread."""
        self.closing.set()
        for live in self._live:
            with suppress(OSError):  # already closed by the peer
                live.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()


def _always(status: int, body: bytes, **headers: str) -> Callable[[Connection], None]:
    def behave(connection: Connection) -> None:
        while True:
            connection.request()
            connection.answer(status, body, **headers)

    return behave


def _silent(connection: Connection) -> None:
    connection.closing.wait()


def _slow(connection: Connection) -> None:
    while True:
        connection.request()
        if connection.closing.wait(10):
            return
        connection.answer(200)


def _drip(connection: Connection) -> None:
    connection.request()
    connection.socket.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while not connection.closing.wait(1):
        connection.socket.sendall(b" ")


def _reset(connection: Connection) -> None:
    connection.head()
    connection.reset()


def _reset_after(connection: Connection) -> None:
    connection.request()
    connection.reset()


_UNAUTHORIZED = b'{"error":"Unauthorized","message":"API key has expired"}'
_BEHAVIOURS: dict[str, Callable[[Connection], None]] = {
    "silent": _silent,
    "500": _always(500, b'{"error":"Internal Server Error"}'),
    "401": _always(401, _UNAUTHORIZED),
    "slow": _slow,
    "drip": _drip,
    "reset": _reset,
    "reset_after": _reset_after,
    "html": _always(200, b"<html>Please sign in</html>", content_type="text/html"),
}


@contextmanager
def _refused() -> Iterator[str]:
    with socket.socket() as bound:  # bound but not listening: the port is ours and closed
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextmanager
def _black_hole() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:  # a full accept queue makes Linux drop further SYN packets
            filler.setblocking(False)
            filler.connect_ex(address)
        try:
            yield f"http://127.0.0.1:{address[1]}"
        finally:
            for filler in fillers:
                filler.close()


@contextmanager
def fault_server(fault: Fault) -> Iterator[str]:
    """Serve one kind of trouble; yields the URL to point a client at."""
    if fault == "refused":
        with _refused() as url:
            yield url
    elif fault == "black_hole":
        with _black_hole() as url:
            yield url
    else:
        server = RawServer(_BEHAVIOURS[fault])
        try:
            yield server.url
        finally:
            server.close()


@contextmanager
def raw_server(behave: Callable[[Connection], None]) -> Iterator[RawServer]:
    """Serve connections with a function of the test's own."""
    server = RawServer(behave)
    try:
        yield server
    finally:
        server.close()
