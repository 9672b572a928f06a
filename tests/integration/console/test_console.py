"""What is recorded of the output of real processes, on pipes, files and terminals."""

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
START = "from console_script import *\n"

Run = Callable[..., tuple[bytes, bytes, int]]
Recorded = Callable[..., list[str]]


def test_python_c_and_child_processes_are_recorded_once_and_shown_unchanged(
    run: Run, recorded: Recorded
) -> None:
    out, err, _ = run(
        """
handler = logging.StreamHandler()
logging.getLogger("mine").addHandler(handler)
print("before")
listener = attach()
print("python")
logging.getLogger("mine").warning("a handler that was there before")
sys.stdout.flush()
ctypes.CDLL(None).puts(b"c")
ctypes.CDLL(None).fflush(None)
subprocess.run(["sh", "-c", "echo child; echo child error >&2"])
os.write(1, b"descriptor\\n")
print("tail without newline", end="")
stop(listener)
print(" after")
"""
    )
    assert recorded("out") == ["python", "c", "child", "descriptor", "tail without newline"]
    assert recorded("err") == ["a handler that was there before", "child error"]
    assert out == b"before\npython\nc\nchild\ndescriptor\ntail without newline after\n"
    assert err == b"a handler that was there before\nchild error\n"


def test_every_one_of_many_lines_is_recorded_in_order(run: Run, recorded: Recorded) -> None:
    out, _, _ = run(
        """
listener = attach()
for number in range(100_000):
    print("line", number)
stop(listener)
"""
    )
    expected = [f"line {number}" for number in range(100_000)]
    assert recorded("out") == expected
    assert out.decode().splitlines() == expected


def test_bytes_that_are_no_text_reach_the_user_unchanged(run: Run, recorded: Recorded) -> None:
    out, _, _ = run(
        """
listener = attach()
os.write(1, b"caf\\xc3")
time.sleep(0.3)
os.write(1, b"\\xa9 \\xff\\n")
stop(listener)
"""
    )
    assert out == b"caf\xc3\xa9 \xff\n"
    assert recorded("out") == ["caf\u00e9 \ufffd"]


def on_terminal(code: str, directory: Path) -> bytes:
    """Run a script with a terminal as stdin, stdout and stderr; return what the terminal got."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", START + code],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(HERE), "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = bytearray()

    def look() -> None:
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # EIO: everybody has closed the other end
                return
            seen.extend(piece)

    reader = threading.Thread(target=look)
    reader.start()
    assert process.wait(60) == 0, bytes(seen)
    reader.join(10)
    os.close(ours)
    return bytes(seen)


def test_a_terminal_stays_one_for_the_script_and_its_children(
    tmp_path: Path, recorded: Recorded
) -> None:
    seen = on_terminal(
        """
logging.basicConfig(format="%(message)s")
listener = attach()
print(sys.stdout.isatty(), sys.stderr.isatty(), os.isatty(1), os.get_terminal_size().lines >= 0)
sys.stdout.write("10%\\r")
sys.stdout.write("100%\\n")
logging.warning("a handler that was there before")
subprocess.run([sys.executable, "-c", "import os; print('child', os.isatty(1), os.isatty(2))"])
stop(listener)
print("after", "write" in vars(sys.stdout))
""",
        tmp_path,
    )
    assert recorded("out") == ["True True True True", "100%"]
    assert recorded("err") == ["a handler that was there before"]
    assert seen == (
        b"True True True True\r\n10%\r100%\r\na handler that was there before\r\n"
        b"child True True\r\nafter False\r\n"
    )


def test_a_stream_that_is_no_descriptor_is_recorded(run: Run, recorded: Recorded) -> None:
    run(
        """
import io
notebook = io.StringIO()
sys.stdout, original = notebook, sys.stdout
listener = attach()
print("in a cell")
os.write(1, b"from c\\n")
stop(listener)
print("later")
assert sys.stdout is notebook
assert notebook.getvalue() == "in a cell\\nlater\\n"
assert "write" not in vars(notebook)
"""
    )
    assert sorted(recorded("out")) == ["from c", "in a cell"]


def test_a_wrapper_around_stdout_is_recorded_once(run: Run, recorded: Recorded) -> None:
    out, _, _ = run(
        """
class Wrapper:
    def write(self, text):
        sys.__stdout__.write(text.upper())
    def flush(self):
        sys.__stdout__.flush()

sys.stdout = Wrapper()
listener = attach()
print("once")
stop(listener)
"""
    )
    assert recorded("out") == ["ONCE"]
    assert out == b"ONCE\n"


def test_a_replaced_stdout_is_left_as_the_user_left_it(run: Run, recorded: Recorded) -> None:
    out, _, _ = run(
        """
import io
listener = attach()
print("recorded")
with contextlib.redirect_stdout(io.StringIO()) as kept:
    print("redirected")
    stop(listener)
    print("still redirected")
assert kept.getvalue() == "redirected\\nstill redirected\\n"
print("normal")
"""
    )
    assert recorded("out") == ["recorded"]
    assert out == b"recorded\nnormal\n"


def test_a_descriptor_that_the_user_replaced_meanwhile_is_not_touched(
    run: Run, recorded: Recorded, tmp_path: Path
) -> None:
    out, _, _ = run(
        """
listener = attach()
print("recorded", flush=True)
saved = os.dup(1)
other = os.open("other", os.O_CREAT | os.O_WRONLY)
os.dup2(other, 1)
print("elsewhere", flush=True)
stop(listener)
print("still elsewhere", flush=True)
os.dup2(saved, 1)
print("back", flush=True)
"""
    )
    assert (tmp_path / "other").read_text() == "elsewhere\nstill elsewhere\n"
    assert recorded("out") == ["recorded"]
    assert out == b"recorded\nback\n"
