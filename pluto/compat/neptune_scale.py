"""`neptune_scale` (0.30) without it: `Run`, and what belongs to it.

Scripts reach it as `from pluto.compat.neptune import Run`, or by their own `import neptune_scale`
after an `import pluto.compat.neptune`. `docs/how-to/from-neptune.md` says what is kept as what.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal

import pluto
from pluto.compat import neptune_errors as exceptions
from pluto.compat import neptune_projects as projects
from pluto.compat import neptune_types as types
from pluto.compat.neptune_begin import Wanted, begin
from pluto.compat.neptune_errors import NeptuneScaleWarning
from pluto.compat.neptune_files import own_file, own_histogram
from pluto.compat.neptune_logging import NeptuneLoggingHandler
from pluto.compat.neptune_recording import Recording, seconds_of
from pluto.compat.neptune_source import SourceTrackingConfig, source_attributes
from pluto.compat.neptune_values import (
    configs as single_values,
)
from pluto.compat.neptune_values import (
    flattened,
    notices,
    numbers,
    read_mapping,
    texts,
)
from pluto.errors import PlutoError
from pluto.op import Op
from pluto.process_exit import judge

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "NeptuneLoggingHandler",
    "NeptuneScaleWarning",
    "Run",
    "SourceTrackingConfig",
    "exceptions",
    "projects",
    "types",
]

logger = logging.getLogger("pluto")

__version__ = "0.30.0"
"""The version of neptune_scale whose names and rules these are."""

MAX_STEP: Final = 1_000_000_000_000
_SOURCE_SECONDS: Final = 5.0
_DEFAULT_SOURCE: Final = SourceTrackingConfig()


class Run:
    """A run, to which a script written for `neptune_scale.Run` logs.

    It goes where Pluto sends it: to its server, or to this machine. No token of Neptune is used.

    Args:
        run_id: names the run across processes; a run that has it goes on.
        project: `workspace/name`; the workspace is kept with the run.
        api_token: without effect.
        mode: `async`, `offline`, or `disabled` (nothing is kept).
        experiment_name: the name of the run; by default its id.
        creation_time: when it began, if not now.
        fork_run_id: the run whose history up to `fork_step` is that of this one too.
        fork_step: its last step that counts.
        log_directory: where the directory of local runs is.
        enable_console_log_capture: whether what the script prints is kept.
        source_tracking_config: what to keep of the source code; None for nothing.
        inherit_configs: whether a fork has the configs of its parent.
        **others: callbacks and limits of Neptune's queue: without effect, as there is none.

    Attributes:
        op: the run of Pluto.
        recording: logs its series.

    Raises:
        UsageError: an argument cannot work.

    Example:
        >>> with Run(project="lab/digits", experiment_name="baseline") as run:
        ...     run.log_configs({"lr": 0.01})
        ...     run.log_metrics({"loss": 0.5}, step=1)
    """

    def __init__(
        self,
        *,
        run_id: str | None = None,
        project: str | None = None,
        api_token: str | None = None,  # noqa: ARG002 - of a service that no longer exists
        mode: Literal["async", "offline", "disabled"] | None = None,
        experiment_name: str | None = None,
        creation_time: datetime | None = None,
        fork_run_id: str | None = None,
        fork_step: float | None = None,
        log_directory: str | os.PathLike[str] | None = None,
        enable_console_log_capture: bool = True,
        runtime_namespace: str | None = None,
        source_tracking_config: SourceTrackingConfig | None = _DEFAULT_SOURCE,
        inherit_configs: bool = True,
        **others: Any,
    ) -> None:
        if others:
            logger.debug("neptune_scale.Run(): without effect are %s", ", ".join(sorted(others)))
        settings = {} if enable_console_log_capture else {"disable_console": True}
        wanted = Wanted(
            project=project,
            run_id=run_id,
            name=experiment_name,
            mode=mode,
            directory=log_directory,
            created=creation_time,
            fork_run_id=fork_run_id,
            fork_step=fork_step,
            inherits=inherit_configs,
            about={"experiment": experiment_name, "runtime_namespace": runtime_namespace},
            settings=settings,
        )
        self.op, self._run_id = self._begin(wanted)
        self.recording = Recording(self.op)
        self._source = self._track(source_tracking_config)

    @staticmethod
    def _begin(wanted: Wanted) -> tuple[Op, str]:
        try:
            begun = begin(wanted)
        except LookupError as error:
            raise exceptions.NeptuneRunForkParentNotFound(str(error)) from error
        return begun.op, begun.run_id

    def log_metrics(
        self,
        data: Mapping[str, float],
        step: float,
        *,
        timestamp: datetime | None = None,
        preview: bool = False,
        preview_completion: float | None = None,
    ) -> None:
        """Log numbers under a step.

        Args:
            data: paths to numbers; others are left out with a warning. NaN and infinities are kept.
            step: 0 or more, whole or not, in any order.
            timestamp: now by default; a time without a zone is local.
            preview: whether the values stand in for those that follow under the same step.
            preview_completion: how complete they are, 0 to 1.

        Raises:
            TypeError: `data` is no mapping, or `step` is no number.
            ValueError: `step` is negative, or too large.
        """
        completion = (preview_completion or 0.0) if preview else None
        self._log(numbers(_mapping(data, "metrics")), step, timestamp, completion)

    def log_string_series(
        self, data: Mapping[str, str], step: float, *, timestamp: datetime | None = None
    ) -> None:
        """Log texts under a step; see `log_metrics`."""
        self._log(texts(_mapping(data, "string series")), step, timestamp)

    def log_histograms(
        self,
        histograms: Mapping[str, types.Histogram],
        step: float,
        *,
        timestamp: datetime | None = None,
    ) -> None:
        """Log histograms under a step; see `log_metrics`."""
        self._log(_converted(_mapping(histograms, "histograms"), own_histogram), step, timestamp)

    def log_files(
        self, files: Mapping[str, Any], step: float, *, timestamp: datetime | None = None
    ) -> None:
        """Log files under a step: paths, bytes, or `File`; those that are not there are told."""
        self._log(_converted(_mapping(files, "files"), own_file), step, timestamp)

    def assign_files(self, files: Mapping[str, Any]) -> None:
        """Keep a file under each path; the one that was assigned last counts."""
        found = _converted(_mapping(files, "files"), own_file)
        if found:
            self.op.log(found, step=self.op.step)

    def log_configs(self, data: Any, flatten: bool = False, cast_unsupported: bool = False) -> None:
        """Set single values: numbers, bools, texts, times, sets of texts.

        Args:
            data: paths to values; a mapping or a dataclass.
            flatten: whether nested mappings and dataclasses become paths.
            cast_unsupported: whether other values become texts.

        Raises:
            TypeError: `data` is none of these.
        """
        given = read_mapping(data, "log_configs()")
        found = single_values(dict(flattened(given)) if flatten else given, cast=cast_unsupported)
        if found:
            self.op.update_config(found)

    def add_tags(self, tags: Iterable[str], group_tags: bool = False) -> None:
        """Add tags; group tags become tags `group:<tag>`."""
        self.op.add_tags(_tags(tags, group_tags))

    def remove_tags(self, tags: Iterable[str], group_tags: bool = False) -> None:
        """Remove tags, or group tags."""
        self.op.remove_tags(_tags(tags, group_tags))

    def log(
        self,
        step: float | None = None,
        timestamp: datetime | None = None,
        configs: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
        tags_add: Mapping[str, Iterable[str]] | None = None,
        tags_remove: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """Log several kinds at once, as scripts for earlier versions do."""
        self.log_configs(configs)
        if metrics:
            self.log_metrics(metrics, self.op.step if step is None else step, timestamp=timestamp)
        for change, tags in ((self.add_tags, tags_add), (self.remove_tags, tags_remove)):
            for path, words in (tags or {}).items():
                change(words, group_tags=path == "sys/group_tags")

    def wait_for_submission(
        self,
        timeout: float | None = None,
        verbose: bool = True,  # noqa: ARG002 - nothing is printed
    ) -> bool:
        """Wait until everything is stored, and delivered if there is a server.

        Args:
            timeout: seconds; None for the setting `finish_timeout` (10 s).
            verbose: without effect.

        Returns:
            Whether it is.
        """
        return self.recording.wait(timeout)

    def wait_for_processing(self, timeout: float | None = None, verbose: bool = True) -> bool:
        """Wait as `wait_for_submission` does: what Pluto's server accepts is processed."""
        return self.wait_for_submission(timeout, verbose)

    def close(self, timeout: float | None = None) -> None:
        """End the run. Idempotent.

        Args:
            timeout: seconds that the delivery may take; by default the setting `finish_timeout`.
        """
        self._settle()
        if timeout is not None:
            self.op.settings.finish_timeout = timeout
        self.op.finish()

    def terminate(self) -> None:
        """End the run as TERMINATED, without waiting for its delivery (`pluto sync` goes on)."""
        self.op.settings.finish_timeout = 0.0
        self.op.end("TERMINATED", {"reason": "terminate() was called"})

    def get_run_url(self) -> str:
        """Return where a browser shows the run; for a local run, the URL of its directory."""
        return self.op.url or Path(self.op.dir).absolute().as_uri()

    def get_experiment_url(self) -> str:
        """Return the same as `get_run_url`: an experiment is a run that has a name."""
        return self.get_run_url()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._settle()
        if error is None:
            self.op.finish()
        else:
            self.op.end(*judge(error))

    def _log(
        self,
        data: Mapping[str, Any],
        step: float,
        timestamp: datetime | None,
        preview: float | None = None,
    ) -> None:
        if isinstance(step, bool) or not isinstance(step, (int, float)):
            step = _number(step)
        if not 0 <= step <= MAX_STEP:
            raise ValueError(f"step is a number from 0 to {MAX_STEP}, not {step}")
        if data:
            self.recording.log(data, step, seconds_of(timestamp), preview)

    def _track(self, config: SourceTrackingConfig | None) -> threading.Thread | None:
        """Keep what is wanted of the source code, while the script goes on."""
        if config is None or self.op.settings.mode == "noop" or self.op.resumed:
            return None
        thread = threading.Thread(
            target=self._keep_source, args=(config,), name="pluto-source", daemon=True
        )
        thread.start()
        return thread

    def _keep_source(self, config: SourceTrackingConfig) -> None:
        try:
            values, files = source_attributes(config)
        except (OSError, ValueError, PlutoError) as error:
            logger.warning("the source code is not kept: %s", error)
            return
        self.log_configs(values)
        if files:
            self.op.log(files, step=self.op.step)

    def _settle(self) -> None:
        if self._source is not None:
            self._source.join(_SOURCE_SECONDS)


