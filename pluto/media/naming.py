"""Names, extensions and content types of uploaded files."""

from __future__ import annotations

import mimetypes
import os
import re

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")

MAX_FILE_NAME = 200
"""Bytes of a whole file name: object keys are limited to 1024, and the log's name is in them."""

_MAX_EXTENSION = 16

# First bytes of a file, how far into it they stand, and the extension they prove.
_SIGNATURES: tuple[tuple[bytes, int, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, ".png"),
    (b"\xff\xd8\xff", 0, ".jpg"),
    (b"GIF8", 0, ".gif"),
    (b"BM", 0, ".bmp"),
    (b"II*\x00", 0, ".tif"),
    (b"MM\x00*", 0, ".tif"),
    (b"WEBP", 8, ".webp"),
    (b"WAVE", 8, ".wav"),
    (b"fLaC", 0, ".flac"),
    (b"ID3", 0, ".mp3"),
    (b"\xff\xfb", 0, ".mp3"),
    (b"OggS", 0, ".ogg"),
    (b"ftyp", 4, ".mp4"),
    (b"\x1aE\xdf\xa3", 0, ".webm"),
    (b"<svg", 0, ".svg"),
)

# Where the tables of Python versions and machines disagree or have nothing.
_CONTENT_TYPES = {
    ".flac": "audio/flac",
    ".gz": "application/gzip",
    ".jsonl": "application/x-ndjson",
    ".md": "text/markdown",
    ".ogg": "application/ogg",
    ".parquet": "application/vnd.apache.parquet",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".zst": "application/zstd",
}


def file_name(stem: str, unique: str, extension: str) -> str:
    """Return a safe file name of at most 200 ASCII characters.

    Example:
        >>> file_name("Straße/1", "7f3a", ".png")
        'Stra-e-1.7f3a.png'
        >>> file_name("", "7f3a", ".png")
        '7f3a.png'
    """
    room = MAX_FILE_NAME - len(unique) - len(extension) - 1
    readable = _UNSAFE.sub("-", stem[:MAX_FILE_NAME])[:room].strip("-.")
    return f"{readable}.{unique}{extension}" if readable else f"{unique}{extension}"


def extension_of(path: str | os.PathLike[str]) -> str:
    """Return the safe, lower-case extension of a path with its dot, or an empty text.

    Example:
        >>> extension_of("runs/Best.PT")
        '.pt'
    """
    suffix = os.path.splitext(os.fspath(path))[1]
    letters = _UNSAFE.sub("", suffix[1:]).lower()[:_MAX_EXTENSION]
    return f".{letters}" if letters else ""


def format_extension(format_name: str) -> str:
    """Return the extension for a format as users write it: `mp4`, `.MP4`."""
    return extension_of(f"x.{format_name.lstrip('.')}")


def extension_from_content(content: bytes | bytearray | memoryview, default: str) -> str:
    """Return the extension that the first bytes of a file prove, else `default`."""
    head = bytes(content[:16])
    for signature, offset, extension in _SIGNATURES:
        if head.startswith(signature, offset):
            return extension
    return default


def content_type(extension: str) -> str:
    """Return the MIME type for an extension.

    Example:
        >>> content_type(".png")
        'image/png'
        >>> content_type("")
        'application/octet-stream'
    """
    known = _CONTENT_TYPES.get(extension)
    return known or mimetypes.guess_type(f"x{extension}")[0] or "application/octet-stream"
