"""What the dashboard changes: tags, notes, the request to stop a run, views and panels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Meta

from pluto.server import saved, ui_bulk, ui_summaries
from pluto.server.backend import ChangeRefused
from pluto.server.endpoints import Endpoint, Reads, Refused
from pluto.server.runs_write import check_tags
from pluto.server.schemas import Answer, DetailsQuery, Query, RunId

MAX_NOTES = 10_000


class TagsChange(Query):
    """All tags that a run shall have."""

    run_id: RunId
    tags: list[str]


class NotesChange(Query):
    """The notes that a run shall have; nothing removes them."""

    run_id: RunId
    notes: Annotated[str, Meta(max_length=MAX_NOTES)] | None = None


class Done(Answer):
    """The change is on disk."""

    success: bool = True


def set_tags(reads: Reads, change: TagsChange) -> Done:
    """Replace the tags of a run: at most 50, at most one of them `group:...`."""
    check_tags(change.tags)
    return _changed(lambda: reads.state.changes.set_tags(change.run_id, change.tags))


def set_notes(reads: Reads, change: NotesChange) -> Done:
    """Replace the notes of a run."""
    return _changed(lambda: reads.state.changes.set_notes(change.run_id, change.notes))


def cancel(reads: Reads, change: DetailsQuery) -> Done:
    """Ask a run to stop; it hears so with its next heartbeat."""
    return _changed(lambda: reads.state.changes.cancel(change.run_id))


def _changed(change: Callable[[], object]) -> Done:
    try:
        change()
    except KeyError:
        raise Refused(404, "Run not found") from None
    except ChangeRefused as error:
        raise Refused(409, str(error)) from None
    return Done()


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/ui/runs/{runId}/tags", TagsChange, Done, set_tags, method="POST"),
    Endpoint("/api/ui/runs/{runId}/notes", NotesChange, Done, set_notes, method="POST"),
    Endpoint("/api/ui/runs/{runId}/cancel", DetailsQuery, Done, cancel, method="POST"),
    *ui_bulk.ENDPOINTS,
    *saved.ENDPOINTS,
    *ui_summaries.ENDPOINTS,
)
