"""Console capture among forks, threads, crashes, signals and other processes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
START = "from console_script import *\n"

Run = Callable[..., tuple[bytes, bytes, int]]
Recorded = Callable[..., list[str]]


def test_two_runs_get_every_line_while_they_live(run: Run, recorded: Recorded) -> None:
    run(
        """
print("nobody")
first = attach("first")
print("one")
second = attach("second")
print("both")
stop(first)
print("two")
stop(second)
stop(second)
print("nobody")
third = attach("third")
print("again")
stop(third)
"""
    )
    assert recorded("out", "first") == ["one", "both"]
    assert recorded("out", "second") == ["both", "two"]
    assert recorded("out", "third") == ["again"]


def test_a_forked_child_is_recorded_and_ends_nothing(run: Run, recorded: Recorded) -> None:
    out, _, _ = run(
        """
listener = attach()
print("parent", flush=True)
child = os.fork()
if child == 0:
    print("child", flush=True)
    stop(listener)
    print("child after its stop", flush=True)
    sys.exit(0)
os.waitpid(child, 0)
print("parent again")
stop(listener)
"""
    )
    lines = ["parent", "child", "child after its stop", "parent again"]
    assert recorded("out") == lines
    assert out.decode().splitlines() == lines


def test_forking_while_threads_print_hangs_nobody(run: Run, recorded: Recorded) -> None:
    run(
        """
listener = attach()
busy = True
def chat():
    while busy:
        print("chatter " * 20, flush=True)
threads = [threading.Thread(target=chat) for _ in range(3)]
for thread in threads:
    thread.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        os.write(1, b"child\\n")
        stop(listener)
        os._exit(0)
    os.waitpid(child, 0)
busy = False
for thread in threads:
    thread.join()
stop(listener)
"""
    )
    assert "".join(recorded("out")).count("child") == 20


def test_c_code_that_prints_megabytes_while_it_holds_the_gil_does_not_hang(
    run: Run, recorded: Recorded
) -> None:
    out, _, _ = run(
        """
listener = attach()
text = (b"x" * 99 + b"\\n") * 20_000
ctypes.PyDLL(None).write.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t]
assert ctypes.PyDLL(None).write(1, text, len(text)) == len(text)
stop(listener)
"""
    )
    assert len(out) == 2_000_000
    assert recorded("out") == ["x" * 99] * 20_000


def test_the_last_words_of_a_crash_reach_the_user(run: Run) -> None:
    _, err, code = run(
        """
import faulthandler
faulthandler.enable()
listener = attach()
libc = ctypes.PyDLL(None)
libc.write(2, b"what(): CUDA error\\n", 19)
libc.abort()
""",
        check=False,
    )
    assert code == -6
    assert b"what(): CUDA error\n" in err
    assert b"Fatal Python error: Aborted" in err


def test_a_broken_pipe_is_the_scripts_to_notice(tmp_path: Path) -> None:
    code = START + "listener = attach()\nwhile True:\n    print('y', flush=True)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HERE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"y\n"
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(30) != 0
    assert b"BrokenPipeError" in errors
    process.stderr.close()


@pytest.mark.skipif(sys.platform != "linux", reason="finds the copying process in /proc")
def test_a_copying_process_that_is_killed_loses_nothing(run: Run, recorded: Recorded) -> None:
    out, _, _ = run(
        """
logging.getLogger("pluto").addHandler(logging.NullHandler())
logging.getLogger("pluto").propagate = False
listener = attach()
print("before", flush=True)
time.sleep(0.3)
tee = tee_of(1)
os.kill(tee, signal.SIGKILL)
while os.path.exists(f"/proc/{tee}/exe"):  # what it had read when it died is gone
    time.sleep(0.001)
for number in range(50):
    print("during", number, flush=True)
    time.sleep(0.01)
print("after", flush=True)
stop(listener)
"""
    )
    lines = ["before", *[f"during {number}" for number in range(50)], "after"]
    assert out.decode().splitlines() == lines
    assert recorded("out")[0] == "before"


@pytest.mark.skipif(sys.platform != "linux", reason="finds the copying process in /proc")
def test_signals_for_the_whole_group_do_not_break_the_output(run: Run, recorded: Recorded) -> None:
    out, _, _ = run(
        """
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda *_: None)
listener = attach()
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    os.kill(tee_of(1), number)
print("still here", flush=True)
stop(listener)
"""
    )
    assert out == b"still here\n"
    assert recorded("out") == ["still here"]


def test_a_background_process_outlives_the_script_with_a_working_stdout(
    tmp_path: Path, run: Run
) -> None:
    out, _, _ = run(
        """
listener = attach()
subprocess.Popen(["sh", "-c", "sleep 0.7; echo survivor && touch survived"])
stop(listener)
"""
    )
    assert out == b"survivor\n"
    assert (tmp_path / "survived").exists()


def test_without_the_program_tee_python_streams_are_recorded(
    run: Run, recorded: Recorded, tmp_path: Path
) -> None:
    out, _, _ = run(
        """
listener = attach()
print("python", flush=True)
os.write(1, b"descriptor\\n")
stop(listener)
""",
        PATH=str(tmp_path),
    )
    assert out == b"python\ndescriptor\n"
    assert recorded("out") == ["python"]


def test_closed_and_missing_streams_are_no_reason_to_fail(run: Run, recorded: Recorded) -> None:
    _, err, _ = run(
        """
os.close(1)
sys.stdout = None
listener = attach()
print("nowhere")
print("somewhere", file=sys.stderr)
stop(listener)
"""
    )
    assert recorded("out") == []
    assert recorded("err") == ["somewhere"]
    assert err == b"somewhere\n"


def test_lines_carry_the_rank_and_no_secrets(run: Run, recorded: Recorded) -> None:
    out, _, _ = run(
        """
listener = attach(rank="3")
print("password=hunter2")
print("-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\\n-----END PRIVATE KEY-----")
print("loss 0.25")
stop(listener)
print(REDACTOR.masked)
"""
    )
    mask = "[rank3] ***REDACTED***"
    assert recorded("out") == [mask, mask, mask, mask, "[rank3] loss 0.25"]
    assert out.startswith(b"password=hunter2\n-----BEGIN PRIVATE KEY-----\n")
    assert out.endswith(b"loss 0.25\n2\n")


def test_streams_only_leaves_the_descriptors_alone(run: Run, recorded: Recorded) -> None:
    run(
        """
before = os.fstat(1).st_ino
listener = attach(descriptors=False)
assert os.fstat(1).st_ino == before
print("python")
subprocess.run(["echo", "child"])
stop(listener)
"""
    )
    assert recorded("out") == ["python"]


def test_nothing_is_left_behind(run: Run, tmp_path: Path) -> None:
    run(
        """
before = os.listdir("/dev/fd")
for _ in range(3):
    stop(attach())
assert os.listdir("/dev/fd") == before
assert threading.active_count() == 1
"""
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lines"]
