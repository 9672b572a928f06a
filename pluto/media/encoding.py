"""Turns staged bytes into files of the blob store, once, whatever crashes in between."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pluto.errors import MediaError
from pluto.media import naming
from pluto.media.annotations import encode_mask
from pluto.media.audio import encode_wav
from pluto.media.handover import digest_of, fetch
from pluto.media.image import encode_array, encode_pixels
from pluto.media.movie import encode_video
from pluto.media.part import Encoder, Part
from pluto.media.points import encode_points
from pluto.media.staging import StagingArea, remove_staged

_HASH_IN_NAME = 16


class BlobStore(Protocol):
    """Where finished files go; `pluto.storage.Blobs` is one."""

    def put(self, path: Path) -> tuple[str, int]:
        """Move a file in; return the SHA-256 of its content in hexadecimal, and its size."""

    def adopt(self, source: Path, digest: str) -> str:
        """Move in a file whose digest is known already; return the digest."""


def copy(source: Path, part: Part, target: Path) -> str:
    """Give the target the staged bytes as they are, without reading them where possible.

    The staged file has to survive until the receipt is written, and the blob store moves what it
    is given: so it gets a second link to the same bytes, which nobody writes to any more.
    """
    try:
        os.link(source, target)
    except OSError:
        with StagingArea(target.parent) as area, source.open("rb") as file:
            os.replace(target.parent / area.put_open_file(file.fileno()), target)
    return part.extension


ENCODERS: dict[str, Encoder] = {
    "copy": copy,
    "image": encode_array,
    "pixels": encode_pixels,
    "mask": encode_mask,
    "wav": encode_wav,
    "video": encode_video,
    "points": encode_points,
}


def encode(
    staged: Mapping[str, Any], staging: Path, blobs: BlobStore
) -> list[dict[str, str | int | None]]:
    """Encode what `File.snapshot` staged, move it into the blob store and describe the files.

    Safe to repeat after a crash: the rows are written down before the staged bytes go, and a
    second call returns the same rows. `forget` removes that note once the rows are committed.

    Args:
        staged: what `snapshot` returned, possibly through JSON.
        staging: the directory that `snapshot` was given.
        blobs: where the finished files go.

    Returns:
        One row a file, the value itself first: `fileName` (at most 200 ASCII characters),
        `fileType` (extension without dot, or `mask`), `fileSize` in bytes, `caption`,
        `annotations` (JSON text), `sha256` (hexadecimal) and `mime`.

    Raises:
        MediaError: the bytes cannot be encoded, now or later; the staged files stay.
        RetryLater: a large file is still being copied.
        OSError: bad luck such as a full disk; call again later.
    """
    directory = Path(staging)
    parts = [Part.from_json(part) for part in staged["parts"]]
    rows = _read_note(_note(staged, directory))
    if rows is None:
        rows = [_finish(part, directory, blobs) for part in parts]
        _write_note(_note(staged, directory), rows)
    _remove_staged(parts, directory)
    return rows


def forget(staged: Mapping[str, Any], staging: Path) -> None:
    """Remove what is left of a value in the staging directory.

    Call it when the rows of `encode` are committed, or when the value is given up.
    """
    directory = Path(staging)
    _remove_staged([Part.from_json(part) for part in staged["parts"]], directory)
    _note(staged, directory).unlink(missing_ok=True)


def _finish(part: Part, directory: Path, blobs: BlobStore) -> dict[str, str | int | None]:
    """Encode one part and move it into the blob store."""
    source, target = directory / part.staged, directory / f"{part.staged}.out"
    fetch(source, part.origin)
    target.unlink(missing_ok=True)
    try:
        extension = ENCODERS[part.encoding](source, part, target)
    except MediaError:
        raise
    except OSError as error:
        if error.errno is None:  # raised by a codec about the content, not by the system
            raise MediaError(f"cannot encode the {part.encoding}: {error}") from error
        raise
    except Exception as error:
        raise MediaError(f"cannot encode the {part.encoding}: {error}") from error
    digest, size = _put(target, blobs, digest_of(source))
    return _row(part, extension, digest, size)


def _put(target: Path, blobs: BlobStore, digest: str | None) -> tuple[str, int]:
    if digest is None:
        return blobs.put(target)
    size = target.stat().st_size
    return blobs.adopt(target, digest), size


def _row(part: Part, extension: str, digest: str, size: int) -> dict[str, str | int | None]:
    unique = part.unique or (digest[:_HASH_IN_NAME] if part.stem else digest)
    return {
        "fileName": naming.file_name(part.stem, unique, extension),
        "fileType": part.file_type or extension[1:],
        "fileSize": size,
        "caption": part.caption,
        "annotations": part.annotations,
        "sha256": digest,
        "mime": naming.content_type(extension),
    }


def _note(staged: Mapping[str, Any], directory: Path) -> Path:
    return directory / f"{staged['token']}.rows"


def _read_note(note: Path) -> list[dict[str, str | int | None]] | None:
    try:
        rows: list[dict[str, str | int | None]] = json.loads(note.read_bytes())
    except FileNotFoundError:
        return None
    return rows


def _write_note(note: Path, rows: list[dict[str, str | int | None]]) -> None:
    """Write all rows or none: the name appears when the content is complete."""
    unfinished = note.with_suffix(".rows-unfinished")
    unfinished.write_text(json.dumps(rows), encoding="utf-8")
    os.replace(unfinished, note)


def _remove_staged(parts: list[Part], directory: Path) -> None:
    for part in parts:
        remove_staged(directory / part.staged)
