"""Ctrl-C and SIGTERM: the run is terminated, the process dies as it would have."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Ends = Callable[..., list[list[Any]]]
Start = Callable[..., subprocess.Popen[str]]


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the end; return the exit code and what went to stderr."""
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def send(process: subprocess.Popen[str], number: int, directory: Path) -> None:
    """Send a signal as soon as the script is ready for it."""
    deadline = time.monotonic() + 30
    while not (directory / "ready").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    process.send_signal(number)


def test_ctrl_c_terminates_the_run(start: Start, ends: Ends, tmp_path: Path) -> None:
    process = start("shared().add(run := Run())\nready()\ntime.sleep(60)")
    send(process, signal.SIGINT, tmp_path)
    code, errors = finish(process)
    assert code == -signal.SIGINT
    assert "KeyboardInterrupt" in errors
    assert ends() == [["TERMINATED", {"signal": "SIGINT", "type": "KeyboardInterrupt"}]]


def test_a_second_ctrl_c_ends_the_process_at_once(start: Start, ends: Ends, tmp_path: Path) -> None:
    process = start("""
class Slow(Run):
    def end(self, status, metadata=None):
        ready()
        time.sleep(60)
shared().add(run := Slow())
""")
    send(process, signal.SIGINT, tmp_path)
    assert finish(process)[0] == -signal.SIGINT
    assert ends() == []


def test_sigterm_terminates_the_run_and_kills_the_process(
    start: Start, ends: Ends, tmp_path: Path
) -> None:
    process = start("shared().add(run := Run())\nready()\ntime.sleep(60)")
    send(process, signal.SIGTERM, tmp_path)
    assert finish(process) == (-signal.SIGTERM, "")
    assert ends() == [["TERMINATED", {"signal": "SIGTERM"}]]


def test_sigterm_works_while_the_main_thread_is_stuck_in_c_code(
    start: Start, ends: Ends, tmp_path: Path
) -> None:
    process = start("""
import ctypes
shared().add(run := Run())
ready()
lock = (ctypes.c_char * 256)()
libc = ctypes.CDLL(None)
libc.pthread_mutex_lock(lock)
libc.pthread_mutex_lock(lock)  # a deadlock, which no signal interrupts
""")
    send(process, signal.SIGTERM, tmp_path)
    assert finish(process)[0] == -signal.SIGTERM
    assert ends() == [["TERMINATED", {"signal": "SIGTERM"}]]


def test_sigterm_does_not_wait_longer_than_its_limit(
    start: Start, ends: Ends, tmp_path: Path
) -> None:
    process = start("shared().add(run := Run(pause=60), timeout=0.2)\nready()\ntime.sleep(60)")
    send(process, signal.SIGTERM, tmp_path)
    assert finish(process)[0] == -signal.SIGTERM
    assert ends() == []


def test_sigterm_with_a_lock_held_does_not_hang(start: Start, ends: Ends, tmp_path: Path) -> None:
    process = start("""
lock = threading.Lock()
class Locked(Run):
    def end(self, status, metadata=None):
        with lock:
            super().end(status, metadata)
shared().add(run := Locked())
ready()
while True:
    with lock:
        time.sleep(0.001)
""")
    send(process, signal.SIGTERM, tmp_path)
    assert finish(process)[0] == -signal.SIGTERM
    assert ends() == [["TERMINATED", {"signal": "SIGTERM"}]]


def test_the_users_sigterm_handler_runs_at_once_and_the_run_ends_terminated(
    start: Start, ends: Ends, tmp_path: Path
) -> None:
    process = start("""
def save(*_):
    Path("checkpoint").touch()
    assert threading.current_thread() is threading.main_thread()
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
shared().add(run := Run())
ready()
time.sleep(60)
""")
    send(process, signal.SIGTERM, tmp_path)
    assert finish(process)[0] == 0
    assert (tmp_path / "checkpoint").exists()
    assert ends() == [["TERMINATED", {"signal": "SIGTERM"}]]


def test_an_ignored_sigterm_stays_ignored(start: Start, ends: Ends, tmp_path: Path) -> None:
    process = start("""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
shared().add(run := Run())
ready()
time.sleep(0.5)
""")
    send(process, signal.SIGTERM, tmp_path)
    assert finish(process)[0] == 0
    assert ends() == [["COMPLETED", None]]


def test_sigterm_is_left_alone_off_the_main_thread_and_on_request(start: Start) -> None:
    code, errors = finish(
        start("""
before = signal.getsignal(signal.SIGTERM)
run, other = Run(), Run()
thread = threading.Thread(target=lambda: shared().add(run))
thread.start()
thread.join()
assert signal.getsignal(signal.SIGTERM) is before
shared().add(other, sigterm=False)
assert signal.getsignal(signal.SIGTERM) is before
""")
    )
    assert (code, errors) == (0, "")


def test_a_handler_left_by_another_thread_kills_as_the_default_would(
    start: Start, tmp_path: Path
) -> None:
    process = start("""
run = Run()
shared().add(run)
thread = threading.Thread(target=run.end, args=("COMPLETED",))
thread.start()
thread.join()
ready()
time.sleep(60)
""")
    send(process, signal.SIGTERM, tmp_path)
    assert finish(process)[0] == -signal.SIGTERM


def test_an_event_loop_keeps_its_own_signals(start: Start, ends: Ends, tmp_path: Path) -> None:
    process = start("""
import asyncio
async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, stop.set)
    shared().add(run := Run())
    ready()
    await stop.wait()
    run.end("COMPLETED", {"loop": "heard it"})
asyncio.run(main())
""")
    send(process, signal.SIGUSR1, tmp_path)
    assert finish(process) == (0, "")
    assert ends() == [["COMPLETED", {"loop": "heard it"}]]
