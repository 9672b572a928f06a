"""Content-addressed files: each is kept once, under its SHA-256."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

_PIECE = 1 << 20


class Blobs:
    """Files below `directory`, at `ab/abcdef...` for the digest `abcdef...`.

    Example:
        >>> blobs = Blobs(Path("files"))
        >>> digest, size = blobs.put_bytes(b"hello")
        >>> blobs.path(digest).read_bytes()
        b'hello'
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, digest: str) -> Path:
        """Return where the content with this digest is, or would be.

        Raises:
            ValueError: `digest` is not 64 lower-case hexadecimal digits.
        """
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(f"not a SHA-256 digest: {digest[:80]!r}")
        return self.directory / digest[:2] / digest

    def open_temp(self) -> IO[bytes]:
        """Open a new temporary file on the same file system; its `.name` is its path."""
        self.directory.mkdir(parents=True, exist_ok=True)
        return tempfile.NamedTemporaryFile(dir=self.directory, prefix="tmp-", delete=False)

    def put(self, source: Path) -> tuple[str, int]:
        """Move the file `source` (same file system) in; return its digest and size in bytes."""
        digest, size = hashlib.sha256(), 0
        with source.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += len(piece)
        return self.adopt(source, digest.hexdigest()), size

    def adopt(self, source: Path, digest: str) -> str:
        """Move in a file whose digest is known already; return the digest."""
        target = self.path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)
        return digest

    def put_copy(self, source: Path) -> tuple[str, int]:
        """Store a copy of the file `source`; return its digest and size in bytes."""
        with source.open("rb") as file, self.open_temp() as copy:
            shutil.copyfileobj(file, copy)
        return self.put(Path(copy.name))

    def put_bytes(self, content: bytes) -> tuple[str, int]:
        """Store `content`; return its digest and size in bytes."""
        with self.open_temp() as file:
            file.write(content)
        digest = hashlib.sha256(content).hexdigest()
        return self.adopt(Path(file.name), digest), len(content)
