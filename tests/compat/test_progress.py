"""Progress bars of the real tqdm and rich are readable in the console of the run."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading

import pytest

from pluto.storage import Kind
from tests.compat.reading import reading, run_directories

COLOURS = re.compile(r"\x1b\[[\d;]*m")
PLACES = ("pipe", "terminal")
START = """
import time
import pluto
run = pluto.init(project="bars", disable_system_metrics=True)
"""


def on_terminal(command: list[str], environment: dict[str, str]) -> int:
    """Run a command on a terminal of 100 columns; return its exit code."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )
    os.close(slave)
    shown = threading.Thread(target=_swallow, args=(master,))
    shown.start()
    code = process.wait(timeout=60)
    shown.join(timeout=10)
    os.close(master)
    return code


def _swallow(master: int) -> None:
    try:
        while os.read(master, 65536):
            pass
    except OSError:  # the other end is closed: how Linux ends a terminal
        return


def console(code: str, place: str, *, fails: bool = False) -> list[str]:
    """Run a script; return the lines of its run's console, without colours."""
    command = [sys.executable, "-c", START + code]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    if place == "terminal":
        returned = on_terminal(command, environment)
    else:
        result = subprocess.run(
            command, env=environment, capture_output=True, check=False, timeout=60
        )
        returned = result.returncode
    assert (returned != 0) == fails
    (directory,) = run_directories("bars")
    with reading(directory) as reader:
        records = reader.records(Kind.CONSOLE, limit=10_000)
    lines = [COLOURS.sub("", record.body.decode()) for record in records]
    assert [line for line in lines if "\x1b" in line or "\r" in line or not line.strip()] == []
    return lines


def beginning(word: str, lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(word)]


@pytest.mark.parametrize("place", PLACES)
def test_nested_tqdm_bars_leave_their_last_state_and_the_lines_written_between(place: str) -> None:
    pytest.importorskip("tqdm", reason="tqdm is not installed: pip install tqdm")
    lines = console(
        """
from tqdm import tqdm, trange
for epoch in trange(3, desc="epoch"):
    for batch in tqdm(range(40), desc="batch", leave=False, mininterval=0):
        time.sleep(0.001)
    tqdm.write(f"loss {epoch}")
print("done")
""",
        place,
    )
    assert beginning("loss", lines) == ["loss 0", "loss 1", "loss 2"]
    assert beginning("done", lines) == ["done"]
    bars = beginning("epoch", lines)
    assert "3/3" in bars[-1]
    assert "100%" in bars[-1]
    assert len(lines) <= 30  # of 120 states


@pytest.mark.parametrize("place", PLACES)
def test_tqdm_bars_at_positions_each_leave_their_last_state(place: str) -> None:
    pytest.importorskip("tqdm", reason="tqdm is not installed: pip install tqdm")
    lines = console(
        """
from tqdm import tqdm
bars = [tqdm(total=50, desc=name, position=at, mininterval=0) for at, name in enumerate("abc")]
for _ in range(50):
    for bar in bars:
        bar.update()
for bar in bars:
    bar.close()
""",
        place,
    )
    for name in "abc":
        assert "50/50" in beginning(name, lines)[-1]
    assert len(lines) <= 15  # of 150 states


@pytest.mark.parametrize("place", PLACES)
def test_the_traceback_of_a_failure_below_a_bar_is_whole(place: str) -> None:
    pytest.importorskip("tqdm", reason="tqdm is not installed: pip install tqdm")
    lines = console(
        """
from tqdm import tqdm
for step in tqdm(range(10), desc="train", mininterval=0):
    if step == 7:
        raise ValueError("the loss is no number")
""",
        place,
        fails=True,
    )
    assert "7/10" in beginning("train", lines)[-1]
    assert lines[-1] == "ValueError: the loss is no number"
    assert beginning("Traceback", lines) == ["Traceback (most recent call last):"]


def test_lines_of_logging_go_between_the_states_of_a_bar() -> None:
    pytest.importorskip("tqdm", reason="tqdm is not installed: pip install tqdm")
    lines = console(
        """
import logging
from tqdm import trange
from tqdm.contrib.logging import logging_redirect_tqdm
logging.basicConfig(format="%(message)s", level=logging.INFO)
with logging_redirect_tqdm():
    for step in trange(30, desc="train", mininterval=0):
        if step % 10 == 0:
            logging.info("loss at %d", step)
""",
        "terminal",
    )
    assert beginning("loss", lines) == ["loss at 0", "loss at 10", "loss at 20"]
    assert "30/30" in beginning("train", lines)[-1]


@pytest.mark.parametrize("place", PLACES)
def test_rich_bars_and_the_lines_above_them_are_told_in_order(place: str) -> None:
    pytest.importorskip("rich", reason="rich is not installed: pip install rich")
    lines = console(
        """
from rich.progress import Progress
with Progress(refresh_per_second=50) as progress:
    epochs, batches = progress.add_task("epoch", total=4), progress.add_task("batch", total=20)
    for epoch in range(4):
        progress.reset(batches)
        for batch in range(20):
            progress.advance(batches)
            time.sleep(0.005)
        progress.advance(epochs)
        progress.console.print(f"loss {epoch}")
        print("plain", epoch)
print("done")
""",
        place,
    )
    said = [line for line in lines if line.startswith(("loss", "plain"))]
    assert said == [f"{word} {epoch}" for epoch in range(4) for word in ("loss", "plain")]
    assert "100%" in beginning("epoch", lines)[-1]
    assert "100%" in beginning("batch", lines)[-1]
    assert lines[-1] == "done"
    assert len(lines) <= 25  # of 84 states of two bars


@pytest.mark.parametrize("place", PLACES)
def test_a_loop_that_rich_tracks_ends_with_all_of_it(place: str) -> None:
    pytest.importorskip("rich", reason="rich is not installed: pip install rich")
    lines = console(
        """
from rich.progress import track
for _ in track(range(50), description="train"):
    time.sleep(0.002)
print("done")
""",
        place,
    )
    assert "100%" in beginning("train", lines)[-1]
    assert lines[-1] == "done"
    assert len(lines) <= 10
