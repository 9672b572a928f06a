"""Files of the dashboard as they go over the wire: small, and not at all where they are known."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import threading
from pathlib import Path
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from pluto.server.encoding import takes_gzip

LEAST_BYTES: Final = 1000
"""What is smaller fits into one packet as it is."""
_LEVEL: Final = 9  # once per file and start: 40 ms for all of them


class _Asset(NamedTuple):
    stamp: tuple[int, int]
    tag: str
    plain: bytes
    small: bytes | None


class Assets:
    """Files below a directory, kept in memory together with their compressed form.

    A file that changes on disk is read again. Safe from any thread.

    Example:
        >>> assets = Assets(Path("web"))
        >>> assets.answer(request, "index.html", {"cache-control": "no-cache"})
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory.resolve()
        self._lock = threading.Lock()  # guards the mapping
        self._known: dict[Path, _Asset] = {}

    def answer(self, request: Request, name: str, headers: dict[str, str]) -> Response | None:
        """Return a file as the caller can take it: 304 if it has it; None if there is no such.

        Args:
            request: its `Accept-Encoding` and `If-None-Match` count.
            name: path below the directory; one that leads elsewhere is no file.
            headers: of the answer.
        """
        path = (self._directory / name.lstrip("/")).resolve()
        if not path.is_relative_to(self._directory) or not path.is_file():
            return None
        asset = self._asset(path)
        headers = headers | {"etag": asset.tag, "vary": "accept-encoding"}
        if asset.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        body = asset.plain
        if asset.small is not None and takes_gzip(request):
            body, headers["content-encoding"] = asset.small, "gzip"
        media_type, _ = mimetypes.guess_type(path.name)
        return Response(body, headers=headers, media_type=media_type)

    def _asset(self, path: Path) -> _Asset:
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        with self._lock:
            known = self._known.get(path)
            if known is None or known.stamp != stamp:
                known = self._known[path] = _read(path, stamp)
        return known


def _read(path: Path, stamp: tuple[int, int]) -> _Asset:
    plain = path.read_bytes()
    small = gzip.compress(plain, _LEVEL, mtime=0) if len(plain) >= LEAST_BYTES else None
    if small is not None and len(small) >= len(plain):
        small = None
    return _Asset(stamp, f'"{hashlib.sha256(plain).hexdigest()[:32]}"', plain, small)
