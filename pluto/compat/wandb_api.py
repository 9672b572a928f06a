"""`wandb.Api`: reading runs back, by wandb's names, through `pluto.query`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, overload

from pluto import query
from pluto.compat.wandb_api_filters import read_filters
from pluto.compat.wandb_api_run import ApiFile, ApiRun
from pluto.compat.wandb_api_sweep import TAG, ApiSweep
from pluto.compat.wandb_artifact import Artifact
from pluto.compat.wandb_errors import AbsentError, CommError, UsageError
from pluto.compat.wandb_store import Reference, find_artifact, versions
from pluto.errors import QueryError

__all__ = ["Api", "ApiFile", "ApiRun", "ApiRuns", "ApiSweep"]


class Api:
    """Reads runs, as `wandb.Api` does. Nothing can be changed through it.

    The runs are those of the server that Pluto sends runs to, or of this machine.

    Args:
        overrides: `project` for paths that name none; the rest is wandb's.
        timeout: without effect, as is `api_key`: a key for wandb's server is sent nowhere.
        api_key: without effect.
        reads: where to read; by default as `pluto.query.Client()` finds it.

    Example:
        >>> run = wandb.Api().run("digits/night-3")  # doctest: +SKIP
        >>> run.summary["loss"], run.history()  # doctest: +SKIP
    """

    def __init__(
        self,
        overrides: Mapping[str, Any] | None = None,
        timeout: float | None = None,  # noqa: ARG002
        api_key: str | None = None,  # noqa: ARG002
        *,
        reads: query.Client | None = None,
    ) -> None:
        self._project: str | None = (overrides or {}).get("project")
        # The functions of the module are those of the client that is meant at the moment.
        self._reads: Any = reads or query

    def run(self, path: str) -> ApiRun:
        """Return the run at `[entity/][project/]run`: its id, number, display id or name.

        Raises:
            CommError: there is none.
        """
        *before, run_id = path.strip("/").split("/")
        project = before[-1] if before else self._project_or_fail(path)
        return ApiRun(self._reads, project, self._details(project, run_id))

    def runs(
        self,
        path: str | None = None,
        filters: Mapping[str, Any] | None = None,
        order: str = "+created_at",
        per_page: int = 50,  # noqa: ARG002 - all are read
        **_options: Any,
    ) -> ApiRuns:
        """Return the runs of `[entity/]project`.

        Args:
            path: the project.
            filters: conditions on `state`, `tags`, `group`, `jobType`, `displayName`, `name` (the
                id), `createdAt`, `config.<key>` and `summary_metrics.<name>`, with the operators of
                wandb. Those on `name` and patterns of `displayName` stand at the top.
            order: `created_at`, `config.<key>` or `summary_metrics.<name>`, with `+` or `-` before.
            per_page: without effect.
            **_options: without effect.

        Raises:
            CommError: the runs cannot be read, or a condition is not understood.
        """
        project = path.strip("/").split("/")[-1] if path else self._project_or_fail("")
        asked = read_filters(filters)
        rows = self._listed(project, filters=asked.tree, sort=_sorting(order))
        runs = [ApiRun(self._reads, project, row) for row in rows]
        return ApiRuns([run for run in runs if asked.accepts(run)])

    def artifact(self, name: str, type: str | None = None) -> Artifact:  # noqa: A002
        """Return the artifact `[entity/]project/name:version`.

        Raises:
            CommError: there is none.
            UsageError: it is of another type.
        """
        reference = Reference.parse(name)
        project = reference.project or self._project_or_fail(name)
        artifact = find_artifact(self._reads, project, reference)
        if type is not None and artifact.type != type:
            raise UsageError(f"{name} is a {artifact.type!r}, not a {type!r}")
        return artifact

    def artifact_exists(self, name: str, type: str | None = None) -> bool:  # noqa: A002
        """Tell whether there is an artifact `[entity/]project/name[:version]`, of a type."""
        try:
            self.artifact(name, type)
        except (CommError, UsageError):
            return False
        return True

    def artifacts(
        self,
        type_name: str,
        name: str,
        order: str | None = None,  # noqa: ARG002 - the newest comes first
        per_page: int = 50,  # noqa: ARG002
        tags: Sequence[str] | None = None,
    ) -> list[Artifact]:
        """Return the versions of an artifact, the newest first.

        Args:
            type_name: of the artifact.
            name: `[entity/]project/name`.
            order: without effect.
            per_page: without effect.
            tags: only versions that have them all.
        """
        reference = Reference.parse(name)
        project = reference.project or self._project_or_fail(name)
        found = versions(self._reads, project, reference.name)
        wanted = [each for each in found if each.type == type_name]
        return [each for each in wanted if set(tags or ()) <= set(each.tags)]

    def sweep(self, path: str = "") -> ApiSweep:
        """Return the sweep `[entity/][project/]id`, from its runs.

        Raises:
            CommError: it has no runs.
        """
        *before, sweep_id = path.strip("/").split("/")
        project = before[-1] if before else self._project_or_fail(path)
        runs = self.runs(project, {"tags": TAG + sweep_id})
        if not runs:
            raise CommError(f"there is no run of the sweep {sweep_id!r} in {project!r}")
        return ApiSweep(sweep_id, runs)

    @property
    def default_entity(self) -> str:
        """`WANDB_ENTITY`: a name before a project's that Pluto makes no use of."""
        return os.environ.get("WANDB_ENTITY", "")

    def create_project(self, name: str, entity: str = "") -> None:
        """Do nothing: a project comes into being with its first run."""

    def projects(self, entity: str | None = None, per_page: int = 200) -> list[str]:  # noqa: ARG002
        """Return the names of the projects."""
        return [str(project["name"]) for project in self._reads.list_projects()]

    def flush(self) -> None:
        """Do nothing: nothing is remembered."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AbsentError(f"Api.{name} is not offered: pluto.query reads what there is")

    def _project_or_fail(self, path: str) -> str:
        if self._project is None:
            raise UsageError(f"{path!r} names no project: write 'project/run'")
        return self._project

    def _details(self, project: str, run_id: str) -> dict[str, Any]:
        """Return what is known of a run; one that is named by its id takes a request a run."""
        try:
            return dict(self._reads.get_run(project, run_id))
        except QueryError as error:
            for row in self._listed(project):
                details = self._reads.get_run(project, row["id"])
                if run_id in (details.get("externalId"), details.get("name")):
                    return dict(details)
            raise CommError(f"the project {project!r} has no run {run_id!r}") from error

    def _listed(self, project: str, **conditions: Any) -> list[dict[str, Any]]:
        try:
            return list(self._reads.list_runs(project, limit=None, **conditions))
        except QueryError as error:
            raise CommError(f"the runs of {project!r} cannot be read: {error}") from error


class ApiRuns(Sequence["ApiRun"]):
    """Runs, in their order."""

    def __init__(self, runs: Sequence[ApiRun]) -> None:
        self._runs = list(runs)

    @overload
    def __getitem__(self, index: int) -> ApiRun: ...
    @overload
    def __getitem__(self, index: slice) -> list[ApiRun]: ...
    def __getitem__(self, index: int | slice) -> ApiRun | list[ApiRun]:
        return self._runs[index]

    def __len__(self) -> int:
        return len(self._runs)


def fetch_saved(run_path: str, name: str, root: Path, *, replace: bool) -> IO[str] | None:
    """Fetch a file that a run has kept; return it open for reading, None if there is none.

    Raises:
        CommError: there is no such run.
    """
    file = Api().run(run_path).file(name)
    try:
        return file.download(root, replace, exist_ok=True)
    except CommError:
        return None


def _sorting(order: str) -> str:
    """Return the order in the words of `pluto.query`."""
    sign, field = (order[0], order[1:]) if order[:1] in "+-" else ("+", order)
    field = {"created_at": "createdAt", "updated_at": "updatedAt"}.get(field, field)
    if field.startswith("config.") and not field.endswith(".value"):
        field += ".value"
    return sign + field
