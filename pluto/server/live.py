"""Live updates of the dashboard: server-sent events that say what has changed.

One task looks at the versions of the catalog and of all watched runs for every open page; the pages
then fetch what they show.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from pluto.errors import StorageError
from pluto.server.catalog import Catalog
from pluto.server.compare import run_numbers

logger = logging.getLogger("pluto")

LIVE = "/api/ui/live"
LOOK_SECONDS = 0.7
KEEP_ALIVE_SECONDS = 15.0
MAX_RUNS = 1000


class RunState(NamedTuple):
    """What a page must know to decide whether to fetch a run again."""

    version: int
    status: str


@dataclass(frozen=True)
class Look:
    """What one look at the disk found."""

    catalog: int = 0
    runs: dict[int, RunState] = field(default_factory=dict)

    def of(self, runs: frozenset[int]) -> Look:
        """Return the part that a page watches."""
        return Look(
            self.catalog, {each: self.runs[each] for each in sorted(runs) if each in self.runs}
        )

    def event(self) -> bytes:
        """Return the server-sent event of this state."""
        runs = {str(number): state._asdict() for number, state in self.runs.items()}
        return b"event: tick\ndata: %b\n\n" % msgspec.json.encode(
            {"catalog": self.catalog, "runs": runs}
        )


@dataclass(eq=False)
class _Page:
    runs: frozenset[int]
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Watch:
    """Looks at the disk for as long as pages are open; belongs to one event loop.

    Example:
        >>> async for event in Watch(look, seconds=0.7).events(frozenset({7})):
        ...     await send(event)
    """

    def __init__(self, look: Callable[[frozenset[int]], Look], seconds: float) -> None:
        self._look = look
        self._seconds = seconds
        self._pages: set[_Page] = set()
        self._latest = Look()
        self._covered: frozenset[int] = frozenset()  # the runs that _latest looked for
        self._task: asyncio.Task[None] | None = None

    async def events(self, runs: frozenset[int]) -> AsyncGenerator[bytes, None]:
        """Yield the present state, then a tick after each change and a comment in quiet times."""
        page = _Page(runs)
        self._pages.add(page)
        if self._task is None:
            self._task = asyncio.create_task(self._keep_looking(), name="pluto-live")
        try:
            sent = await asyncio.to_thread(self._look, runs)
            yield sent.event()
            while True:
                if not await _waited(page.woken, KEEP_ALIVE_SECONDS):
                    yield b": keep-alive\n\n"
                    continue
                page.woken.clear()
                now = self._latest.of(runs)
                if now != sent and runs <= self._covered:
                    sent = now
                    yield sent.event()
        finally:
            self._leave(page)

    def _leave(self, page: _Page) -> None:
        self._pages.discard(page)
        if not self._pages and self._task:
            self._task.cancel()
            self._task = None

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            watched = frozenset[int]().union(*(page.runs for page in self._pages))
            try:
                self._latest = await asyncio.to_thread(self._look, watched)
            except Exception:
                logger.exception("pluto: open pages hear of no change until the next look")
                continue
            self._covered = watched
            for page in self._pages:
                page.woken.set()


async def _waited(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except asyncio.TimeoutError:
        return False
    return True


def look_at(catalog: Catalog, runs: frozenset[int]) -> Look:
    """Return the versions of the catalog and of runs; unknown runs are left out."""
    found: dict[int, RunState] = {}
    for number in runs:
        row = catalog.get(number)
        if row is None:
            continue
        try:
            found[number] = RunState(catalog.backend.version(row), row.status)
        except StorageError as error:
            logger.debug("pluto: run %s cannot be watched: %s", number, error)
    return Look(catalog.version(), found)


def live_route(catalog: Catalog) -> Route:
    """Return the route of `/api/ui/live?runs=1,2`."""
    watch = Watch(partial(look_at, catalog), LOOK_SECONDS)

    async def live(request: Request) -> Response:
        runs = frozenset(run_numbers(request.query_params.get("runs", ""))[:MAX_RUNS])
        return StreamingResponse(
            watch.events(runs),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return Route(LIVE, live)
