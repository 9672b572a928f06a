"""Files of runs: their rows, their bytes, and the signed URLs that lead to them."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from pluto.server import file_rows
from pluto.server.catalog import Catalog
from pluto.server.file_rows import FileRow
from pluto.server.signing import Signer
from pluto.storage import Batch, Kind

ROUTE: Final = "/o/blob/"
IN_FRAME: Final = "scripts"
"""What a page adds to a URL that it shows in a frame; it is no part of what was signed."""
UPLOAD_SECONDS: Final = 3600
_PAGE: Final = 1000


class RunFiles:
    """What the routes of files need; safe from any thread.

    A file is announced, then its bytes come. A row is unique in its run by log name, file name,
    step and sample index: announcing it twice changes nothing.

    Every method raises `KeyError` for an unknown run.
    """

    def __init__(
        self, catalog: Catalog, signer: Signer, now: Callable[[], float] = time.time
    ) -> None:
        self._catalog = catalog
        self._signer = signer
        self._now = now

    def rows(self, run_id: int, name: str | None = None) -> list[FileRow]:
        """Return the files of a run (or of one log name), by step, sample index and file name.

        Those whose bytes have not come have no `sha256`.
        """
        reader = self._catalog.reader(run_id)
        found = {row.key: row for row in self._announced(run_id) if name in (None, row.name)}
        after = 0
        while records := reader.records(Kind.FILE, name, after=after, limit=_PAGE):
            rows = map(file_rows.from_record, records)
            found.update((row.key, row) for row in rows if row)
            after = records[-1].id
        types = {info.name: info.type for info in reader.names()}
        typed = (replace(row, type=types.get(row.name, row.type)) for row in found.values())
        return sorted(typed, key=lambda row: (row.step, row.sample_index, row.file_name))

    def announce(self, run_id: int, rows: Iterable[FileRow]) -> None:
        """Remember files whose bytes are to come; committed on return."""
        self._catalog.backend.announced.add(run_id, {row.key: row.to_json() for row in rows})

    def announced(self, run_id: int, key: str) -> FileRow | None:
        """Return the announced file with this key, or None."""
        text = self._catalog.backend.announced.get(run_id, key)
        return None if text is None else file_rows.from_json(text)

    def store(self, run_id: int, row: FileRow) -> None:
        """Write the row of a file whose bytes are in the blob store; committed on return."""
        with self._catalog.write(run_id) as writer:
            writer.append(Batch(names={row.name: "FILE"}, records=[row.to_record()]))
        self._catalog.backend.announced.arrived(run_id, row.key)

    def upload_url(self, origin: str, run_id: int, row: FileRow) -> str:
        """Return where to PUT the bytes, within an hour."""
        return self._signed("PUT", origin, f"{run_id}/{row.key}", {}, UPLOAD_SECONDS)

    def url(self, origin: str, run_id: int, row: FileRow) -> str:
        """Return where to GET the bytes, for at least an hour.

        Args:
            origin: scheme, host and port by which the caller came.
            run_id: the run.
            row: one of its files.
        """
        query = {"name": row.file_name, "type": media_type(row)}
        now = int(self._now())
        # The same URL for an hour, so that browsers find the file in their cache.
        lifetime = (now // 3600 + 2) * 3600 - now
        return self._signed("GET", origin, f"{run_id}/{row.sha256 or row.key}", query, lifetime)

    def is_signed(self, method: str, path: str, query: dict[str, str]) -> bool:
        """Tell whether a URL below `/o/blob/` was made here for this method and has not expired."""
        query = dict(query)
        query.pop(IN_FRAME, None)
        signature = query.pop("sig", "")
        expires = query.get("exp", "")
        if not (expires.isdecimal() and expires.isascii() and int(expires) >= self._now()):
            return False
        return self._signer.is_valid(_text(method, path, query), signature)

    def _signed(
        self, method: str, origin: str, place: str, query: dict[str, str], lifetime: int
    ) -> str:
        query = {**query, "exp": str(int(self._now()) + lifetime)}
        signature = self._signer.sign(_text(method, ROUTE + place, query))
        return f"{origin}{ROUTE}{place}?{urlencode({**query, 'sig': signature})}"

    def _announced(self, run_id: int) -> list[FileRow]:
        return [
            file_rows.from_json(text) for text in self._catalog.backend.announced.waiting(run_id)
        ]


def media_type(row: FileRow) -> str:
    """Return the media type of a file: as it was told, or guessed by name; "" if unknown."""
    if row.mime:
        return row.mime
    by_name, _ = mimetypes.guess_type(row.file_name)
    by_type, _ = mimetypes.guess_type(f"file.{row.file_type}")
    return by_name or by_type or ""


def _text(method: str, path: str, query: dict[str, str]) -> str:
    return f"{method} {path}?{urlencode(sorted(query.items()))}"
