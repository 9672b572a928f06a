"""An api object of the shape of `wandb.Api`, which serves runs that were recorded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class RecordedFile:
    name: str
    source: Path
    fails: bool = False

    def download(self, root: str = ".", replace: bool = False) -> Any:
        if self.fails:
            raise ConnectionError("the service went away")
        target = Path(root) / self.name
        assert replace or not target.exists()
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.source, target)
        return target.open()


@dataclass
class RecordedArtifact:
    name: str
    type: str
    source: Path
    size: int
    aliases: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)

    def download(self, root: str) -> str:
        shutil.copytree(self.source, root, dirs_exist_ok=True)
        return root


class Summary(dict[str, Any]):
    """As `HTTPSummary`: a mapping that keeps its JSON apart."""

    @property
    def _json_dict(self) -> dict[str, Any]:
        return dict(self)


@dataclass
class RecordedRun:
    id: str
    name: str
    rows: list[dict[str, Any]]
    state: str = "finished"
    created_at: str = "2024-05-06T07:08:09Z"
    heartbeat_at: str = "2024-05-06T08:00:00Z"
    config: dict[str, Any] = field(default_factory=dict)
    rawconfig: dict[str, Any] = field(default_factory=dict)
    summary: Summary = field(default_factory=Summary)
    tags: list[str] = field(default_factory=list)
    notes: str | None = None
    group: str | None = None
    job_type: str | None = None
    url: str = "https://wandb.ai/team/digits/runs/1"
    metadata: dict[str, Any] | None = None
    samples: list[dict[str, Any]] = field(default_factory=list)
    saved: list[RecordedFile] = field(default_factory=list)
    artifacts: list[RecordedArtifact] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)

    def scan_history(self, page_size: int = 1000) -> Iterator[dict[str, Any]]:
        for start in range(0, len(self.rows), page_size):
            self.pages.append(start)
            yield from self.rows[start : start + page_size]

    def history(self, samples: int, pandas: bool, stream: str) -> list[dict[str, Any]]:
        assert (pandas, stream) == (False, "system")
        return self.samples[:samples]

    def files(self) -> list[RecordedFile]:
        return self.saved

    def logged_artifacts(self) -> list[RecordedArtifact]:
        return self.artifacts


@dataclass
class Project:
    name: str


@dataclass
class RecordedApi:
    by_project: dict[str, list[RecordedRun]]

    def runs(self, path: str) -> list[RecordedRun]:
        entity, project = path.split("/")
        assert entity == "team"
        return self.by_project[project]

    def projects(self, entity: str) -> list[Project]:
        assert entity == "team"
        return [Project(name) for name in self.by_project]
