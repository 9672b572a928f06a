"""What this machine is: facts collected beside the training, and the facade `System`."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from pluto.launcher import node_of
from pluto.probes import FACTS, PROBES, Fact, Probe, Surroundings, infiniband, open_all, platform
from pluto.redact import Redactor

logger = logging.getLogger("pluto")

MISSING: Final = "missing"
NODES: Final = "nodes"
PATIENCE: Final = 1.0  # seconds that the end of a short run waits for its metadata


class FactsCollector:
    """Collects a run's `systemMetadata` on a thread of its own, redacted.

    Each collector has its budget; one that fails or exceeds it is named with the reason under
    the key `missing`, and the others go on.

    The first node of a job has its facts under the keys of `FACTS`, each other one the same below
    `nodes.node1` and so on.

    Args:
        surroundings: what to look at.
        redactor: masks secrets in what was found, for example in a command line or a diff.
        facts: the collectors.
        when_done: called once with everything, on the collecting thread; or with what is known
            by then, if `stop` comes first.

    Example:
        >>> collector = FactsCollector(Surroundings(), Redactor())
        >>> collector.start()
        >>> "commit" in collector.result(timeout=10).get("git", {})  # doctest: +SKIP
        True
    """

    def __init__(
        self,
        surroundings: Surroundings,
        redactor: Redactor,
        *,
        facts: Mapping[str, Fact] = FACTS,
        when_done: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._surroundings = surroundings
        self._redactor = redactor
        self._facts = facts
        self._when_done = when_done
        self._found: dict[str, Any] = {}
        self._missing: dict[str, str] = {}
        self._lock = threading.RLock()  # guards _found, _missing and _when_done
        self._done = threading.Event()
        self._thread = threading.Thread(target=self.collect, name="pluto-facts", daemon=True)

    def start(self) -> None:
        """Begin; may be called once."""
        self._thread.start()

    def result(self, timeout: float) -> dict[str, Any]:
        """Return what is known after at most `timeout` seconds."""
        self._done.wait(timeout)
        with self._lock:
            missing = {MISSING: dict(self._missing)} if self._missing else {}
            found = {**self._found, **missing}
        node = node_of(self._surroundings.environ)
        return found if node == "0" else {NODES: {f"node{node}": found}}

    def collect(self) -> None:
        """Collect everything on this thread."""
        for name, fact in self._facts.items():
            self._collect_within_budget(name, fact)
            if self._done.is_set():
                return
        self._done.set()
        self._report()

    def stop(self, deadline: float) -> None:
        """End: what is not known `PATIENCE` seconds from now, or at `deadline`, stays unknown.

        Args:
            deadline: `time.monotonic()` seconds.
        """
        now = time.monotonic()
        self._done.wait(max(0.0, min(deadline - now, PATIENCE)))
        self._done.set()
        self._report()

    def _report(self) -> None:
        with self._lock:
            when_done, self._when_done = self._when_done, None
            if when_done is not None:  # under the lock: `stop` must not return in its middle
                when_done(self.result(0))

    def _collect_within_budget(self, name: str, fact: Fact) -> None:
        # A thread of its own, because nothing else can leave a hanging driver behind.
        thread = threading.Thread(
            target=self._collect_one, args=(name, fact), name=f"pluto-fact-{name}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # the interpreter is shutting down already
            self._miss(name, str(error))
            return
        thread.join(fact.budget)
        if thread.is_alive():
            self._miss(name, f"took longer than {fact.budget:g} s")

    def _collect_one(self, name: str, fact: Fact) -> None:
        try:
            value = self._redactor.value(fact.collect(self._surroundings))
        except Exception as error:  # noqa: BLE001 - drivers and tools fail in any way
            self._miss(name, f"{type(error).__name__}: {self._redactor.text(str(error))}")
            return
        with self._lock:
            if value is not None and name not in self._missing:
                self._found[name] = value

    def _miss(self, name: str, reason: str) -> None:
        logger.debug("system metadata without %s: %s", name, reason)
        with self._lock:
            self._missing[name] = reason


class System:
    """Facts and metrics of this machine, at a glance.

    Unknown attributes are those of psutil, or None where psutil has none.

    Args:
        settings: an object with the attributes `mode` (`debug` asks for details) and
            `sanitize_logs`; None for the defaults.

    Example:
        >>> System().get_os_info()["kernel"] is not None
        True
    """

    def __init__(self, settings: object = None) -> None:
        self.settings = settings
        self._redactor = Redactor(enabled=bool(getattr(settings, "sanitize_logs", True)))
        self._probes: dict[str, Probe] | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        import psutil

        return getattr(psutil, name, None)

    @property
    def surroundings(self) -> Surroundings:
        """What the collectors look at."""
        return Surroundings(detailed=getattr(self.settings, "mode", None) == "debug")

    def get_info(self) -> dict[str, Any]:
        """Collect all facts now; return them as a run's `systemMetadata` has them."""
        collector = FactsCollector(self.surroundings, self._redactor)
        collector.collect()
        return collector.result(0)

    def monitor(self) -> dict[str, float]:
        """Sample every probe once; the names are without the prefix `sys/`.

        Loads and rates refer to the time since the previous call.
        """
        if self._probes is None:
            self._probes = open_all(PROBES, self.surroundings.directory)
        readings: dict[str, float] = {}
        for probe in self._probes.values():
            readings.update(probe())
        return readings

    def get_os_info(self) -> dict[str, object]:
        """Describe distribution, kernel, interpreter and C library."""
        return platform.os_info(self.surroundings)

    def get_cuda_info(self) -> dict[str, object]:
        """Tell the versions of CUDA and the variables that steer it; empty without any."""
        return self._fact("cuda", {})

    def get_nccl_info(self) -> dict[str, object]:
        """Tell the version of NCCL and the variables that steer it; empty without any."""
        return self._fact("nccl", {})

    def get_infiniband_info(self, ib_base: str | Path = infiniband.BASE) -> dict[str, object]:
        """Describe the InfiniBand devices below `ib_base`; empty without any."""
        return infiniband.facts(self.surroundings, Path(ib_base)) or {}

    def get_infiniband_counters(self, ib_base: str | Path = infiniband.BASE) -> dict[str, float]:
        """Return bytes and packets of every InfiniBand port below `ib_base`."""
        return infiniband.counters(Path(ib_base))

    def get_konduktor(self) -> dict[str, object]:
        """Describe the Konduktor job; empty outside one."""
        return self._fact("konduktor", {})

    def get_gpu(self) -> dict[str, object]:
        """Describe the NVIDIA devices; empty without any."""
        return self._fact("gpu", {})

    def get_git(self) -> dict[str, object]:
        """Describe the git repository of the working directory; empty outside one."""
        return self._fact("git", {})

    @staticmethod
    def _read_os_release() -> dict[str, str]:
        return platform.os_release()

    def _fact(self, name: str, otherwise: dict[str, object]) -> dict[str, object]:
        value: Any = self._redactor.value(FACTS[name].collect(self.surroundings))
        return otherwise if value is None else value
