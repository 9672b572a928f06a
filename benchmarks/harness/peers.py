"""The trackers under test, one class each; runs inside the measured process only.

A tracker keeps the settings that a user gets who asks for nothing: its system metrics and console
capture stay on. Only what would reach for a network is turned off.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol
from zlib import crc32

Log = Callable[[dict[str, float], int], object]


class Peer(Protocol):
    """A tracker: `start` begins a run and returns what logs a row under a step."""

    def start(self, directory: Path) -> Log:
        """Begin a run that keeps its files below `directory`."""

    def finish(self) -> None:
        """End the run; everything is stored when it returns."""


class Pluto:
    """This project: a local run, or one at the server that `PLUTO_HOST` names."""

    def start(self, directory: Path) -> Log:
        import pluto

        mode = "perf" if "PLUTO_HOST" in os.environ else "local"
        self._run = pluto.init(dir=directory, project="bench", mode=mode)
        return self._run.log

    def finish(self) -> None:
        self._run.finish()


class Trackio:
    """Trackio, the fastest tracker known to us; it keeps rows in memory for half a second."""

    def start(self, directory: Path) -> Log:
        os.environ["TRACKIO_DIR"] = str(directory)
        import trackio  # type: ignore[import-not-found, unused-ignore]

        self._run: Any = trackio.init(project="bench", embed=False)
        log: Log = self._run.log
        return log

    def finish(self) -> None:
        import trackio

        trackio.finish()


class Goodseed:
    """Goodseed, the fastest tracker known to us that stores a row before its call returns."""

    def start(self, directory: Path) -> Log:
        os.environ["GOODSEED_HOME"] = str(directory)
        import goodseed  # type: ignore[import-not-found, unused-ignore]

        self._run: Any = goodseed.Run(project="bench/bench", storage="local")
        log: Log = self._run.log_metrics
        return log

    def finish(self) -> None:
        self._run.close()


class Nothing:
    """A call that does nothing: what the measurement itself and the pacing cost."""

    def start(self, directory: Path) -> Log:  # noqa: ARG002
        return lambda row, step: None  # noqa: ARG005

    def finish(self) -> None:
        pass


class Computing:
    """A call that only computes, for about as long as `log()` of ten floats.

    It takes no lock and makes no system call: its slowest calls are those in which the machine
    gave the processor, or the interpreter its lock, to somebody else.
    """

    def start(self, directory: Path) -> Log:  # noqa: ARG002
        def compute(row: dict[str, float], step: int) -> float:  # noqa: ARG001
            total = 0.0
            for _ in range(6):
                for value in row.values():
                    total += value
            return total

        return compute

    def finish(self) -> None:
        pass


class BareWrite:
    """The least that keeps a row: pack it, checksum it, copy it into a mapped file.

    No names, no checks, no lock. What it takes when the caches are cold is the machine's.
    """

    def start(self, directory: Path) -> Log:
        size = 64 << 20
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / "rows").open("wb+") as file:
            os.posix_fallocate(file.fileno(), 0, size)
            self._map = target = mmap.mmap(file.fileno(), size)
        target[:] = bytes(size)
        forms = {each: struct.Struct(f"<II{each}d") for each in (1, 10, 100)}
        place = 0

        def write(row: dict[str, float], step: int) -> None:
            nonlocal place
            form = forms[len(row)]
            body = form.pack(step % 2**32, place, *row.values())
            checksum = crc32(body)
            place = (place + form.size) % (size - 1024)
            target[place : place + form.size] = body
            target[place : place + 4] = checksum.to_bytes(4, "little")

        return write

    def finish(self) -> None:
        self._map.close()


PEERS: Final[dict[str, Callable[[], Peer]]] = {
    "pluto": Pluto,
    "trackio": Trackio,
    "goodseed": Goodseed,
    "empty call": Nothing,
    "computing": Computing,
    "bare write": BareWrite,
}
FLOORS: Final = ("empty call", "computing", "bare write")
