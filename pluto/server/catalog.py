"""Which runs exist, and open readers and writers of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pluto.errors import PlutoError
from pluto.server.handles import Readers, Writers
from pluto.server.index import Index
from pluto.server.indexed import IndexedRuns
from pluto.server.local import LocalRuns
from pluto.server.rows import NewRun, ProjectRow, RunRow
from pluto.server.run_cache import RunCache
from pluto.storage import Blobs, RunReader, RunWriter


class ReadOnlyCatalog(PlutoError):
    """A change was asked of runs that are only looked at."""


class RunSource(Protocol):
    """Where rows come from: an index of its own runs, or a scan of the disk."""

    def rows(self) -> list[RunRow]:
        """Return all rows, in no order, as fresh as is cheap."""

    def get(self, run_id: int) -> RunRow | None:
        """Return one row, or None."""

    def version(self) -> int:
        """Return a number that grows whenever a row appears, changes or goes."""

    def problems(self) -> list[str]:
        """Return a line for each file that looked like a run and is not readable."""

    def expire(self) -> None:
        """Let the next look be a fresh one."""


class Catalog:
    """The runs below one directory.

    `writable=True`: the data directory of a server, which creates the runs in it itself.
    `writable=False`: any directory; the runs that clients left there, or are writing there now.

    `cache` keeps what was read of such runs for the next start.

    Safe from any thread.

    Example:
        >>> catalog = Catalog(Path("~/.pluto/server").expanduser())
        >>> row, created = catalog.create(NewRun(project="mnist", name="baseline"))
        >>> catalog.reader(row.id).names()
        []
    """

    def __init__(self, root: Path, *, writable: bool = True, cache: RunCache | None = None) -> None:
        self.root = root
        self.writable = writable
        self.index = Index(root / "index.db" if writable else None)
        self._own = IndexedRuns(root, self.index) if writable else None
        self._source: RunSource = self._own or LocalRuns(root, cache)
        self._readers = Readers()
        self._writers = Writers()

    def runs(self, project: str | None = None) -> list[RunRow]:
        """Return the runs, of one project or of all, newest first."""
        rows = [row for row in self._source.rows() if project is None or row.project == project]
        return sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)

    def projects(self) -> list[ProjectRow]:
        """Return the projects that have runs, the one with the newest run first."""
        by_name: dict[str, list[RunRow]] = {}
        for row in self.runs():
            by_name.setdefault(row.project, []).append(row)
        first_ids = sorted(min(row.id for row in rows) for rows in by_name.values())
        return [
            ProjectRow(
                id=1 + first_ids.index(min(row.id for row in rows)),
                name=name,
                created_at=rows[-1].created_at,
                updated_at=max(row.updated_at for row in rows),
                runs=len(rows),
                running=sum(row.status == "RUNNING" for row in rows),
            )
            for name, rows in by_name.items()
        ]

    def get(self, run_id: int) -> RunRow | None:
        """Return one run, or None where there is none with this id."""
        return self._source.get(run_id)

    def by_display_id(self, display_id: str, project: str | None = None) -> list[RunRow]:
        """Return the runs with this display id, upper or lower case: one per project."""
        wanted = display_id.upper()
        return [
            row for row in self.runs(project) if row.display_id and row.display_id.upper() == wanted
        ]

    def by_external_id(self, external_id: str, project: str) -> RunRow | None:
        """Return the run of the project that has this external id."""
        if self._own:
            return self._own.by_external_id(external_id, project)
        return next((row for row in self.runs(project) if row.external_id == external_id), None)

    def create(self, new: NewRun) -> tuple[RunRow, bool]:
        """Create a run, or find the one of the project that has the same external id.

        Returns:
            the run, and whether it was created now.

        Raises:
            ReadOnlyCatalog: this catalog only shows runs.
        """
        return self.own.create(new)

    @property
    def own(self) -> IndexedRuns:
        """Return the runs of this server.

        Raises:
            ReadOnlyCatalog: this catalog only shows runs.
        """
        if self._own is None:
            raise ReadOnlyCatalog(
                "'pluto ui' only shows the runs on this disk: start 'pluto server' and send there"
            )
        return self._own

    def reader(self, run_id: int) -> RunReader:
        """Return an open reader, shared by all callers; do not close it, do not keep it.

        Raises:
            KeyError: there is no such run.
            StorageError: its files cannot be read.
        """
        return self._readers.get(self._row(run_id).path)

    @contextmanager
    def write(self, run_id: int) -> Iterator[RunWriter]:
        """Give the writer of a run to one caller at a time.

        Raises:
            KeyError: there is no such run.
            StorageError: its files cannot be written.
        """
        row = self._row(run_id)
        with self._writers.lease(row.path, keep=not row.local) as writer:
            yield writer

    @contextmanager
    def moved_away(self, run_id: int) -> Iterator[Path]:
        """Forget a run; inside the block its directory, which nobody writes then, can be moved.

        If the block raises, the run is known again.

        Raises:
            KeyError: there is no such run.
        """
        path = self._row(run_id).path
        with self._writers.without(path):
            if self._own:
                self._own.forget(run_id)
            try:
                yield path
            except BaseException:
                if self._own:
                    self._own.take_back(path)
                raise
        self.expire()

    def take_back(self, path: Path) -> None:
        """Know a run again whose directory was moved back to where it was.

        Raises:
            StorageError: its place was taken meanwhile, or its files cannot be read.
        """
        if self._own:
            self._own.take_back(path)
        self.expire()

    def blobs(self, run_id: int) -> Blobs:
        """Return the file store of a run.

        Raises:
            KeyError: there is no such run.
        """
        return Blobs(self._row(run_id).path / "files")

    def version(self) -> int:
        """Return a number that grows whenever the list of runs or a row of it changes."""
        return self._source.version()

    def problems(self) -> list[str]:
        """Return a line for each file that looked like a run and is not readable."""
        return self._source.problems()

    def expire(self) -> None:
        """Let the next look see the disk as it is then: for those who just changed it."""
        self._source.expire()

    def close(self) -> None:
        """Close every open run and the index."""
        self._readers.close()
        self._writers.close()
        self.index.close()

    def _row(self, run_id: int) -> RunRow:
        row = self.get(run_id)
        if row is None:
            raise KeyError(run_id)
        return row
