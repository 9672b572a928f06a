"""Op, the object that stands for a run."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal

from pluto import state
from pluto.alerts import alert_of
from pluto.config import deep_merge, plain_config
from pluto.errors import MediaError, RunExistsError, StorageError
from pluto.names import clean_name, clean_tags
from pluto.notice import Notices, say
from pluto.run_view import RunNames, RunView, adopt
from pluto.sets import Settings, setup
from pluto.values import MAX_STEP, Sorted, sort_values, whole_milliseconds, whole_step

if TYPE_CHECKING:
    from typing_extensions import Self

    from pluto.record import Receipt
    from pluto.session import Session  # numpy stays out of `import pluto`
    from pluto.storage import RunReader

__all__ = ["Op", "RunExistsError"]

logger = logging.getLogger("pluto")

READ_PATIENCE: Final = 1.0  # seconds
STATUS_OF_CODE: Final[Mapping[int | str, str]] = {
    -1: "RUNNING",
    0: "COMPLETED",
    2: "TERMINATED",
    15: "TERMINATED",
    **{word: word for word in ("RUNNING", "COMPLETED", "FAILED", "TERMINATED")},
}


class Op(RunView):
    """A run: `pluto.init()` makes it, `finish()` ends it.

    Used as a context manager, it ends as COMPLETED, as FAILED on an exception, or as TERMINATED
    on Ctrl-C.

    Attributes:
        config: what was given to `init`, and what `update_config` laid over it.
        settings: the settings of the run.
        tags: the tags, in the order of adding.

    Example:
        >>> with pluto.init(project="digits") as run:
        ...     run.log({"train/loss": 0.5})
    """

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        settings: Settings | None = None,
        tags: Iterable[str] | None = None,
        resume: bool = False,
        *,
        session: Session | None = None,
        first_step: int = 1,
    ) -> None:
        self.config: dict[str, Any] | None = None if config is None else dict(config)
        self.settings = settings if settings is not None else setup({"mode": "noop"})
        self.tags: list[str] = list(tags or [])
        self.resumed = resume
        self.fork_run_id: int | None = None
        self.fork_step: int | None = None
        self.settings.meta = RunNames(self)
        self._session = session
        self._recorder = session.recorder if session else None
        self._notices = Notices()
        self._step = first_step - 1
        self._lock = threading.Lock()  # guards _step, tags and config
        self._finish_lock = threading.RLock()  # guards _receipt: one caller ends the run
        self._receipt: Receipt | None = None
        self._finished = False
        self._cancelled = False
        self._process = os.getpid()

    @property
    def dir(self) -> str:
        """The run's directory on this machine."""
        return str(self._session.directory) if self._session else super().dir

    def _known_there(self) -> Settings:
        session = self._session
        if self.settings._op_id is None and session is not None and session.sink:  # noqa: SLF001
            with suppress(StorageError):  # then it is not known yet
                adopt(self.settings, session.remote())
        return self.settings

    def reader(self) -> RunReader | None:
        """Return a new reader of the run, with what this process has logged until now."""
        if self._session is not None:
            self._session.uploader.catch_up(READ_PATIENCE)
        return super().reader()

    @property
    def step(self) -> int:
        """The step of the row that was logged last, by an earlier process too; 0 before one."""
        return self._step

    def log(
        self,
        data: Mapping[str, Any],
        step: Any = None,
        commit: bool | None = None,  # noqa: ARG002
        timestamp: float | None = None,
    ) -> None:
        """Log values under one step. Takes microseconds; what it took survives `kill -9`.

        Never raises for bad luck or odd values: what cannot be stored is warned about once.

        Args:
            data: names to numbers, texts, media and data objects, figures and data frames; nested
                mappings are flattened with `/`.
            step: anything integer-like, in any order; the previous step + 1 by default.
            commit: accepted for scripts that pass it; every call is a row of its own.
            timestamp: seconds since the Unix epoch; now by default.

        Example:
            >>> run.log({"train/loss": 0.5, "lr": 1e-3})
            >>> run.log({"val": {"acc": 0.9}}, step=100)
        """
        recorder = self._recorder
        if recorder is None:
            self._log_nowhere(data)
            return
        if step is None or (type(step) is int and 0 <= step <= MAX_STEP):
            with self._lock:
                step = self._step + 1 if step is None else step
                self._step = step
            if timestamp is None and type(data) is dict and recorder.log_plain(data, step):
                return
        else:
            step = self._whole_step(step)
        self._log_slowly(data, step, timestamp)

    def alert(
        self,
        message: str | None = None,
        title: str = "pluto",
        level: str | int = "INFO",
        wait: float = 0,
        url: str | None = None,
        remote: bool = True,
        **kwargs: Any,
    ) -> None:
        """Tell people something, through the server or the webhook of a chat. Returns at once.

        Args:
            message: the text; `text` is an alias.
            title: its headline.
            level: DEBUG, INFO, WARNING or ERROR, or a number of the module `logging`.
            wait: seconds, or a `timedelta`, before it is sent; `wait_duration` is an alias.
            url: where the alert should lead; with `remote=False`, the webhook.
            remote: False posts it to the webhook (`url`, or else the setting `url_webhook`) and
                not through the server. A run without a server does so anyway.
            **kwargs: `email=False` asks the server not to send mail.
        """
        alert = alert_of(self._masked(message), title, level, wait, url, self._masked(kwargs))
        logger.log(alert.number, "%s: %s", alert.title, alert.text)
        if self._recorder is None or self._session is None:
            if self._finished:
                self._notices.warn("alert", "the run has ended: its alerts are sent nowhere")
            return
        webhook = (url if not remote else None) or self.settings.url_webhook
        if webhook and not (remote and self._session.sink):
            self._session.post(self.settings, webhook, str(alert), alert.delay)
        if remote or not webhook:
            self._recorder.fact("alert", alert.fact())

    def watch(self, module: Any, **kwargs: Any) -> None:
        """Log gradients and parameters of a torch module: see `pluto.compat.torch.watch`."""
        from pluto.compat.torch import watch

        watch(module, op=self, **kwargs)

    def add_tags(self, tags: str | Iterable[object]) -> None:
        """Add tags, each as its text; those that the run has already are left alone."""
        new = clean_tags(tags)
        with self._lock:
            self.tags += [tag for tag in new if tag not in self.tags]
        self._record_fact("tags", list(self.tags))

    def remove_tags(self, tags: str | Iterable[object]) -> None:
        """Remove tags; unknown ones are no error."""
        gone = clean_tags(tags)
        with self._lock:
            self.tags[:] = [tag for tag in self.tags if tag not in gone]
        self._record_fact("tags", list(self.tags))

    def update_config(self, config: Mapping[str, Any] | None) -> None:
        """Lay `config` over the run's config: nested mappings merge, all else replaces."""
        change = plain_config(config) or {}
        with self._lock:
            self.config = deep_merge(self.config or {}, change)
        self._record_fact("config", self._masked(change))

    def update_summary(self, values: Mapping[str, Any] | None) -> None:
        """Set values that sum up the run, shown where a metric's last value would be.

        Args:
            values: names to numbers, texts or mappings of such; None takes a value back.
        """
        self._record_fact("summary", self._masked(plain_config(values) or {}))

    def set_notes(self, notes: str | None) -> None:
        """Replace the notes of the run."""
        self._record_fact("notes", self._masked(notes))

    def rename(self, name: str) -> None:
        """Give the run another name. A server that has the run already keeps the first one."""
        self.settings._op_name = clean_name(name)  # noqa: SLF001
        self._record_fact("name", self.settings._op_name)  # noqa: SLF001

    def finish(self, code: int | str | None = None) -> Receipt | None:
        """End the run: store everything, deliver what the time allows, print a receipt.

        Bounded by the setting `finish_timeout` (10 s); what is not delivered by then stays in the
        run's directory for `pluto sync`. Safe to call again and from several threads.

        Args:
            code: 0 = COMPLETED, 2 and 15 = TERMINATED, -1 = leave it RUNNING, any other number =
                FAILED, or one of these words; by default COMPLETED, unless a thread died or
                SIGTERM came meanwhile.

        Returns:
            The receipt; None in noop mode.
        """
        if code is None:
            from pluto.process_exit import shared

            return self.end(*shared().verdict())
        status = STATUS_OF_CODE.get(code.upper() if isinstance(code, str) else code, "FAILED")
        is_first = not self._finished
        receipt = self.end(status, {"code": code} if status == "FAILED" else None)
        if is_first and isinstance(code, int):
            self.settings._op_status = code  # noqa: SLF001
        return receipt

    def end(self, status: str, metadata: Mapping[str, Any] | None = None) -> Receipt | None:
        """End the run with a status and the cause of it (JSON values)."""
        if self._cancelled:
            status, metadata = "CANCELLED", {"reason": "cancelled on the server"}
        fact = {"status": status, "statusMetadata": dict(metadata) if metadata else None}
        if not self._finished:
            self.settings._op_status = _code_of(status, metadata or {})  # noqa: SLF001
        return self._end(None if status == "RUNNING" else fact)

    def cancel(self) -> None:
        """Have the run end as CANCELLED, whatever ends it; its script is not stopped by this."""
        self._cancelled = True

    def close(self, code: int | None = None) -> None:  # noqa: ARG002
        """End logging without reporting a status: another process goes on with the run."""
        self._end(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        if error is None:
            self.finish()
        else:
            from pluto.process_exit import judge

            self.end(*judge(error))
        return False

    def after_fork(self) -> None:
        """In a forked child: go on logging; ending the run is left to the parent."""
        self._lock = threading.Lock()
        self._notices = Notices()
        if self._session is not None:
            self._session.after_fork()

    def _end(self, status: dict[str, Any] | None) -> Receipt | None:
        if os.getpid() != self._process:  # before the lock: it may have been held at the fork
            return self._receipt
        with self._finish_lock:
            if self._finished:
                return self._receipt
            self._finished = True
            recorder, self._recorder = self._recorder, None
            state.remove(self)
            if self._session is None or recorder is None:
                return None
            self._receipt = self._session.end(status, float(self.settings.finish_timeout))
        say(str(self._receipt))
        if self.url:
            logger.info("view run %s at %s", self.settings._display_id, self.url)  # noqa: SLF001
        return self._receipt

    def _masked(self, value: Any) -> Any:
        return value if self._session is None else self._session.redactor.value(value)

    def _record_fact(self, name: str, value: object) -> None:
        if self._recorder is not None:
            self._recorder.fact(name, value)
        elif self._finished:
            self._notices.warn("finished", "the run has ended: its %s can no longer change", name)

    def _whole_step(self, step: Any) -> int:
        number = whole_step(step)
        with self._lock:
            if number is None:
                number = self._step + 1
                self._notices.warn(
                    "step",
                    "step=%r is no integer from 0 to 2**63-1; such rows get the next step instead",
                    step,
                )
            self._step = number
        return number

    def _log_slowly(self, data: Mapping[str, Any], step: int, timestamp: float | None) -> None:
        recorder = self._recorder
        if recorder is None:
            return
        if not hasattr(type(data), "items"):
            recorder.lose()
            self._notices.warn("mapping", "log() takes a mapping of names to values, not %r", data)
            return
        try:
            found = sort_values(data)
        except Exception as error:  # noqa: BLE001 - whatever a user's object does when looked at
            recorder.lose()
            self._notices.warn(("odd", type(error)), "a row could not be stored: %r", error)
            return
        time_ms = self._milliseconds(timestamp)
        if found.numbers:
            recorder.metrics(found.numbers, step=step, time_ms=time_ms)
        for key, text in found.texts.items():
            recorder.data(key, "string-series", text, step=step, time_ms=time_ms)
        self._log_objects(found, step, time_ms)
        for key, reason in found.refused:
            self._refuse(key, reason)

    def _log_objects(self, found: Sorted, step: int, time_ms: int) -> None:
        recorder, session = self._recorder, self._session
        if recorder is None or session is None:
            return
        for key, value in found.data:
            try:
                body = value.to_json()
            except (MediaError, TypeError, ValueError) as error:
                self._refuse(key, str(error))
                continue
            recorder.data(key, value.type_name, body, step=step, time_ms=time_ms)
        for key, media, index in found.files:
            try:
                staged = media.snapshot(session.directory / "staging")
            except (MediaError, OSError) as error:
                self._refuse(key, str(error))
                continue
            recorder.file(key, media.type_name, staged, step=step, time_ms=time_ms, index=index)

    def _refuse(self, key: str, reason: str) -> None:
        if self._recorder is not None:
            self._recorder.lose()
        self._notices.warn((key, reason), "%s was not stored: %s", key, reason)

    def _milliseconds(self, timestamp: float | None) -> int:
        if timestamp is not None:
            given = whole_milliseconds(timestamp)
            if given is not None:
                return given
            self._notices.warn(
                "timestamp", "timestamp=%r is no time in seconds; using the present", timestamp
            )
        return time.time_ns() // 1_000_000

    def _log_nowhere(self, data: Mapping[str, Any]) -> None:
        if self._finished:
            self._notices.warn("finished", "log() after finish(): %r and later rows are lost", data)
        else:
            self._step += 1


def _code_of(status: str, metadata: Mapping[str, Any]) -> int:
    """Return the code of a status, as scripts know it: see `STATUS_OF_CODE`."""
    if status == "TERMINATED":
        return 2 if metadata.get("signal") == "SIGINT" else 15
    return {"RUNNING": -1, "COMPLETED": 0}.get(status, 1)
