"""What the dashboard does to many runs at once: tags, deletion, its undoing, and its finality."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from msgspec import Meta

from pluto.errors import StorageError
from pluto.server.backend import ChangeRefused
from pluto.server.endpoints import BadParameters, Endpoint, Reads, Refused
from pluto.server.runs_write import check_tags
from pluto.server.schemas import Answer, Query, RunId

MAX_RUNS = 10_000
MAX_LISTED = 1_000
"""Deleted runs in one answer."""

RunIds = Annotated[list[RunId], Meta(max_length=MAX_RUNS)]


class BulkQuery(Query):
    """Which runs."""

    runs: RunIds


class TagsOfMany(BulkQuery):
    """Tags that the runs shall have besides their own, and tags that they shall not have."""

    add: Annotated[list[str], Meta(max_length=50)]
    remove: Annotated[list[str], Meta(max_length=50)]


class NotDone(Answer):
    """A run that stays as it is, and why."""

    run: int
    reason: str


class Changed(Answer):
    """The runs that were changed, and those that were not."""

    done: list[int]
    refused: list[NotDone]


class DeletedQuery(Query):
    """Of which project."""

    project: str


class Deleted(Answer):
    """A run that was deleted and can be taken back; times are ms since the epoch."""

    id: int
    name: str
    display_id: str | None
    status: str
    deleted_at: int


class DeletedRuns(Answer):
    """The deleted runs of a project, the last deleted first, at most 1,000 of so many."""

    runs: list[Deleted]
    total: int


def deleted(reads: Reads, query: DeletedQuery) -> DeletedRuns:
    """List the deleted runs of a project that are still there."""
    try:
        found = reads.state.catalog.backend.deleted()
    except ChangeRefused as error:
        raise Refused(409, str(error)) from None
    runs = [
        Deleted(run.id, run.name, run.display_id, run.status, run.deleted_at)
        for run in found
        if run.project == query.project
    ]
    return DeletedRuns(reads.cut(runs, MAX_LISTED), len(runs))


def tag(reads: Reads, change: TagsOfMany) -> Changed:
    """Add and remove tags, each run on its own."""

    def one(run_id: int) -> None:
        row = reads.state.catalog.require(run_id)
        kept = [each for each in row.tags if each not in change.remove]
        tags = [*kept, *(each for each in dict.fromkeys(change.add) if each not in kept)]
        check_tags(tags)
        reads.state.changes.set_tags(run_id, tags)

    changed = _each(change.runs, one)
    reads.state.catalog.expire()
    return changed


def delete(reads: Reads, query: BulkQuery) -> Changed:
    """Delete runs, so that they can be taken back."""
    catalog = reads.state.catalog

    def one(run_id: int) -> None:
        row = catalog.require(run_id)
        if row.status == "RUNNING":
            raise ChangeRefused("it is running: stop it first")
        catalog.backend.delete(row)

    return _each(query.runs, one)


def restore(reads: Reads, query: BulkQuery) -> Changed:
    """Take deleted runs back."""
    return _each(query.runs, reads.state.catalog.backend.restore)


def discard(reads: Reads, query: BulkQuery) -> Changed:
    """Remove deleted runs for good."""
    return _each(query.runs, reads.state.catalog.backend.discard)


def _each(runs: Iterable[int], work: Callable[[int], None]) -> Changed:
    results = {run_id: _reason_against(work, run_id) for run_id in dict.fromkeys(runs)}
    return Changed(
        [run_id for run_id, reason in results.items() if reason is None],
        [NotDone(run_id, reason) for run_id, reason in results.items() if reason is not None],
    )


def _reason_against(work: Callable[[int], None], run_id: int) -> str | None:
    """Do it to one run; return why that was refused, if it was."""
    try:
        work(run_id)
    except KeyError:
        return "it is not there"
    except (ChangeRefused, BadParameters, Refused, StorageError) as error:
        return str(error)
    return None


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/ui/runs/tags", TagsOfMany, Changed, tag, method="POST"),
    Endpoint("/api/ui/runs/delete", BulkQuery, Changed, delete, method="POST"),
    Endpoint("/api/ui/runs/restore", BulkQuery, Changed, restore, method="POST"),
    Endpoint("/api/ui/runs/discard", BulkQuery, Changed, discard, method="POST"),
    Endpoint("/api/ui/deleted", DeletedQuery, DeletedRuns, deleted),
)
