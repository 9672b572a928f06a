"""The HTTP client that reads runs back; beside iface.py the only module that knows httpx."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pluto.errors import Rejected, RetryLater
from pluto.iface import CONNECT_SECONDS, new_client
from pluto.names import random_id
from pluto.sets import Settings

if TYPE_CHECKING:
    import httpx

PIECE: Final = 1 << 20


def open_reader(settings: Settings, key: str, timeout: float) -> httpx.Client:
    """Return a client for many reads, from several threads too; close it in the end.

    It speaks HTTP/1.1: answers are large, and httpcore is several times faster with it there.

    Args:
        settings: proxies and certificates.
        key: the API key, which goes to every address asked; "" sends none.
        timeout: seconds without a byte after which a request has failed.
    """
    import httpx

    client = new_client(settings, key, http2=False)
    client.headers.update({"user-agent": "pluto-query", "accept-encoding": "gzip, deflate"})
    client.timeout = httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout))
    return client


def transport_errors() -> tuple[type[Exception], ...]:
    """Return what a client raises when no answer came: refused, timed out, broken off."""
    import httpx

    return (httpx.TransportError, httpx.InvalidURL)


def fetch(client: httpx.Client, url: str, destination: Path) -> None:
    """Write what a URL holds to `destination`, piece by piece; nothing is left there on failure.

    Args:
        client: made without a key, which is no business of a file storage.
        url: followed through redirects.
        destination: the file, replaced if it is there.

    Raises:
        RetryLater: the transfer did not come to its end.
        Rejected: the storage does not have it, or refuses.
        OSError: the file cannot be written.
    """
    partial = destination.with_name(f".{random_id(8)}.part")
    try:
        with client.stream("GET", url, follow_redirects=True) as answer:
            if answer.status_code != 200:
                raise _storage_error(answer.status_code)
            with partial.open("wb") as file:
                for piece in answer.iter_bytes(PIECE):
                    file.write(piece)
        partial.replace(destination)
    except transport_errors() as error:
        raise RetryLater(
            f"{url.partition('?')[0]}: {str(error) or type(error).__name__}"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _storage_error(status: int) -> Rejected | RetryLater:
    if status in (408, 429) or status >= 500:
        return RetryLater(f"HTTP {status}")
    return Rejected("it is not there" if status == 404 else f"HTTP {status}")
