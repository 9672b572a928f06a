"""What people arrange in the dashboard and want to find again: named views and panels of their own.

One small JSON file holds it for all projects. An item is changed on its own, so that two people who
arrange different things at once do not undo each other's work. Each item has a mark that changes
with it: a change that names the mark of what it replaces is refused where another came before it.
"""

from __future__ import annotations

import os
import secrets
import threading
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pluto.server.endpoints import Endpoint, Reads, Refused
from pluto.server.schemas import Answer, Json, Query

MAX_ITEMS: Final = 500
MAX_ITEM: Final = 50_000
"""Characters of JSON of one item."""

Kind = Literal["view", "panel"]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Mark = Annotated[str, Meta(max_length=64)]

_lock = threading.Lock()  # held from reading the file to its replacement


class SavedQuery(Query):
    """What is kept of one project."""

    project: str


class SavedChange(Query):
    """One item to keep under its name, in the place of an older one; null forgets it.

    Attributes:
        was: the mark of the item that the change was made to, empty for none; where it is absent,
            the change replaces whatever is kept.
        mark: the new mark. A page that chooses it can go on to the next change without waiting.
    """

    project: str
    kind: Kind
    name: Name
    value: Json = None
    was: Mark | UnsetType = UNSET
    mark: Mark = ""


class Marks(Answer):
    """The marks of items by name."""

    view: dict[str, str] = msgspec.field(default_factory=dict)
    panel: dict[str, str] = msgspec.field(default_factory=dict)


class Saved(Answer):
    """Items by name, in the order in which they were first kept; old files have no marks."""

    view: dict[str, Json] = msgspec.field(default_factory=dict)
    panel: dict[str, Json] = msgspec.field(default_factory=dict)
    marks: Marks = msgspec.field(default_factory=Marks)


_decoder = msgspec.json.Decoder(dict[str, Saved])


def saved(reads: Reads, query: SavedQuery) -> Saved:
    """Return the views and panels of a project."""
    return _read(_path(reads)).get(query.project, Saved())


def save(reads: Reads, change: SavedChange) -> Saved:
    """Keep or forget one item; return all of the project.

    Raises:
        Refused: 412 where the item is no longer the one that the change was made to, 413 where it
            is too large, 409 where nothing more can be kept.
    """
    if len(msgspec.json.encode(change.value)) > MAX_ITEM:
        raise Refused(413, "this is too much to keep under one name")
    path = _path(reads)
    with _lock:
        projects = _read(path)
        kept = projects.setdefault(change.project, Saved())
        _put(kept, change)
        _write(path, projects)
    return kept


def _put(kept: Saved, change: SavedChange) -> None:
    items: dict[str, Json] = getattr(kept, change.kind)
    marks: dict[str, str] = getattr(kept.marks, change.kind)
    if change.was is not UNSET and change.was != marks.get(change.name, ""):
        raise Refused(412, f"this {change.kind} was changed by somebody else meanwhile")
    if change.value is None:
        items.pop(change.name, None)
        marks.pop(change.name, None)
    else:
        items[change.name] = change.value
        marks[change.name] = change.mark or secrets.token_hex(8)
    if len(items) > MAX_ITEMS:
        raise Refused(409, f"a project keeps at most {MAX_ITEMS} of a kind: delete some first")


def _path(reads: Reads) -> Path:
    return reads.state.settings.cache("saved.json")


def _read(path: Path) -> dict[str, Saved]:
    try:
        return _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise Refused(500, f"saved views cannot be read from {path}: {error}") from None


def _write(path: Path, projects: dict[str, Saved]) -> None:
    """Replace the file in one step: a crash leaves the old one or the new one."""
    unfinished = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished.write_bytes(msgspec.json.encode(projects))
        os.replace(unfinished, path)
    except OSError as error:
        raise Refused(409, f"nothing can be kept here: {error}") from None


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/ui/saved", SavedQuery, Saved, saved),
    Endpoint("/api/ui/saved", SavedChange, Saved, save, method="POST"),
)
