"""What every probe and every fact collector has in common."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from pluto.errors import PlutoError
from pluto.home import working_directory

logger = logging.getLogger("pluto")

Probe: TypeAlias = Callable[[], dict[str, float]]
"""Reads the machine now; returns metric names (without the `sys/` prefix) and their values."""

OpenProbe: TypeAlias = Callable[[Path], Probe]
"""Prepares a probe for the run in a directory; raises `Unavailable` where there is nothing."""


class Unavailable(PlutoError):
    """This machine has no such thing: nothing to sample and nothing to warn about."""


@dataclass(frozen=True)
class Surroundings:
    """What the fact collectors look at.

    Attributes:
        directory: where the script was started; its git repository is described.
        environ: the environment variables.
        detailed: also describe the environment, disks, network interfaces and users.
    """

    directory: Path = field(default_factory=lambda: Path(working_directory() or os.sep))
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    detailed: bool = False


@dataclass(frozen=True)
class Fact:
    """One entry of a run's `systemMetadata`.

    Attributes:
        collect: returns a JSON value, or None where there is nothing to say.
        budget: seconds after which the run goes on without it.
    """

    collect: Callable[[Surroundings], object]
    budget: float = 2.0


class Rates:
    """Turns growing counters into units per second.

    Example:
        >>> seconds = iter([10.0, 12.0])
        >>> rates = Rates(clock=lambda: next(seconds))
        >>> rates.of({"bytes": 100})
        {'bytes': 100}
        >>> rates.of({"bytes": 500})
        {'bytes': 500, 'bytes.rate': 200.0}
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._before: Mapping[str, float] = {}
        self._time = clock()

    def of(self, counters: Mapping[str, float]) -> dict[str, float]:
        """Return the counters and `<name>.rate` for those seen before that did not restart."""
        now = self._clock()
        elapsed = now - self._time
        readings = dict(counters)
        for name, value in counters.items():
            grown = value - self._before.get(name, float("inf"))
            if elapsed > 0 and grown >= 0:
                readings[f"{name}.rate"] = grown / elapsed
        self._before, self._time = dict(counters), now
        return readings


def open_all(table: Mapping[str, OpenProbe], directory: Path) -> dict[str, Probe]:
    """Return the probes of `table` that can be opened; one that fails is warned about."""
    opened = {name: _try_open(name, open_probe, directory) for name, open_probe in table.items()}
    return {name: probe for name, probe in opened.items() if probe is not None}


def _try_open(name: str, open_probe: OpenProbe, directory: Path) -> Probe | None:
    try:
        return open_probe(directory)
    except Unavailable as reason:
        logger.debug("no %s metrics: %s", name, reason)
    except Exception as error:  # noqa: BLE001 - a driver may fail in any way
        logger.warning("no %s metrics: %s: %s", name, type(error).__name__, error)
    return None


def chosen(environ: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str] | None:
    """Return `{key: environ[variable]}` of the variables that are set, None if none is."""
    found = {key: environ[variable] for key, variable in names.items() if environ.get(variable)}
    return found or None


def read_text(path: Path) -> str | None:
    """Return the stripped text of a small file of the kernel, None where it cannot be read."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return None


def read_number(path: Path) -> int | None:
    """Return the integer that a small file of the kernel holds, None where there is none."""
    text = read_text(path)
    return int(text) if text is not None and text.isdecimal() else None
