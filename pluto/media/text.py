"""Text and Html: documents, from strings or files."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, ClassVar

from pluto.errors import UsageError
from pluto.media.base import File, alias
from pluto.media.content import BytesContent, Content, FileContent, RenderedContent, existing_file
from pluto.media.notice import notices

# Longer texts are not taken for the name of a file when deciding whether to warn.
_MAX_PATH = 1024


class Text(File):
    """A text, or a text file.

    A string is always the text itself, also when a file of that name exists: what a model wrote
    must not pick a file to upload. `pathlib.Path` objects and `path=` name a file.

    Args:
        data: text; a `Path`; bytes in UTF-8; anything else is logged as its `str()`.
        caption: free text shown with the text.
        path: a text file.
        name: readable beginning of the uploaded file's name.

    Example:
        >>> text = Text("The quick brown fox", caption="a sample")
    """

    type_name: ClassVar[str] = "TEXT"

    def __init__(
        self,
        data: Any = None,
        caption: str | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        name: str | None = None,
        **unknown: object,
    ) -> None:
        data = alias(data, path, "pluto.Text(text) or pluto.Text(path=file)")
        content = _file(data, path, "Text") or _text(data)
        self._adopt(content, caption=caption, name=name, unknown=unknown)


def _file(data: object, path: object, class_name: str) -> FileContent | None:
    """Return the file that was named by `path=` or by a `Path`, None for any other data."""
    if isinstance(data, os.PathLike) or (path is not None and isinstance(data, str)):
        return FileContent(existing_file(data, class_name))
    return None


def _text(data: object) -> BytesContent:
    _warn_if_file_name(data)
    return BytesContent(_encoded(data), ".txt")


def _encoded(data: object) -> bytes:
    """Return text as UTF-8; lone surrogates as backslash escapes, so that nothing is refused."""
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    return str(data).encode("utf-8", "backslashreplace")


def _warn_if_file_name(data: object) -> None:
    """Say that the words are logged: scripts for an older client may mean the file."""
    if not isinstance(data, str) or len(data) > _MAX_PATH or not os.path.splitext(data)[1]:
        return
    if "\n" not in data and "\0" not in data and os.path.isfile(data):
        notices.warn(
            "text or file",
            "Text(%r) logs these words, not the file of that name; for files write Text(path=...)",
            data,
        )


class Html(File):
    """An HTML document, shown in a sandboxed frame.

    Args:
        data: HTML text; a `Path`; an open text file; or an object with `to_html()` or
            `_repr_html_()` (plotly and altair charts, styled tables), rendered by `log()`.
        caption: free text shown with the document.
        path: an HTML file.
        name: readable beginning of the uploaded file's name.

    Example:
        >>> page = Html("<h1>Epoch 3</h1>")
    """

    type_name: ClassVar[str] = "FILE"

    def __init__(
        self,
        data: Any = None,
        caption: str | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        name: str | None = None,
        **unknown: object,
    ) -> None:
        data = alias(data, path, "pluto.Html(html) or pluto.Html(path=file)")
        content = _file(data, path, "Html") or _html(data)
        self._adopt(content, caption=caption, name=name, unknown=unknown)


def _rendered(render: Callable[[], object]) -> RenderedContent:
    return RenderedContent(lambda: _encoded(render()), ".html")


def _html(data: Any) -> Content:
    if hasattr(data, "read"):
        data = data.read()
    if isinstance(data, (str, bytes, bytearray, memoryview)):
        return BytesContent(_encoded(data), ".html")
    for method in ("to_html", "_repr_html_"):
        render = getattr(data, method, None)
        if callable(render):
            return _rendered(render)
    raise UsageError(f"Html takes HTML text or an object with to_html(), got {type(data).__name__}")
