"""Records what the process prints, line by line, for every live run.

Each line is recorded once. Descriptors 1 and 2 are tapped where they are files or pipes (batch
jobs, containers, `nohup`, redirections): then C code and child processes are recorded as well.
A descriptor that is a terminal is left alone, so that `isatty`, sizes and colours stay as they
are for the script and for its children; there, the Python stream is tapped. How, and why no
thread of this process stands between the training and its terminal: `console_taps`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pluto.console_lines import Line, LineFolder
from pluto.console_taps import (
    QUIET,
    DescriptorTap,
    StreamTap,
    Untappable,
    flush,
    now_ms,
)
from pluto.record import Recorder
from pluto.redact import LineRedactor, Redactor
from pluto.worker import Worker

logger = logging.getLogger("pluto")

EVERY: Final = 0.1  # seconds between looks at what was printed
PATIENCE: Final = 2.0  # seconds that the end waits for the last output


class Listener:
    """One run that wants the lines; `stop` ends its part of the capture.

    Args:
        console: what it listens to.
        recorder: where its lines go.
        redactor: masks secrets; a private key is recognised over several lines.
        prefix: put before each line, for example `[rank3] `.
    """

    def __init__(
        self, console: Console, recorder: Recorder, redactor: Redactor, prefix: str = ""
    ) -> None:
        self._console = console
        self._recorder = recorder
        self._redactor = redactor
        self._prefix = prefix
        self._redactors: dict[object, LineRedactor] = {}

    def take(self, source: object, lines: Iterable[Line], *, error: bool) -> None:
        """Record lines of one source, in their order."""
        redact = self._redactors.setdefault(source, self._redactor.lines()).line
        for text, time_ms in lines:
            self._recorder.console(self._prefix + redact(text), error=error, time_ms=time_ms)

    def stop(self, deadline: float) -> None:
        """Record what was printed until now, then nothing more; safe to call again.

        Args:
            deadline: `time.monotonic()` seconds after which the rest is given up.
        """
        self._console.detach(self, deadline)


@dataclass(eq=False)
class _Source:
    """A tap, and the lines that come out of it."""

    tap: DescriptorTap | StreamTap
    error: bool
    folder: LineFolder = field(default_factory=LineFolder)
    reported: int = 0

    def lines(self) -> list[Line]:
        found: list[Line] = []
        for time_ms, text in self.tap.read():
            found.extend(self.folder.feed(text, time_ms))
        if self.tap.left_out > self.reported:
            amount, self.reported = self.tap.left_out - self.reported, self.tap.left_out
            found.append(Line(f"[pluto: {amount:,} bytes printed too fast are left out]", now_ms()))
        found.extend(self.folder.tick(now_ms()))
        return found


class Console:
    """The capture of this process's output: begins with the first listener, ends with the last.

    Use `shared()`, because a process has one stdout. A forked child starts without listeners;
    what it prints to a tapped descriptor is still recorded by its parent.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._sources: list[_Source] = []
        self._reader: _Reader | None = None
        self._new_locks()
        os.register_at_fork(after_in_child=self._in_child)

    def attach(
        self,
        recorder: Recorder,
        directory: Path,
        *,
        redactor: Redactor,
        descriptors: bool = True,
        rank: str | None = None,
    ) -> Listener:
        """Record what is printed from now on; returns what `stop`s it.

        Args:
            recorder: where the lines go.
            directory: of the run, on whose disk unread output waits.
            redactor: masks secrets.
            descriptors: False taps the Python streams only.
            rank: of this process; each line is then marked with it.
        """
        listener = Listener(self, recorder, redactor, f"[rank{rank}] " if rank else "")
        with self._changing:
            if not self._listeners:
                self._sources = _open_sources(directory, descriptors)
                _before_each_cell("register", self.renew)
                self._reader = _Reader(self)
                self._reader.start()
            else:
                self._catch_up(time.monotonic() + PATIENCE, quiet=0.005)
            with self._delivering:
                self._listeners.append(listener)
        return listener

    def detach(self, listener: Listener, deadline: float) -> None:
        """Record what was printed until now for `listener`, and forget it."""
        deadline = min(deadline, time.monotonic() + PATIENCE)
        with self._changing:
            if listener not in self._listeners:
                return
            if len(self._listeners) == 1:
                self._close(deadline)
            else:
                self._catch_up(deadline)
            with self._delivering:
                self._listeners.remove(listener)

    def deliver(self) -> None:
        """Hand what was printed since the last time to the listeners."""
        with self._delivering:
            for source in self._sources:
                self._hand_out(source, source.lines())

    def renew(self) -> None:
        """Tap the streams again from which somebody has taken the tap off."""
        for source in self._sources:
            if isinstance(source.tap, StreamTap):
                source.tap.renew()

    def mend(self) -> None:
        """Give a descriptor back whose `tee` has died."""
        for source in self._sources:
            tap = source.tap
            if isinstance(tap, DescriptorTap) and tap.is_broken:
                logger.warning("the copying of descriptor %d broke off; it is as before", tap.fd)
                with self._delivering:
                    tap.restore()
                    tap.rescue()
                    self._hand_out(source, source.lines())
                    tap.close()
                    self._sources = [other for other in self._sources if other is not source]

    def _catch_up(self, deadline: float, quiet: float = QUIET) -> None:
        """Hand out what was printed before this call."""
        taps = [source.tap for source in self._sources if isinstance(source.tap, DescriptorTap)]
        for tap in taps:
            flush(tap.fd)
        for tap in taps:
            tap.settle(deadline, quiet)
        self.deliver()

    def _close(self, deadline: float) -> None:
        if self._reader is not None:
            self._reader.stop(deadline)
            self._reader = None
        _before_each_cell("unregister", self.renew)
        for source in reversed(self._sources):
            source.tap.restore()
        for source in self._sources:
            if isinstance(source.tap, DescriptorTap):
                source.tap.settle(deadline)
        self.deliver()
        with self._delivering:
            for source in self._sources:
                self._hand_out(source, source.folder.close(now_ms()))
                if isinstance(source.tap, DescriptorTap):
                    source.tap.close()
            self._sources = []

    def _hand_out(self, source: _Source, lines: list[Line]) -> None:
        for listener in self._listeners if lines else ():
            listener.take(source, lines, error=source.error)

    def _in_child(self) -> None:
        self._new_locks()
        self._listeners, self._reader = [], None
        sources, self._sources = self._sources, []
        for source in sources:
            if isinstance(source.tap, DescriptorTap):
                source.tap.close()  # not restored: the child's output goes on being recorded
            else:
                source.tap.restore()

    def _new_locks(self) -> None:
        self._changing = threading.RLock()  # guards the beginning and the end of the capture
        self._delivering = threading.RLock()  # guards _sources and _listeners: keeps lines in order


