"""Exports runs from wandb's service into staging files, which `pluto.migrate.loader` loads.

Of wandb its public Api is used and nothing else: `runs`, `scan_history`, `history`, `files`,
`logged_artifacts`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pluto.errors import UsageError
from pluto.media.plain import to_json
from pluto.migrate import schema, state
from pluto.migrate.loader import milliseconds
from pluto.migrate.run import Content, Item, Line, Numbers, SourceError
from pluto.migrate.wandb_files import INTERNAL_ARTIFACTS
from pluto.migrate.wandb_values import OWN_COLUMNS, History, number_of
from pluto.names import directory_name
from pluto.notice import logger

CONSOLE: Final = "output.log"
_ITSELF: Final = frozenset({"wandb-summary.json", "config.yaml", "wandb-metadata.json", CONSOLE})


class WandbExporter:
    """Writes the runs of a project into a staging directory (`pluto.migrate.state`).

    A run that is there already, and has not changed since, is skipped; an export that was
    interrupted begins again with the run at which it stopped.

    Args:
        entity: user or team of wandb.
        project: of wandb.
        output_dir: the staging directory.
        api: a `wandb.Api`; by default one is made.
        api_key: for that one; by default the one of wandb's own login.
        run_ids: export these only.
        after, before: export runs only that were created after or before this moment.
        include_artifacts, include_console, include_system_metrics, include_files: what to export
            besides histories, config and summary. Media are files.
        artifact_max_bytes: larger artifacts are left out, and told.
        history_page_size: rows that are asked for at once.
        system_samples: how many samples of system metrics at most.
        download_workers: files that are downloaded at once.

    Raises:
        UsageError: wandb or pyarrow is missing; the message names the extra.

    Example:
        >>> WandbExporter("team", "digits", "staging").export()  # doctest: +SKIP
        {'exported': 12, 'skipped': 0, 'failed': 0, 'coverage': {...}}
    """

    def __init__(
        self,
        entity: str,
        project: str,
        output_dir: str | Path,
        *,
        api: Any = None,
        api_key: str | None = None,
        run_ids: Iterable[str] | None = None,
        after: datetime | None = None,
        before: datetime | None = None,
        include_artifacts: bool = True,
        include_console: bool = True,
        include_system_metrics: bool = True,
        include_files: bool = True,
        artifact_max_bytes: int | None = None,
        history_page_size: int = 1000,
        system_samples: int = 10_000,
        download_workers: int = 4,
    ) -> None:
        schema.require_pyarrow()
        self._api = wandb_api(api_key) if api is None else api
        self._entity, self._project = entity, project
        self._out = Path(output_dir)
        self._run_ids = set(run_ids) if run_ids else None
        self._bounds = milliseconds(after), milliseconds(before)
        self._plan = Plan(
            include_artifacts,
            include_console,
            include_system_metrics,
            include_files,
            artifact_max_bytes,
            history_page_size,
            system_samples,
            max(1, download_workers),
        )

    def export(self) -> dict[str, Any]:
        """Export the runs.

        Returns:
            How many were `exported`, `skipped` and `failed`, and the `coverage`: how many `rows` of
            each kind, and under `lost` what was not exported and why, by run.
        """
        done: dict[str, Any] = {"exported": 0, "skipped": 0, "failed": 0}
        coverage: dict[str, Any] = {"rows": {}, "lost": {}}
        manifest: dict[str, Any] = {}
        for run in self._api.runs(f"{self._entity}/{self._project}"):
            if not self._is_chosen(run):
                continue
            outcome, seen = self._export(run)
            done[outcome] += 1
            manifest[run.id] = {"name": run.name, "state": run.state, **seen}
            if seen.get("lost"):
                coverage["lost"][run.id] = seen["lost"]
            for kind, count in seen.get("rows", {}).items():
                coverage["rows"][kind] = coverage["rows"].get(kind, 0) + count
        self._write_manifest(manifest)
        return {**done, "coverage": coverage}

    def _is_chosen(self, run: Any) -> bool:
        created, (after, before) = milliseconds(run.created_at) or 0, self._bounds
        is_in_time = (after is None or created >= after) and (before is None or created <= before)
        return is_in_time and (self._run_ids is None or run.id in self._run_ids)

    def _export(self, run: Any) -> tuple[str, dict[str, Any]]:
        directory = state.run_directory(self._out, self._entity, self._project, run.id)
        stamp = {"updated_at": _text(_optional(run, "heartbeat_at")), "state": run.state}
        known = state.read_json(directory / state.COMPLETE)
        if known and all(known.get(key) == value for key, value in stamp.items()):
            return "skipped", {key: known[key] for key in ("rows", "lost") if key in known}
        (directory / state.COMPLETE).unlink(missing_ok=True)
        export = RunExport(run, directory, self._plan)
        try:
            about = export.write(self._entity, self._project)
        # Whatever the client of the service raises: the other runs are exported.
        except Exception as error:  # noqa: BLE001
            logger.warning("run %s was not exported: %s", run.id, error)
            return "failed", {"lost": [f"the run: {error}"]}
        state.write_json(directory / state.COMPLETE, {**stamp, **about})
        return "exported", about

    def _write_manifest(self, runs: Mapping[str, Any]) -> None:
        manifest = state.manifest_path(self._out, self._entity, self._project)
        known = state.read_json(manifest).get("runs", {})
        names = {"entity": self._entity, "project": self._project}
        state.write_json(manifest, {**names, "runs": {**known, **runs}})


@dataclass(frozen=True)
class Plan:
    """What of a run is exported, and how."""

    artifacts: bool
    console: bool
    system_metrics: bool
    files: bool
    artifact_max_bytes: int | None
    history_page_size: int
    system_samples: int
    download_workers: int


@dataclass
class RunExport:
    """Writes one run into its staging directory."""

    run: Any
    directory: Path
    plan: Plan
    lost: dict[str, None] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def write(self, entity: str, project: str) -> dict[str, Any]:
        """Write everything; return `rows` of each kind and what was `lost`."""
        about = about_run(self.run, entity, project)
        self._download_files()
        base = {"project_id": f"{entity}/{project}", "run_id": self.run.id}
        schema.write_parts(self.directory, self._rows(base))
        charts = _charts(self.run)
        if charts:
            state.write_json(self.directory / state.CHARTS, charts)
        state.write_json(self.directory / state.RUN, {**about, "lost": list(self.lost)})
        return {"rows": self.rows, "lost": list(self.lost)}

    def _rows(self, base: schema.Row) -> Iterator[schema.Row]:
        for item in self._items():
            for row in schema.rows_of(item, base, self.directory):
                kind = row["attribute_type"]
                self.rows[kind] = self.rows.get(kind, 0) + 1
                yield row

    def _items(self) -> Iterator[Item]:
        history = History(self._media, self.lost)
        for row in self.run.scan_history(page_size=self.plan.history_page_size):
            yield from history.items(row)
        if self.plan.system_metrics:
            yield from self._system()
        if self.plan.console:
            yield from self._console()
        when = history.step, history.last or milliseconds(self.run.created_at) or 0
        yield from self._files(*when)
        if self.plan.artifacts:
            yield from self._artifacts(*when)

    def _media(self, path: str) -> Path:
        file = self.directory / "files" / path
        if not file.is_file():
            why = "was not in the run" if self.plan.files else "was left out with all files"
            raise SourceError(f"its file {path} {why}")
        return file

    def _system(self) -> Iterator[Item]:
        samples = self.run.history(samples=self.plan.system_samples, pandas=False, stream="system")
        for step, sample in enumerate(samples):
            numbers = {
                f"sys/{name.removeprefix('system.')}": number
                for name, value in sample.items()
                if name not in OWN_COLUMNS and (number := number_of(value)) is not None
            }
            time = round(float(sample.get("_timestamp") or 0) * 1000)
            yield Numbers(numbers, step, time, system=True)

    def _console(self) -> Iterator[Item]:
        file = self.directory / "files" / CONSOLE
        if not file.is_file():
            return
        time = milliseconds(self.run.created_at) or 0  # the lines have none of their own
        with file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            for line in lines:
                if line.strip():
                    yield Line(line.rstrip("\n").rpartition("\r")[2], time)

    def _files(self, step: int, time: int) -> Iterator[Item]:
        """Yield the files that were saved; those of media are in the history."""
        root = self.directory / "files"
        for file in sorted(path for path in root.rglob("*") if path.is_file()):
            path = file.relative_to(root).as_posix()
            if path not in _ITSELF and not path.startswith(("media/", "artifact/")):
                yield Content(f"save/{path}", "ARTIFACT", file, path, step, time, caption=path)

    def _download_files(self) -> None:
        """Download the files of the run that are wanted, several at once."""
        root = self.directory / "files"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)

        def download(file: Any) -> None:
            try:
                opened = file.download(root=str(root), replace=True)
                if hasattr(opened, "close"):
                    opened.close()
            except Exception as error:  # noqa: BLE001 - one file; the others are downloaded
                self.lost[f"the file {file.name}: {error}"] = None

        wanted = [file for file in self.run.files() if self._is_wanted(file.name, root)]
        with ThreadPoolExecutor(self.plan.download_workers) as pool:
            list(pool.map(download, wanted))

    def _is_wanted(self, name: str, root: Path) -> bool:
        if not (root / name).resolve().is_relative_to(root.resolve()):
            self.lost[f"the file {name}: its name leads out of the run"] = None
            return False
        if name == CONSOLE:
            return self.plan.console
        return self.plan.files

    def _artifacts(self, step: int, time: int) -> Iterator[Item]:
        for artifact in self.run.logged_artifacts():
            if artifact.type in INTERNAL_ARTIFACTS:
                continue
            limit = self.plan.artifact_max_bytes
            if limit is not None and artifact.size > limit:
                said = f"{artifact.size:,} bytes, more than {limit:,}"
                self.lost[f"the artifact {artifact.name}: {said}"] = None
                continue
            yield from self._artifact(artifact, step, time)

    def _artifact(self, artifact: Any, step: int, time: int) -> Iterator[Item]:
        root = self.directory / "artifacts" / directory_name(artifact.name)
        try:
            artifact.download(root=str(root))
        except Exception as error:  # noqa: BLE001 - one artifact; the others are exported
            self.lost[f"the artifact {artifact.name}: {error}"] = None
            return
        facts = {
            "name": artifact.name,
            "type": artifact.type,
            "aliases": list(artifact.aliases),
            "metadata": dict(artifact.metadata or {}),
        }
        about = to_json({"artifact": {key: value for key, value in facts.items() if value}})
        files = sorted(path for path in root.rglob("*") if path.is_file())
        name = f"artifacts/{artifact.name.partition(':')[0]}"
        for place, file in enumerate(files):
            path = file.relative_to(root).as_posix()
            notes = None if place else about
            yield Content(name, "ARTIFACT", file, path, step, time, path, notes, place)


def about_run(run: Any, entity: str, project: str) -> dict[str, Any]:
    """Return what is known about a run besides its rows, as `run.json` has it."""
    summary = _optional(run, "summary")
    return {
        "id": run.id,
        "name": run.name,
        "entity": entity,
        "project": project,
        "state": run.state,
        "created_at": _text(run.created_at),
        "updated_at": _text(_optional(run, "heartbeat_at")),
        "config": {key: value for key, value in run.config.items() if key != "_wandb"},
        "summary": dict(getattr(summary, "_json_dict", summary) or {}),
        "tags": list(run.tags or ()),
        "notes": _optional(run, "notes"),
        "group": _optional(run, "group"),
        "job_type": _optional(run, "job_type"),
        "url": _optional(run, "url"),
        "user": _text(getattr(_optional(run, "user"), "username", None)),
        "sweep": _text(getattr(_optional(run, "sweep"), "id", None)),
        "metadata": _optional(run, "metadata"),
    }


def wandb_api(api_key: str | None = None) -> Any:
    """Return a client of wandb's service.

    Raises:
        UsageError: wandb is not installed, or knows no key.
    """
    try:
        import wandb
    except ImportError as error:
        raise UsageError(f"an export from wandb's service needs wandb: {schema.EXTRA}") from error
    try:
        return wandb.Api(api_key=api_key) if api_key else wandb.Api()
    except wandb.errors.Error as error:
        raise UsageError(f"wandb: {error}") from error


def _optional(run: Any, name: str) -> Any:
    return getattr(run, name, None)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _charts(run: Any) -> dict[str, Any]:
    """Return the custom charts that a run has defined."""
    own = (_optional(run, "rawconfig") or {}).get("_wandb") or {}
    own = own.get("value", own) if isinstance(own, Mapping) else {}
    charts = own.get("visualize") if isinstance(own, Mapping) else None
    return dict(charts) if isinstance(charts, Mapping) else {}
