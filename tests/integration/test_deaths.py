"""Every way in which a process ends: no row is lost, status and cause are right.

Each death is a script of its own that counts the calls of `log` that returned. Offline it writes a
local run; online it sends to a real server, which has to have all of it too, after `pluto sync`
where the process had no time for it.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pluto.addresses import one_origin
from pluto.iface import ServerInterface
from pluto.probes import cgroup
from pluto.query_local import complete_run
from pluto.record import RunInfo
from pluto.sets import setup
from pluto.sink import Sink
from pluto.storage import RunReader
from pluto.sync import run_directories, sync_directory
from tests.server_process import RunningServer

ROWS = 300

SCRIPT = """
import atexit, ctypes, mmap, os, signal, sys, threading, time
import pluto
from pluto.iface import ServerInterface
from pluto.storage import RunWriter
from pluto.uploader import Uploader

counter = mmap.mmap(os.open("returned", os.O_RDWR), 8)
steps = iter(range(1, 10**9))

def log(count={ROWS}):
    for step in (next(steps) for _ in range(count)):
        run.log({{"step": step, "half": step / 2}}, step=step)
        counter[:8] = step.to_bytes(8, "little")

def send(number):
    os.kill(os.getpid(), number)
    time.sleep(60)

def kill_after(owner, name):
    method = getattr(owner, name)
    def last(*arguments):
        method(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, name, last)

{before}
run = pluto.init(project="{name}", settings={{"x_sys_sampling_interval": 0.2}})
log()
print("the last words", flush=True)
time.sleep(0.3)  # for the words to arrive
{code}
"""


@dataclass(frozen=True)
class Death:
    """A way to end.

    Attributes:
        name: of the test case.
        code: what the script does after it has logged.
        status: of the run, as the next reader finds it.
        metadata: what the status metadata have to contain; texts may be parts of texts.
        returned: exit code of the process; negative for a signal.
        rows: that are logged at least.
        before: what the script does before it begins the run.
    """

    name: str
    code: str
    status: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    returned: int = 0
    rows: int = ROWS
    before: str = ""

    def __str__(self) -> str:
        return self.name


SUDDEN = {"reason": "ended without a word", "lastLines": "the last words"}
CTRL_C = {"signal": "SIGINT"}
SIGTERM = {"signal": "SIGTERM"}
KILLED = -signal.SIGKILL

DEATHS = [
    Death("the_end_of_the_script", "", "COMPLETED"),
    Death("finish", "run.finish()", "COMPLETED"),
    Death("finish_with_a_code", "run.finish(3)", "FAILED", {"code": 3}),
    Death("sys_exit_0", "sys.exit(0)", "COMPLETED"),
    Death("sys_exit_1", "sys.exit(1)", "FAILED", {"type": "SystemExit", "code": 1}, 1),
    Death("sys_exit_with_a_text", "sys.exit('no data')", "FAILED", {"message": "no data"}, 1),
    Death(
        "an_exception",
        "raise ValueError('loss is NaN')",
        "FAILED",
        {"type": "ValueError", "message": "loss is NaN", "trace": "in <module>"},
        1,
    ),
    Death(
        "an_exception_in_a_thread",
        "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join(); log()",
        "FAILED",
        {"type": "ZeroDivisionError"},
        rows=2 * ROWS,
    ),
    Death(
        "an_exception_in_atexit",
        "atexit.register(log); atexit.register(lambda: 1 / 0)",
        "COMPLETED",
        rows=2 * ROWS,
    ),
    Death("ctrl_c", "send(signal.SIGINT)", "TERMINATED", CTRL_C, -signal.SIGINT),
    Death(
        "ctrl_c_twice",
        """