class _Reader(Worker):
    """Looks at what was printed, again and again."""

    def __init__(self, console: Console) -> None:
        super().__init__("pluto-console")
        self._console = console

    def step(self) -> float:
        self._console.mend()
        self._console.renew()
        self._console.deliver()
        return EVERY


def shared() -> Console:
    """Return the console of this process."""
    return _SHARED


def _before_each_cell(change: str, call: Callable[[], None]) -> None:
    """In IPython and notebooks: have something called when a cell begins, or no more."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        with contextlib.suppress(ValueError):  # it was not registered: init came before IPython
            getattr(shell.events, change)("pre_execute", call)


def _open_sources(directory: Path, descriptors: bool) -> list[_Source]:
    wanted = [
        fd for fd in (1, 2) if descriptors and _is_output(fd) and not _is_read_by_a_notebook(fd)
    ]
    made = [_made(fd, directory) for fd in wanted]
    taps = [tap for tap in made if tap is not None and _has_begun(tap)]
    sources = [_Source(tap, error=tap.fd == 2) for tap in taps]
    for fd, name in ((1, "stdout"), (2, "stderr")):
        current = getattr(sys, name)
        below = current if _is_read_by_a_notebook(fd) else getattr(sys, f"__{name}__")
        sources.extend(_open_streams([current, below], fd == 2, taps))
    return sources


def _is_output(fd: int) -> bool:
    """Tell whether a descriptor is the program's: a closed one leaves its number to other files."""
    return (sys.stdout if fd == 1 else sys.stderr) is not None


def _is_read_by_a_notebook(fd: int) -> bool:
    """Tell whether ipykernel reads a descriptor, and writes all that comes to its stream."""
    stream = sys.stdout if fd == 1 else sys.stderr
    if not type(stream).__module__.startswith("ipykernel."):
        return False
    try:
        return stream.fileno() >= 0
    except (OSError, ValueError):
        return False


def _made(fd: int, directory: Path) -> DescriptorTap | None:
    try:
        return DescriptorTap(fd, directory)
    except Untappable as reason:
        logger.debug("%s: only Python's own output is recorded", reason)
        return None


def _has_begun(tap: DescriptorTap) -> bool:
    try:
        tap.begin()
    except Untappable as reason:
        logger.debug("%s: only Python's own output is recorded", reason)
        return False
    return True


def _open_streams(streams: list[object], error: bool, taps: list[DescriptorTap]) -> list[_Source]:
    """Tap `sys.stdout`, and the original stream below it if that is another object.

    The original is tapped too because handlers may be bound to it, and because a stream that
    writes to it must not be recorded twice.
    """
    current, original = streams
    covered = [any(tap.covers(stream) for tap in taps) for stream in streams]
    if current is None or covered[0]:
        return []
    sources: list[_Source] = []
    for stream, is_covered in zip(streams, covered, strict=True):
        if stream is None or (stream is original and current is original and sources):
            continue
        try:
            sources.append(_Source(StreamTap(stream, covered=is_covered), error))
        except Untappable as reason:
            logger.debug("the console is not recorded: %s", reason)
    return sources


_SHARED: Final = Console()  # descriptors 1 and 2 belong to the whole process
