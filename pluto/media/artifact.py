"""Artifact: files and directories that belong to a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from pluto.errors import MediaError, UsageError
from pluto.media.base import File, content_of_file_or_bytes
from pluto.media.content import Content, FileContent, existing_file
from pluto.media.part import Part
from pluto.media.plain import to_json
from pluto.media.staging import StagingArea
from pluto.notice import logger
from pluto.wording import counted


@dataclass(frozen=True)
class _Entry:
    """One file of an artifact and the relative name under which it is kept."""

    content: Content
    name: str


class Artifact(File):
    """A file, the bytes of one, or a whole directory.

    The files of a directory keep their relative names (as captions) and are named by their
    content, so unchanged files of the next version are not uploaded again. Links to files are
    followed, links to directories are not.

    Args:
        data: a path of a file or directory, or bytes. May be left out if `add_file` or `add_dir`
            follow.
        caption: free text shown with a single file.
        metadata: what is known about it; JSON values, uploaded as annotations.
        name: readable name.
        type: kind of artifact, such as `model`; uploaded with the metadata.
        path: another way to give a path.

    Raises:
        FileNotFoundError: there is nothing at the path.
        UsageError: the data are neither a path nor bytes.

    Example:
        >>> run.log({"checkpoint": pluto.Artifact("checkpoints/")})  # doctest: +SKIP
    """

    type_name: ClassVar[str] = "ARTIFACT"

    def __init__(
        self,
        data: Any = None,
        caption: str | None = None,
        metadata: object = None,
        *,
        name: str | None = None,
        type: str | None = None,  # noqa: A002 -- the name that existing scripts use
        path: str | os.PathLike[str] | None = None,
        **unknown: object,
    ) -> None:
        if data is not None and path is not None:
            raise UsageError("Artifact: give the content once: pluto.Artifact(path)")
        self._directories: list[tuple[str, str]] = []
        self._entries: list[_Entry] = []
        facts = {"name": name, "type": type, "metadata": metadata}
        known = {key: value for key, value in facts.items() if value is not None}
        self._facts = to_json({"artifact": known}) if known else None
        self._adopt(None, caption=caption, name=name, unknown=unknown)
        self._set_main(data if path is None else path)

    def _set_main(self, data: Any) -> None:
        """Take the first argument: a file or bytes are the artifact, a directory is its files."""
        if data is None:
            return
        if isinstance(data, (str, os.PathLike)) and os.path.isdir(os.path.expanduser(data)):
            self.add_dir(data)
            return
        self._content = content_of_file_or_bytes(data, "Artifact", "")
        if self._content is None:
            raise UsageError(
                f"Artifact takes a path or bytes, got {type(data).__name__}; write the object to a"
                " file first, for example with torch.save or json.dump"
            )

    def add_file(self, path: str | os.PathLike[str], name: str | None = None) -> Artifact:
        """Add a file under a relative name (default: the file's own); returns the artifact.

        Raises:
            FileNotFoundError: there is no such file.
        """
        full = existing_file(path, "Artifact.add_file")
        self._entries.append(_Entry(FileContent(full), name or os.path.basename(full)))
        return self

    def add_dir(self, path: str | os.PathLike[str], name: str = "") -> Artifact:
        """Add the files below a directory as it is when logged, below the relative name `name`.

        Raises:
            FileNotFoundError: there is no such directory.
        """
        full = os.path.abspath(os.path.expanduser(os.fspath(path)))
        if not os.path.isdir(full):
            raise FileNotFoundError(f"Artifact: there is no directory {full}")
        self._directories.append((full, name))
        return self

    def _parts(self, area: StagingArea) -> list[Part]:
        """Stage the main content, if any, and every file of the directories."""
        parts = [] if self._content is None else super()._parts(area)
        for entry in self._entries:
            parts.append(_named_by_content(entry.content.stage(area), entry.name))
        for directory, prefix in self._directories:
            parts.extend(_stage_directory(area, directory, prefix))
        if not parts:
            raise MediaError("the artifact has no files; give a path or call add_file(path)")
        parts[0] = parts[0]._replace(annotations=self._facts)
        return parts


def _named_by_content(part: Part, relative: str) -> Part:
    stem = str(PurePosixPath(relative).with_suffix(""))
    return part._replace(stem=stem, caption=relative)


def _stage_directory(area: StagingArea, directory: str, prefix: str) -> Iterator[Part]:
    """Stage the files of a directory in the order of their names; count what cannot be read."""
    unreadable: list[str] = []
    for path in _files_below(directory, unreadable):
        relative = PurePosixPath(prefix, Path(path).relative_to(directory).as_posix())
        try:
            staged = FileContent(path).stage(area)
        except (FileNotFoundError, PermissionError):
            unreadable.append(path)
            continue
        yield _named_by_content(staged, str(relative))
    if unreadable:
        logger.warning(
            "Artifact: left out %s of %s that cannot be read, the first is %s",
            counted(len(unreadable), "file"),
            directory,
            unreadable[0],
        )


def _files_below(directory: str, unreadable: list[str]) -> Iterator[str]:
    def note(error: OSError) -> None:
        unreadable.append(str(error.filename))

    for parent, directories, names in os.walk(directory, onerror=note):
        directories.sort()
        for name in sorted(names):
            path = os.path.join(parent, name)
            if os.path.isfile(path):
                yield path
            elif not os.path.exists(path):  # a dangling link; sockets and pipes are no content
                unreadable.append(path)
