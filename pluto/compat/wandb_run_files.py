"""What a wandb run does with files: saved ones, its source code, artifacts and models."""

from __future__ import annotations

import inspect
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from glob import escape
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import pluto
from pluto.compat.wandb_artifact import Artifact
from pluto.compat.wandb_errors import CommError, UsageError
from pluto.compat.wandb_files import SavedFiles
from pluto.compat.wandb_rows import Rows
from pluto.compat.wandb_store import FOLDER, PARTS, Reference, find_artifact, parts, version_of
from pluto.op import Op
from pluto.storage import Kind, RunReader

if TYPE_CHECKING:
    from pluto import query

STORED_SECONDS: Final = 60.0
"""Longest wait for an artifact that this run has just logged."""

OWN_CONFIG: Final = "wandb"
"""Where the config keeps what belongs to wandb and to no setting of the user."""

_SKIPPED: Final = {"__pycache__", "node_modules"}


class FileMethods:
    """The methods of a run that have to do with files.

    Args:
        op: the run of Pluto.
        run_id: its id.
        rows: where files are logged.
    """

    def __init__(self, op: Op, run_id: str, rows: Rows) -> None:
        self.op = op
        self.id = run_id
        self._rows = rows
        self._saved = SavedFiles(None if op.settings.mode == "noop" else op.dir, self._keep)
        self._logged: Counter[str] = Counter()
        self._ended = False

    @property
    def dir(self) -> str:
        """A folder whose files are kept with the run when it ends."""
        return str(self._saved.directory)

    def save(
        self,
        glob_str: str | os.PathLike[str] | None = None,
        base_path: str | os.PathLike[str] | None = None,
        policy: str = "live",
        glob: bool = True,
    ) -> list[str]:
        """Keep files with the run; see `SavedFiles.save`. `glob=False`: the text is a path.

        Without files it does nothing: older scripts call `run.save()` after a change of the name,
        which is kept anyway.
        """
        self._refuse_if_ended("save")
        if glob_str is None:
            return []
        pattern = glob_str if glob else escape(os.fspath(glob_str))
        return self._saved.save(pattern, base_path, policy)

    def log_code(
        self,
        root: str | os.PathLike[str] = ".",
        name: str | None = None,
        include_fn: Callable[..., bool] = lambda path: path.endswith(".py"),
        exclude_fn: Callable[..., bool] = lambda path: False,  # noqa: ARG005
    ) -> Artifact | None:
        """Keep the source files below `root` as an artifact of type `code`; None if there is none.

        Hidden folders and virtual environments are left out.
        """
        artifact = Artifact(name or f"source-{self.op.project}".replace("/", "-"), "code")
        for path in _source_files(Path(root)):
            arguments = (str(path), str(root))
            if _ask(include_fn, *arguments) and not _ask(exclude_fn, *arguments):
                artifact.add_file(path, path.relative_to(root).as_posix())
        return self.log_artifact(artifact) if artifact.files_by_name else None

    def log_artifact(
        self,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - the name of wandb
        aliases: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Artifact:
        """Keep an artifact, or a path as one, with the bytes that it has now.

        Raises:
            UsageError: the run has ended.
            FileNotFoundError: there is nothing at the path.
        """
        self._refuse_if_ended("log_artifact")
        artifact = self._artifact(artifact_or_path, name, type, aliases)
        artifact.tags = list(dict.fromkeys([*artifact.tags, *(tags or ())]))
        self._log_files(f"{FOLDER}/{artifact.base_name}", artifact)
        artifact.find_version = partial(self._version_of, artifact)
        return artifact

    def upsert_artifact(
        self,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - the name of wandb
        aliases: Sequence[str] | None = None,
        distributed_id: str | None = None,
    ) -> Artifact:
        """Keep files as a part of an artifact that several runs make; see `finish_artifact`.

        Args:
            artifact_or_path: the part.
            name: of the artifact.
            type: of the artifact.
            aliases: of the artifact.
            distributed_id: what the runs share; by default their group.

        Raises:
            UsageError: the run has ended, or there is neither a group nor an id.
        """
        self._refuse_if_ended("upsert_artifact")
        artifact = self._artifact(artifact_or_path, name, type, aliases)
        self._log_files(self._parts_path(artifact, distributed_id), artifact)
        return artifact

    def finish_artifact(
        self,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - the name of wandb
        aliases: Sequence[str] | None = None,
        distributed_id: str | None = None,
    ) -> Artifact:
        """Log an artifact with the files of all parts that runs have kept by now, and its own.

        The arguments and errors are those of `upsert_artifact`. Of two files with one name the
        later one counts.
        """
        self._refuse_if_ended("finish_artifact")
        artifact = self._artifact(artifact_or_path, name, type)
        path = self._parts_path(artifact, distributed_id)
        found = []
        for own_only in (False, True) if self._has_stored(path) else (False,):
            with self._client(own_only=own_only) as reads:
                found += parts(reads, self.op.project, path, artifact.base_name)
        found.append(artifact)
        artifact.aliases = list(dict.fromkeys(alias for part in found for alias in part.aliases))
        artifact.files_by_name = {
            name: file for part in found for name, file in part.files_by_name.items()
        }
        return self.log_artifact(artifact, aliases=aliases)

    def log_model(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        aliases: Sequence[str] | None = None,
    ) -> Artifact:
        """Keep a file or directory as an artifact of type `model`."""
        return self.log_artifact(path, name, "model", aliases)

    def link_model(
        self,
        path: str | os.PathLike[str],
        registered_model_name: str,
        name: str | None = None,
        aliases: Sequence[str] | None = None,
    ) -> Artifact:
        """Keep a model, with the name for a registry (which Pluto has not) as a tag."""
        return self.log_artifact(path, name, "model", aliases, [registered_model_name])

    def link_artifact(
        self, artifact: Artifact, target_path: str, aliases: Sequence[str] | None = None
    ) -> Artifact:
        """Keep an artifact with the path of a registry (which Pluto has not) as a tag."""
        return self.log_artifact(artifact, aliases=aliases, tags=[target_path])

    def restore(
        self,
        name: str,
        run_path: str | None = None,
        replace: bool = False,
        root: str | os.PathLike[str] | None = None,
    ) -> IO[str] | None:
        """Fetch a file that a run has kept with `save`.

        Args:
            name: of the file.
            run_path: `[entity/]project/run`; this run by default.
            replace: whether to write over a file that is there already.
            root: where to put it: the folder of this run by default.

        Returns:
            The file, open for reading; None if the run has none of that name.
        """
        from pluto.compat.wandb_api import fetch_saved

        where = Path(self.dir if root is None else root)
        return fetch_saved(run_path or f"{self.op.project}/{self.id}", name, where, replace=replace)

    def use_artifact(
        self,
        artifact_or_name: Artifact | str,
        type: str | None = None,  # noqa: A002 - the name of wandb
        aliases: Sequence[str] | None = None,
        use_as: str | None = None,  # noqa: ARG002 - it had a meaning in sweeps only
    ) -> Artifact:
        """Return an artifact that a run of the project has logged, and note that this run uses it.

        Raises:
            CommError: there is none.
            UsageError: it is of another type.
        """
        artifact = artifact_or_name
        if not isinstance(artifact, Artifact):
            artifact = self._find(Reference.parse(artifact))
        elif artifact.version is None:
            self.log_artifact(artifact, aliases=aliases)
        if type is not None and artifact.type != type:
            raise UsageError(f"{artifact.name} is a {artifact.type!r}, not a {type!r}")
        self.op.update_config({OWN_CONFIG: {"used_artifacts": {artifact.name: artifact.source}}})
        return artifact

    def use_model(self, name: str) -> str:
        """Return the path of a model that was logged: its file, or the folder of its files."""
        artifact = self.use_artifact(name)
        return artifact.file() if artifact.file_count == 1 else artifact.download()

    def _find(self, reference: Reference) -> Artifact:
        """Find an artifact among what this run has logged, then where its runs are."""
        project = reference.project or self.op.project
        is_own = project == self.op.project and self._has_stored(f"{FOLDER}/{reference.name}")
        with self._client(own_only=is_own) as reads:
            return find_artifact(reads, project, reference)

    def _artifact(
        self,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None,
        type: str | None,  # noqa: A002 - the name of wandb
        aliases: Sequence[str] | None = None,
    ) -> Artifact:
        if isinstance(artifact_or_path, Artifact):
            artifact = artifact_or_path
        else:
            default = f"run-{self.id}-{os.path.basename(artifact_or_path)}"
            artifact = _of_path(artifact_or_path, name or default, type or "unspecified")
        artifact.aliases = list(dict.fromkeys([*artifact.aliases, *(aliases or ())]))
        return artifact

    def _parts_path(self, artifact: Artifact, distributed_id: str | None) -> str:
        shared = distributed_id or getattr(self, "group", "")
        if not shared:
            raise UsageError("several runs make an artifact by a distributed_id= or a group")
        return f"{PARTS}/{shared}/{artifact.base_name}"

    def _log_files(self, path: str, artifact: Artifact) -> None:
        self._rows.add({path: artifact.to_pluto()})
        self._logged[path] += artifact.file_count

    def _has_stored(self, path: str) -> bool:
        """Wait until what this run has logged under a path is stored; False if it has nothing."""
        if path in self._logged:
            _wait_until_stored(Path(self.op.dir), path, self._logged[path])
        return path in self._logged

    def _version_of(self, artifact: Artifact) -> str | None:
        if self.op.settings.mode == "noop":
            return None
        self._has_stored(f"{FOLDER}/{artifact.base_name}")
        with self._client(own_only=False) as reads, suppress(CommError):  # not on the server yet
            return version_of(reads, self.op.project, artifact)
        return None

    def _client(self, *, own_only: bool) -> query.Client:
        """Return what reads the runs, or this one alone, which a server may have in part."""
        from pluto import query

        own = Path(self.op.dir)
        if self.op.id is None:
            return query.Client(dir=own.parents[1])
        return query.Client(dir=own) if own_only else query.Client()

    def _keep(self, name: str, file: pluto.File) -> None:
        self._rows.add({name: file})

    def _end_files(self) -> None:
        self._saved.end()

    def _refuse_if_ended(self, method: str) -> None:
        if self._ended:
            raise UsageError(f"the run {self.id} has ended: {method}() has no effect any more")


def _of_path(path: str | os.PathLike[str], name: str, kind: str) -> Artifact:
    artifact = Artifact(name, kind)
    if os.path.isdir(path):
        artifact.add_dir(path)
    else:
        artifact.add_reference(os.fspath(path))
    return artifact


def _wait_until_stored(directory: Path, name: str, files: int) -> None:
    """Wait until the uploader has made the files of an artifact part of the run.

    Raises:
        CommError: it takes too long.
    """
    deadline = time.monotonic() + STORED_SECONDS
    reader = RunReader(directory)
    try:
        while _encoded(reader, name) < files:
            if time.monotonic() > deadline:
                raise CommError(f"{name} is not stored after {STORED_SECONDS:.0f} s")
            time.sleep(0.02)
    finally:
        reader.close()


def _encoded(reader: RunReader, name: str) -> int:
    """Count the files of a name that are there for all; a staged one is for the uploader only."""
    records = reader.records(Kind.FILE, name, limit=-1)
    return sum("staged" not in json.loads(record.body) for record in records)


def _source_files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not _is_skipped(here / name))
        yield from (here / name for name in sorted(names))


def _is_skipped(folder: Path) -> bool:
    is_hidden = folder.name.startswith(".") or folder.name in _SKIPPED
    return is_hidden or (folder / "pyvenv.cfg").exists()


def _ask(function: Callable[..., bool], path: str, root: str) -> bool:
    """Ask a filter of the user, which takes the path, or the path and the root."""
    count = len(inspect.signature(function).parameters)
    return bool(function(path, root) if count > 1 else function(path))
