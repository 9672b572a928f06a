"""Which runs exist, and readers and writers of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager

from pluto.errors import PlutoError
from pluto.server.backend import Backend, BlobStore, OwnRuns, RunReads, RunWrites
from pluto.server.rows import NewRun, ProjectRow, RunRow


class ReadOnlyCatalog(PlutoError):
    """A change was asked of runs that are only looked at."""


class Catalog:
    """The runs of a storage engine, by what the routes ask for; safe from any thread.

    Example:
        >>> catalog = Catalog(SqliteBackend(Path("~/.pluto/server").expanduser()))
        >>> row, created = catalog.create(NewRun(project="mnist", name="baseline"))
        >>> catalog.reader(row.id).names()
        []
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def runs(self, project: str | None = None) -> list[RunRow]:
        """Return the runs, of one project or of all, newest first."""
        return _newest_first(self.backend.runs.rows(), project)

    def runs_so_far(self, project: str | None = None) -> tuple[list[RunRow], int]:
        """Return the runs that are at hand, and how many more, of any project, are being read."""
        rows, unread = self.backend.runs.so_far()
        return _newest_first(rows, project), unread

    def projects(self, runs: Sequence[RunRow] | None = None) -> list[ProjectRow]:
        """Return the projects that have runs, the one with the newest run first.

        Args:
            runs: of which; by default all.
        """
        by_name: dict[str, list[RunRow]] = {}
        for row in self.runs() if runs is None else runs:
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
        return self.backend.runs.get(run_id)

    def require(self, run_id: int) -> RunRow:
        """Return one run.

        Raises:
            KeyError: there is no such run.
        """
        row = self.get(run_id)
        if row is None:
            raise KeyError(run_id)
        return row

    def by_display_id(self, display_id: str, project: str | None = None) -> list[RunRow]:
        """Return the runs with this display id, upper or lower case: one per project."""
        wanted = display_id.upper()
        return [
            row for row in self.runs(project) if row.display_id and row.display_id.upper() == wanted
        ]

    def by_external_id(self, external_id: str, project: str) -> RunRow | None:
        """Return the run of the project that has this external id."""
        if self.backend.own:
            return self.backend.own.by_external_id(external_id, project)
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
    def writable(self) -> bool:
        """Tell whether runs are created here."""
        return self.backend.own is not None

    @property
    def own(self) -> OwnRuns:
        """Return the runs of this server.

        Raises:
            ReadOnlyCatalog: this catalog only shows runs.
        """
        if self.backend.own is None:
            raise ReadOnlyCatalog(
                "'pluto ui' only shows the runs on this disk: start 'pluto server' and send there"
            )
        return self.backend.own

    def reader(self, run_id: int) -> RunReads:
        """Return an open reader, shared by all callers; do not close it, do not keep it.

        Raises:
            KeyError: there is no such run.
            StorageError: it cannot be read.
        """
        return self.backend.reader(self.require(run_id))

    def write(self, run_id: int) -> AbstractContextManager[RunWrites]:
        """Give the writer of a run to one caller at a time.

        Raises:
            KeyError: there is no such run.
            StorageError: it cannot be written.
        """
        return self.backend.write(self.require(run_id))

    def blobs(self, run_id: int) -> BlobStore:
        """Return the file store of a run.

        Raises:
            KeyError: there is no such run.
        """
        return self.backend.blobs(self.require(run_id))

    def version(self) -> int:
        """Return a number that grows whenever the list of runs or a row of it changes."""
        return self.backend.runs.version()

    def problems(self) -> list[str]:
        """Return a line for each run that is not readable and therefore not listed."""
        return self.backend.runs.problems()

    def expire(self) -> None:
        """Let the next look see the runs as they are then: for those who just changed them."""
        self.backend.runs.expire()

    def close(self) -> None:
        """Close every open run."""
        self.backend.close()


def _newest_first(rows: Iterable[RunRow], project: str | None) -> list[RunRow]:
    wanted = [row for row in rows if project is None or row.project == project]
    return sorted(wanted, key=lambda row: (row.created_at, row.id), reverse=True)
