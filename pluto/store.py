"""A run on disk as the client has it: journal in, columns and blobs out, cursors, receipt."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from pluto import segments
from pluto.death import judge_death
from pluto.errors import MediaError, RetryLater, StorageError
from pluto.facts import apply_fact
from pluto.file import encode, forget
from pluto.frame_rows import add_frames
from pluto.home import working_directory
from pluto.notice import Notices
from pluto.record import Receipt, Stream
from pluto.run_lock import RunLock
from pluto.segments import Frame
from pluto.storage import (
    Batch,
    Blobs,
    Compactor,
    Kind,
    Outbox,
    Record,
    RunWriter,
    StagedFiles,
)

logger = logging.getLogger("pluto")

JOURNAL: Final = "journal"
FILES: Final = "files"
STAGING: Final = "staging"

ABSORB_BYTES: Final = 256 << 10
READ_BYTES: Final = 64 << 10
COPY_PAUSE: Final = 0.05  # seconds
COPY_PATIENCE: Final = 60.0  # seconds that a later process waits for a copy that goes on
SEVERITY: Final = ("RUNNING", "COMPLETED", "TERMINATED", "CANCELLED", "FAILED")
_COUNTED: Final[tuple[Stream, ...]] = ("metrics", "data", "files")
_UNCOUNTED: Final[tuple[Stream, ...]] = ("facts", "names", "system", "console")


class Store:
    """The run in one directory; there is one owner at a time, told by a lock on `run.lock`.

    Args:
        directory: of the run; made if missing.
        network: whether it is on a network file system; found out by default.

    Raises:
        RunInUse: another process owns the run.
        StorageError: the directory cannot be used.
    """

    def __init__(self, directory: Path, *, network: bool | None = None) -> None:
        self.directory = directory
        self._lock = RunLock(directory)
        try:
            self.writer = RunWriter(directory, network=network)
        except StorageError:
            self._lock.release()
            raise
        self.blobs = Blobs(directory / FILES)
        self.staging = directory / STAGING
        self._positions = self.writer.positions()
        self._staged = StagedFiles(self.writer)
        self._notices = Notices()
        self.copying = False

    def absorb(self) -> int:
        """Move a piece of the journal into the run's columns, in one transaction.

        Returns:
            How many bytes of the journal that was, up to about `ABSORB_BYTES`; 0 if it had no more.
        """
        self._lock.refresh()
        batch, done, rest = Batch(), list[Path](), ABSORB_BYTES
        died: list[Path] = []
        for path in _segments(self.directory / JOURNAL):
            start = self._positions.get(path.name, 0)
            frames, end, ended = _read(path, start, rest)
            if end > start:
                add_frames(batch, path, frames)
                batch.positions[path.name] = end
                rest -= end - start
            if ended or (end == start and segments.writer_is_gone(path)):
                (done if ended else died).append(path)
            if rest <= 0:
                break
        if batch.positions:
            batch.facts = apply_fact(self.writer.facts, batch.records)
            self.writer.append(batch)
            self._positions.update(batch.positions)
        else:  # everything that the dead have said is known
            for path in died:
                self._note_death_of(path)
            done += died
        self._drop(done)
        return ABSORB_BYTES - rest

    def absorb_all(self) -> None:
        """Absorb until the journal holds nothing more."""
        while self.absorb():
            pass

    def encode_all(self) -> None:
        """Encode all media that can be encoded now; wait for a while for large files."""
        patience = time.monotonic() + COPY_PATIENCE
        while self.encode_next() or (self.copying and time.monotonic() < patience):
            if self.copying:
                time.sleep(COPY_PAUSE)

    def compact(self, seconds: float) -> bool:
        """Have the rows of the run take less space and read faster, as far as that goes in time.

        Returns:
            True if nothing is left to be done.
        """
        ended = self.writer.facts().get("status") != "RUNNING"
        return Compactor(self.writer, ended=ended).run(seconds)

    def encode_next(self) -> bool:
        """Encode the media value that waits longest; return False if none can be encoded now.

        `copying` is True then if that is because another process still copies a large file.
        """
        self.copying = False
        staged = self._staged.next()
        if staged is None:
            return False
        description = staged.value["staged"]
        try:
            rows: list[dict[str, Any]] = list(encode(description, self.staging, self.blobs))
        except RetryLater:
            self.copying = True
            return False
        except MediaError as error:
            logger.warning("%s could not be stored: %s", staged.record.name, error)
            rows = [{"error": str(error)}]
        except OSError as error:
            self._notices.warn("media", "%s has to wait: %s", staged.record.name, error)
            return False
        index = {"sampleIndex": staged.value["sampleIndex"]}
        self._staged.replace(staged, [{**row, **index} for row in rows])
        forget(description, self.staging)
        return True

    def receipt(self, sink: str | None, lost: int = 0, writer: str | None = None) -> Receipt:
        """Count what became of the rows that the user logged.

        Args:
            sink: the destination; None for a local run.
            lost: what could not be stored.
            writer: a journal, of which the rows count that could not be absorbed yet.
        """
        outbox = Outbox(self.writer, sink or "")
        failed = self._staged.failed()
        lost += failed
        logged = sum(outbox.count(stream) for stream in _COUNTED) + self._waiting(writer) - failed
        if sink is None:
            return Receipt(logged=logged, lost=lost, kept_in=shown(self.directory), local=True)
        passed = sum(outbox.cursor(stream) for stream in _COUNTED)
        set_aside = sum(len(outbox.rejected(stream)) for stream in _COUNTED)
        return Receipt(
            logged=logged,
            delivered=passed - set_aside,
            rejected=set_aside - self._staged.failed(before=outbox.cursor("files")),
            lost=lost,
            kept_in=shown(self.directory),
            unfinished=not has_live_process(self.directory) and _is_pending(outbox),
        )

    def _waiting(self, writer: str | None) -> int:
        """Count the rows of the user that wait in the segments of a journal."""
        count = 0
        for path in _segments(self.directory / JOURNAL):
            if segments.writer_of(path) == writer:
                frames, _, _ = _read(path, self._positions.get(path.name, 0), path.stat().st_size)
                count += sum(kind in segments.COUNTED for kind, _, _ in frames)
        return count

    def conclude(self) -> bool:
        """Give the run its final status if every process of it has ended.

        Of several ends the worst counts. Forked children do not count: they end no run.

        Returns:
            True if it was given now.
        """
        if has_live_process(self.directory):
            return False
        self.absorb_all()
        facts = self.writer.facts()
        ends = facts.get("ends") or []
        if not ends or facts.get("status") != "RUNNING":
            return False
        self._end_with(max(ends, key=lambda end: SEVERITY.index(end["status"])))
        return True

    def note_death(self) -> None:
        """Write down that a run which was never ended, and which nobody owns any more, is dead.

        One that was closed is not: it waits for a process that goes on with it.
        """
        if self.conclude():
            return
        facts = self.writer.facts()
        if facts.get("status") == "RUNNING" and not facts.get("closed"):
            self._end_with(self._death(None))

    def _end_with(self, end: Mapping[str, Any]) -> None:
        status = {key: end.get(key) for key in ("status", "statusMetadata")}
        backfill = self.writer.facts().get("backfill") or {}
        self.append_fact("status", status, backfill.get("updatedAt") or end.get("time"))

    def _note_death_of(self, segment: Path) -> None:
        """Write down that the writer of a segment died, unless it had said how it ends."""
        facts = self.writer.facts()
        writer = segments.writer_of(segment)
        said = {end.get("writer") for end in facts.get("ends") or []}
        counts = segments.FORKED not in segment.name and writer not in said
        if counts and facts.get("status") == "RUNNING":
            self.append_fact("end", {**self._death(writer), "writer": writer})

    def _death(self, writer: str | None) -> dict[str, Any]:
        process = None if writer is None else int(writer.partition(".")[0])
        seen, metadata = judge_death(self.directory, process)
        return {"status": "FAILED", "statusMetadata": metadata, "time": seen}

    def append_fact(self, name: str, value: Any, time_ms: int | None = None) -> None:
        """Record a change of what is known about the run, which its destination is told.

        Args:
            name: of the fact, such as `status` or `notes`.
            value: JSON value.
            time_ms: when it changed; now by default.
        """
        moment = time.time_ns() // 1_000_000 if time_ms is None else time_ms
        record = Record(Kind.FACT, moment, 0, name, "", orjson.dumps(value))
        facts = apply_fact(self.writer.facts, [record])
        self.writer.append(Batch(records=[record], facts=facts))

    def set_facts(self, facts: Mapping[str, Any]) -> None:
        """Set facts of the run that no destination has to be told."""
        self.writer.append(Batch(facts=dict(facts)))

    def close(self) -> None:
        """Close the files and let go of the run; idempotent."""
        self.writer.close()
        self._lock.release()

    def _drop(self, done: list[Path]) -> None:
        for path in done:
            path.unlink(missing_ok=True)
            self._positions.pop(path.name, None)
        if done:
            self.writer.forget_segments([path.name for path in done])


def _is_pending(outbox: Outbox) -> bool:
    """Tell whether something other than rows of the user has to be sent, such as the status."""
    return any(outbox.cursor(stream) < outbox.count(stream) for stream in _UNCOUNTED)


def shown(directory: Path) -> str:
    """Return a path as a person wants to read it: relative where it is below this directory."""
    path, here = directory.absolute(), working_directory()
    return str(path.relative_to(here) if here and path.is_relative_to(here) else path)


def has_live_process(directory: Path) -> bool:
    """Tell whether a process still has a journal open in a run; forked children do not count."""
    own = [path for path in _segments(directory / JOURNAL) if segments.FORKED not in path.name]
    return any(not (segments.writer_is_gone(path) or segments.is_ended(path)) for path in own)


def _segments(directory: Path) -> list[Path]:
    """Return the journal's segments, those of one writer in the order of writing."""
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.iterdir() if path.suffix == segments.SUFFIX)


def _read(path: Path, start: int, limit: int) -> tuple[list[Frame], int, bool]:
    """Return the frames from `start` on, the offset behind them, and whether the segment ends."""
    frames: list[Frame] = []
    end = start
    while end - start < limit:  # reading lets go of the interpreter lock between pieces
        piece = list(segments.read_frames(path, end, min(limit, READ_BYTES)))
        if not piece:
            break
        kind, _, end = piece[-1]
        if kind == segments.END:
            return frames + piece[:-1], end, True
        frames += piece
    return frames, end, False
