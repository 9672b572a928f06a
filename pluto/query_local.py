"""The source of `pluto.query` that is a directory of this machine.

Runs on disk are read by the very functions with which `pluto ui` answers: one vocabulary of
filters, one shape of every answer (docs/decisions/0005-local-queries.md).
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec
from starlette.routing import compile_path

from pluto.errors import PlutoError, QueryError, RunInUse, StorageError
from pluto.query_series import Get, Series, Wanted
from pluto.query_server import NewFile
from pluto.segments import SUFFIX
from pluto.server import compare, runs_read, series_read, ui_records
from pluto.server.backend import RunReads
from pluto.server.data_directory import Secrets
from pluto.server.endpoints import Endpoint, Reads, parse, refusal
from pluto.server.file_rows import FileRow
from pluto.server.filters import FilterError
from pluto.server.keys import generate_key
from pluto.server.rows import RunRow
from pluto.server.serve import make_state
from pluto.server.settings import ServerSettings
from pluto.server.sqlite import run_directory
from pluto.storage import Batch, NameInfo
from pluto.store import JOURNAL, Store, has_live_process

T = TypeVar("T")

logger = logging.getLogger("pluto")

_ENDPOINTS: Final[tuple[Endpoint[Any], ...]] = (
    *series_read.ENDPOINTS,
    *compare.ENDPOINTS,
    *runs_read.ENDPOINTS,
    *ui_records.ENDPOINTS,
)


@dataclass(frozen=True)
class LocalAnswer:
    """What a server would have answered.

    Attributes:
        body: the JSON value.
    """

    status_code: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Return the JSON value."""
        return self.body

    @property
    def text(self) -> str:
        """The JSON text."""
        return json.dumps(self.body)


@dataclass(frozen=True)
class LocalReads(Reads):
    """Gives the addresses of runs and files as they are on this disk, and every list whole."""

    def cut(self, items: Sequence[T], most: int) -> list[T]:  # noqa: ARG002 no answer is too long
        """Return all items."""
        return list(items)

    def file_url(self, run_id: int, file: FileRow) -> str:
        """Return the `file:` URL of a file's bytes; "" where they are not here."""
        if file.sha256 is None:
            return ""
        return self.state.catalog.blobs(run_id).path(file.sha256).absolute().as_uri()

    def url(self, row: RunRow) -> str:
        """Return the `file:` URL of a run's directory."""
        return run_directory(row).absolute().as_uri()


