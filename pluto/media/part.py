"""One staged file of a media value and what has to happen to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from pluto.media.handover import Origin


class Part(NamedTuple):
    """Bytes in the staging directory that will become one uploaded file.

    Attributes:
        staged: name of the file in the staging directory.
        encoding: key of `pluto.media.encoding.ENCODERS`, which says how to read the bytes.
        extension: of the uploaded file, with its dot (an encoder may choose another one).
        options: what the encoder needs to know; JSON values only.
        stem: readable beginning of the file name, any text.
        unique: text that makes the file name unique; None names the file by its content.
        file_type: type told to the server; None for the extension.
        caption: free text shown beside the file.
        annotations: JSON text drawn over the file.
        origin: the logged file, if it is another process that copies it.
    """

    staged: str
    encoding: str
    extension: str
    options: Mapping[str, Any] = MappingProxyType({})
    stem: str = ""
    unique: str | None = None
    file_type: str | None = None
    caption: str | None = None
    annotations: str | None = None
    origin: Origin | None = None

    def to_json(self) -> dict[str, object]:
        """Return the part as JSON values; `from_json` is the inverse."""
        origin = list(self.origin) if self.origin else None
        return {**self._asdict(), "options": dict(self.options), "origin": origin}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Part:
        """Return the part that `to_json` described."""
        origin = value.get("origin")
        return cls(**{**value, "origin": Origin(*origin) if origin else None})


Encoder = Callable[[Path, Part, Path], str]
"""Reads the staged file, writes the target and returns the extension of what it wrote."""
