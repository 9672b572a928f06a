"""How a process ends, and what its run says about it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ends = Callable[..., list[list[Any]]]
Start = Callable[..., subprocess.Popen[str]]


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the end; return the exit code and what went to stderr."""
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


CODES = [
    ("", 0, ["COMPLETED", None]),
    ("sys.exit(0)", 0, ["COMPLETED", None]),
    ("sys.exit()", 0, ["COMPLETED", None]),
    ("sys.exit(3)", 3, ["FAILED", {"type": "SystemExit", "code": 3}]),
    ("sys.exit(143)", 143, ["TERMINATED", {"type": "SystemExit", "code": 143}]),
    (
        "sys.exit('no data')",
        1,
        ["FAILED", {"type": "SystemExit", "code": 1, "message": "no data"}],
    ),
    ("def main():\n    sys.exit(2)\nmain()", 2, ["FAILED", {"type": "SystemExit", "code": 2}]),
    ("try:\n    sys.exit(2)\nexcept SystemExit:\n    pass", 0, ["COMPLETED", None]),
    ("try:\n    sys.exit(2)\nexcept SystemExit:\n    pass\nsys.exit(0)", 0, ["COMPLETED", None]),
    ("t = threading.Thread(target=sys.exit, args=(2,)); t.start()", 0, ["COMPLETED", None]),
    ("raise SystemExit(4)", 4, ["COMPLETED", {"type": "SystemExit", "code": None}]),
    ("def f():\n    sys.exit(9)\nsys.exit(f())", 9, ["FAILED", {"type": "SystemExit", "code": 9}]),
    ("def f():\n    return 9\nsys.exit(f())", 9, ["FAILED", {"type": "SystemExit", "code": 9}]),
    ("def f():\n    return 0\nsys.exit(f())", 0, ["COMPLETED", None]),
]  # fmt: skip


@pytest.mark.parametrize(("code", "exit_code", "end"), CODES)
def test_the_exit_code_decides_the_status(
    code: str, exit_code: int, end: list[Any], start: Start, ends: Ends
) -> None:
    assert finish(start("run = Run()\nshared().add(run)\n" + code))[0] == exit_code
    assert ends() == [end]


@pytest.mark.parametrize("code", [0, 1, 7])
def test_the_code_of_sys_exit_main_is_seen_where_main_begins_the_run(
    code: int, start: Start, ends: Ends
) -> None:
    script = f"""
def main():
    shared().add(Run())
    return {code}
sys.exit(main())
"""
    assert finish(start(script))[0] == code
    failed = ["FAILED", {"type": "SystemExit", "code": code}]
    assert ends() == [failed if code else ["COMPLETED", None]]


def test_another_who_stands_in_for_sys_exit_is_called_too(start: Start, ends: Ends) -> None:
    code, errors = finish(
        start("""
def other(before):
    def leave(status=None):
        print("other", file=sys.stderr)
        before(status)
    return leave
for _ in range(2):  # it is there before the run begins, and again before the next one
    sys.exit = other(sys.exit)
    run = Run()
    shared().add(run)
sys.exit(3)
""")
    )
    assert (code, errors) == (3, "other\n" * 2)
    assert ends() == [["FAILED", {"type": "SystemExit", "code": 3}]] * 2


def test_an_exit_code_is_seen_in_a_module_run_with_dash_m(
    start: Start, ends: Ends, tmp_path: Path
) -> None:
    finish(start("run = Run()\nshared().add(run)\nsys.exit(5)"))
    process = subprocess.run([sys.executable, "-m", "script"], cwd=tmp_path, check=False)
    assert process.returncode == 5
    assert ends() == [["FAILED", {"type": "SystemExit", "code": 5}]] * 2


def test_an_uncaught_exception_fails_the_run_and_is_still_printed(start: Start, ends: Ends) -> None:
    code, errors = finish(
        start(
            "shared().add(run := Run())\ndef step():\n    raise ValueError('password=x1')\nstep()"
        )
    )
    assert code == 1
    assert "ValueError: password=x1" in errors
    ((status, metadata),) = ends()
    assert status == "FAILED"
    assert metadata["type"] == "ValueError"
    assert metadata["message"] == "***REDACTED***"
    assert "in step" in metadata["trace"]
    assert "x1" not in metadata["trace"]


