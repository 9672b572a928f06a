"""Raw ASGI requests and answers, for the routes that must be fast or that stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

Headers = Iterable[tuple[bytes, bytes]]
JSON_TYPE = b"application/json"
TEXT_TYPE = b"text/plain; charset=utf-8"


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return the value of a request header (`name` in lower case), or None."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


def text_header(scope: Scope, name: bytes) -> str:
    """Return a request header as text, "" where it is missing."""
    return (header(scope, name) or b"").decode("latin-1")


def cookies(scope: Scope) -> Mapping[str, str]:
    """Return the cookies of a request."""
    pairs = (part.partition("=") for part in text_header(scope, b"cookie").split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def local_port(scope: Scope) -> int:
    """Return the port by which the request came, 0 where it is unknown."""
    server = scope.get("server")
    return int(server[1]) if server and server[1] else 0


class RequestBody:
    """The body of one request, read piece by piece.

    Example:
        >>> async for piece in RequestBody(receive).pieces():
        ...     print(len(piece))
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give what has not been read yet.

        Raises:
            ConnectionError: the client went away before the end.
        """
        while not self._ended:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._ended = True
                raise ConnectionError("the client went away before the end of the request body")
            self._ended = not message.get("more_body", False)
            body = message.get("body", b"")
            if body:
                yield body

    async def drain(self) -> None:
        """Read what is left, so that the client gets to see the answer."""
        try:
            async for _ in self.pieces():
                pass
        except ConnectionError:
            return  # nobody is left to read the answer


async def answer(
    send: Send,
    status: int,
    body: bytes,
    content_type: bytes = TEXT_TYPE,
    headers: Headers = (),
) -> None:
    """Send a whole answer."""
    head = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def answer_json(send: Send, status: int, value: Any) -> None:
    """Send a JSON answer."""
    await answer(send, status, msgspec.json.encode(value), JSON_TYPE)
