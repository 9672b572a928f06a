"""Artifacts that runs have logged, read back by name and version."""

from __future__ import annotations

import json
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from shutil import rmtree
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

from pluto.compat.wandb_artifact import Artifact
from pluto.compat.wandb_errors import CommError, UsageError
from pluto.errors import QueryError

FOLDER: Final = "artifacts"
"""An artifact is logged as `artifacts/<name>`."""

PARTS: Final = "artifact-parts"
"""What several runs contribute to an artifact is logged as `artifact-parts/<their id>/<name>`."""

LATEST: Final = "latest"


class Reads(Protocol):
    """What is asked of `pluto.query`, the module or a client."""

    def list_runs(self, project: str, *, limit: int | None) -> list[dict[str, Any]]:
        """Return runs, the newest first."""

    def get_run(self, project: str, run_id: Any) -> dict[str, Any]:
        """Return a run with its ids."""

    def get_files(self, project: str, run_id: Any, file_name: str | None) -> list[dict[str, Any]]:
        """Return the files of a run."""

    def download_file(
        self, project: str, run_id: Any, file_name: str, destination: Path, *, step: int
    ) -> Path:
        """Fetch a file."""


@dataclass(frozen=True)
class Reference:
    """What names an artifact: `[[entity/]project/]name[:version or alias]`."""

    project: str | None
    name: str
    alias: str = LATEST

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Take a name apart.

        Raises:
            UsageError: it is no such name.
        """
        path, _, alias = text.partition(":")
        *before, name = path.split("/")
        if not name or len(before) > 2:
            raise UsageError(f"an artifact is named 'name:version' or 'project/name', got {text!r}")
        return cls(before[-1] if before else None, name, alias or LATEST)


@dataclass(frozen=True)
class _Logged:
    """One time that an artifact was logged."""

    run: Any
    time: str
    files: Sequence[Mapping[str, Any]]
    facts: Mapping[str, Any]

    @property
    def digest(self) -> str:
        return str(self.facts.get("wandb", {}).get("digest", self.time))

    @property
    def aliases(self) -> list[str]:
        return list(self.facts.get("wandb", {}).get("aliases", []))


def find_artifact(reads: Reads, project: str, reference: Reference) -> Artifact:
    """Return a version of an artifact; its files are fetched where they are not on this machine.

    Raises:
        CommError: no run of the project has logged it.
    """
    logged, numbers = _history(reads, project, reference.name)
    for each in reversed(logged):
        version = f"v{numbers[each.digest]}"
        if reference.alias in (version, LATEST, *each.aliases):
            return _artifact(reads, project, reference.name, each, version)
    known = ", ".join(f"v{number}" for number in range(len(numbers))) or "none"
    raise CommError(
        f"no run of the project {project!r} has logged the artifact"
        f" {reference.name}:{reference.alias} (versions: {known})"
    )


def versions(reads: Reads, project: str, name: str) -> list[Artifact]:
    """Return every version of an artifact as it was logged last, the newest first."""
    logged, numbers = _history(reads, project, name)
    last = {each.digest: each for each in logged}
    return [
        _artifact(reads, project, name, last[digest], f"v{number}")
        for digest, number in reversed(numbers.items())
    ]


def version_of(reads: Reads, project: str, artifact: Artifact) -> str | None:
    """Return which version an artifact is by its content; None if nobody has logged it."""
    _, numbers = _history(reads, project, artifact.base_name)
    number = numbers.get(artifact.digest)
    return None if number is None else f"v{number}"


def logged_by(reads: Reads, project: str, run: Any) -> list[Artifact]:
    """Return the artifacts that a run has logged, each version once."""
    files = reads.get_files(project, run, None)
    names = dict.fromkeys(str(file["logName"]) for file in files)
    found = []
    for path in (name for name in names if name.startswith(f"{FOLDER}/")):
        name = path.removeprefix(f"{FOLDER}/")
        _, numbers = _history(reads, project, name)
        own = {each.digest: each for each in _times(run, reads.get_files(project, run, path))}
        found += [
            _artifact(reads, project, name, each, f"v{numbers[digest]}")
            for digest, each in own.items()
        ]
    return found


def _history(reads: Reads, project: str, name: str) -> tuple[list[_Logged], dict[str, int]]:
    """Return every time an artifact was logged, by time, and the number of each content."""
    logged = sorted(_logged(reads, project, f"{FOLDER}/{name}"), key=lambda each: each.time)
    digests = dict.fromkeys(each.digest for each in logged)
    return logged, {digest: number for number, digest in enumerate(digests)}


def parts(reads: Reads, project: str, path: str, name: str) -> list[Artifact]:
    """Return what runs have contributed to an artifact under a path, the oldest first."""
    logged = sorted(_logged(reads, project, path), key=lambda each: each.time)
    return [_artifact(reads, project, name, each, "part") for each in logged]


def _logged(reads: Reads, project: str, path: str) -> Iterator[_Logged]:
    try:
        runs = reads.list_runs(project, limit=None)
        for run in runs:
            yield from _times(run["id"], reads.get_files(project, run["id"], path))
    except QueryError as error:
        raise CommError(f"the runs of {project!r} cannot be read: {error}") from error


def _times(run: Any, files: Iterable[dict[str, Any]]) -> Iterator[_Logged]:
    """Yield the files that were logged together; one of them carries what is known."""

    def when(file: Mapping[str, Any]) -> tuple[int, str]:
        return int(file["step"]), str(file["time"])

    for (_, time), together in groupby(sorted(files, key=when), key=when):
        listed = list(together)
        notes = [json.loads(file["annotations"]) for file in listed if file.get("annotations")]
        found = [note["artifact"] for note in notes if "artifact" in note]
        yield _Logged(run, time, listed, _with_metadata(found[0] if found else {}))


def _with_metadata(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known with wandb's own part beside the metadata of the user."""
    metadata = dict(facts.get("metadata") or {})
    return {**facts, "wandb": metadata.pop("wandb", {}), "metadata": metadata}


