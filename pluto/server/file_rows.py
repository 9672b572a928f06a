"""Rows of logged files, as they are announced, stored and listed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from pluto.storage import Kind, Record, StoredRecord


@dataclass(frozen=True)
class FileRow:
    """One logged file.

    Attributes:
        name: the log name.
        file_name: as the client gave it; any text.
        file_type: `png`, `wav`, `mask` and the like; any text.
        size: in bytes; what the client told until the bytes are there.
        step: 0 or more.
        time: ms since the epoch.
        type: the log type (IMAGE, AUDIO, ... FILE).
        sample_index: position in a list that was logged at once.
        annotations: JSON text of boxes and masks, or None.
        sha256: of the bytes; None while they have not arrived.
        mime: media type, or "" where nobody told.
    """

    name: str
    file_name: str
    file_type: str
    size: int
    step: int
    time: int
    type: str = "FILE"
    sample_index: int = 0
    caption: str | None = None
    annotations: str | None = None
    sha256: str | None = None
    mime: str = ""

    @property
    def key(self) -> str:
        """Return what makes a file row unique in its run, as 32 hexadecimal digits."""
        parts = json.dumps([self.name, self.file_name, self.step, self.sample_index])
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def to_record(self) -> Record:
        """Return the record of the run; bytes that change make another one."""
        body = {
            "fileName": self.file_name,
            "fileType": self.file_type,
            "fileSize": self.size,
            "sampleIndex": self.sample_index,
            "caption": self.caption,
            "annotations": self.annotations,
            "sha256": self.sha256,
            "mime": self.mime,
        }
        text = json.dumps(body).encode()
        key = f"file/{self.key}/{self.sha256}"
        return Record(Kind.FILE, self.time, self.step, self.name, self.type, text, key)

    def to_json(self) -> str:
        """Return the row as the index keeps it."""
        return json.dumps(asdict(self))

    def with_bytes(self, sha256: str, size: int, mime: str) -> FileRow:
        """Return the row once its bytes are there."""
        return replace(self, sha256=sha256, size=size, mime=mime or self.mime)


def from_json(text: str) -> FileRow:
    """Return what `FileRow.to_json` wrote."""
    return FileRow(**json.loads(text))


def from_record(record: StoredRecord) -> FileRow | None:
    """Return the row of a FILE record, whoever wrote it.

    None for media that a client has logged and not made a file of: not yet, or not at all.
    """
    body: dict[str, Any] = json.loads(record.body)
    if "fileName" not in body:
        return None
    annotations = body.get("annotations")
    return FileRow(
        name=record.name,
        file_name=body["fileName"],
        file_type=body.get("fileType") or "",
        size=int(body.get("fileSize") or 0),
        step=record.step,
        time=record.time,
        type=record.type or "FILE",
        sample_index=int(body.get("sampleIndex") or 0),
        caption=body.get("caption"),
        annotations=annotations
        if annotations is None or isinstance(annotations, str)
        else json.dumps(annotations),
        sha256=body.get("sha256"),
        mime=body.get("mime") or "",
    )
