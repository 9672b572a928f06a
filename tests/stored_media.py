"""Takes media values the whole way, from the constructor to files in a real blob store."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as pillow  # noqa: N813 -- a module, beside our class Image

from pluto.file import File, encode, forget
from pluto.storage import Blobs


@dataclass(frozen=True)
class Stored:
    """The rows of one value and where their bytes are."""

    rows: list[dict[str, Any]]
    blobs: Blobs

    @property
    def row(self) -> dict[str, Any]:
        return self.rows[0]

    def content(self, index: int = 0) -> bytes:
        return self.blobs.path(str(self.rows[index]["sha256"])).read_bytes()

    def pixels(self, index: int = 0) -> NDArray[np.uint8]:
        """The decoded image."""
        return np.asarray(pillow.open(io.BytesIO(self.content(index))))

    def frames(self) -> int:
        """How many pictures a stored GIF has."""
        return int(getattr(pillow.open(io.BytesIO(self.content())), "n_frames", 1))


def store(value: File, directory: Path) -> Stored:
    """Snapshot and encode a value; the description passes through JSON, as in the journal."""
    staging, blobs = directory / "staging", Blobs(directory / "files")
    staged = json.loads(json.dumps(value.snapshot(staging), allow_nan=False))
    rows = encode(staged, staging, blobs)
    forget(staged, staging)
    assert list(staging.iterdir()) == []
    return Stored(rows, blobs)