def _mapping(data: Any, what: str) -> Mapping[Any, Any]:
    if data is not None and not isinstance(data, Mapping):
        raise TypeError(f"{what} are a dict of paths to values, not {type(data).__name__}")
    return data or {}


def _converted(
    data: Mapping[Any, Any], convert: Callable[[Any], pluto.File | pluto.Data]
) -> dict[str, Any]:
    """Return what can be stored; the rest is left out with a warning, as Neptune does."""
    found: dict[str, Any] = {}
    for path, value in data.items():
        kept = _attempt(path, value, convert)
        if kept is not None:
            found[str(path)] = kept
    return found


def _attempt(path: Any, value: Any, convert: Callable[[Any], Any]) -> Any:
    try:
        return convert(value)
    except (PlutoError, OSError, TypeError, ValueError) as error:
        notices.warn((path, str(error)), "%r was not stored: %s", path, error)
        return None


def _tags(tags: Iterable[str], group_tags: bool) -> list[str]:
    if isinstance(tags, str) or not all(isinstance(tag, str) for tag in tags):
        notices.warn("tags", "tags are a list or set of texts, not %r", tags)
        return []
    return [f"group:{tag}" if group_tags else tag for tag in tags]


def _number(step: Any) -> float:
    """Return a step that is a scalar of numpy or torch."""
    value = step.item() if hasattr(step, "item") else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"step is a number, not {type(step).__name__}")
    return value
