"""Pictures, sounds and tables of them as files of an artifact, in the form that wandb gives them.

A value `x` is `x.<kind>.json` with the path of a media file, a table `x` is `x.table.json` whose
cells hold such descriptions; the media files lie below `media/`, named by their content.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pluto
from pluto.compat.wandb_errors import UnsupportedError
from pluto.compat.wandb_media import Audio, Html, Image, Video
from pluto.compat.wandb_table import Table
from pluto.file import encode
from pluto.media.plain import plain
from pluto.storage import Blobs

_CLASSES: Final[Mapping[str, tuple[type, type[pluto.File], str]]] = {
    "image-file": (Image, pluto.Image, "images"),
    "audio-file": (Audio, pluto.Audio, "audio"),
    "video-file": (Video, pluto.Video, "videos"),
    "html-file": (Html, pluto.Html, "html"),
}
"""By the name that wandb gives a kind: what is read back, what is written, and its folder."""

TABLE: Final = "table"


def written(value: Any, add: Callable[[str, Path], object]) -> tuple[str, Any]:
    """Write the files of a value; return its kind and its JSON document.

    Args:
        value: a table, picture, sound, video or HTML document.
        add: is given the name of each media file, and the file.

    Raises:
        UnsupportedError: it is something else.
    """
    if isinstance(value, Table):
        rows = [[_cell(cell, add) for cell in row] for row in value.data]
        return TABLE, {"_type": TABLE, "columns": plain(value.columns), "data": rows}
    for kind, (_, own, folder) in _CLASSES.items():
        if isinstance(value, own):
            return kind, _media(value, kind, folder, add)
    raise UnsupportedError(
        f"Artifact.add() takes a Table, Image, Audio, Video or Html, got {type(value).__name__}:"
        " write it to a file and use add_file(), or log it to the run"
    )


def read(name: str, files: Mapping[str, Path], fetch: Callable[[str], Path]) -> Any:
    """Return the value that was added under a name; None if there is none.

    Args:
        name: of the value.
        files: of the artifact, by name.
        fetch: returns where a file is under its own name.
    """
    for kind in (TABLE, *_CLASSES):
        path = files.get(f"{name}.{kind}.json")
        if path is not None:
            return _value(json.loads(path.read_text("utf-8")), fetch)
    return None


def _cell(cell: Any, add: Callable[[str, Path], object]) -> Any:
    if isinstance(cell, (pluto.File, Table)):
        return written(cell, add)[1]
    return plain(cell.to_dict() if isinstance(cell, pluto.Data) else cell)


def _media(
    value: pluto.File, kind: str, folder: str, add: Callable[[str, Path], object]
) -> dict[str, Any]:
    """Encode a value; what lies over a picture (boxes, masks) is not part of it."""
    work = Path(tempfile.mkdtemp(prefix="pluto-media-"))
    try:
        blobs = Blobs(work / "files")
        row = encode(value.snapshot(work), work, blobs)[0]
        digest = str(row["sha256"])
        name = f"media/{folder}/{digest[:20]}.{row['fileType']}"
        add(name, blobs.path(digest))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    known = {"caption": value.caption, "format": row["fileType"], "size": row["fileSize"]}
    facts = {key: fact for key, fact in known.items() if fact is not None}
    return {"_type": kind, "path": name, "sha256": digest, **facts}


def _value(document: Any, fetch: Callable[[str], Path]) -> Any:
    """Return what a cell, or the document of a value, stands for."""
    if not isinstance(document, dict):
        return document
    kind = str(document.get("_type"))
    if kind == TABLE or {"columns", "data"} <= document.keys():
        rows = [[_value(cell, fetch) for cell in row] for row in document["data"]]
        return Table(columns=document["columns"], data=rows)
    if kind not in _CLASSES:
        return document
    path = str(fetch(document["path"]))
    made, _, _ = _CLASSES[kind]
    return made(path) if made is Html else made(path, caption=document.get("caption"))
