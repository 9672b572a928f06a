"""`neptune.Project` of version 1.x: a table of runs, and attributes of the project itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from pluto.compat.neptune_begin import project_of
from pluto.compat.neptune_containers import RunsTable, containers
from pluto.compat.neptune_reading import MODEL, RUN
from pluto.compat.neptune_run import Run

if TYPE_CHECKING:
    from typing_extensions import Self

    from pluto.compat.neptune_handler import Handler

OWN_RUN: Final = "neptune-project"
"""The id of the run that keeps the attributes of a project."""


class _ProjectRun(Run):
    container = "project"


class Project:
    """A project. What is assigned to it is kept in a run of its own.

    Args:
        project: `workspace/name`.
        **arguments: of `Run`.
    """

    def __init__(self, project: str | None = None, **arguments: Any) -> None:
        self._project = project
        self._arguments = arguments
        self._run: Run | None = None

    def fetch_runs_table(
        self,
        *,
        query: str | None = None,
        columns: Iterable[str] | None = None,
        id: str | Iterable[str] | None = None,  # noqa: A002 - the names of Neptune
        state: str | Iterable[str] | None = None,
        tag: str | Iterable[str] | None = None,
        limit: int | None = None,
        sort_by: str = "sys/creation_time",
        ascending: bool = False,
        **others: Any,  # noqa: ARG002
    ) -> RunsTable:
        """Return the runs of the project.

        Args:
            query: a condition in Neptune's query language.
            columns: paths of attributes; all by default. `sys/id` is always there.
            id: only these runs.
            state: only `active` or `inactive` ones.
            tag: only runs that have all of these tags.
            limit: how many at most.
            sort_by: path of an attribute.
            ascending: whether the smallest comes first.
            **others: `owner`, `trashed` and `progress_bar` have no meaning here.

        Raises:
            UsageError: the query cannot be understood.
        """
        return containers(
            self._project,
            RUN,
            query=query,
            columns=columns,
            limit=limit,
            sort_by=sort_by,
            ascending=ascending,
            chosen=lambda run: (
                _matches(run.values["sys/id"], id)
                and _matches(run.values["sys/state"], state)
                and set(_listed(tag)) <= run.values["sys/tags"]
            ),
        )

    def fetch_models_table(
        self,
        *,
        query: str | None = None,
        columns: Iterable[str] | None = None,
        limit: int | None = None,
        sort_by: str = "sys/creation_time",
        ascending: bool = False,
        **others: Any,  # noqa: ARG002
    ) -> RunsTable:
        """Return the models of the project; see `fetch_runs_table`."""
        return containers(
            self._project,
            MODEL,
            query=query,
            columns=columns,
            limit=limit,
            sort_by=sort_by,
            ascending=ascending,
        )

    def __getattr__(self, name: str) -> Any:
        """Return another method of the run that keeps the attributes: `assign`, `pop`, `wait`."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._own_run(), name)

    def __getitem__(self, path: str) -> Handler:
        return self._own_run()[path]

    def __setitem__(self, path: str, value: Any) -> None:
        self._own_run()[path] = value

    def __delitem__(self, path: str) -> None:
        del self._own_run()[path]

    def stop(self, *, seconds: float | None = None) -> None:
        """End the run that keeps the attributes, if one has begun."""
        if self._run is not None:
            self._run.stop(seconds=seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _own_run(self) -> Run:
        if self._run is None:
            self._run = _ProjectRun(
                project=self._project,
                custom_run_id=OWN_RUN,
                name=f"attributes of {project_of(self._project)[0]}",
                **{"source_files": [], **self._arguments},
            )
        return self._run


def _listed(given: str | Iterable[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())


def _matches(value: str, given: str | Iterable[str] | None) -> bool:
    return given is None or value in _listed(given)