def test_an_exception_in_a_thread_fails_the_run(start: Start, ends: Ends) -> None:
    code, errors = finish(
        start(
            "shared().add(run := Run())\n"
            "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()\n"
            "assert shared().verdict().status == 'FAILED'"
        )
    )
    assert code == 0
    assert "ZeroDivisionError" in errors
    ((status, metadata),) = ends()
    assert (status, metadata["type"]) == ("FAILED", "ZeroDivisionError")


def test_a_hook_of_the_user_is_called_and_put_back(start: Start, ends: Ends) -> None:
    code, errors = finish(
        start("""
mine = lambda *a: print("mine", file=sys.stderr)
sys.excepthook = mine
before = sys.excepthook, threading.excepthook, sys.exit, signal.getsignal(signal.SIGTERM)
run = Run("first")
shared().add(run)
assert sys.excepthook is not mine
run.end("COMPLETED")
assert (sys.excepthook, threading.excepthook, sys.exit, signal.getsignal(signal.SIGTERM)) == before
assert threading.active_count() == 1 or not time.sleep(0.5)
assert signal.set_wakeup_fd(-1) == -1
run = Run()
shared().add(run)
raise KeyError
""")
    )
    assert code == 1
    assert errors == "mine\n"
    assert ends("first") == [["COMPLETED", None]]
    assert ends()[0][0] == "FAILED"


def test_sys_exit_stays_what_code_expects_of_it(start: Start) -> None:
    code, errors = finish(
        start("""
import pickle
shared().add(run := Run())
class Holder:
    leave = sys.exit
assert pickle.loads(pickle.dumps(sys.exit)) is sys.exit
assert sys.exit.__name__ == "exit"
Holder().leave(7)
""")
    )
    assert (code, errors) == (7, "")


def test_a_forked_child_ends_nothing_of_its_parent(start: Start, ends: Ends) -> None:
    code, errors = finish(
        start("""
warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside a thread
shared().add(run := Run())
child = os.fork()
if child == 0:
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    own = Run("child")
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGTERM)
    _, status = os.wait()
    assert os.waitstatus_to_exitcode(status) == -15
    shared().add(own)
    sys.exit(4)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 4
""")
    )
    assert (code, errors) == (0, "")
    assert ends("child") == [["FAILED", {"type": "SystemExit", "code": 4}]]
    assert ends() == [["COMPLETED", None]]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_child_of_multiprocessing_ends_its_own_run(method: str, start: Start, ends: Ends) -> None:
    code, _ = finish(
        start(f"""
import multiprocessing
def good():
    shared().add(Run("good"))
def bad():
    shared().add(Run("bad"))
    raise ValueError("in a child")
def exits():
    shared().add(Run("exits"))
    sys.exit(3)
if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    for target in (good, bad, exits):
        child = context.Process(target=target)
        child.start()
        child.join()
""")
    )
    assert code == 0
    assert ends("good") == [["COMPLETED", None]]
    ((status, metadata),) = ends("bad")
    assert (status, metadata["type"]) == ("FAILED", "ValueError")
    assert "in bad" in metadata["trace"]
    assert ends("exits") == [["FAILED", {"type": "SystemExit", "code": 3}]]


def test_every_run_ends_the_newest_first_even_if_one_cannot(start: Start, ends: Ends) -> None:
    code, errors = finish(
        start("""
class Broken(Run):
    def end(self, status, metadata=None):
        raise OSError("disk full")
for run in (Run(), Broken(), Run()):
    shared().add(run)
sys.exit(1)
""")
    )
    assert code == 1
    assert "disk full" in errors
    assert [status for status, _ in ends()] == ["FAILED", "FAILED"]


def test_the_script_may_go_on_after_an_exception_hook_was_called(start: Start, ends: Ends) -> None:
    code, _ = finish(
        start("""
shared().add(run := Run())
try:
    1 / 0
except ZeroDivisionError:
    sys.excepthook(*sys.exc_info())  # as event loops of user interfaces do
""")
    )
    assert code == 0
    assert ends() == [["COMPLETED", None]]


def test_the_process_can_die_without_a_word(start: Start, ends: Ends) -> None:
    assert finish(start("shared().add(run := Run())\nos._exit(9)"))[0] == 9
    assert ends() == []
