"""Raw ASGI requests and answers, for the routes that must be fast or that stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final

import msgspec
from starlette.types import Message, Receive, Scope, Send

Headers = Iterable[tuple[bytes, bytes]]
JSON_TYPE = b"application/json"
TEXT_TYPE = b"text/plain; charset=utf-8"
IDLE_SECONDS: Final = 60.0
"""Without a byte of a body that has begun: then the client counts as gone."""
MAX_DRAINED_BYTES: Final = 64 << 20


class BodyTooLarge(Exception):
    """A request body that is not read to its end; the application answers it with 413."""


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

    def __init__(self, receive: Receive, idle_seconds: float = IDLE_SECONDS) -> None:
        self._receive = receive
        self._idle_seconds = idle_seconds
        self._ended = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give what has not been read yet.

        Raises:
            ConnectionError: the client went away before the end, or stopped sending.
        """
        while not self._ended:
            message = await self.next_message()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the client went away before the end of the request body")
            body = message.get("body", b"")
            if body:
                yield body

    async def drain(self) -> None:
        """Read what is left, up to a limit, so that the client gets to see the answer."""
        left = MAX_DRAINED_BYTES
        try:
            async for piece in self.pieces():
                left -= len(piece)
                if left < 0:
                    return
        except ConnectionError:
            return  # nobody is left to read the answer

    async def next_message(self) -> Message:
        """Return the next ASGI message; once the body has ended, however long that takes.

        Raises:
            ConnectionError: the client stopped in the middle of the body.
        """
        if self._ended:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._idle_seconds)
        except asyncio.TimeoutError:
            self._ended = True
            raise ConnectionError(
                f"no byte of the request body came for {self._idle_seconds:g} s"
            ) from None
        self._ended = not message.get("more_body", False)
        return message


def limited(receive: Receive, most: int) -> Receive:
    """Return `receive` for a request whose body may have `most` bytes.

    It raises `BodyTooLarge` beyond that, and `ConnectionError` where the client stops sending.
    """
    body = RequestBody(receive)
    left = most

    async def receive_some() -> Message:
        nonlocal left
        message = await body.next_message()
        left -= len(message.get("body", b""))
        if left < 0:
            raise BodyTooLarge(f"the body of this request may have {most:,} bytes")
        return message

    return receive_some


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
