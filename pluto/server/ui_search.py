"""The dashboard's search through the consoles of many runs, a bounded piece at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Final, TypeVar

from msgspec import Meta

from pluto.errors import StorageError
from pluto.server.backend import RunReads
from pluto.server.endpoints import Endpoint, Reads
from pluto.server.schemas import Answer, Query, RunId
from pluto.server.ui_records import PAGE, ConsoleLine
from pluto.storage import Kind

Found = TypeVar("Found")

MAX_RUNS: Final = 10_000
LINES_A_RUN: Final = 20
LONGEST_LINE: Final = 2000
"""Characters of a line that are shown; its match may be behind them."""
SECONDS: Final = 1.0
"""After so long the answer is what was found until then; a run that was begun is searched on."""
MAX_LINES: Final = 200_000
"""So many lines of one run are searched, from its end."""


class ConsoleSearch(Query):
    """A text, blind to case, and the runs in whose consoles it is looked for, in this order."""

    runs: Annotated[list[RunId], Meta(max_length=MAX_RUNS)]
    text: Annotated[str, Meta(min_length=1, max_length=1000)]


class FoundInRun(Answer):
    """The last lines with the text, oldest first; `more` came before these."""

    run: int
    lines: list[ConsoleLine]
    more: bool


class ConsoleFindings(Answer):
    """What the first `searched` of the runs have; the caller asks again for the others."""

    searched: int
    found: list[FoundInRun]
    unreadable: list[int]


def search(reads: Reads, query: ConsoleSearch) -> ConsoleFindings:
    """Search run after run until the time is up; at least one."""
    wanted = query.text.lower()
    return ConsoleFindings(
        *each_in_time(reads, query.runs, lambda reader, run: _in_run(reader, run, wanted))
    )


def each_in_time(
    reads: Reads, runs: Sequence[int], look: Callable[[RunReads, int], Found | None]
) -> tuple[int, list[Found], list[int]]:
    """Look into run after run until the time is up; at least one.

    Returns:
        how many runs were looked into, what was found, and the runs that cannot be read.
    """
    end = time.monotonic() + SECONDS
    searched, found, unreadable = 0, [], []
    for run_id in runs:
        if searched and time.monotonic() > end:
            break
        searched += 1
        row = reads.run(run_id)
        if row is None:
            continue
        try:
            one = look(reads.reader(row), run_id)
        except StorageError:
            unreadable.append(run_id)
            continue
        if one is not None:
            found.append(one)
    return searched, found, unreadable


def _in_run(reader: RunReads, run_id: int, wanted: str) -> FoundInRun | None:
    lines: list[ConsoleLine] = []
    for line in _newest_first(reader):
        if wanted not in line.text.lower():
            continue
        if len(lines) == LINES_A_RUN:
            return FoundInRun(run_id, lines[::-1], True)
        line.text = line.text[:LONGEST_LINE]
        lines.append(line)
    return FoundInRun(run_id, lines[::-1], False) if lines else None


def _newest_first(reader: RunReads) -> Iterator[ConsoleLine]:
    before: int | None = None
    for _ in range(0, MAX_LINES, PAGE):
        page = reader.records(Kind.CONSOLE, before=before, limit=PAGE, newest_first=True)
        for record in page:
            text = record.body.decode("utf-8", "replace")
            yield ConsoleLine(record.id, record.step, record.time, record.type, text)
        if len(page) < PAGE:
            return
        before = page[-1].id


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/ui/console-search", ConsoleSearch, ConsoleFindings, search, method="POST"),
)
