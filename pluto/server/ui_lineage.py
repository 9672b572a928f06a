"""Which runs made the artifacts that a run used, and which runs used those that it made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from pluto.server.endpoints import Endpoint, Reads
from pluto.server.rows import RunRow
from pluto.server.schemas import Answer, DetailsQuery
from pluto.server.views import RunView

USED: Final = ("wandb", "used_artifacts")
"""Where the config of a run keeps what `use_artifact` gave it: by `name:version` the project and
the external id of the run that logged it, and the digest of its files."""


class LineageRun(Answer):
    """A run at the other end."""

    id: int
    name: str
    project: str
    status: str


class Use(Answer):
    """One use of an artifact; `run` is null where the run that made it is not here."""

    artifact: str
    digest: str
    run: LineageRun | None


class Lineage(Answer):
    """`uses`: what the run took, from which run. `used_by`: what others took from it.

    `unread` runs of other projects are still to be read: they may have used something too.
    """

    uses: list[Use]
    used_by: list[Use]
    unread: int


class _Source(NamedTuple):
    artifact: str
    digest: str
    project: str
    run: str


def lineage(reads: Reads, query: DetailsQuery) -> Lineage:
    """Return both ends of the artifacts of a run; its users may be in any project."""
    row = reads.require(query.run_id)
    (view,) = reads.views.of([row])
    uses = [
        Use(each.artifact, each.digest, _maker(reads, each))
        for each in _sources(view.stored.config)
    ]
    if row.external_id is None:
        return Lineage(uses, [], 0)
    everywhere = reads.state.catalog.runs()
    reads.views.of([each for each in everywhere if each.project == row.project])
    views, unread = reads.views.so_far(everywhere)
    return Lineage(uses, list(_users(views, row)), unread)


def _maker(reads: Reads, source: _Source) -> LineageRun | None:
    row = reads.state.catalog.by_external_id(source.run, source.project)
    return None if row is None else _named(row)


def _users(views: Iterable[RunView], row: RunRow) -> Iterator[Use]:
    for view in views:
        for source in _sources(view.stored.config):
            is_ours = (source.run, source.project) == (row.external_id, row.project)
            if is_ours and view.row.id != row.id:
                yield Use(source.artifact, source.digest, _named(view.row))


def _sources(config: Any) -> Iterator[_Source]:
    """Yield what a config says of artifacts, whatever else a user may have put there."""
    for key in USED:
        config = config.get(key) if isinstance(config, dict) else None
    for artifact, source in config.items() if isinstance(config, dict) else ():
        if isinstance(source, dict) and {"project", "run", "digest"} <= source.keys():
            told = (str(source[key]) for key in ("digest", "project", "run"))
            yield _Source(artifact, *told)


def _named(row: RunRow) -> LineageRun:
    return LineageRun(id=row.id, name=row.name, project=row.project, status=row.status)


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/api/ui/runs/{runId}/lineage", DetailsQuery, Lineage, lineage),
)
