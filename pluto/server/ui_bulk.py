"""What the dashboard does to many runs at once: tags, deletion and its undoing."""

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
)
