"""Files and histograms of Neptune scripts as the media and data of Pluto."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pluto
from pluto.compat import neptune_types as types
from pluto.compat.neptune_types import File
from pluto.errors import UsageError
from pluto.media.content import BytesContent

_MAGIC: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "image"),
    (0, b"\xff\xd8\xff", "image"),
    (0, b"GIF8", "image"),
    (0, b"BM", "image"),
    (8, b"WEBP", "image"),
    (8, b"WAVE", "audio"),
    (0, b"ID3", "audio"),
    (0, b"\xff\xfb", "audio"),
    (0, b"fLaC", "audio"),
    (0, b"OggS", "audio"),
    (4, b"ftyp", "video"),
)
_EXTENSIONS: Final = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".bmp"), "image"),
    **dict.fromkeys((".wav", ".mp3", ".ogg", ".flac"), "audio"),
    **dict.fromkeys((".mp4", ".avi", ".mov", ".webm"), "video"),
}
_MEDIA: Final[Mapping[str, Callable[..., pluto.File]]] = {
    "image": pluto.Image,
    "audio": pluto.Audio,
    "video": pluto.Video,
}
_HEAD: Final = 16
_WHOLE: Final = 1_000_000
"""How many counts stand for a density of 1 where no counts are given."""


def kind_of_bytes(content: bytes) -> str | None:
    """Return `image`, `audio` or `video` by the first bytes of a file; None if it is neither.

    Example:
        >>> kind_of_bytes(b"GIF89a...")
        'image'
    """
    found = (kind for start, mark, kind in _MAGIC if content[start : start + len(mark)] == mark)
    return next(found, None)


def own_file(value: Any) -> pluto.File:
    """Return a file of a script as a picture, sound, video, text, page or any other file.

    What it is follows from its media type, its extension, or its first bytes, in this order.

    Args:
        value: a path, bytes, or a `File`, that of neptune_scale too.

    Raises:
        UsageError: it is neither.
        OSError: there is no such file.
    """
    given = value if hasattr(value, "source") else File(value)
    source = given.source
    if not isinstance(source, (str, os.PathLike, bytes, bytearray)):
        raise UsageError(f"a file is a path, bytes or File, not {type(source).__name__}")
    name = Path(given.destination or (source if isinstance(source, (str, os.PathLike)) else ""))
    return made_file(source, name.stem or None, kind_of(source, given.mime_type), _ending(given))


def made_file(
    source: Any, name: str | None, kind: str, extension: str, caption: str | None = None
) -> pluto.File:
    """Return a path or bytes as one of Pluto's media.

    Args:
        source: path or bytes.
        name: readable beginning of its name.
        kind: what `kind_of` returned.
        extension: with its dot; "" if it is not known.
        caption: shown with it.
    """
    if kind in _MEDIA:
        return _MEDIA[kind](source, caption=caption)
    if isinstance(source, (str, os.PathLike)):
        return pluto.File(source, name=name, caption=caption)
    if extension in (".html", ".htm"):
        return pluto.Html(bytes(source).decode("utf-8", "replace"))
    return BytesFile(bytes(source), extension or ".bin", name, caption)


def kind_of(source: Any, mime_type: str | None) -> str:
    """Return `image`, `audio`, `video`, or `file`."""
    major = (mime_type or "").partition("/")[0]
    if major in ("image", "audio", "video"):
        return major
    if mime_type:
        return "file"
    if isinstance(source, (str, os.PathLike)):
        by_name = _EXTENSIONS.get(Path(source).suffix.lower())
        if by_name:
            return by_name
        with Path(source).expanduser().open("rb") as opened:
            return kind_of_bytes(opened.read(_HEAD)) or "file"
    return kind_of_bytes(bytes(source[:_HEAD])) or "file"


def _ending(file: File) -> str:
    if file.destination:
        return Path(file.destination).suffix
    return (mimetypes.guess_extension(file.mime_type) or "") if file.mime_type else ""


class BytesFile(pluto.File):
    """A file with a content that is in memory.

    Args:
        content: its bytes.
        extension: with its dot.
        name: readable beginning of its name.
        caption: shown with it.
    """

    def __init__(
        self, content: bytes, extension: str, name: str | None = None, caption: str | None = None
    ) -> None:
        self._adopt(BytesContent(content, extension), name=name or "file", caption=caption)


class Histogram(pluto.Histogram):
    """A histogram that also keeps its bins as they were given, under `given`.

    Pluto draws bins of equal width. Where those of the script are not, or where it has densities
    for counts, the drawn ones come close, and the given ones are exact.
    """

    def __init__(self, histogram: types.Histogram) -> None:
        edges = [float(edge) for edge in _listed(histogram.bin_edges)]
        given: dict[str, Any] = {"bin_edges": edges}
        if histogram.counts is not None:
            counts = [int(count) for count in _listed(histogram.counts)]
            given["counts"] = counts
        else:
            densities = [float(density) for density in _listed(histogram.densities)]
            given["densities"] = densities
            widths = [high - low for low, high in pairwise(edges)]
            pairs = zip(densities, widths, strict=True)
            counts = [round(density * width * _WHOLE) for density, width in pairs]
        super().__init__(np_histogram=(counts, edges))
        self._data["given"] = given


def _listed(values: Any) -> Sequence[Any]:
    return list(values.tolist() if hasattr(values, "tolist") else values)


def own_histogram(value: Any) -> pluto.Histogram:
    """Return a histogram of a script.

    Raises:
        UsageError: it is none, or its numbers do not fit each other.
    """
    if not isinstance(value, types.Histogram) and not hasattr(value, "bin_edges"):
        raise UsageError(f"a histogram is a Histogram, not {type(value).__name__}")
    if (value.counts is None) == (value.densities is None):
        raise UsageError("a histogram has either counts or densities")
    numbers = value.counts if value.counts is not None else value.densities
    if len(_listed(numbers)) != len(_listed(value.bin_edges)) - 1:
        raise UsageError("a histogram has one count or density less than bin edges")
    return Histogram(value)
