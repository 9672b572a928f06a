"""`neptune.types` of version 1.x: files, series, sets and single values as scripts make them."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any, cast

import pluto
from pluto.compat.neptune_files import kind_of, made_file
from pluto.errors import UsageError
from pluto.media.arrays import is_array

__all__ = [
    "Artifact",
    "Boolean",
    "Datetime",
    "File",
    "FileSeries",
    "FileSet",
    "Float",
    "FloatSeries",
    "GitRef",
    "Integer",
    "String",
    "StringSeries",
    "StringSet",
]


class File:
    """A file: at a path, from memory, or made of an object.

    Args:
        path: where it is.
        extension: without the dot; by default that of the path.
        content: its bytes, in place of a path.
        make: returns a value of Pluto with a caption, in place of both.
    """

    def __init__(
        self,
        path: str | None = None,
        *,
        extension: str | None = None,
        content: bytes | None = None,
        make: Callable[[str | None], pluto.File] | None = None,
    ) -> None:
        self.path = None if path is None else str(path)
        self.content = content
        suffix = Path(self.path).suffix.removeprefix(".") if self.path else ""
        self.extension = suffix if extension is None else extension.removeprefix(".")
        self._make = make

    @classmethod
    def from_path(cls, path: str, *, extension: str | None = None) -> File:
        """Return the file at a path, as it is when it is logged."""
        return cls(path, extension=extension)

    @classmethod
    def from_content(cls, content: str | bytes, *, extension: str | None = None) -> File:
        """Return a file with a content; `txt` for a text and `bin` for bytes by default."""
        is_text = isinstance(content, str)
        body = content.encode("utf-8") if isinstance(content, str) else bytes(content)
        return cls(content=body, extension=extension or ("txt" if is_text else "bin"))

    @classmethod
    def from_stream(
        cls, stream: IO[Any], *, seek: int | None = 0, extension: str | None = None
    ) -> File:
        """Return a file with what a stream holds from a place (None: from where it is)."""
        if seek is not None and stream.seekable():
            stream.seek(seek)
        return cls.from_content(stream.read(), extension=extension)

    @classmethod
    def as_image(cls, image: Any, autoscale: bool = True) -> File:  # noqa: ARG003
        """Return a figure, picture of Pillow, array or tensor as a picture, as it is now.

        Numbers of up to 1 are fractions of white, others are on a scale to 255.

        Raises:
            UsageError: it is none of these.
        """
        taken = _frozen(image)
        pluto.Image(taken)  # a mistake is told here
        return cls(make=lambda caption: pluto.Image(taken, caption=caption), extension="png")

    @classmethod
    def as_html(cls, chart: Any, **_options: Any) -> File:
        """Return a chart of plotly, altair or bokeh, a figure, or a frame of pandas, as a page.

        Raises:
            UsageError: it is none of these.
        """
        page = _page(chart)
        return cls(make=lambda _caption: page, extension="html")

    @classmethod
    def as_pickle(cls, obj: Any) -> File:
        """Return an object as a pickle."""
        return cls(content=pickle.dumps(obj), extension="pkl")

    @classmethod
    def create_from(cls, value: Any) -> File:
        """Return a path, a figure, a picture or a frame as a file.

        Raises:
            TypeError: it is none of these.
        """
        if isinstance(value, (str, Path)):
            return cls(str(value))
        if cls.is_convertable_to_image(value):
            return cls.as_image(value)
        if cls.is_convertable_to_html(value):
            return cls.as_html(value)
        if isinstance(value, io.IOBase):
            return cls.from_stream(cast("IO[Any]", value))
        raise TypeError(f"{type(value).__name__} is no file: use File.as_pickle, or File(path)")

    @staticmethod
    def is_convertable(value: Any) -> bool:
        """Tell whether `create_from` makes a file of an object."""
        return File.is_convertable_to_image(value) or File.is_convertable_to_html(value)

    @staticmethod
    def is_convertable_to_image(value: Any) -> bool:
        """Tell whether it is a figure, a picture or an array."""
        is_picture = type(value).__module__.startswith("PIL.")
        is_matrix = is_array(value) and len(getattr(value, "shape", ())) in (2, 3)
        return hasattr(value, "savefig") or is_picture or is_matrix

    @staticmethod
    def is_convertable_to_html(value: Any) -> bool:
        """Tell whether it is a chart or a frame."""
        return any(hasattr(value, name) for name in ("to_plotly_json", "to_html"))

    def to_pluto(self, caption: str | None = None) -> pluto.File:
        """Return the value that `Op.log` takes.

        Raises:
            FileNotFoundError: there is no file at the path.
        """
        if self._make is not None:
            return self._make(caption)
        source: Any = self.path if self.path is not None else self.content or b""
        name = Path(self.path).stem if self.path is not None else None
        extension = f".{self.extension}" if self.extension else ""
        is_page = extension in (".html", ".htm")
        kind = "file" if is_page or extension == ".txt" else kind_of(source, None)
        return made_file(source, name, kind, extension, caption)


def _frozen(image: Any) -> Any:
    """Return a picture that does not change any more."""
    if hasattr(image, "savefig"):
        drawn = io.BytesIO()
        image.savefig(drawn, format="png")
        return drawn.getvalue()
    for copies in ("clone", "copy"):  # of torch; of numpy and Pillow
        if hasattr(image, copies):
            return getattr(image, copies)()
    return image


def _page(chart: Any) -> pluto.File:
    if isinstance(chart, str):
        raise UsageError("as_html() takes a chart or a frame: use File.from_content(text, 'html')")
    if hasattr(chart, "to_plotly_json"):
        return pluto.Plotly(chart)
    if hasattr(chart, "to_html"):  # pandas, altair
        return pluto.Html(chart.to_html())
    if hasattr(chart, "savefig"):
        return pluto.Image(chart)
    raise UsageError(f"{type(chart).__name__} cannot be made a page")


class _Series:
    """Values with their steps and times.

    Args:
        values: one or more.
        timestamps: seconds since the Unix epoch.
        steps: by default they count on.
        **_options: what describes the axis in Neptune.
    """

    def __init__(
        self,
        values: Iterable[Any],
        timestamps: Sequence[float] | None = None,
        steps: Sequence[float] | None = None,
        **_options: Any,
    ) -> None:
        self.values = list(values)
        self.timestamps = None if timestamps is None else list(timestamps)
        self.steps = None if steps is None else list(steps)

    def __len__(self) -> int:
        return len(self.values)


class FloatSeries(_Series):
    """Numbers."""


class StringSeries(_Series):
    """Texts."""


class FileSeries(_Series):
    """Pictures and other files."""


class StringSet:
    """Different texts."""

    def __init__(self, values: Iterable[str]) -> None:
        self.values = set(values)


class FileSet:
    """Files by patterns such as `*.py`."""

    def __init__(self, file_globs: str | Iterable[str]) -> None:
        self.file_globs = [file_globs] if isinstance(file_globs, str) else list(file_globs)


class _Atom:
    """A single value."""

    def __init__(self, value: Any = None) -> None:
        self.value = value


class Integer(_Atom):
    """A whole number."""


class Float(_Atom):
    """A number."""


class Boolean(_Atom):
    """True or False."""


class String(_Atom):
    """A text."""


class Datetime(_Atom):
    """A time."""


class Artifact(_Atom):
    """The digest of tracked files."""


class GitRef:
    """Which repository to describe; Pluto describes that of the working directory."""

    DISABLED = False

    def __init__(self, repository_path: Any = None) -> None:
        self.repository_path = repository_path
