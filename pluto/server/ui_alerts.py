"""The alerts of many runs for the dashboard, a bounded piece at a time."""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta

from pluto.server.backend import RunReads
from pluto.server.endpoints import Endpoint, Reads
from pluto.server.schemas import Answer, Query, RunId
from pluto.server.ui_search import MAX_RUNS, each_in_time
from pluto.server.ui_story import Alert, alerts_of

ALERTS_A_RUN: Final = 50


class AlertsQuery(Query):
    """The runs whose alerts are wanted, in this order."""

    runs: Annotated[list[RunId], Meta(max_length=MAX_RUNS)]


class AlertsOfRun(Answer):
    """The newest alerts of a run, newest first; `more` came before these."""

    run: int
    alerts: list[Alert]
    more: bool


class AlertsFound(Answer):
    """What the first `searched` of the runs have; the caller asks again for the others."""

    searched: int
    found: list[AlertsOfRun]
    unreadable: list[int]


def alerts(reads: Reads, query: AlertsQuery) -> AlertsFound:
    """Look into run after run until the time is up; at least one."""
    return AlertsFound(*each_in_time(reads, query.runs, _in_run))


def _in_run(reader: RunReads, run: int) -> AlertsOfRun | None:
    found = alerts_of(reader, ALERTS_A_RUN + 1)
    if not found:
        return None
    return AlertsOfRun(run, found[:ALERTS_A_RUN], len(found) > ALERTS_A_RUN)


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/ui/alerts", AlertsQuery, AlertsFound, alerts, method="POST"),
)
