"""`neptune.Run` of version 1.x: what a script does with a run of Pluto."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pluto.compat import neptune_client_errors as errors
from pluto.compat.neptune_attributes import Attributes
from pluto.compat.neptune_begin import Wanted, begin, external_id, find_run, project_of, reader_of
from pluto.compat.neptune_client_types import File
from pluto.compat.neptune_handler import Handler
from pluto.compat.neptune_reading import RUN, SERIES, StoredRun, kind_of_single
from pluto.compat.neptune_recording import Recording
from pluto.compat.neptune_values import nested
from pluto.notice import Notices
from pluto.process_exit import judge

if TYPE_CHECKING:
    from typing_extensions import Self

    from pluto import query

logger = logging.getLogger("pluto")

_READ_ONLY: Final = "read-only"


class Run:
    """A run, to which a script written for neptune 1.x logs.

    Args:
        with_id: `sys/id` of an earlier run, to go on with it or to read it.
        project: `workspace/name`; the workspace is kept with the run.
        api_token: without effect.
        custom_run_id: names the run across processes; a run that has it goes on.
        mode: `async`, `sync`, `offline`, `debug` (nothing is kept) or `read-only`.
        name: of the run.
        description: becomes its notes.
        tags: words.
        source_files: patterns of files to keep; the script alone by default.
        capture_stdout: with `capture_stderr`: whether what the script prints is kept.
        capture_stderr: see `capture_stdout`.
        capture_hardware_metrics: whether the machine is sampled.
        fail_on_exception: whether an exception in a `with` block fails the run.
        git_ref: False keeps nothing of the repository.
        dependencies: a file to keep, or `infer` for the list of installed packages.
        **others: of Neptune's queue and network: without effect.

    Attributes:
        op: the run of Pluto.
        project: its name, without the workspace.
        run_id: the id that the script knows it by.
        container: what the run stands for.

    Raises:
        RunNotFound: there is no run `with_id`.
        NeptuneRunResumeAndCustomIdCollision: the run is named twice.

    Example:
        >>> run = Run(project="lab/digits")
        >>> run["params"] = {"lr": 0.01}
        >>> run["train/loss"].append(0.5)
        >>> run.stop()
    """

    container: ClassVar[str] = RUN

    def __init__(
        self,
        with_id: str | None = None,
        *,
        project: str | None = None,
        api_token: str | None = None,  # noqa: ARG002 - of a service that no longer exists
        custom_run_id: str | None = None,
        mode: str | None = None,
        name: str | None = None,
        description: str | None = None,
        tags: str | Iterable[str] | None = None,
        source_files: str | Iterable[str] | None = None,
        capture_stdout: bool | None = None,
        capture_stderr: bool | None = None,
        capture_hardware_metrics: bool | None = None,
        fail_on_exception: bool = True,
        monitoring_namespace: str | None = None,
        git_ref: Any = None,
        dependencies: str | os.PathLike[str] | None = None,
        **others: Any,
    ) -> None:
        _refuse_two_ids(with_id, custom_run_id)
        logger.debug("neptune.init_run(): without effect are %s", sorted(others))
        self.fail_on_exception = fail_on_exception
        self.monitoring_namespace = monitoring_namespace or "monitoring"
        self._is_reading = (mode or os.environ.get("NEPTUNE_MODE")) == _READ_ONLY
        wanted = Wanted(
            project=project,
            run_id=with_id or custom_run_id or os.environ.get("NEPTUNE_CUSTOM_RUN_ID"),
            name=name,
            mode="debug" if self._is_reading else mode,
            tags=[tags] if isinstance(tags, str) else list(tags or ()),
            must_exist=with_id is not None,
            about={} if self.container == RUN else {"container": self.container},
            settings=_settings(capture_stdout, capture_stderr, capture_hardware_metrics, git_ref),
        )
        self._begin(wanted)
        self._describe(description, source_files, dependencies)

    def _begin(self, wanted: Wanted) -> None:
        self._client: query.Client | None = None
        self._notices = Notices()
        self.project = project_of(wanted.project)[0]
        self._source = self._found(wanted) if self._is_reading else None
        try:
            begun = begin(wanted)
        except LookupError as error:
            raise errors.RunNotFound(str(error)) from error
        self.op, self.run_id = begun.op, begun.run_id
        self.recording = Recording(self.op)
        earlier = self._source or (self._earlier() if self.op.resumed else None)
        values = self._system(wanted) if earlier is None else earlier.values
        kinds = {path: kind_of_single(value) for path, value in values.items()}
        self.attributes = Attributes(
            self.recording,
            kinds if earlier is None else earlier.kinds,
            values,
            {} if earlier is None else earlier.removed,
        )
        self._ended = False

    def __getitem__(self, path: str) -> Handler:
        return Handler(self, path.strip("/"))

    def __setitem__(self, path: str, value: Any) -> None:
        self[path].assign(value)

    def __delitem__(self, path: str) -> None:
        self.pop(path)

    def __repr__(self) -> str:
        return f"<run {self.run_id} of {self.project}>"

    def assign(self, value: Mapping[str, Any], **_options: Any) -> None:
        """Set attributes from a mapping of paths to values."""
        for path, item in value.items():
            self[path].assign(item)

    def define(self, path: str, value: Any, **_options: Any) -> Handler:
        """Set an attribute and return its handle."""
        self[path].assign(value)
        return self[path]

    def pop(self, path: str, **_options: Any) -> None:
        """Take an attribute, or all below a path, back."""
        self[path].pop()

    def exists(self, path: str) -> bool:
        """Tell whether there is an attribute, or one below the path."""
        place = path.strip("/")
        return any(each == place or each.startswith(f"{place}/") for each in self.kinds())

    def fetch(self) -> dict[str, Any]:
        """Return every single value, as nested dicts."""
        return dict(self.fetch_below(""))

    def get_structure(self) -> dict[str, Any]:
        """Return the handles of all attributes, as nested dicts."""
        return nested({path: Handler(self, path) for path in self.kinds()}, "")

    def print_structure(self) -> None:
        """Print the paths of all attributes with their types."""
        for path, kind in sorted(self.kinds().items()):
            print(f"{path}: {kind}")  # noqa: T201 - what it is for

    def get_attribute(self, path: str) -> Handler | None:
        """Return the handle of an attribute, None if there is none."""
        return self[path] if path in self.kinds() else None

    def get_root_object(self) -> Run:
        """Return the run."""
        return self

    def get_state(self) -> str:
        """Return `started` or `stopped`."""
        return "stopped" if self._ended else "started"

    def get_url(self) -> str:
        """Return where a browser shows the run; for a local run, the URL of its directory."""
        return self.op.url or Path(self.op.dir).absolute().as_uri()

    def lock(self) -> threading.RLock:
        """Return a lock of the caller's own; the methods need none."""
        return threading.RLock()

    def ping(self) -> None:
        """Do nothing: the run tells by itself that it lives."""

    def start(self) -> None:
        """Do nothing: a run begins when it is made."""

    def wait(self, *, disk_only: bool = False) -> None:  # noqa: ARG002
        """Wait until everything is stored, and delivered if there is a server (10 s at most)."""
        self.recording.wait()

    def sync(self, *, wait: bool = True) -> None:  # noqa: ARG002
        """Wait as `wait` does, so that what another process wrote meanwhile can be fetched."""
        self.recording.wait()

    def stop(self, *, seconds: float | None = None) -> None:
        """End the run. Idempotent.

        Args:
            seconds: that the delivery may take; by default the setting `finish_timeout`.
        """
        if seconds is not None:
            self.op.settings.finish_timeout = float(seconds)
        self._end(("FAILED", None) if self.attributes.values.get("sys/failed") is True else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and self.fail_on_exception:
            self._end(judge(error))
        else:
            self.stop()

    def writable(self) -> Attributes:
        """Return what is written to.

        Raises:
            InactiveRunException: the run has ended.
        """
        if self._ended:
            raise errors.InactiveRunException(f"{self!r} was stopped: it takes nothing more")
        if self._is_reading:
            self._notices.warn("read-only", "%r is read-only: nothing is kept", self)
        return self.attributes

    def kinds(self) -> dict[str, str]:
        """Return the types of all attributes by path."""
        return self.attributes.kinds

    def stored(self) -> StoredRun:
        """Return the run as it is stored, with all that was logged by now."""
        if self._source is not None:
            return self._source
        from pluto import query

        self.recording.wait()
        if self._client is None:
            self._client = query.Client(dir=self.op.dir)
        (found,) = self._client.list_runs(self.project)
        return StoredRun(self._client, found["id"], self.project)

    def fetch_below(self, path: str) -> Any:
        """Return a single value, or those below a path as nested dicts.

        Raises:
            MissingFieldException: there is nothing.
            TypeDoesNotSupportAttributeException: it is a series or a file.
        """
        kind = self.kinds().get(path)
        if kind in SERIES:
            raise errors.TypeDoesNotSupportAttributeException(
                f"{path!r} is a {kind}: use fetch_values() or fetch_last()"
            )
        values, kinds = self.attributes.values, self.kinds()
        if path in values:
            return values[path]
        single = {each: value for each, value in values.items() if kinds.get(each) not in SERIES}
        found = nested(single, path)
        if not found:
            raise errors.MissingFieldException(path)
        return found

    def _end(self, status: tuple[str, Mapping[str, Any] | None] | None) -> None:
        self._ended = True
        if self._client is not None:
            self._client.close()
            self._client = None
        if status is None:
            self.op.finish()
        else:
            self.op.end(*status)

    def _earlier(self) -> StoredRun:
        """Return the run as it is where it goes, read to the end."""
        from pluto import query

        if self.op.id is None:
            return self.stored()
        with query.Client() as client:
            found = StoredRun(client, self.op.id, self.op.project)
            self.recording.learn(found.lasts)
            logger.debug("%r goes on with %d attributes", self, len(found.kinds))
        return found

    def _system(self, wanted: Wanted) -> dict[str, Any]:
        known = {
            "sys/id": self.op.settings._display_id or self.run_id,  # noqa: SLF001 - as Op shows it
            "sys/name": self.op.name,
            "sys/creation_time": datetime.now(timezone.utc),
            "sys/failed": False,
            "sys/state": "active",
            "sys/tags": set(wanted.tags),
            "sys/custom_run_id": wanted.run_id,
        }
        return {path: value for path, value in known.items() if value is not None}

    def _found(self, wanted: Wanted) -> StoredRun:
        """Return the run to read.

        Raises:
            NeptuneNeedExistingRunException: no run is named.
            RunNotFound: there is no such run.
        """
        from pluto import query

        if wanted.run_id is None:
            raise errors.NeptuneNeedExistingRunException("mode='read-only' needs with_id")
        client = self._client = reader_of(self.project)
        number = find_run(client, self.project, wanted.run_id)
        try:
            number = number or client.get_run(self.project, wanted.run_id)["id"]
        except query.QueryError as error:
            raise errors.RunNotFound(f"{wanted.run_id!r}: {error}") from error
        wanted.must_exist, wanted.run_id = False, external_id(wanted.run_id)
        return StoredRun(client, number, self.project)

    def _describe(
        self,
        description: str | None,
        patterns: str | Iterable[str] | None,
        dependencies: str | os.PathLike[str] | None,
    ) -> None:
        if description is not None:
            self["sys/description"] = description
        if self._is_reading or self.op.resumed or self.container != RUN:
            return
        script = getattr(sys.modules.get("__main__"), "__file__", None)
        if script and Path(script).is_file():
            self["source_code/entrypoint"] = Path(script).name
            patterns = [script] if patterns is None else patterns
        if patterns:
            self["source_code/files"].upload_files(patterns)
        if dependencies == "infer":
            self["source_code/requirements"] = File.from_content(_packages())
        elif dependencies is not None:
            self["source_code/requirements"].upload(os.fspath(dependencies))


def _refuse_two_ids(with_id: str | None, custom_run_id: str | None) -> None:
    if with_id is not None and custom_run_id is not None:
        raise errors.NeptuneRunResumeAndCustomIdCollision(
            "give with_id (of a run that exists) or custom_run_id, not both"
        )


def _settings(
    stdout: bool | None, stderr: bool | None, hardware: bool | None, git_ref: Any
) -> dict[str, Any]:
    chosen = {
        "disable_console": stdout is False and stderr is False,
        "disable_system_metrics": hardware is False,
        "disable_git": git_ref is False,
    }
    return {name: True for name, is_on in chosen.items() if is_on}


def _packages() -> str:
    from importlib.metadata import distributions

    names = {f"{each.metadata['Name']}=={each.version}" for each in distributions()}
    return "\n".join(sorted(names, key=str.lower)) + "\n"
