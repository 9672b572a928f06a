"""`wandb.Api`: reading runs back, by wandb's names, through `pluto.query`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any, Final, overload
from urllib.parse import unquote, urlsplit

from pluto import query
from pluto.compat.wandb_artifact import Artifact
from pluto.compat.wandb_errors import CommError, UnsupportedError, UsageError
from pluto.compat.wandb_run_files import OWN_CONFIG
from pluto.compat.wandb_store import Reference, find_artifact
from pluto.errors import QueryError
from pluto.storage import RunReader

_STATES: Final = {
    "RUNNING": "running",
    "COMPLETED": "finished",
    "FAILED": "failed",
    "TERMINATED": "killed",
    "CANCELLED": "killed",
}
_MARKS: Final = ("group:", "job_type:")


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
        order: str = "-created_at",
        per_page: int = 50,  # noqa: ARG002 - all are read
        **_options: Any,
    ) -> ApiRuns:
        """Return the runs of `[entity/]project`.

        Args:
            path: the project.
            filters: as `pluto.query.list_runs` takes them: `config.lr`, `state`, `tags` and so on.
            order: `created_at`, `config.<key>` or `summary_metrics.<name>`, with `+` or `-` before.
            per_page: without effect.
            **_options: without effect.
        """
        project = path.strip("/").split("/")[-1] if path else self._project_or_fail("")
        rows = self._listed(project, filters=filters, sort=_sorting(order))
        return ApiRuns([ApiRun(self._reads, project, row) for row in rows])

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

    def projects(self, entity: str | None = None, per_page: int = 200) -> list[str]:  # noqa: ARG002
        """Return the names of the projects."""
        return [str(project["name"]) for project in self._reads.list_projects()]

    def flush(self) -> None:
        """Do nothing: nothing is remembered."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UnsupportedError(f"Api.{name} is not offered: pluto.query reads what there is")

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