def again(self):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
Uploader.last_step = again
send(signal.SIGINT)
""",
        "TERMINATED",
        CTRL_C,
        -signal.SIGINT,
    ),
    Death("sigterm", "send(signal.SIGTERM)", "TERMINATED", SIGTERM, -signal.SIGTERM),
    Death(
        "sigterm_with_a_handler_set_before_the_run",
        "os.kill(os.getpid(), signal.SIGTERM)",
        "TERMINATED",
        SIGTERM,
        rows=2 * ROWS,
        before="signal.signal(signal.SIGTERM, lambda *_: log())",
    ),
    Death(
        "sigterm_with_a_handler_set_later_that_exits",
        "signal.signal(signal.SIGTERM, lambda *_: [log(), sys.exit(143)]); send(signal.SIGTERM)",
        "TERMINATED",
        {},  # the signal, or the code 143 if that is seen first
        143,
        rows=2 * ROWS,
    ),
    Death("sighup", "send(signal.SIGHUP)", "TERMINATED", {"signal": "SIGHUP"}, -signal.SIGHUP),
    Death("sigkill", "send(signal.SIGKILL)", "FAILED", SUDDEN, KILLED),
    Death("os_exit", "os._exit(9)", "FAILED", SUDDEN, 9),
    Death(
        "os_abort",
        "os.abort()",
        "FAILED",
        {"reason": "crashed: Aborted", "trace": "in <module>"},
        -signal.SIGABRT,
    ),
    Death(
        "a_segmentation_fault",
        "ctypes.string_at(0)",
        "FAILED",
        {"reason": "crashed: Segmentation fault", "trace": "in string_at"},
        -signal.SIGSEGV,
    ),
    Death(
        "a_crash_of_a_forked_child",
        f"""
child = os.fork()
if child == 0:
    log()
    ctypes.string_at(0)
os.waitpid(child, 0)
steps = iter(range({2 * ROWS + 1}, 10**9))
log()
""",
        "COMPLETED",
        rows=3 * ROWS,
    ),
    Death(
        "the_death_of_a_forked_childs_parent",
        """
parent = os.getpid()
if os.fork() == 0:
    while os.getppid() == parent:
        time.sleep(0.01)
    log()
    os._exit(0)
send(signal.SIGKILL)
""",
        "FAILED",
        SUDDEN,
        KILLED,
        rows=2 * ROWS,
    ),
    Death(
        "the_death_of_the_launcher",
        """
os.kill(launcher, signal.SIGKILL)
while os.getppid() == launcher:
    time.sleep(0.01)
log()
""",
        "COMPLETED",
        returned=KILLED,
        rows=2 * ROWS,
        before="""
launcher = os.getpid()
if child := os.fork():
    os.waitpid(child, 0)
    sys.exit("the launcher had to be killed")
""",
    ),
    Death(
        "a_kill_while_finish_runs",
        "Uploader.last_step = lambda self: send(signal.SIGKILL)\nrun.finish()",
        "COMPLETED",
        returned=KILLED,
    ),
    Death(
        "a_kill_between_the_acceptance_of_rows_and_the_note_of_it",
        """
kill_after(*((ServerInterface, "send") if run.id else (RunWriter, "append")))
log(5000)
time.sleep(60)
""",
        "FAILED",
        SUDDEN,
        KILLED,
    ),
]
CANCEL = Death(
    "a_cancel_from_the_server",
    """
