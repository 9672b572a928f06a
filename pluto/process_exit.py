"""Ends the runs of a process that ends, with the status and the cause of its death.

| What ends the process | Status | How it is noticed |
| --- | --- | --- |
| the end of the script | COMPLETED | `atexit` |
| an uncaught exception, also in a thread | FAILED | `sys.excepthook`, `threading.excepthook` |
| Ctrl-C | TERMINATED | KeyboardInterrupt in `sys.excepthook`; a second one ends at once |
| `sys.exit(n)` | COMPLETED if n is 0, else FAILED | see `pluto.exit_call` |
| SIGTERM, SIGHUP | TERMINATED | a signal handler, see `process_signals` |
| a cancel on the server | CANCELLED | the heartbeat, which interrupts the script |

Apart from `sys.exit`, nothing is changed while no run is live, and everything is put back when the
last one ends.
What a process cannot notice (SIGKILL, `os._exit`, a crash) the next reader of the run concludes
from what is left. A forked child inherits no run: it ends none.
"""

from __future__ import annotations

import atexit
import dis
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from types import FrameType, TracebackType
from typing import Any, Final, NamedTuple, Protocol

from pluto.exit_call import observed
from pluto.process_signals import Terminator
from pluto.redact import Redactor

logger = logging.getLogger("pluto")

TRACE_MAX: Final = 16_384  # characters of a traceback; its end says most
SIGNAL_CODES: Final = {128 + signal.SIGINT, 128 + signal.SIGTERM}


class RunEnds(Protocol):
    """A live run, as far as the end of the process is concerned."""

    def end(self, status: str, metadata: Mapping[str, Any] | None = None) -> object:
        """End the run within its own time limit; ending it again does nothing."""


class Verdict(NamedTuple):
    """How a process ended: a status of `pluto.record.STATUSES`, and the cause (JSON values)."""

    status: str
    metadata: dict[str, Any] | None = None


COMPLETED: Final = Verdict("COMPLETED")
# A SystemExit ended the script, and with which code was not seen.
UNSEEN: Final = Verdict("COMPLETED", {"type": "SystemExit", "code": None})


def describe(error: BaseException) -> dict[str, Any]:
    """Return type, message and traceback of an exception, secrets masked.

    Example:
        >>> describe(ValueError("lr must be positive"))["message"]
        'lr must be positive'
    """
    redactor = Redactor()
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else _full_name(kind)
    described = {"type": name, "message": redactor.text(_message(error))}
    return {**described, "trace": redactor.text(trace)[-TRACE_MAX:]}


def judge(error: BaseException) -> Verdict:
    """Return how a process (or a `with` block) ends that this exception ends.

    Example:
        >>> judge(KeyboardInterrupt()).status, judge(SystemExit(0)).status
        ('TERMINATED', 'COMPLETED')
    """
    if isinstance(error, SystemExit):
        return _judge_code(error.code)
    if isinstance(error, KeyboardInterrupt):
        return Verdict("TERMINATED", {"signal": "SIGINT", "type": "KeyboardInterrupt"})
    return Verdict("FAILED", describe(error))


class ExitWatch:
    """Knows the live runs of this process and ends them when it ends. Use `shared()`."""

    def __init__(self) -> None:
        self._runs: list[RunEnds] = []
        self._lock = threading.RLock()  # guards _runs
        self._terminator = Terminator(self._end_terminated, self._has_runs)
        self._main = _MainFrame()
        self._child = _ChildFrame()
        self._hooks: list[_Hook] = []
        self._finalizer: Any = None
        self._uncaught: Verdict | None = None
        self._in_thread: Verdict | None = None
        os.register_at_fork(after_in_child=self._in_child)

    def add(self, run: RunEnds, *, sigterm: bool = True, timeout: float = 5.0) -> None:
        """End `run` when the process ends.

        Args:
            run: until `remove`d.
            sigterm: also on SIGTERM and SIGHUP; only has an effect on the main thread.
            timeout: seconds that such a signal may be delayed.
        """
        with self._lock:
            if not self._runs:
                self._install()
            self._runs.append(run)
        if sigterm:
            self._terminator.install(timeout)

    def remove(self, run: RunEnds) -> None:
        """Forget a run that has ended; unknown ones are no error."""
        with self._lock:
            if run not in self._runs:
                return
            self._runs.remove(run)
            if not self._runs:
                self._uninstall()

    def verdict(self) -> Verdict:
        """Return how a run has to end that is ended without a word about its status.

        A thread that died of an exception, or a SIGTERM that a handler of the user took, is
        not forgotten because the main thread reached its end.
        """
        if self._terminator.noted is not None:
            return _terminated(self._terminator.noted)
        return self._in_thread or COMPLETED

    def _install(self) -> None:
        self._uncaught = self._in_thread = None
        self._main.look()
        self._child.look()
        observed.forget()
        self._hooks = [
            _Hook(sys, "excepthook", self._on_uncaught),
            _Hook(threading, "excepthook", self._on_uncaught_in_thread),
        ]
        atexit.register(self._at_exit)
        if "multiprocessing.util" in sys.modules:  # its children run no atexit functions
            from multiprocessing.util import Finalize

            self._finalizer = Finalize(None, self._at_end_of_child, exitpriority=10)
        if self._child.is_found:
            self._hooks.append(_Hook(traceback, "print_exc", self._child.note_printed))

    def _uninstall(self) -> None:
        for hook in self._hooks:
            hook.restore()
        self._hooks = []
        self._terminator.uninstall()
        atexit.unregister(self._at_exit)
        finalizer, self._finalizer = self._finalizer, None
        if finalizer is not None:
            finalizer.cancel()

    def _has_runs(self) -> bool:
        return bool(self._runs)

    def _on_uncaught(
        self, _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> None:
        self._uncaught = judge(error)

    def _on_uncaught_in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
            self._in_thread = judge(arguments.exc_value)

    def _at_exit(self) -> None:
        self._terminator.wait_for_death()
        try:
            self._end_all(self._verdict_at_exit())
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)

    def _at_end_of_child(self) -> None:
        """End the runs of a child of multiprocessing, which calls this in a `finally`."""
        in_flight = sys.exc_info()[1]
        self._end_all(self.verdict() if in_flight is None else judge(in_flight))

    def _verdict_at_exit(self) -> Verdict:
        if self._child.is_found:
            said, ended = self.verdict(), self._child.verdict()
            return said if ended.status == "COMPLETED" else ended
        unwound = not self._main.returned
        if unwound and self._uncaught is not None:
            return self._uncaught
        said = self.verdict()
        if said.status != "COMPLETED" or not unwound:
            return said
        return _judge_code(observed.code) if observed.called else UNSEEN

    def _end_terminated(self, number: signal.Signals) -> None:
        self._end_all(_terminated(number))

    def _end_all(self, verdict: Verdict) -> None:
        with self._lock:
            runs = list(self._runs)
        for run in reversed(runs):
            _end(run, verdict)

    def _in_child(self) -> None:
        self._lock = threading.RLock()
        if self._runs:
            self._runs = []
            self._terminator.in_child()
            self._uninstall()


