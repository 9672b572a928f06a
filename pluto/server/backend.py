"""What the server asks of the storage behind it, whichever engine that is.

`sqlite` is the engine that comes with Pluto. Another one implements `Backend` and passes
`tests/conformance`. Nothing outside an engine's own package knows its files, tables or exceptions:
values cross this border as the plain types of `pluto.storage` (`Batch`, `Points`, `Buckets`, ...),
failures as `StorageError`, and as `StorageFull` where there is no space left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, Literal, Protocol

from pluto.errors import PlutoError
from pluto.server.rows import DeletedRun, KeyRow, NewRun, RunRow
from pluto.storage import Batch, Buckets, Kind, NameInfo, Points, Rewind, StoredRecord


class ChangeRefused(PlutoError):
    """The run cannot be changed from here; the message says where it can."""


class RunReads(Protocol):
    """Reads one run: its metrics, its other records, its facts; safe from any thread.

    Every method sees whole batches only, and raises `StorageError` where the run cannot be read.
    """

    def version(self) -> int:
        """Return a number that grows with everything that is written."""

    def facts(self, *names: str) -> dict[str, Any]:
        """Return facts of the run (project, name, config, tags, status and so on): all, or these.

        Some facts are large, such as the description of the machine and the graph of a model.
        """

    def names(self, prefix: str = "", limit: int | None = None) -> list[NameInfo]:
        """Return the log names that begin with `prefix`, in the order of their first use.

        The summary of a metric counts each step once: the point of `points`.
        """

    def name(self, name: str) -> NameInfo | None:
        """Return one log name, or None."""

    def points(
        self, name: str, lo: int | None = None, hi: int | None = None, *, raw: bool = False
    ) -> Points:
        """Return the points of a metric with `lo` ≤ step ≤ `hi`.

        With `raw` every row that was written, in the order of writing; else one a step, the one
        with the greatest time (of equal times the last written), sorted by step.
        """

    def buckets(
        self,
        name: str,
        lo: int | None,
        hi: int | None,
        count: int,
        x: Literal["step", "time"] = "step",
    ) -> Buckets:
        """Return `lo` ≤ x ≤ `hi` of a metric in at most `count` buckets of about equal width.

        All points of the range are in them, each in one; minima, maxima, counts and flags are
        exact. An engine may put points that are next to each other into the bucket beside.
        """

    def buckets_of(
        self,
        names: Sequence[str],
        lo: int | None,
        hi: int | None,
        count: int,
        x: Literal["step", "time"] = "step",
        *,
        exact: bool = True,
    ) -> list[Buckets | None]:
        """Return `buckets` of several metrics, all of one state of the run; None for no such name.

        Pages ask for many at a time: what they share is worth reading once. Where it is quicker,
        the first and the last bucket may hold points beside the range unless it is `exact`, not
        more than a bucket in its middle does.
        """

    def records(
        self,
        kind: Kind,
        name: str | None = None,
        *,
        type: str | None = None,  # noqa: A002
        step: int | None = None,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        offset: int = 0,
        newest_first: bool = False,
    ) -> list[StoredRecord]:
        """Return records of a kind with `after` < id < `before`, in the order of writing.

        Ids are 1 or more and grow in that order: the last one is where a reader goes on. A `limit`
        of -1 is none. With `newest_first` the other way round, so that a limit leaves the newest.
        """

    def count(
        self,
        kind: Kind,
        name: str | None = None,
        *,
        type: str | None = None,  # noqa: A002
        step: int | None = None,
    ) -> int:
        """Return the number of records of a kind."""

    def unsent(self) -> int:
        """Return how many rows another server lacks that has most of this run.

        0 where none has any, as of every run that a server has received.
        """


class RunWrites(Protocol):
    """Writes one run; whoever holds it is the only one.

    Every method raises `StorageError` where the run cannot be written, and has then changed
    nothing.
    """

    def append(self, batch: Batch) -> None:
        """Write everything in `batch`, or nothing of it; what is committed outlives a kill.

        A batch with `received` is written once: nothing happens if its rows are known already.
        The name of a record is in `names`, or known already. `positions` and `bodies` are for a
        client's own directory: no server fills them.
        """

    def facts(self) -> dict[str, Any]:
        """Return the facts of the run."""

    def received(self, writer: str, stream: str) -> int:
        """Return the next row that is expected from a client's stream; 0 for a new one."""

    def count_names(self, more: Iterable[str] = ()) -> int:
        """Return how many names the run would have with these."""

    def rewind(self, rewind: Rewind) -> None:
        """Hide what was written before a moment at steps behind a checkpoint; see `Rewind`."""


class BlobStore(Protocol):
    """The files of one run, each kept once, under its SHA-256.

    A store that is elsewhere keeps copies on this machine of what it hands out.
    """

    def open_temp(self) -> IO[bytes]:
        """Open a new temporary file; its `.name` is its path."""

    def adopt(self, source: Path, digest: str) -> str:
        """Move in a temporary file whose digest is known; return the digest."""

    def path(self, digest: str) -> Path:
        """Return the file with this content; it does not exist where the store has none."""


class RunList(Protocol):
    """Which runs there are."""

    def rows(self) -> list[RunRow]:
        """Return all rows, in no order, as fresh as is cheap."""

    def so_far(self) -> tuple[list[RunRow], int]:
        """Return the rows that are at hand, and how many more are being read meanwhile."""

    def get(self, run_id: int) -> RunRow | None:
        """Return one row, or None."""

    def version(self) -> int:
        """Return a number that grows whenever a row appears, changes or goes."""

    def problems(self) -> list[str]:
        """Return a line for each run that turned out not to be readable, and is not listed."""

    def expire(self) -> None:
        """Let the next look be a fresh one."""


