"""A run that `wandb.Api` has read back, its history and its files."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import unquote, urlsplit

from pluto.compat.wandb_artifact import Artifact
from pluto.compat.wandb_errors import AbsentError, CommError
from pluto.compat.wandb_run_files import OWN_CONFIG
from pluto.compat.wandb_store import Reference, find_artifact, logged_by
from pluto.compat.wandb_table import frame_of
from pluto.storage import RunReader

if TYPE_CHECKING:
    from pluto.compat.wandb_api_sweep import ApiSweep

_STATES: Final = {
    "RUNNING": "running",
    "COMPLETED": "finished",
    "FAILED": "failed",
    "TERMINATED": "killed",
    "CANCELLED": "killed",
}
_MARKS: Final = ("group:", "job_type:")
_CHANGES: Final = (
    "delete",
    "log_artifact",
    "save",
    "stop",
    "update",
    "update_state",
    "upload_file",
)
_PAUSE: Final = 5.0

SAVED: Final = "save/"
"""Begins the log name of a file that was kept by `wandb.save`."""


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
        self.name = self.display_name = str(row["name"])
        self.state = _state(row)
        tags = row.get("tags") or []
        self.tags = [tag for tag in tags if not tag.startswith(_MARKS)]
        self.group, self.job_type = (_marked(tags, mark) for mark in _MARKS)
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
    def summary(self) -> ApiSummary:
        """The last value of each metric, and what the run has set."""
        return ApiSummary({**_lasts(self._statistics), **self._given_summary()})

    @property
    def summary_metrics(self) -> dict[str, Any]:
        """The summary."""
        return self.summary

    @property
    def system_metrics(self) -> dict[str, Any]:
        """The last value of each metric of the machine."""
        names = self._names(of_system=True)
        return _lasts(self._reads.get_statistics(self.project, self._number, names))

    @property
    def entity(self) -> str:
        """What the script said."""
        return str(self._own.get("entity") or "")

    @property
    def notes(self) -> str | None:
        """The notes."""
        return self._details.get("notes")

    @property
    def rawconfig(self) -> dict[str, Any]:
        """The config."""
        return self.config

    @property
    def json_config(self) -> str:
        """The config as JSON, each value as `{"value": ...}`."""
        return json.dumps({key: {"value": value} for key, value in self.config.items()})

    @property
    def lastHistoryStep(self) -> int:  # noqa: N802 - the name of wandb
        """The last step; -1 if there is none."""
        lasts = [each["last"]["step"] for each in self._statistics["metrics"] if each.get("last")]
        return max(map(int, lasts), default=-1)

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
        return frame_of(kept)

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

    def files(
        self,
        names: Sequence[str] | None = None,
        pattern: str | None = None,
        per_page: int = 50,  # noqa: ARG002 - all are read
    ) -> list[ApiFile]:
        """Return the files: those of `wandb.save` by their names, others by their log names.

        Args:
            names: only these.
            pattern: only those that match a pattern of SQL: `%` is any text, `_` one character.
            per_page: without effect.

        Raises:
            ValueError: both names and a pattern are given.
        """
        if names and pattern is not None:
            raise ValueError("files() takes names or a pattern, not both")
        rows = self._reads.get_files(self.project, self._number)
        shown = dict.fromkeys(str(row["logName"]).removeprefix(SAVED) for row in rows)
        found = [name for name in shown if not names or name in names]
        if pattern is not None:
            parts = {"%": ".*", "_": "."}
            wanted = re.compile("".join(parts.get(each, re.escape(each)) for each in pattern))
            found = [name for name in found if wanted.fullmatch(name)]
        return [self.file(name) for name in found]

    def file(self, name: str) -> ApiFile:
        """Return a file that was kept with `wandb.save(name)`, or logged as `name`."""
        return ApiFile(self._reads, self.project, self._number, name)

    def logged_artifacts(self, per_page: int = 100) -> list[Artifact]:  # noqa: ARG002
        """Return the artifacts that the run has logged."""
        return logged_by(self._reads, self.project, self._number)

    def used_artifacts(self, per_page: int = 100) -> list[Artifact]:  # noqa: ARG002
        """Return the artifacts that the run has used, in the versions that it used."""
        return [
            find_artifact(self._reads, source.get("project", self.project), Reference.parse(name))
            for name, source in self._used.items()
        ]

    @property
    def sweep(self) -> ApiSweep | None:
        """The sweep that it belongs to, with all its runs; None if there is none."""
        from pluto.compat.wandb_api import Api

        known = self.config.get("sweep")
        if not isinstance(known, Mapping) or "id" not in known:
            return None
        return Api(reads=self._reads).sweep(f"{self.project}/{known['id']}")

    @property
    def used_names(self) -> list[str]:
        """The names, with their versions, of the artifacts that the run has used."""
        return list(self._used)

    def load(self, force: bool = False) -> dict[str, Any]:  # noqa: ARG002
        """Read the run anew; return what is known about it."""
        for kept in ("_details", "_statistics", "summary"):
            self.__dict__.pop(kept, None)
        self.state = _state(self._details)
        return self._details

    def wait_until_finished(self) -> None:
        """Return once the run has ended; asks every few seconds."""
        while self.state == "running":
            time.sleep(_PAUSE)
            self.load()

    def __getattr__(self, name: str) -> NoReturn:
        if name in _CHANGES:
            raise AbsentError(f"run.{name}() is not offered: change runs in the dashboard")
        raise AttributeError(f"a run that is read back has no {name!r}")

    @property
    def _own(self) -> dict[str, Any]:
        """What the stand-in for wandb keeps in the config."""
        return dict((self._details.get("config") or {}).get(OWN_CONFIG) or {})

    @property
    def _used(self) -> dict[str, dict[str, str]]:
        return dict(self._own.get("used_artifacts") or {})

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
        begun = _seconds_of(str(self.created_at)) if self.created_at else None
        for series in self._reads.get_series(self.project, self._number, names) if names else ():
            moments = (series.times.astype("datetime64[ms]").astype("int64") / 1000).tolist()
            points = zip(series.steps.tolist(), series.values.tolist(), moments, strict=True)
            for step, value, moment in points:
                row = rows.setdefault(step, {x_axis: step, "_timestamp": moment})
                row[series.name] = value
        for _, row in sorted(rows.items()):
            runtime = {} if begun is None else {"_runtime": max(0.0, row["_timestamp"] - begun)}
            yield {**row, **runtime}

    def __repr__(self) -> str:
        return f"<run {self.project}/{self.name} ({self.state})>"


class ApiSummary(dict[str, Any]):
    """The summary of a run that is read back."""

    @property
    def _json_dict(self) -> dict[str, Any]:
        """The values, as wandb's examples read them."""
        return dict(self)


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

    @property
    def size(self) -> int:
        """In bytes; of several under the name that of the last."""
        return int(self._rows()[-1]["fileSize"])

    @property
    def url(self) -> str:
        """Where its bytes are."""
        return str(self._rows()[-1].get("url") or "")

    def download(
        self,
        root: str | Path = ".",
        replace: bool = False,
        exist_ok: bool = False,
        **_options: Any,
    ) -> IO[str]:
        """Copy the file to `root/<name>`; return it there, open for reading.

        Args:
            root: a directory.
            replace: whether to write over a file at the place.
            exist_ok: whether to take a file at the place for the one that is wanted.
            **_options: without effect.

        Raises:
            CommError: there is no such file, or one is at the place already.
        """
        target = Path(root, self.name)
        if target.exists() and exist_ok and not replace:
            return target.open(encoding="utf-8")
        if target.exists() and not replace:
            raise CommError(f"{target} exists: pass replace=True or exist_ok=True")
        row = self._rows()[-1]
        target.parent.mkdir(parents=True, exist_ok=True)
        self._reads.download_file(self._project, self._run, row["logName"], target)
        return target.open(encoding="utf-8")

    def _rows(self) -> list[dict[str, Any]]:
        for name in (SAVED + self.name, self.name):
            rows = self._reads.get_files(self._project, self._run, name)
            if rows:
                return list(rows)
        raise CommError(f"the run has no file {self.name!r}")

    def __repr__(self) -> str:
        return f"<file {self.name}>"


def _state(row: Mapping[str, Any]) -> str:
    return _STATES.get(str(row["status"]), str(row["status"]).lower())


def _marked(tags: Sequence[str], mark: str) -> str | None:
    return next((tag.removeprefix(mark) for tag in tags if tag.startswith(mark)), None)


def _lasts(statistics: Mapping[str, Any]) -> dict[str, Any]:
    last = {each["logName"]: (each.get("last") or {}) for each in statistics["metrics"]}
    return {name: at["value"] for name, at in last.items() if at.get("value") is not None}


def _seconds_of(text: str) -> float:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
