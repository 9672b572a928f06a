"""Which runs on this disk can be removed, and removing them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pluto.errors import RunInUse, StorageError
from pluto.names import TRASH, random_id
from pluto.segments import SUFFIX
from pluto.storage import RUN_DB, Outbox
from pluto.store import JOURNAL, Store
from pluto.sync import run_directories
from pluto.uploader import STREAMS
from pluto.wording import counted

State = Literal["delivered", "local", "pending", "running", "received", "unreadable", "deleted"]


@dataclass(frozen=True)
class KeptRun:
    """A run on this disk, and who else has it.

    Attributes:
        state: `delivered` a server has all of it; `local` it was never meant for one; `pending` a
            server lacks some of it; `running` its process lives; `received` a server keeps it
            here; `unreadable` it is damaged, foreign or not ours to write; `deleted` somebody
            deleted it in a dashboard, which can still take it back.
        pending: rows that its server lacks.
        ended_at: ms since the epoch; of the last write where the run does not tell its end; of the
            deletion of a deleted run.
        size: bytes on disk.
        problem: why it is not delivered, or cannot be read.
    """

    directory: Path
    project: str
    name: str
    state: State
    ended_at: int = 0
    size: int = 0
    pending: int = 0
    problem: str = ""


def kept_runs(root: Path) -> Iterator[KeptRun]:
    """Yield every run at and below a directory; nothing is changed."""
    for directory in run_directories(root):
        yield look_at(directory)


def deleted_runs(root: Path) -> Iterator[KeptRun]:
    """Yield the runs at and below a directory that were deleted in a dashboard."""
    for place, names, files in os.walk(root):
        if Path(place).name == TRASH:
            yield from (_deleted(Path(place) / name) for name in sorted(names))
        if Path(place).name == TRASH or RUN_DB in files:
            names.clear()  # nothing of interest is below


def _deleted(directory: Path) -> KeptRun:
    project = directory.parent.parent.name
    size, _ = _extent(directory)
    # To move a directory changes its inode, and nothing else does while it lies in the trash.
    deleted_at = directory.stat().st_ctime_ns // 1_000_000
    return KeptRun(directory, project, directory.name, "deleted", deleted_at, size)


def look_at(directory: Path) -> KeptRun:
    """Tell what is known of one run."""
    size, ended_at = _extent(directory)
    try:
        store = Store(directory)
    except RunInUse:
        return KeptRun(directory, "", directory.name, "running", ended_at, size)
    except (StorageError, OSError) as error:
        name, problem = directory.name, str(error)
        return KeptRun(directory, "", name, "unreadable", ended_at, size, problem=problem)
    try:
        facts = store.writer.facts()
        state, pending, problem = _delivery(store, facts)
    finally:
        store.close()
    project, name = str(facts.get("project", "")), str(facts.get("name", directory.name))
    ended_at = facts.get("finished_at") or ended_at
    return KeptRun(directory, project, name, state, ended_at, size, pending, problem)


def remove(run: KeptRun) -> None:
    """Remove a run, unless it is not what it was when it was looked at.

    Raises:
        RunInUse: a process has taken it up.
        StorageError: rows have come since then, or it could not even be looked at.
        OSError: its files cannot be removed.
    """
    if run.state == "deleted":
        _remove_directory(run.directory)
        return
    if run.state in ("unreadable", "running"):
        raise StorageError(f"{run.directory} is kept: it is {run.state}")
    if look_at(run.directory).state != run.state:
        raise StorageError(f"{run.directory} is kept: it has changed meanwhile")
    store = Store(run.directory)  # from here on no process can take it up
    try:
        _remove_directory(run.directory)
    finally:
        store.close()


def _remove_directory(directory: Path) -> None:
    # In one step: half a run is never seen.
    gone = directory.with_name(f".removed-{random_id()}")
    directory.rename(gone)
    shutil.rmtree(gone)


def take_back(run: KeptRun) -> Path:
    """Move a deleted run back to where it was; return where that is.

    Raises:
        StorageError: its place is taken.
        OSError: it cannot be moved.
    """
    place = run.directory.parent.parent / run.directory.name
    if place.exists():
        raise StorageError(f"{run.directory} stays deleted: there is another run in its place")
    run.directory.rename(place)
    return place


def attempt_removal(run: KeptRun) -> str:
    """Remove a run; return why it was kept, "" if it was not."""
    try:
        remove(run)
    except (StorageError, OSError) as error:
        return str(error)
    return ""


def _delivery(store: Store, facts: dict[str, Any]) -> tuple[State, int, str]:
    """Return who has the run, how many rows its server lacks, and why."""
    if "destination" not in facts:
        return "received", 0, ""
    if _has_journal(store.directory):
        return "pending", 1, "its process left rows in the journal: run 'pluto sync'"
    known = Outbox(store.writer, "").destinations()
    if any(_lacks(Outbox(store.writer, address))[0] == 0 for address in known):
        return "delivered", 0, ""
    if facts["destination"] is None:
        return "local", 0, ""
    return "pending", *_lacks(Outbox(store.writer, facts["destination"]["api"]))


def _lacks(outbox: Outbox) -> tuple[int, str]:
    """Return how many rows a destination does not have, and why."""
    pending = sum(max(0, outbox.count(each) - outbox.cursor(each)) for each in STREAMS)
    refused = len(outbox.rejected())
    reasons = []
    if pending:
        reasons.append(f"{counted(pending, 'row')} to be sent: run 'pluto sync'")
    if refused:
        reasons.append(f"{counted(refused, 'row')} refused by the server")
    return pending + refused, "; ".join(reasons)


def _has_journal(directory: Path) -> bool:
    journal = directory / JOURNAL
    return journal.is_dir() and any(name.endswith(SUFFIX) for name in os.listdir(journal))


def _extent(directory: Path) -> tuple[int, int]:
    """Return the bytes of a run, and when it was last written, in ms."""
    size = sum(_size(path) for path in directory.rglob("*"))
    try:
        return size, (directory / RUN_DB).stat().st_mtime_ns // 1_000_000
    except OSError:
        return size, 0


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # gone meanwhile
        return 0
