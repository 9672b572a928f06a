"""File, the class of all media values: what they share from construction to snapshot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pluto.errors import MediaError, UsageError
from pluto.media.content import BytesContent, Content, FileContent, existing_file
from pluto.media.naming import extension_from_content, format_extension
from pluto.media.notice import warn_unknown_keywords
from pluto.media.part import Part
from pluto.media.staging import StagingArea

_Value = TypeVar("_Value")


class File:
    """A file to upload as it is.

    The file is copied when it is logged, so the bytes of that moment are uploaded whatever
    happens to it afterwards. It is neither read into memory nor changed nor deleted.

    Args:
        path: an existing regular file; `~` is expanded.
        name: readable beginning of the uploaded file's name. Without it the file is named by the
            SHA-256 of its content.
        caption: free text shown beside the file.

    Raises:
        FileNotFoundError: there is no such file.
        IsADirectoryError: `path` is a directory; `pluto.Artifact` takes those.

    Example:
        >>> run.log({"model": pluto.File("model.onnx")})  # doctest: +SKIP
    """

    type_name: ClassVar[str] = "FILE"
    """The log type under which servers register the name (protocol: `logName/add`)."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        caption: str | None = None,
        **unknown: object,
    ) -> None:
        content = FileContent(existing_file(path, type(self).__name__))
        self._adopt(content, caption=caption, name=name, unknown=unknown)
        self._named_by_content = name is None

    def _adopt(
        self,
        content: Content | None,
        *,
        caption: object = None,
        name: object = None,
        unknown: dict[str, object] | None = None,
    ) -> None:
        """Set what all kinds have; every constructor ends here."""
        warn_unknown_keywords(type(self).__name__, unknown or {})
        self._content = content
        self._caption = None if caption is None else str(caption)
        self._name = None if name is None else str(name)
        self._named_by_content = False

    @property
    def caption(self) -> str | None:
        """The text shown beside the value, as it was given."""
        return self._caption

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._content!r}, caption={self._caption!r})"

    def snapshot(self, staging: Path) -> dict[str, object]:
        """Stage the bytes of this moment below `staging` and describe them as JSON values.

        Runs on the thread that logs. Files are copied (reflinked where possible), arrays written
        as they are in memory, figures rendered; no encoding happens here. Can be called again:
        one value may be logged under several names.

        Raises:
            MediaError: the bytes cannot be taken; nothing stays behind in `staging`.
        """
        try:
            with StagingArea(staging) as area:
                parts = self._parts(area)
        except MediaError:
            raise
        # Code of other libraries runs here (tensors, figures); whatever it raises, only this
        # value is lost and the caller is told which one.
        except Exception as error:
            message = f"{type(self).__name__} cannot be stored: {type(error).__name__}: {error}"
            raise MediaError(message) from error
        return {
            "token": area.token,
            "type": self.type_name,
            "parts": [part.to_json() for part in parts],
        }

    def _parts(self, area: StagingArea) -> list[Part]:
        """Stage everything; the first part is the value itself."""
        if self._content is None:
            raise MediaError(f"{type(self).__name__} has no content to store")
        staged = self._content.stage(area)
        if self._named_by_content:
            return [staged._replace(caption=self._caption)]
        stem = self._name or self._caption or self._content.stem
        return [staged._replace(stem=stem, unique=area.token, caption=self._caption)]


def alias(value: _Value | None, other: _Value | None, usage: str) -> _Value:
    """Return the one of two keywords that was given.

    Raises:
        UsageError: neither was given, or both; `usage` shows a right call.
    """
    if (value is None) == (other is None):
        problem = "nothing to log" if value is None else "both forms of the first argument"
        raise UsageError(f"{problem}; write {usage}")
    return value if value is not None else other  # type: ignore[return-value]


def content_of_file_or_bytes(
    data: Any,
    class_name: str,
    default_extension: str,
    format_name: str | None = None,
) -> Content | None:
    """Return the content if `data` is a path, the bytes of a file or an open file, else None."""
    forced = format_extension(format_name) if format_name else None
    if isinstance(data, (str, os.PathLike)):
        return FileContent(existing_file(data, class_name), forced)
    if isinstance(data, (bytes, bytearray, memoryview)):
        return BytesContent(data, forced or extension_from_content(data, default_extension))
    read = getattr(data, "getvalue", None) or getattr(data, "read", None)  # io.BytesIO, open files
    if callable(read):
        content = read()
        if isinstance(content, bytes):
            return BytesContent(
                content, forced or extension_from_content(content, default_extension)
            )
    return None
