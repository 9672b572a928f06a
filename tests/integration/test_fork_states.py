"""A fork in any state of the run: the child logs and ends, the parent's run stays whole."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pluto.storage import RunReader
from pluto.sync import run_directories
from tests.server_process import running_server

FORKS = 12
ROWS = 200

START = f"""
import atexit, contextlib, os, sys, threading, time
import pluto
from pluto import console, process_exit, state

run = pluto.init(project="fork", settings={{"x_sys_sampling_interval": 0.1}})
stop = threading.Event()

def child(number):
    print("child", number, flush=True)
    for step in range({ROWS}):
        pluto.log({{f"child{{number}}": step}}, step=step)
    run.log({{"odd": object(), f"text{{number}}": "from the child"}})
    run.add_tags("child")

def fork(number, leave=lambda: sys.exit(0)):
    pid = os.fork()
    if pid == 0:
        child(number)
        run.finish()  # ends nothing
        leave()
    return pid

def wait(pids):
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0

def log_on():
    for step in range(10**9):
        if stop.is_set():
            return
        run.log({{"parent": step}}, step=step)
        time.sleep(0.0002)

@contextlib.contextmanager
def held(lock):
    taken, let_go = threading.Event(), threading.Event()
    def hold():
        with lock:
            taken.set()
            let_go.wait(60)
    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait(60)
    yield
    let_go.set()
    thread.join()
"""
END = """
stop.set()
run.log({"last": 1.0}, step=1)
run.finish()
"""

STATES = {
    "idle": "wait([fork(number) for number in range(12)])",
    "idle_and_left_by_os_exit": """
wait([fork(number, lambda: os._exit(0)) for number in range(12)])
""",
    "while_another_thread_logs": """
threading.Thread(target=log_on).start()
for number in range(12):
    time.sleep(0.02)
    wait([fork(number)])
stop.set()
""",
    "from_a_thread": """
pids = []
thread = threading.Thread(target=lambda: pids.extend(fork(number) for number in range(12)))
thread.start()
thread.join()
wait(pids)
""",
    "while_the_uploader_stores": """
from pluto.storage import RunWriter
writing = threading.Event()
append = RunWriter.append
def slow(self, batch):
    with self.transaction():
        writing.set()
        time.sleep(0.2)
    append(self, batch)
RunWriter.append = slow
for number in range(12):
    writing.clear()
    run.log({"parent": number}, step=number)
    run._session.uploader.wake()
    assert writing.wait(30)
    wait([fork(number)])
""",
    "while_the_uploader_sends": """
from pluto.iface import ServerInterface
sending = threading.Event()
send = ServerInterface.send
def slow(self, rows):
    sending.set()
    time.sleep(0.1)
    send(self, rows)
ServerInterface.send = slow
for number in range(12):
    sending.clear()
    run.log({"parent": number}, step=number)
    run._session.uploader.wake()
    assert sending.wait(30)
    wait([fork(number)])
""",
    "while_another_thread_holds_every_lock": """
locks = [
    run._lock, run._finish_lock, run._notices._lock, run._session.recorder._line_lock,
    run._session.recorder._notices._lock, run._session.journal._lock,
    run._session.uploader.owned.store.writer._lock, state._lock, process_exit.shared()._lock,
]
for number in range(12):
    with held(locks[number % len(locks)]):
        pid = fork(number)
        wait([pid])
""",
    "while_another_thread_ends_the_run": """
from pluto.uploader import Uploader
ending = threading.Event()
last_step = Uploader.last_step
def slow(self):
    ending.set()
    time.sleep(1)
    last_step(self)
Uploader.last_step = slow
for number in range(12):
    wait([fork(number)])
thread = threading.Thread(target=run.finish)
thread.start()
ending.wait(30)
if os.fork() == 0:
    run.log({"too_late": 1.0})
    run.finish()
    sys.exit(0)
wait([-1])
thread.join()
""",
}


def run_script(directory: Path, code: str, **environment: str) -> str:
    """Run a script to its end; return what it printed. A deadlock is a timeout."""
    (directory / "script.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def check(directory: Path) -> None:
    """Check that every child's rows are there, the parent's too, and the file is sound."""
    reader = RunReader(directory)
    for number in range(FORKS):
        points = reader.points(f"child{number}", raw=True)
        assert np.array_equal(points.steps, np.arange(ROWS)), number
        assert reader.name(f"text{number}") is not None
    known = reader.facts()
    assert (known["status"], known["tags"]) == ("COMPLETED", ["child"])
    parent = reader.points("parent", raw=True).steps
    assert np.array_equal(parent, np.arange(len(parent)))
    reader.close()
    connection = sqlite3.connect(directory / "run.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("state", [state for state in STATES if "sends" not in state])
def test_children_forked_off_a_local_run_log_and_end(state: str, tmp_path: Path) -> None:
    run_script(tmp_path, START + STATES[state] + END)
    (directory,) = run_directories(tmp_path)
    check(directory)
    assert list((directory / "journal").iterdir()) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("state", ["idle", "while_another_thread_logs", "while_the_uploader_sends"])
def test_children_forked_off_a_run_of_a_server_log_and_end(state: str, tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        variables = {"PLUTO_URL": server.url, "PLUTO_API_KEY": server.key}
        printed = run_script(tmp_path, START + STATES[state] + END, **variables)
        (received,) = run_directories(tmp_path / "data")
        check(received)
        assert "kept in" not in printed, printed


@pytest.mark.timeout(120)
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_children_that_are_no_forks_join_the_run_by_its_id(method: str, tmp_path: Path) -> None:
    run_script(
        tmp_path,
        f"""
import multiprocessing
import pluto

SETTINGS = {{"disable_system_metrics": True}}

def work(number):
    with pluto.init(project="fork", run_id="job-1", settings=SETTINGS) as run:
        for step in range({ROWS}):
            run.log({{f"child{{number}}": step}}, step=step)
        run.log({{f"text{{number}}": "from the child"}})
        run.add_tags("child")

if __name__ == "__main__":
    run = pluto.init(project="fork", run_id="job-1", settings=SETTINGS)
    context = multiprocessing.get_context("{method}")
    children = [context.Process(target=work, args=(number,)) for number in range({FORKS})]
    for first in range(0, {FORKS}, 4):
        for process in children[first : first + 4]:
            process.start()
        for process in children[first : first + 4]:
            process.join()
            assert process.exitcode == 0
    run.log({{"parent": 0.0}}, step=0)
    run.finish()
""",
    )
    (directory,) = run_directories(tmp_path)
    check(directory)
