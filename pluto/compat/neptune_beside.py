"""Logging with the real `neptune_scale.Run` and with Pluto at once."""

from __future__ import annotations

import logging
import os
import random
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import pluto
from pluto.compat.neptune_errors import NeptuneRunForkParentNotFound
from pluto.compat.neptune_scale import Run

if TYPE_CHECKING:
    from typing_extensions import Self

logger = logging.getLogger("pluto")

DEFAULT_NAME: Final = "neptune-migration"
"""The name of a run of Pluto where the script has none for its experiment."""

_OFF: Final = "DISABLE_NEPTUNE_LOGGING"
_PROJECTS: Final = ("PLUTO_PROJECT", "MLOP_PROJECT")
_RUN_IDS: Final = ("PLUTO_RUN_ID", "MLOP_RUN_ID")
_TERMINATE_SECONDS: Final = 2.0
_EXIT_SECONDS: Final = 5.0

original: Any = None
"""The class that `neptune_scale.Run` was before `patch()`; None while it is."""


def patch() -> None:
    """Have `neptune_scale.Run` be `NeptuneRunWrapper`.

    Raises:
        ImportError: neptune_scale is not installed.
    """
    global original  # noqa: PLW0603 - the package is patched once
    package = import_module("neptune_scale")
    if original is None:
        original = package.Run
        package.Run = NeptuneRunWrapper  # type: ignore[attr-defined]


def unpatch() -> None:
    """Undo `patch()`."""
    global original  # noqa: PLW0603 - the package is patched once
    if original is not None:
        import_module("neptune_scale").Run = original  # type: ignore[attr-defined]
    original = None


class NeptuneRunWrapper:
    """A run of Neptune, and one of Pluto that is told the same.

    Neptune comes first: its results and exceptions are the script's. What goes wrong on Pluto's
    side is logged once and goes no further.

    The run of Neptune is only made with `DISABLE_NEPTUNE_LOGGING=false`; the one of Pluto beside it
    only if `PLUTO_PROJECT` names its project. With neither, this is `pluto.compat.neptune.Run`.

    `close()` and the end of a `with` block are Neptune's alone: the run of Pluto goes on until the
    process ends, or until `terminate()`.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Return the stand-in itself where there is nothing to stand beside."""
        if is_off() and _first(_PROJECTS) is None:
            return Run(*args, **kwargs)
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._neptune_run: Any = None if is_off() else _make_real(*args, **kwargs)
        self._said: set[tuple[str, type]] = set()
        self._own: Run | None = self._try("init", _begin, self._neptune_run, kwargs)

    def close(self, **kwargs: Any) -> None:
        """Close Neptune's run."""
        if self._neptune_run is not None:
            self._neptune_run.close(**kwargs)

    def terminate(self, **kwargs: Any) -> None:
        """End Pluto's run, for which there are 2 s, then terminate Neptune's."""
        if self._own is not None:
            thread = threading.Thread(
                target=self._try, args=("terminate", self._own.terminate), daemon=True
            )
            thread.start()
            thread.join(_TERMINATE_SECONDS)
        if self._neptune_run is not None:
            self._neptune_run.terminate(**kwargs)

    def __enter__(self) -> Self:
        if self._neptune_run is not None:
            self._neptune_run.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Any:
        if self._neptune_run is None:
            return False
        self._neptune_run.wait_for_processing()
        return self._neptune_run.__exit__(kind, error, trace)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or (self._neptune_run is None and self._own is None):
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        if name in _TOLD:
            return self._both(name)
        return getattr(self._own if self._neptune_run is None else self._neptune_run, name)

    def _both(self, name: str) -> Callable[..., Any]:
        """Return the method that is called on both."""

        def call(*args: Any, **kwargs: Any) -> Any:
            result = None
            if self._neptune_run is not None:
                result = getattr(self._neptune_run, name)(*args, **kwargs)
            if self._own is not None:
                self._try(name, getattr(self._own, name), *args, **kwargs)
            return result

        call.__name__ = name
        return call

    def _try(self, what: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if (what, type(error)) not in self._said:
                self._said.add((what, type(error)))
                logger.exception("pluto: %s() was not mirrored; the script goes on", what)
            return None


_TOLD: Final = frozenset(
    (
        *("log_metrics", "log_configs", "log_string_series", "log_histograms"),
        *("assign_files", "log_files", "add_tags", "remove_tags", "log"),
    )
)


def is_off() -> bool:
    """Tell whether the script's runs of Neptune are to be runs of Pluto alone."""
    return os.environ.get(_OFF, "true").strip().lower() in ("1", "true", "yes")


def _first(names: tuple[str, ...]) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)


def _make_real(*args: Any, **kwargs: Any) -> Any:
    """Make Neptune's run, whose random ids must neither follow nor move the script's seed."""
    state = random.getstate()
    random.seed()
    try:
        return original(*args, **kwargs)
    finally:
        random.setstate(state)


def _begin(real: Any, given: Mapping[str, Any]) -> Run | None:
    """Begin Pluto's run; None if no project is named for it."""
    project = _first(_PROJECTS)
    if project is None:
        return None
    named = _first(_RUN_IDS) or given.get("run_id")
    mode = given.get("mode") or os.environ.get("NEPTUNE_MODE")
    arguments = {
        **given,
        "mode": mode if mode == "disabled" else "async",  # where it goes is up to Pluto
        "project": project,
        "run_id": named or getattr(real, "_run_id", None),
        "experiment_name": given.get("experiment_name") or DEFAULT_NAME,
        "log_directory": pluto.setup().dir,
    }
    try:
        run = Run(**arguments)
    except NeptuneRunForkParentNotFound as error:
        logger.warning("pluto: %s; the run begins empty", error)
        run = Run(**{**arguments, "fork_run_id": None, "fork_step": None})
    run.op.settings.finish_timeout = _EXIT_SECONDS
    return run
