"""New runs that begin at a step of another run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pluto.errors import PlutoError
from pluto.server.catalog import Catalog
from pluto.server.rows import RunRow

_MAX_GENERATIONS = 10


class ForkRefused(PlutoError):
    """The parent or the step of a fork does not exist."""


@dataclass(frozen=True)
class Fork:
    """What a new run takes from the run that it begins at.

    Attributes:
        parent: the run that owns the step: perhaps an ancestor of the one that was asked for.
        step: the last step of the parent that belongs to the new run.
        config: of the run that was asked for.
        tags: of the run that was asked for.
    """

    parent: RunRow
    step: int
    config: Any
    tags: tuple[str, ...]


def resolve_fork(catalog: Catalog, project: str, run_id: int, step: float | None) -> Fork:
    """Return what a fork of a run at a step inherits.

    Raises:
        ForkRefused: no step, no such run in this project, or it never came to that step.
    """
    if step is None:
        raise ForkRefused("forkStep is required when forkRunId is provided")
    if step != int(step) or step < 0:
        raise ForkRefused(f"forkStep is an integer, 0 or more, not {step}")
    asked = catalog.get(run_id)
    if asked is None or asked.project != project:
        raise ForkRefused("Fork parent run not found in this project")
    owner = _owner(catalog, asked, int(step))
    steps = [info.last_step for info in catalog.reader(owner.id).names() if info.type == "METRIC"]
    greatest = max((last for last in steps if last is not None), default=None)
    if greatest is not None and step > greatest:
        raise ForkRefused(f"forkStep ({int(step)}) exceeds the parent run's max step ({greatest})")
    return Fork(owner, int(step), catalog.reader(asked.id).facts().get("config"), asked.tags)


def inherited_tags(parent: tuple[str, ...], own: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tags of both, the `group:` of the new run instead of the parent's.

    Example:
        >>> inherited_tags(("a", "group:x"), ("b", "group:y"))
        ('a', 'b', 'group:y')
    """
    if any(tag.startswith("group:") for tag in own):
        parent = tuple(tag for tag in parent if not tag.startswith("group:"))
    return tuple(dict.fromkeys((*parent, *own)))


def _owner(catalog: Catalog, row: RunRow, step: int) -> RunRow:
    for _ in range(_MAX_GENERATIONS):
        facts = catalog.reader(row.id).facts()
        parent = facts.get("fork_run_id") and catalog.get(facts["fork_run_id"])
        if not parent or step > facts["fork_step"]:
            return row
        row = parent
    return row
