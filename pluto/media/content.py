"""Where the bytes of a media value come from, and how each source is staged."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pluto.errors import UsageError
from pluto.media import naming
from pluto.media.arrays import array_options, as_array
from pluto.media.handover import take_file
from pluto.media.part import Part
from pluto.media.staging import StagingArea


class Content(Protocol):
    """The bytes of one file, taken when `stage` is called."""

    @property
    def stem(self) -> str:
        """A readable name for the file; empty if the source has none."""

    def stage(self, area: StagingArea) -> Part:
        """Put the bytes into the staging area as they are now."""


def existing_file(path: str | os.PathLike[str], class_name: str) -> str:
    """Return the absolute path of a file that can be logged.

    Raises:
        FileNotFoundError: there is nothing at `path`.
        IsADirectoryError: there is a directory.
        UsageError: there is something else without a content of its own (a pipe, a device).
    """
    full = os.path.abspath(os.path.expanduser(os.fspath(path)))
    if os.path.isfile(full):
        return full
    if os.path.isdir(full):
        raise IsADirectoryError(
            f"{class_name}: {full} is a directory; log it with pluto.Artifact({full!r})"
        )
    if os.path.exists(full):
        raise UsageError(f"{class_name}: {full} is not a regular file; copy its content to one")
    raise FileNotFoundError(
        f"{class_name}: there is no file {full}; check the path (the working directory is"
        f" {os.getcwd()})"
    )


@dataclass(frozen=True)
class FileContent:
    """A file of the user, copied when it is logged and never changed or deleted."""

    path: str
    extension: str | None = None

    @property
    def stem(self) -> str:
        """The file's name without its extension."""
        return Path(self.path).stem

    def stage(self, area: StagingArea) -> Part:
        """Copy the file, or have it copied."""
        extension = naming.extension_of(self.path) if self.extension is None else self.extension
        name, origin = take_file(area, self.path)
        return Part(name, "copy", extension, origin=origin)


@dataclass(frozen=True)
class BytesContent:
    """A file's content in memory."""

    content: bytes | bytearray | memoryview
    extension: str
    stem: str = ""

    def stage(self, area: StagingArea) -> Part:
        """Write the bytes out."""
        return Part(area.put_bytes(self.content), "copy", self.extension)


@dataclass(frozen=True)
class RenderedContent:
    """A file's content that a function makes at the time of logging (a figure, a document)."""

    render: Callable[[], bytes]
    extension: str
    stem: str = ""

    def stage(self, area: StagingArea) -> Part:
        """Render and write the bytes out."""
        return Part(area.put_bytes(self.render()), "copy", self.extension)


@dataclass(frozen=True)
class ArrayContent:
    """Numbers, staged as they are in memory; `encoding` makes a file of them later."""

    array: Any
    encoding: str
    extension: str
    options: dict[str, Any]
    stem: str = ""

    def stage(self, area: StagingArea) -> Part:
        """Write the array's elements out, copied from their device if need be."""
        array = as_array(self.array)
        options = {**self.options, **array_options(array)}
        return Part(area.put_array(array), self.encoding, self.extension, options)
