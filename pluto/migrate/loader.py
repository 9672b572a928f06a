"""Loads runs that were exported from wandb: into run directories here, or to a server."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from pluto.auth import stored_key
from pluto.errors import UsageError
from pluto.migrate import schema, state
from pluto.migrate.run import Facts, Identity, Item, SourceError
from pluto.migrate.target import Outcome, import_run
from pluto.migrate.wandb_files import SOURCE, tags_of
from pluto.migrate.wandb_values import plain_summary
from pluto.notice import logger
from pluto.sets import Settings, destination, setup

_STATUS: Final = {"finished": "COMPLETED", "killed": "TERMINATED", "preempted": "TERMINATED"}
_KEPT: Final = (
    "id", "entity", "project", "url", "state", "user", "group", "job_type", "sweep", "created_at",
)  # fmt: skip


class PlutoLoader:
    """Loads staged runs (docs/how-to/migrate.md), each once however often it is called.

    Args:
        input_dir: the `output_dir` of an export.
        dest_project: that all runs go to; by default each to the one of its name.
        flush_every: rows that are written at once.
        max_pending: without effect: what is not sent yet is on disk, not in memory.
        dry_run: only tell what would be loaded.
        run_ids: load these only.
        skip_run_ids: do not load these.
        force_resume: add to runs of the server that have the same external id.
        stall_timeout: seconds for the delivery of each run; None = as long as it takes.
        cleanup: delete a staged run when it is loaded.
        projects, exclude_projects: of wandb, to load or to leave out.
        cache_path: the ledger; by default `loaded_runs[.<dest_project>].json` in `input_dir`.
        settings: where runs go and how; by default those of the environment.

    Raises:
        UsageError: `input_dir` has no exported runs, `dest_project` is given for several projects,
            or pyarrow is missing.

    Example:
        >>> PlutoLoader("staging").load()  # doctest: +SKIP
        {'loaded': 12, 'skipped': 0, 'failed': 0}
    """

    def __init__(
        self,
        input_dir: str | Path,
        dest_project: str | None = None,
        *,
        flush_every: int = 500,
        max_pending: int = 5000,  # noqa: ARG002 - a keyword of the earlier client
        dry_run: bool = False,
        run_ids: Iterable[str] | None = None,
        skip_run_ids: Iterable[str] | None = None,
        force_resume: bool = False,
        stall_timeout: float | None = None,
        cleanup: bool = False,
        projects: Iterable[str] | None = None,
        exclude_projects: Iterable[str] | None = None,
        cache_path: str | Path | None = None,
        settings: Settings | None = None,
    ) -> None:
        schema.require_pyarrow()
        self.outcomes: list[Outcome] = []
        self._input = Path(input_dir)
        if not any(state.staged_runs(self._input)):
            raise UsageError(f"there are no exported runs in {input_dir}")
        self._dest_project = dest_project
        self._dry_run = dry_run
        self._wanted = {"id": run_ids, "project": projects}
        self._unwanted = {"id": skip_run_ids, "project": exclude_projects}
        self._how: dict[str, Any] = {
            "batch": flush_every,
            "resume": force_resume,
            "timeout": stall_timeout,
        }
        self._cleanup = cleanup
        self._settings = settings or setup()
        if dest_project and len(self._projects()) > 1:
            raise UsageError(state.SEVERAL_PROJECTS)
        own = state.Ledger.beside(self._input, dest_project)
        self._ledger = state.Ledger(Path(cache_path)) if cache_path else own

    def load(self) -> dict[str, int]:
        """Load the runs; return how many were loaded, skipped and could not be loaded.

        A run whose export has not come to its end fails; the others are loaded.
        """
        done = {"loaded": 0, "skipped": 0, "failed": 0}
        for directory in state.staged_runs(self._input):
            outcome = self._load(directory)
            if outcome:
                done[outcome] += 1
        return done

    def _projects(self) -> set[str]:
        """Return the projects of the runs that are to be loaded."""
        known = (state.read_json(path / state.RUN) for path in state.staged_runs(self._input))
        return {about["project"] for about in known if self._is_chosen(about)}

    def _is_chosen(self, about: dict[str, Any]) -> bool:
        def among(field: str, names: Iterable[str] | None) -> bool:
            return names is not None and about[field] in set(names)

        wanted = all(not names or among(field, names) for field, names in self._wanted.items())
        return wanted and not any(among(field, names) for field, names in self._unwanted.items())

    def _load(self, directory: Path) -> str | None:
        """Load a run; return the count that it belongs to, None for one that was not chosen."""
        try:
            run = StagedRun(directory, self._dest_project)
        except SourceError as error:
            logger.warning("%s was not loaded: %s", directory, error)
            return "failed"
        external_id = run.identity.external_id
        if not self._is_chosen(run.about):
            return None
        if self._ledger.has(external_id, run.exported):
            return "skipped"
        return "loaded" if self._is_loaded(run, external_id) else "failed"

    def _is_loaded(self, run: StagedRun, external_id: str) -> bool:
        if self._dry_run:
            self.outcomes.append(Outcome(run.identity))
            return True
        where = destination(self._settings, stored_key)
        outcome = import_run(run, self._settings, where, **self._how)
        self.outcomes.append(outcome)
        if outcome.problem:
            return False
        self._ledger.add(external_id, run.exported)
        if self._cleanup:
            shutil.rmtree(run.directory)
        return True


class StagedRun:
    """A run that was exported.

    Args:
        directory: of the staged run.
        project: that it goes to; by default the one of its name.

    Raises:
        SourceError: its export has not come to its end.
    """

    def __init__(self, directory: Path, project: str | None = None) -> None:
        self.directory = directory
        self.exported = state.read_json(directory / state.COMPLETE)
        if not self.exported:
            raise SourceError("its export has not come to its end: export it again")
        self.about = state.read_json(directory / state.RUN)
        about = self.about
        key = "/".join(str(about[part]) for part in ("entity", "project", "id"))
        own = str(about["project"])
        self._identity = Identity(SOURCE, key, project or own, about.get("name") or about["id"])

    @property
    def identity(self) -> Identity:
        """`wandb::<entity>/<project>/<id>`."""
        return self._identity

    def items(self) -> Iterator[tuple[str, Item]]:
        """Yield everything that was exported; each kind of rows is an origin."""
        rows = schema.read_parts(self.directory)
        for item in schema.items_of(rows, self.directory):
            yield schema.attribute_type(item), item

    def facts(self) -> Facts:
        """Return what wandb knows about the run."""
        about = self.about
        wandb = {key: about[key] for key in _KEPT if about.get(key) is not None}
        charts = state.read_json(self.directory / state.CHARTS)
        if charts:
            wandb["charts"] = charts
        metadata = about.get("metadata")
        status, cause = _ending(str(about.get("state") or "finished"))
        created = milliseconds(about.get("created_at")) or 0
        return Facts(
            created_at=created,
            finished_at=milliseconds(about.get("updated_at")),
            status=status,
            cause=cause,
            config={**(about.get("config") or {}), "wandb": wandb},
            summary=plain_summary(about.get("summary") or {}),
            tags=tags_of(about.get("tags") or [], about.get("group"), about.get("job_type")),
            notes=about.get("notes") or None,
            system_metadata={"wandb": metadata} if metadata else {},
            lost=about.get("lost") or (),
        )


def _ending(said: str) -> tuple[str, dict[str, Any] | None]:
    status = _STATUS.get(said, "FAILED")
    return status, None if status == "COMPLETED" else {"reason": f"wandb says: {said}"}


def milliseconds(moment: object) -> int | None:
    """Return an ISO 8601 time (of UTC, if it names no zone) in milliseconds since the epoch."""
    if not moment:
        return None
    parsed = datetime.fromisoformat(str(moment).replace("Z", "+00:00"))
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=timezone.utc)
    return round(parsed.timestamp() * 1000)
