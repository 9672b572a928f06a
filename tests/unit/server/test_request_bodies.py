"""Bodies of requests: read piece by piece, within limits of size and of patience."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message, Receive

from pluto.server.ingest import MAX_LINE_BYTES, _Lines
from pluto.server.ingest_errors import IngestError
from pluto.server.wire import BodyTooLarge, RequestBody, limited


def client(*pieces: bytes, then: str = "end") -> Receive:
    """A client that sends pieces, and then ends the body, goes away or falls silent."""
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    if then == "end":
        messages.append({"type": "http.request", "body": b"", "more_body": False})
    elif then == "leave":
        messages.append({"type": "http.disconnect"})
    waiting = iter(messages)

    async def receive() -> Message:
        for message in waiting:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    return receive


def read(body: RequestBody) -> bytes:
    async def join() -> bytes:
        return b"".join([piece async for piece in body.pieces()])

    return asyncio.run(join())


def test_pieces_are_joined_to_the_body() -> None:
    assert read(RequestBody(client(b"ab", b"", b"c"))) == b"abc"


@pytest.mark.parametrize(
    ("then", "reason"), [("leave", "went away"), ("silence", r"no byte .* came for 0.05 s")]
)
def test_a_client_that_goes_or_falls_silent_is_given_up(then: str, reason: str) -> None:
    with pytest.raises(ConnectionError, match=reason):
        read(RequestBody(client(b"ab", then=then), idle_seconds=0.05))


def test_draining_ends_with_the_client() -> None:
    async def drain() -> None:
        await RequestBody(client(b"ab", then="silence"), idle_seconds=0.05).drain()

    asyncio.run(drain())


def test_draining_ends_where_a_body_does_not() -> None:
    taken = 0

    async def endless() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": bytes(1 << 20), "more_body": True}

    asyncio.run(RequestBody(endless).drain())

    assert taken == 65


def messages(receive: Receive, count: int) -> list[Any]:
    async def take() -> list[Any]:
        return [(await receive())["type"] for _ in range(count)]

    return asyncio.run(take())


@pytest.mark.parametrize("pieces", [[b"12345"], [b"123", b"45"]])
def test_a_body_may_be_as_large_as_the_limit_and_no_larger(pieces: Sequence[bytes]) -> None:
    assert messages(limited(client(*pieces), 5), len(pieces) + 1)
    with pytest.raises(BodyTooLarge, match="may have 4 bytes"):
        messages(limited(client(*pieces), 4), len(pieces) + 1)


def test_after_the_body_a_server_may_wait_for_the_end_of_the_connection() -> None:
    receive = limited(client(b"a"), 5)

    async def wait() -> None:
        await receive()
        await receive()
        await asyncio.wait_for(receive(), 0.1)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(wait())


def test_lines_are_cut_where_they_end_however_they_arrive() -> None:
    lines = _Lines()
    for piece, whole in ((b"ab", 0), (b"c\nd", 4), (b"e", 4), (b"\n\nf", 8)):
        lines.add(piece)
        assert lines.whole == whole

    assert (lines.cut(), lines.whole, lines.rest()) == (b"abc\nde\n\n", 0, b"f")
    lines.add(b"\n")
    assert (lines.whole, lines.cut(), lines.rest()) == (2, b"f\n", b"")


def test_a_line_without_end_is_refused_when_it_is_too_long() -> None:
    lines, piece = _Lines(), bytes(1 << 20)
    for _ in range(MAX_LINE_BYTES >> 20):
        lines.add(piece)

    with pytest.raises(IngestError, match="a line is longer than 67,108,864 bytes"):
        lines.add(b"1")