class OwnRuns(RunList, Protocol):
    """The runs that a server creates itself."""

    def by_external_id(self, external_id: str, project: str) -> RunRow | None:
        """Return the run of the project that has this external id."""

    def create(self, new: NewRun) -> tuple[RunRow, bool]:
        """Create a run, or find the one of the project that has the same external id.

        Returns:
            the run, and whether it was created now.
        """

    def update(self, run_id: int, **changes: Any) -> RunRow:
        """Change fields of a row (status, tags, updated_at, finished_at, cause) for good.

        Callers write the run's facts first: after a crash between the two, those hold.
        """

    def touch(self, run_id: int, now: int) -> None:
        """Note that rows of the run came in; need not outlive a restart."""


class KeyTable(Protocol):
    """The API keys, of which only hashes are kept; changes by another process count at once."""

    def add(self, row: KeyRow, digest: str) -> None:
        """Keep a key; the `id` of the row is of no account, the table gives one."""

    def rows(self) -> list[KeyRow]:
        """Return all keys, the oldest first."""

    def get(self, key_id: int) -> KeyRow | None:
        """Return one key by its id."""

    def find(self, digest: str) -> KeyRow | None:
        """Return the key with this hash."""

    def revoke(self, name: str, at: int) -> bool:
        """Revoke the key of this name that is not revoked; return False if there is none."""


class AnnouncedFiles(Protocol):
    """Files of runs whose bytes are to come: a text for each, by run and key."""

    def add(self, run_id: int, rows: Mapping[str, str]) -> None:
        """Remember files; those that are known stay as they are."""

    def get(self, run_id: int, key: str) -> str | None:
        """Return what was announced, also if its bytes have come; None if nothing was."""

    def waiting(self, run_id: int) -> list[str]:
        """Return what was announced and has not come."""

    def arrived(self, run_id: int, key: str) -> None:
        """Note that the bytes of a file have come."""


class Heartbeats(Protocol):
    """When runs were last heard of, in ms since the epoch."""

    def all(self) -> dict[int, int]:
        """Return the last heartbeat of each run that ever sent one."""

    def keep(self, run_id: int, at: int) -> None:
        """Keep a heartbeat."""


class Backend(Protocol):
    """A place where runs are kept; safe from any thread.

    Attributes:
        runs: which there are.
        own: the same, where this server creates them itself; None where it only shows them.
        keys, announced, heartbeats: what a server knows besides runs.
    """

    @property
    def runs(self) -> RunList: ...  # noqa: D102 see Attributes
    @property
    def own(self) -> OwnRuns | None: ...  # noqa: D102
    @property
    def keys(self) -> KeyTable: ...  # noqa: D102
    @property
    def announced(self) -> AnnouncedFiles: ...  # noqa: D102
    @property
    def heartbeats(self) -> Heartbeats: ...  # noqa: D102

    def reader(self, row: RunRow) -> RunReads:
        """Return an open reader, shared by all callers; do not close it, do not keep it.

        Raises:
            StorageError: the run cannot be read.
        """

    def look(self, row: RunRow) -> AbstractContextManager[tuple[int, RunReads]]:
        """Open a run for a short look at it, with the version that is seen.

        For lists of thousands of runs, which would push the readers of pages out.

        Raises:
            StorageError: the run cannot be read.
        """

    def version(self, row: RunRow) -> int:
        """Return the version of a run, without opening it if nothing has changed.

        Raises:
            StorageError: the run cannot be read.
        """

    def known_version(self, row: RunRow) -> int | None:
        """Return the version of a run if that takes no opening of it, else None."""

    def keep(self, rows: Sequence[RunRow], body: Callable[[RunRow], bytes]) -> list[RunRow]:
        """Keep what was made of runs for the next start of the server, as far as that helps.

        Args:
            rows: of the runs, whose versions were read just now.
            body: makes what is to be kept of one.

        Returns:
            the runs that need not be offered again: the others are changing.
        """

    def kept(self, rows: Sequence[RunRow]) -> list[tuple[RunRow, int, bytes]]:
        """Return, with its version, what was kept of the runs that have not changed since."""

    def write(self, row: RunRow) -> AbstractContextManager[RunWrites]:
        """Give the writer of a run to one caller at a time.

        Raises:
            StorageError: the run cannot be written.
        """

    def blobs(self, row: RunRow) -> BlobStore:
        """Return the file store of a run."""

    def needs_compaction(self, row: RunRow) -> bool:
        """Tell, without a writer, whether there is work for `compact`.

        Raises:
            StorageError: the run cannot be read.
        """

    def compact(self, row: RunRow) -> bool:
        """Do a short piece of work that makes a run smaller or faster; return False if none was.

        No answer changes by it, nor any version.

        Raises:
            StorageError: the run cannot be written.
        """

    def delete(self, row: RunRow) -> None:
        """Take a run away, so that `restore` can bring it back.

        Raises:
            ChangeRefused: somebody is writing it, or it cannot be taken away.
        """

    def restore(self, run_id: int) -> None:
        """Bring a deleted run back.

        Raises:
            KeyError: it was not deleted here.
            ChangeRefused: it cannot be brought back, or another run has its external id now.
        """

    def deleted(self) -> list[DeletedRun]:
        """Return the runs that `restore` can bring back, the last deleted first.

        Raises:
            ChangeRefused: what is known of them cannot be read.
        """

    def discard(self, run_id: int) -> None:
        """Remove a deleted run for good, with its files.

        Raises:
            KeyError: it was not deleted here.
            ChangeRefused: it cannot be removed.
        """

    def check(self) -> None:
        """Make sure that storage answers.

        Raises:
            StorageError: it does not.
        """

    def close(self) -> None:
        """Close everything; idempotent."""