def _artifact(reads: Reads, project: str, name: str, logged: _Logged, version: str) -> Artifact:
    own = logged.facts["wandb"]
    artifact = Artifact(
        name,
        str(logged.facts.get("type", "unspecified")),
        own.get("description"),
        logged.facts["metadata"],
    )
    artifact.version, artifact.aliases = version, logged.aliases
    artifact.tags = list(own.get("tags", []))
    artifact.source = _source(reads, project, logged)
    artifact.created_at = logged.time
    fetch = partial(_fetch, reads, project, logged.run, artifact)
    for file in logged.files:
        artifact.files_by_name[file.get("caption") or file["fileName"]] = fetch(file)
    return artifact


def _source(reads: Reads, project: str, logged: _Logged) -> dict[str, str]:
    """Return what a run that uses the artifact writes down of the run that logged it."""
    try:
        maker = reads.get_run(project, logged.run).get("externalId")
    except QueryError as error:
        raise CommError(f"the run {logged.run} of {project!r} cannot be read: {error}") from error
    known = {"project": project, "run": maker, "digest": logged.digest}
    return {key: value for key, value in known.items() if value}


def _fetch(
    reads: Reads, project: str, run: Any, artifact: Artifact, file: Mapping[str, Any]
) -> Path:
    """Return where the bytes of a file are on this machine; fetch them if they are elsewhere."""
    parts = urlsplit(str(file.get("url") or ""))
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    folder = Path(tempfile.mkdtemp(prefix="pluto-artifact-"))
    weakref.finalize(artifact, rmtree, folder, ignore_errors=True)
    try:
        name = str(file["fileName"])
        return reads.download_file(project, run, name, folder, step=int(file["step"]))
    except QueryError as error:
        raise CommError(f"{file['fileName']} of {artifact.name}: {error}") from error
