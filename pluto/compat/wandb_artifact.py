"""`wandb.Artifact`: named, versioned sets of files, made by one run and used by others."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import pluto
from pluto.compat.wandb_artifact_facts import ArtifactFacts
from pluto.compat.wandb_artifact_media import read, written
from pluto.compat.wandb_errors import CommError, UnsupportedError

logger = logging.getLogger("pluto")

_PIECE: Final = 1 << 20


class ArtifactFile:
    """One file of an artifact.

    Attributes:
        path: its name within the artifact.
        source: where its bytes are on this machine.
    """

    def __init__(self, path: str, source: Path) -> None:
        self.path = path
        self.source = source

    @property
    def name(self) -> str:
        """Its name within the artifact."""
        return self.path

    @property
    def size(self) -> int:
        """In bytes."""
        return self.source.stat().st_size

    def local_path(self) -> str:
        """Return where it is on this machine."""
        return str(self.source)

    def download(self, root: str | os.PathLike[str] = "artifacts") -> str:
        """Copy the file below `root`; return where it is then."""
        target = Path(root, self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.source, target)
        return str(target)


class Artifact(ArtifactFacts):
    """A set of files with a name, a type and versions (`v0`, `v1` and so on).

    Args:
        name: what it is called in the project.
        type: what it is, such as `model` or `dataset`.
        description: free text.
        metadata: JSON values.
        **_options: `incremental`, `use_as`: without effect.

    Attributes:
        type: what it is.
        version: of an artifact that was read back or waited for; the same content is one version.
        aliases: other names of the version.
        source: of an artifact that was read back, the project and id of the run that logged it, and
            the digest of its files.
        from_version: the one that this is a draft of.
        find_version: returns the version that was logged last, if the run that logged it knows it.

    Example:
        >>> artifact = Artifact("digits", type="dataset")
        >>> artifact.add_file("train.npz")  # doctest: +SKIP
        >>> run.log_artifact(artifact)  # doctest: +SKIP
    """

    def __init__(
        self,
        name: str,
        type: str,  # noqa: A002 - the name of wandb
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        **_options: Any,
    ) -> None:
        if not name or "/" in name or ":" in name:
            raise ValueError(f"an artifact's name has no '/' and no ':', got {name!r}")
        self._name = name
        self.type = type
        self.description = description
        self.metadata = dict(metadata or {})
        self.source: dict[str, str] = {}
        self.aliases: list[str] = []
        self.tags: list[str] = []
        self.files_by_name: dict[str, Path] = {}
        self.from_version: Artifact | None = None  # keeps what it has fetched
        self.find_version: Callable[[], str | None] = lambda: None
        self._own: Path | None = None

    @property
    def name(self) -> str:
        """The name, with the version once there is one."""
        return f"{self._name}:{self.version}" if self.version else self._name

    @property
    def base_name(self) -> str:
        """The name without a version."""
        return self._name

    @property
    def digest(self) -> str:
        """A hash of the names and the content of all files."""
        total = hashlib.sha256()
        for name, path in sorted(self.files_by_name.items()):
            total.update(name.encode() + b"\0" + _hash_of(path))
        return total.hexdigest()

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(path.stat().st_size for path in self.files_by_name.values())

    @property
    def file_count(self) -> int:
        """The number of files."""
        return len(self.files_by_name)

    def add_file(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        is_tmp: bool | None = None,  # noqa: ARG002 - no name of ours is random
        **_options: Any,
    ) -> ArtifactFile:
        """Add a file.

        Raises:
            FileNotFoundError: there is none.
        """
        path = Path(os.path.abspath(os.path.expanduser(local_path)))
        if not path.is_file():
            raise FileNotFoundError(f"Artifact.add_file(): there is no file {path}")
        return self._add(name or path.name, path)

    def add_dir(
        self, local_path: str | os.PathLike[str], name: str | None = None, **_options: Any
    ) -> None:
        """Add all files below a directory, by their relative names.

        Raises:
            FileNotFoundError: there is no such directory.
        """
        folder = Path(os.path.abspath(os.path.expanduser(local_path)))
        if not folder.is_dir():
            raise FileNotFoundError(f"Artifact.add_dir(): there is no directory {folder}")
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self._add(Path(name or "", path.relative_to(folder)).as_posix(), path)

    def add_reference(self, uri: str, name: str | None = None, **_options: Any) -> ArtifactFile:
        """Add a file by its `file://` URI.

        Raises:
            UnsupportedError: it is elsewhere: Pluto keeps files, not references to them.
        """
        scheme, separator, path = str(uri).partition("://")
        if separator and scheme != "file":
            raise UnsupportedError(
                f"Pluto keeps files and no references to other stores: download {uri} and add the"
                " file, or keep the address in the artifact's metadata"
            )
        return self.add_file(path if separator else str(uri), name)

    @contextmanager
    def new_file(
        self, name: str, mode: str = "w", encoding: str | None = None, **_options: Any
    ) -> Iterator[IO[Any]]:
        """Open a file to write; it is added when it closes."""
        path = self._own_path(name)
        with path.open(mode, encoding=encoding or (None if "b" in mode else "utf-8")) as file:
            yield file
        self._add(name, path)

    def add(self, obj: Any, name: str, **_options: Any) -> ArtifactFile:
        """Add a table, a picture, a sound, a video or HTML, as `wandb_artifact_media` says.

        Raises:
            UnsupportedError: it is something else.
        """
        kind, document = written(obj, self._take)
        path = self._own_path(f"{name}.{kind}.json")
        path.write_text(json.dumps(document), "utf-8")
        return self._add(f"{name}.{kind}.json", path)

    def get(self, name: str) -> Any:
        """Return the table or the media value that was added under a name; None if there is none.

        Media files are copied to where `download` copies all. What lay over a picture, boxes and
        masks, is not part of it.
        """
        return read(name, self.files_by_name, self._named)

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def __setitem__(self, name: str, item: Any) -> None:
        self.add(item, name)

    def new_draft(self) -> Artifact:
        """Return an artifact with the same name, type, files and metadata, to change and log."""
        draft = Artifact(self._name, self.type, self.description, self.metadata)
        draft.files_by_name = dict(self.files_by_name)
        draft.from_version = self
        return draft

    def remove(self, item: str | ArtifactFile) -> None:
        """Remove a file, or all below a name.

        Raises:
            FileNotFoundError: there is none.
        """
        name = item.path if isinstance(item, ArtifactFile) else str(item)
        gone = [known for known in self.files_by_name if known == name or _is_below(known, name)]
        if not gone:
            raise FileNotFoundError(f"the artifact {self.name} has no file {name}")
        for known in gone:
            del self.files_by_name[known]

    def files(self, names: list[str] | None = None, **_options: Any) -> list[ArtifactFile]:
        """Return all files, or those of some names."""
        return [
            ArtifactFile(name, path)
            for name, path in self.files_by_name.items()
            if not names or name in names
        ]

    def get_entry(self, name: str | os.PathLike[str]) -> ArtifactFile:
        """Return one file.

        Raises:
            KeyError: there is none of that name.
        """
        text = Path(name).as_posix()
        if text not in self.files_by_name:
            raise KeyError(f"the artifact {self.name} has no file {text}")
        return ArtifactFile(text, self.files_by_name[text])

    def get_path(self, name: str | os.PathLike[str]) -> ArtifactFile:
        """Return one file; the earlier name of `get_entry`."""
        return self.get_entry(name)

    def file(self, root: str | os.PathLike[str] | None = None) -> str:
        """Copy the only file; return where it is then.

        Raises:
            ValueError: the artifact has several files, or none.
        """
        if len(self.files_by_name) != 1:
            raise ValueError(f"the artifact {self.name} has {len(self.files_by_name)} files")
        return self.files()[0].download(root or self._default_root())

    def download(
        self, root: str | os.PathLike[str] | None = None, path_prefix: str = "", **_options: Any
    ) -> str:
        """Copy the files below `root` (`artifacts/<name>` by default); return `root`."""
        target = str(root or self._default_root())
        os.makedirs(target, exist_ok=True)
        for file in self.files():
            if file.path.startswith(path_prefix):
                file.download(target)
        return target

    def checkout(self, root: str | os.PathLike[str] | None = None) -> str:
        """Copy the files below `root` and remove all others there; return `root`."""
        target = self.download(root)
        for path in Path(target).rglob("*"):
            if path.is_file() and path.relative_to(target).as_posix() not in self.files_by_name:
                path.unlink()
        return target

    def verify(self, root: str | os.PathLike[str] | None = None) -> None:
        """Check that the files below `root` are those of the artifact.

        Raises:
            CommError: one is missing or differs.
        """
        folder = Path(root or self._default_root())
        for name, path in self.files_by_name.items():
            if not (folder / name).is_file() or _hash_of(folder / name) != _hash_of(path):
                raise CommError(f"{folder / name} is not the file of the artifact {self.name}")

    def finalize(self) -> None:
        """Do nothing: what an artifact holds when it is logged is what is kept."""

    def wait(self, timeout: float | None = None) -> Artifact:  # noqa: ARG002
        """Return the artifact, which then has its version where its run can be read already.

        What was logged is safe without it.
        """
        if self.version is None:
            self.version = self.find_version()
        return self

    def to_pluto(self) -> pluto.Artifact:
        """Return what is logged."""
        known = {
            "description": self.description,
            "aliases": self.aliases,
            "tags": self.tags,
            "digest": self.digest,
        }
        facts = {key: value for key, value in known.items() if value}
        made = pluto.Artifact(
            metadata={**self.metadata, "wandb": facts}, name=self._name, type=self.type
        )
        for name, path in sorted(self.files_by_name.items()):
            made.add_file(path, name)
        return made

    def __repr__(self) -> str:
        return f"Artifact({self.name!r}, type={self.type!r}, {len(self.files_by_name)} files)"

    def _default_root(self) -> str:
        return os.path.join(os.environ.get("WANDB_ARTIFACT_DIR", "artifacts"), self.name)

    def _add(self, name: str, path: Path) -> ArtifactFile:
        self.files_by_name[name] = path
        return ArtifactFile(name, path)

    def _take(self, name: str, path: Path) -> None:
        """Add a file that will not stay where it is."""
        target = self._own_path(name)
        shutil.move(path, target)
        self._add(name, target)

    def _named(self, name: str) -> Path:
        """Return a copy of a file under its own name, whose ending tells of its content."""
        return Path(self.get_entry(name).download(self._default_root()))

    def _own_path(self, name: str) -> Path:
        if self._own is None:
            self._own = Path(tempfile.mkdtemp(prefix="pluto-artifact-"))
            weakref.finalize(self, shutil.rmtree, self._own, ignore_errors=True)
        path = self._own / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _hash_of(path: Path) -> bytes:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.digest()


def _is_below(name: str, folder: str) -> bool:
    return name.startswith(folder.rstrip("/") + "/")