class ApiRun:
    """A run that is read back.

    Args:
        reads: where it is.
        project: its project.
        row: what the list of runs says of it.
    """

    def __init__(self, reads: Any, project: str, row: Mapping[str, Any]) -> None:
        self._reads = reads
        self._number = int(row["id"])
        self.project = project
        self.name = str(row["name"])
        self.state = _STATES.get(str(row["status"]), str(row["status"]).lower())
        self.tags = [tag for tag in row.get("tags") or [] if not tag.startswith(_MARKS)]
        self.created_at = row.get("createdAt")

    @property
    def id(self) -> str:
        """The id by which it can be resumed; else its display id, or its number."""
        known = self._details
        return str(known.get("externalId") or known.get("displayId") or self._number)

    @property
    def path(self) -> list[str]:
        """Project and id."""
        return [self.project, self.id]

    @property
    def url(self) -> str | None:
        """Where a browser shows it; None for a run on this machine."""
        return None if self._directory else self._statistics.get("url")

    @property
    def config(self) -> dict[str, Any]:
        """The config, without what the stand-in for wandb keeps there."""
        config = self._details.get("config") or {}
        return {key: value for key, value in config.items() if key != OWN_CONFIG}

    @property
    def metadata(self) -> dict[str, Any]:
        """What is known about the machine."""
        return dict(self._details.get("systemMetadata") or {})

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The last value of each metric, and what the run has set."""
        found = self._statistics["metrics"]
        last = {each["logName"]: (each.get("last") or {}).get("value") for each in found}
        known = {name: value for name, value in last.items() if value is not None}
        return {**known, **self._given_summary()}

    def history(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        pandas: bool = True,
        stream: str = "default",
    ) -> Any:
        """Return rows of metrics by step: about `samples` of them, or all if there are not more.

        Args:
            samples: how many; `scan_history` gives all.
            keys: the metrics; by default all that the user logged.
            x_axis: the name of the steps.
            pandas: a frame if true, else a list of dicts.
            stream: `default`, or `system` for the metrics of the machine.
        """
        names = list(keys) if keys else self._names(of_system=stream == "system")
        rows = list(self._rows([name for name in names if not name.startswith("_")], x_axis))
        stride = max(1, -(-len(rows) // max(samples, 1)))
        kept = rows[::stride]
        if not pandas:
            return kept
        import pandas as pd

        return pd.DataFrame(kept)

    def scan_history(
        self,
        keys: Sequence[str] | None = None,
        page_size: int = 1000,  # noqa: ARG002 - nothing is paged
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield every row; with `keys` those that have them all. `max_step` is not included."""
        wanted = list(keys or ())
        for row in self._rows([key for key in wanted if key != "_step"] or self._names()):
            step = row["_step"]
            is_within = (min_step or 0) <= step and (max_step is None or step < max_step)
            if is_within and all(key in row for key in wanted):
                yield row

    def files(self, names: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Return the files, all or those with a log name, as `pluto.query.get_files` does."""
        found = self._reads.get_files(self.project, self._number)
        return [file for file in found if names is None or file["logName"] in names]

    def file(self, name: str) -> ApiFile:
        """Return a file that was kept with `wandb.save(name)`, or logged as `name`."""
        return ApiFile(self._reads, self.project, self._number, name)

    @cached_property
    def _details(self) -> dict[str, Any]:
        return dict(self._reads.get_run(self.project, self._number))

    @cached_property
    def _statistics(self) -> dict[str, Any]:
        return dict(self._reads.get_statistics(self.project, self._number, self._names()))

    @property
    def _directory(self) -> Path | None:
        """Where the run is, if it is on this machine."""
        parts = urlsplit(str(self._statistics.get("url") or ""))
        return Path(unquote(parts.path)) if parts.scheme == "file" else None

    def _given_summary(self) -> dict[str, Any]:
        """Return what the run has set: a server keeps it in the config, a local run by itself."""
        if self._directory is None:
            return dict((self._details.get("config") or {}).get("summary") or {})
        with closing(RunReader(self._directory)) as reader:
            return dict(reader.facts().get("summary") or {})

    def _names(self, *, of_system: bool = False) -> list[str]:
        known = self._details.get("logNames") or []
        names = [each["logName"] for each in known if each.get("logType") == "METRIC"]
        return [name for name in names if name.startswith("sys/") == of_system]

    def _rows(self, names: Sequence[str], x_axis: str = "_step") -> Iterator[dict[str, Any]]:
        rows: dict[int, dict[str, Any]] = {}
        for series in self._reads.get_series(self.project, self._number, names) if names else ():
            points = zip(series.steps.tolist(), series.values.tolist(), strict=True)
            for step, value in points:
                rows.setdefault(step, {x_axis: step})[series.name] = value
        yield from (rows[step] for step in sorted(rows))

    def __repr__(self) -> str:
        return f"<run {self.project}/{self.name} ({self.state})>"


class ApiFile:
    """A file of a run.

    Args:
        reads: where it is.
        project: of the run.
        run: its number.
        name: of the file.
    """

    def __init__(self, reads: Any, project: str, run: int, name: str) -> None:
        self._reads, self._project, self._run = reads, project, run
        self.name = name

    def download(self, root: str | Path = ".", replace: bool = False, **_options: Any) -> Path:
        """Copy the file to `root/<name>`; return where it is.

        Raises:
            CommError: there is no such file, or one is at the place already.
        """
        target = Path(root, self.name)
        if target.exists() and not replace:
            raise CommError(f"{target} exists: pass replace=True")
        target.parent.mkdir(parents=True, exist_ok=True)
        for name in (f"save/{self.name}", self.name):
            if self._reads.get_files(self._project, self._run, name):
                return Path(self._reads.download_file(self._project, self._run, name, target))
        raise CommError(f"the run has no file {self.name!r}")


def _sorting(order: str) -> str:
    """Return the order in the words of `pluto.query`."""
    sign, field = (order[0], order[1:]) if order[:1] in "+-" else ("+", order)
    field = {"created_at": "createdAt", "updated_at": "updatedAt"}.get(field, field)
    if field.startswith("config.") and not field.endswith(".value"):
        field += ".value"
    return sign + field