class LocalSource:
    """The runs at and below a directory, those being written too.

    What a process left in its journal that was killed is made part of the run first. Rows of a run
    that is being written are seen once its uploader has stored them, within about a second.
    """

    root = ""

    def __init__(self, directory: Path) -> None:
        settings = ServerSettings(directory, mode="ui", auth="off")
        self._reads = LocalReads(make_state(settings, Secrets(generate_key(), b"")))
        self._routes = [(compile_path(each.path)[0], each) for each in _ENDPOINTS]
        self._incomplete: set[Path] = set()

    @property
    def client(self) -> LocalSource:
        """Answers `get`, as an HTTP client of a server does."""
        return self

    def get(self, url: str, *, params: Mapping[str, Any] | None = None) -> LocalAnswer:
        """Answer a path of the public API, refusals included."""
        self._look()
        for pattern, endpoint in self._routes:
            match = pattern.match(url)
            if match:
                return self._answer(endpoint, {**(params or {}), **match.groupdict()})
        return LocalAnswer(404, {"error": f"{url} is not known for local runs"})

    def rows(self, project: str | None = None) -> list[RunRow]:
        """Return the runs of a project, or all, newest first."""
        self._look()
        return self._reads.state.catalog.runs(project)

    def row(self, run_id: int) -> RunRow:
        """Return one run.

        Raises:
            QueryError: there is no such run.
        """
        row = self._reads.run(run_id)
        if row is None:
            raise QueryError("Run not found", 404)
        return row

    def reader(self, row: RunRow) -> RunReads:
        """Return the open reader of a run; it belongs to this source.

        Raises:
            StorageError: its files cannot be read.
        """
        return self._reads.reader(row)

    def files(self, row: RunRow) -> list[FileRow]:
        """Return the files of a run, by step."""
        return self._reads.state.files.rows(row.id)

    def file_path(self, row: RunRow, file: FileRow) -> Path | None:
        """Return where the bytes of a file are, None where they are not here."""
        if file.sha256 is None:
            return None
        return self._reads.state.catalog.blobs(row.id).path(file.sha256)

    def complete(self, get: Get, wanted: Wanted) -> Iterator[Series]:  # noqa: ARG002 no requests
        """Yield every point of the metrics, straight from the run's columns."""
        self._look()
        row = self._reads.run(wanted.run_id, wanted.project)
        if row is None:
            return
        reader = self.reader(row)
        for info in metrics_of(reader, wanted.names):
            points = reader.points(info.name, wanted.lo, wanted.hi)
            if len(points.steps):
                times = points.times.astype("datetime64[ms]")
                yield Series(info.name, points.steps, times, points.values)

    def download(self, file: Mapping[str, Any], destination: Path) -> None:
        """Copy a file out of the run.

        Raises:
            QueryError: its bytes are not on this machine.
        """
        source = Path(unquote(urlsplit(str(file["url"])).path))
        if not source.is_file():
            raise QueryError(f"{file['fileName']}: its bytes are not on this machine")
        shutil.copyfile(source, destination)

    def upload(self, file: NewFile) -> None:
        """Attach a file to a run that no process is writing.

        Raises:
            QueryError: the run is unknown, or its own process has it.
        """
        row = self.row(file.run_id)
        try:
            store = Store(run_directory(row))
        except RunInUse as error:
            raise QueryError(f"{row.name} is being written: use run.log() there") from error
        try:
            with store.blobs.open_temp() as copy, file.path.open("rb") as source:
                shutil.copyfileobj(source, copy)
            digest, size = store.blobs.put(Path(copy.name))
            added = FileRow(
                name=file.name,
                file_name=file.path.name,
                file_type=file.type,
                size=size,
                step=file.step or 0,
                time=time.time_ns() // 1_000_000,
                caption=file.caption,
                sha256=digest,
                mime=file.mime,
            )
            store.writer.append(Batch(names={file.name: "FILE"}, records=[added.to_record()]))
        finally:
            store.close()

    def close(self) -> None:
        """Close every open run."""
        self._reads.state.catalog.close()

    def _look(self) -> None:
        """See the disk as it is now, and complete the runs whose processes have died since."""
        catalog = self._reads.state.catalog
        catalog.expire()
        paths = map(run_directory, catalog.runs())
        left = [path for path in paths if path not in self._incomplete and has_journal(path)]
        done = [self._complete(path) for path in left]
        if any(done):
            catalog.expire()

    def _complete(self, directory: Path) -> bool:
        try:
            return complete_run(directory)
        except (StorageError, OSError) as error:
            self._incomplete.add(directory)
            logger.warning("what the dead process of %s left is not shown: %s", directory, error)
            return False

    def _answer(self, endpoint: Endpoint[Any], parameters: Mapping[str, Any]) -> LocalAnswer:
        try:
            found = endpoint.call(self._reads, parse(endpoint.query, parameters))
        except (PlutoError, FilterError) as error:
            response = refusal(error)
            return LocalAnswer(response.status_code, json.loads(bytes(response.body)))
        body = msgspec.to_builtins(found)
        if "comparisonUrl" in body:
            body["comparisonUrl"] = None  # no dashboard is running
        return LocalAnswer(200, body)


def metrics_of(reader: RunReads, names: Sequence[str] | None = None) -> list[NameInfo]:
    """Return the metrics of a run that have points: all by name, or those named, in that order."""
    if names is None:
        infos = sorted(reader.names(), key=lambda info: info.name)
    else:
        infos = [info for info in map(reader.name, names) if info is not None]
    return [info for info in infos if info.type == "METRIC" and info.count]


def has_journal(directory: Path) -> bool:
    """Tell whether rows of a run are still in its journal."""
    try:
        return any(name.endswith(SUFFIX) for name in os.listdir(directory / JOURNAL))
    except OSError:  # a finished run may have none
        return False


def complete_run(directory: Path) -> bool:
    """Make what a dead process left in its journal part of the run; tell whether it was done.

    A run that lives, or may be living on another machine, is left to its processes.

    Raises:
        StorageError, OSError: the run cannot be written.
    """
    if has_live_process(directory):
        return False
    try:
        store = Store(directory)
    except RunInUse:
        return False
    try:
        store.absorb_all()
        store.encode_all()
        store.note_death()
    finally:
        store.close()
    return True