import httpx
def cancel():
    answer = httpx.post(
        f"{os.environ['PLUTO_URL']}/api/ui/runs/{run.id}/cancel",
        headers={"Authorization": f"Bearer {os.environ['PLUTO_API_KEY']}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
try:
    cancel()
    time.sleep(60)
finally:
    log()
""",
    "CANCELLED",
    {"reason": "cancelled"},
    -signal.SIGINT,
    rows=2 * ROWS,
)


OUT_OF_MEMORY = Death(
    "an_out_of_memory_kill",
    "everything = []\nwhile True:\n    everything.append(bytearray(1 << 20))",
    "FAILED",
    {"reason": "out of memory", "lastLines": "the last words"},
    KILLED,
)
MEMORY = 256 << 20
LIMITS = {  # of version 2 and 1 of control groups; without swap the kill comes at once
    "memory.max": MEMORY,
    "memory.swap.max": 0,
    "memory.limit_in_bytes": MEMORY,
    "memory.swappiness": 0,
}


@pytest.fixture
def in_little_memory() -> Iterator[list[str]]:
    """The start of a command line that runs in a control group with `MEMORY` bytes."""
    parent = next(cgroup.folders(), None)
    if parent is None or not os.access(parent, os.W_OK):
        pytest.skip("only an administrator may make control groups")
    group = parent / f"pluto-test-{os.getpid()}"
    group.mkdir()
    try:
        limits = [path for path in map(group.__truediv__, LIMITS) if path.exists()]
        if not limits:
            pytest.skip("this system does not let a control group limit memory")
        for path in limits:
            path.write_text(str(LIMITS[path.name]))
        yield ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$0" "$@"']
    finally:
        group.rmdir()


def die(death: Death, directory: Path, launch: Sequence[str] = (), **environment: str) -> int:
    """Let a script end so; return how many calls of `log` had returned."""
    script, counter = directory / "script.py", directory / "returned"
    script.write_text(SCRIPT.format(ROWS=ROWS, **vars(death)))
    counter.write_bytes(bytes(8))
    process = subprocess.Popen(
        [*launch, sys.executable, str(script)],
        cwd=directory,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed, _ = process.communicate(timeout=90)  # until every process has closed the pipe
    assert process.returncode == death.returned, printed
    returned = int.from_bytes(counter.read_bytes(), "little")
    assert returned >= death.rows, printed
    return returned


def check(directory: Path, death: Death, returned: int) -> None:
    """Check rows, status and cause of the one run below a directory."""
    (run,) = run_directories(directory)
    reader = RunReader(run)
    steps = reader.points("step", raw=True)
    known = reader.facts()
    reader.close()
    assert returned <= len(steps.steps) <= returned + 1  # the last call may not have returned
    assert np.array_equal(np.sort(steps.steps), np.arange(1, len(steps.steps) + 1))
    assert np.array_equal(steps.values, steps.steps)
    metadata = known.get("status_metadata") or {}
    assert (known["status"], known["status_history"][-1]["to"]) == (death.status, death.status)
    for key, value in death.metadata.items():
        found = metadata.get(key)
        assert value in str(found) if isinstance(value, str) else found == value, metadata


def sync(directory: Path, server: RunningServer) -> None:
    def sink_for(_run: RunInfo, _meant_for: dict[str, str] | None) -> tuple[Sink, str]:
        return ServerInterface(one_origin(server.url), server.key, setup()), server.url

    assert sync_directory(directory, sink_for).left == 0


def die_offline(death: Death, directory: Path, launch: Sequence[str] = ()) -> None:
    returned = die(death, directory, launch)
    for run in run_directories(directory):
        complete_run(run)
    check(directory, death, returned)


def die_online(
    death: Death, directory: Path, server: RunningServer, launch: Sequence[str] = ()
) -> None:
    variables = {"PLUTO_URL": server.url, "PLUTO_API_KEY": server.key}
    returned = die(death, directory, launch, **variables)
    sync(directory, server)
    check(directory, death, returned)
    check(server.data / "runs" / death.name, death, returned)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("death", DEATHS, ids=str)
def test_a_local_run_loses_nothing_and_tells_the_truth_after(death: Death, tmp_path: Path) -> None:
    die_offline(death, tmp_path)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("death", [*DEATHS, CANCEL], ids=str)
def test_a_run_of_a_server_loses_nothing_and_tells_the_truth_after(
    death: Death, tmp_path: Path, server: RunningServer
) -> None:
    die_online(death, tmp_path, server)


@pytest.mark.timeout(120)
def test_a_local_run_tells_that_the_kernel_killed_it_for_want_of_memory(
    tmp_path: Path, in_little_memory: list[str]
) -> None:
    die_offline(OUT_OF_MEMORY, tmp_path, in_little_memory)


@pytest.mark.timeout(120)
def test_a_run_of_a_server_tells_that_the_kernel_killed_it_for_want_of_memory(
    tmp_path: Path, in_little_memory: list[str], server: RunningServer
) -> None:
    die_online(OUT_OF_MEMORY, tmp_path, server, in_little_memory)
