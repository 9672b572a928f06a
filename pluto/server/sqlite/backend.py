"""The engine that comes with Pluto: a `run.db` a run, and one more file that knows of all runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from pluto.errors import StorageError
from pluto.server.rows import TERMINAL, DeletedRun, RunRow
from pluto.server.sqlite.handles import Readers, Writers
from pluto.server.sqlite.index import Index
from pluto.server.sqlite.indexed import IndexedRuns
from pluto.server.sqlite.local import LocalRuns
from pluto.server.sqlite.places import INDEX, run_directory
from pluto.server.sqlite.run_cache import CachedRun, RunCache
from pluto.server.sqlite.tables import FilesToCome, HeartbeatColumn, KeyRows
from pluto.server.sqlite.trash import Trash
from pluto.server.sqlite.versions import Versions
from pluto.storage import Blobs, Compactor, RunReader, RunWriter
from pluto.storage.sizes import SIZES, Sizes

logger = logging.getLogger("pluto")


class SqliteBackend:
    """The runs below one directory; see `backend.Backend`.

    Args:
        root: with `writable` the data directory of a server, which creates the runs in it;
            else any directory: the runs that clients left there, or are writing there now.
        writable: which of both.
        kept: where a file of some name is kept that may be deleted at any time; None keeps what
            was read for no later start, and notes of deleted runs below `root`.
        sizes: of the pieces of compaction.

    Raises:
        StorageError: the index cannot be opened.

    Example:
        >>> backend = SqliteBackend(Path("~/.pluto/server").expanduser())
        >>> backend.own.create(NewRun("mnist", "baseline"))
    """

    def __init__(
        self,
        root: Path,
        *,
        writable: bool = True,
        kept: Callable[[str], Path] | None = None,
        sizes: Sizes = SIZES,
    ) -> None:
        self._index = Index(root / INDEX if writable else None)
        self.own = IndexedRuns(root, self._index) if writable else None
        self.runs = self.own or LocalRuns(root, RunCache(kept("rows.db") if kept else None))
        self._cache = RunCache(kept("views.db") if kept else None)
        self.keys = KeyRows(self._index)
        self.announced = FilesToCome(self._index)
        self.heartbeats = HeartbeatColumn(self._index)
        self._sizes = sizes
        self._readers = Readers()
        self._writers = Writers()
        self._versions = Versions()
        notes = (kept or root.joinpath)("trash.json")
        self._trash = Trash(self.runs, self._writers, notes)

    def reader(self, row: RunRow) -> RunReader:
        """Return an open reader, shared by all callers."""
        return self._readers.get(run_directory(row))

    @contextmanager
    def look(self, row: RunRow) -> Iterator[tuple[int, RunReader]]:
        """Open a run for a short look at it, with the version that is seen."""
        with closing(RunReader(run_directory(row))) as reader:
            yield self._versions.read(reader), reader

    def version(self, row: RunRow) -> int:
        """Return the version of a run, without opening it if nothing has changed."""
        directory = run_directory(row)
        reader = self._readers.opened(directory)
        return self._versions.of(directory) if reader is None else self._versions.seen(reader)

    def known_version(self, row: RunRow) -> int | None:
        """Return the version of a run if that takes no opening of it, else None."""
        return self._versions.known(run_directory(row))

    def keep(self, rows: Sequence[RunRow], body: Callable[[RunRow], bytes]) -> list[RunRow]:
        """Keep what was made of runs whose files are not changing; return these."""
        stamps = [(row, self._versions.stamp(run_directory(row))) for row in rows]
        settled = [(row, stamp) for row, stamp in stamps if stamp is not None]
        if settled:
            self._cache.save([CachedRun(row.place, stamp, body(row)) for row, stamp in settled])
        return [row for row, _ in settled]

    def kept(self, rows: Sequence[RunRow]) -> list[tuple[RunRow, int, bytes]]:
        """Return, with its version, what was kept of the runs whose files have not changed."""
        by_place = {row.place: row for row in rows}
        found = []
        for place, stamp, body in self._cache.load(by_place):
            version = self._versions.remember(Path(place), stamp)
            if version is not None:
                found.append((by_place[place], version, body))
        return found

    @contextmanager
    def write(self, row: RunRow) -> Iterator[RunWriter]:
        """Give the writer of a run to one caller at a time.

        If compaction in the background falls behind, it is done here: it slows down those who
        write, and not those who read.
        """
        with self._writers.lease(run_directory(row), keep=not row.local) as writer:
            yield writer
            if not row.local:
                self._keep_up(writer)

    def blobs(self, row: RunRow) -> Blobs:
        """Return the file store of a run."""
        return Blobs(run_directory(row) / "files")

    def needs_compaction(self, row: RunRow) -> bool:
        """Tell whether there may be work: a run that goes on always may have some."""
        if row.status not in TERMINAL:
            return True
        with closing(RunReader(run_directory(row))) as reader:
            return reader.needs_compaction(self._sizes)

    def compact(self, row: RunRow) -> bool:
        """Do a piece of compaction; return False if there was none to do."""
        with self._writers.lease(run_directory(row)) as writer:
            ended = row.status in TERMINAL
            return Compactor(writer, ended=ended, sizes=self._sizes).step()

    def delete(self, row: RunRow) -> None:
        """Move a run into the trash."""
        self._trash.delete(row)

    def restore(self, run_id: int) -> None:
        """Move a run back to where it was."""
        self._trash.restore(run_id)

    def deleted(self) -> list[DeletedRun]:
        """Return what lies in the trash, the last deleted first."""
        return self._trash.runs()

    def discard(self, run_id: int) -> None:
        """Empty the trash of one run."""
        self._trash.discard(run_id)

    def check(self) -> None:
        """Make sure that the index answers."""
        self._index.rows("SELECT count(*) FROM setting")

    def close(self) -> None:
        """Close every open run and the index."""
        if isinstance(self.runs, LocalRuns):
            self.runs.close()
        self._readers.close()
        self._writers.close()
        self._index.close()

    def _keep_up(self, writer: RunWriter) -> None:
        """Compact if that falls behind; the rows are stored and accepted whatever comes of it."""
        try:
            Compactor(writer, sizes=self._sizes).keep_up()
        except StorageError as error:
            logger.warning("%s is not compacted for now: %s", writer.directory, error)