class _MainFrame:
    """The outermost frame of the main thread: did it return, or did an exception end it?"""

    def __init__(self) -> None:
        self._frame: FrameType | None = None

    def look(self) -> None:
        frame = sys._current_frames().get(threading.main_thread().ident or 0)  # noqa: SLF001
        while frame is not None and frame.f_back is not None:
            frame = frame.f_back
        self._frame = frame

    @property
    def returned(self) -> bool:
        """Whether its last instruction is a return; a frame keeps that after its end."""
        if self._frame is None or self._frame.f_lasti < 0:
            return True
        instruction = self._frame.f_code.co_code[self._frame.f_lasti]
        return dis.opname[instruction].startswith("RETURN")


class _ChildFrame:
    """The frame of multiprocessing that runs its child, where this process is one.

    From Python 3.14 on it handles what the child raises before the functions of `atexit` run.
    """

    def __init__(self) -> None:
        self._frame: FrameType | None = None
        self._printed: BaseException | None = None

    @property
    def is_found(self) -> bool:
        """Whether this process is a child of multiprocessing."""
        return self._frame is not None

    def look(self) -> None:
        self._printed = None
        module = sys.modules.get("multiprocessing.process")
        code = module.BaseProcess._bootstrap.__code__ if module else None  # noqa: SLF001
        frame = sys._current_frames().get(threading.main_thread().ident or 0)  # noqa: SLF001
        while frame is not None and frame.f_code is not code:
            frame = frame.f_back
        self._frame = frame

    def note_printed(self, *_arguments: object) -> None:
        """Note an exception that is printed by that frame, which prints the one it ends with."""
        if sys._getframe(2) is self._frame:  # noqa: SLF001
            self._printed = sys.exc_info()[1]

    def verdict(self) -> Verdict:
        """Return how the child ended; COMPLETED where it has not."""
        if self._printed is not None:
            return judge(self._printed)
        return _judge_code(self._frame.f_locals.get("exitcode") if self._frame else None)


class _Hook:
    """One function of the interpreter, preceded by one of ours until it is restored."""

    def __init__(self, module: Any, name: str, ours: Callable[..., None]) -> None:
        self._module, self._name = module, name
        self._original: Callable[..., object] = getattr(module, name)
        self._active = True

        def hook(*arguments: Any, **options: Any) -> object:
            if self._active:
                ours(*arguments)
            return self._original(*arguments, **options)

        self._hook = hook
        setattr(module, name, hook)

    def restore(self) -> None:
        """Put the original back; if somebody put theirs over ours, ours just passes on."""
        self._active = False
        if getattr(self._module, self._name) is self._hook:
            setattr(self._module, self._name, self._original)


def interrupt() -> None:
    """Interrupt the script as Ctrl-C does: its handlers and `finally` blocks run.

    Where Ctrl-C is ignored (a background job of a shell), SIGTERM has to do.
    """
    number = signal.SIGINT if callable(signal.getsignal(signal.SIGINT)) else signal.SIGTERM
    signal.pthread_kill(threading.main_thread().ident or 0, number)


def shared() -> ExitWatch:
    """Return the watch over this process's end."""
    return _SHARED


def _end(run: RunEnds, verdict: Verdict) -> None:
    try:
        run.end(*verdict)
    except Exception:
        logger.exception("the run could not be ended")


def _terminated(number: signal.Signals) -> Verdict:
    return Verdict("TERMINATED", {"signal": number.name})


def _judge_code(code: object) -> Verdict:
    """Judge what was given to `sys.exit`: None and 0 are success, text is printed and means 1."""
    if code is None or code == 0:
        return COMPLETED
    number = code if isinstance(code, int) else 1
    metadata: dict[str, Any] = {"type": "SystemExit", "code": number}
    if not isinstance(code, int):
        metadata["message"] = Redactor().text(str(code))
    return Verdict("TERMINATED" if number in SIGNAL_CODES else "FAILED", metadata)


def _full_name(kind: type[BaseException]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001 - whatever a user's __str__ does
        return f"(its message could not be made: {type(second).__name__})"


_SHARED: Final = ExitWatch()  # a process ends once
