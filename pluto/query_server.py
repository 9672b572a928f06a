"""Where `pluto.query` reads from, and the source that is a server."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from pluto import api
from pluto.errors import AuthError, PlutoError, QueryError, RetryLater
from pluto.iface import ServerInterface
from pluto.iface_read import fetch, open_reader
from pluto.query_series import Get, Series, Wanted, complete
from pluto.sets import Destination, Settings

T = TypeVar("T")

PAUSES: Final = (1.0, 2.0, 4.0, 4.0)
"""Seconds before each new attempt of what failed by bad luck."""

MAX_PAUSE: Final = 60.0
DOWNLOAD_SECONDS: Final = 120.0


@dataclass(frozen=True)
class NewFile:
    """A file of this machine that becomes one of a run.

    Attributes:
        run_id: number of the run.
        name: the log name.
        path: a regular file; it is left as it is.
    """

    project: str
    run_id: int
    name: str
    path: Path
    step: int | None = None
    caption: str | None = None

    @property
    def mime(self) -> str:
        """Its media type by name."""
        return mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"

    @property
    def type(self) -> str:
        """Its extension, without the dot."""
        return self.path.suffix.removeprefix(".").lower()


class DataPoint(NamedTuple):
    """A structured value of a run.

    Attributes:
        type: HISTOGRAM, TABLE, GRAPH, string-series ...
        time: ms since the epoch.
        data: its payload: JSON, or the text of a string series.
    """

    name: str
    type: str
    step: int
    time: int
    data: str


class Source(Protocol):
    """What the functions of `pluto.query` need of the place that they read."""

    @property
    def client(self) -> Any:
        """Answers `get(url, params=…)` with `status_code`, `json()`, `text` and `headers`."""

    @property
    def root(self) -> str:
        """What every URL for `client` begins with."""

    def complete(self, get: Get, wanted: Wanted) -> Iterator[Series]:
        """Yield every point of the metrics, in the order of their names."""

    def download(self, file: Mapping[str, Any], destination: Path) -> None:
        """Write the bytes of a file that `/api/runs/files` listed."""

    def upload(self, file: NewFile) -> None:
        """Attach a file to a run."""

    def close(self) -> None:
        """Let go of everything that is open; idempotent."""


class ServerSource:
    """A Pluto server.

    Args:
        where: its address, and the key.
        settings: proxies and certificates.
        timeout: seconds without a byte after which a request has failed.
    """

    def __init__(self, where: Destination, settings: Settings, timeout: float) -> None:
        self.root = where.urls.api
        self.client = open_reader(settings, where.key, timeout)
        self._where = where
        self._settings = settings

    def complete(self, get: Get, wanted: Wanted) -> Iterator[Series]:
        """Yield every point of the metrics."""
        return complete(get, wanted)

    def download(self, file: Mapping[str, Any], destination: Path) -> None:
        """Stream the file to disk.

        Raises:
            QueryError: it cannot be had.
        """
        with open_reader(self._settings, "", DOWNLOAD_SECONDS) as client:
            persist(lambda: fetch(client, str(file["url"]), destination), file["fileName"])

    def upload(self, file: NewFile) -> None:
        """Announce the file and put its bytes where the server says.

        Raises:
            QueryError: the server or its storage refuses, or does not answer.
        """
        row = {
            "fileName": file.path.name,
            "fileType": file.type,
            "fileSize": file.path.stat().st_size,
            "logName": file.name,
            "step": file.step or 0,
            "time": time.time_ns() // 1_000_000,
            "caption": file.caption,
        }
        headers = {"x-run-id": str(file.run_id), "x-project-name": api.wire_name(file.project)}
        server = ServerInterface(self._where.urls, self._where.key, self._settings)
        try:
            # Asked for once: asking is what lists the file.
            answer = persist(lambda: server.call(api.presign_request(row), headers), file.path)
            url = _presigned(answer, row)
            persist(lambda: server.put(url, file.path, file.mime), file.path)
        finally:
            server.close()

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


def _presigned(answer: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    try:
        return api.read_presigned(answer, row)
    except RetryLater as error:
        raise QueryError(str(error)) from error


class Unavailable(RetryLater):
    """A server that answers, but not now.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, reason: str, after: float, status: int) -> None:
        super().__init__(reason, after)
        self.status = status


def persist(
    action: Callable[[], T], what: object, sleep: Callable[[float], None] = time.sleep
) -> T:
    """Do something until it succeeds, is refused, or has failed by bad luck five times.

    A refused key is tried once more: one that was just made may not be known everywhere yet.

    Args:
        action: does it once.
        what: names it in the message.
        sleep: waits.

    Raises:
        QueryError: it could not be done.
    """
    failures = 0
    while True:
        outcome = _attempt(action)
        if not isinstance(outcome, PlutoError):
            return outcome
        pause = _pause(outcome, failures)
        if pause is None:
            raise _query_error(outcome, what, failures) from outcome
        sleep(pause)
        failures += 1


def _attempt(action: Callable[[], T]) -> T | PlutoError:
    try:
        return action()
    except PlutoError as error:
        return error


def _pause(error: PlutoError, failures: int) -> float | None:
    """Return how long to wait before another attempt; None = there is none."""
    if isinstance(error, AuthError):
        return PAUSES[0] if error.status_code == 401 and not failures else None
    if isinstance(error, RetryLater) and failures < len(PAUSES):
        return max(PAUSES[failures], min(error.after, MAX_PAUSE))
    return None


def _query_error(error: PlutoError, what: object, failures: int) -> QueryError:
    status = getattr(error, "status_code", None) or getattr(error, "status", None)
    tried = f"Failed after {failures} retries: " if isinstance(error, RetryLater) else ""
    return QueryError(f"{tried}{what}: {error}", status)
