"""A full disk: training goes on, rows wait in memory, what is lost is counted and said."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mounts import run_in_own_mounts

IN_SMALL_DISK = """
mount -t tmpfs -o size=24m tmpfs "$1" && cd "$1" && "$2" "$3" && "$2" "$4"
"""

START = """
import errno, json, os, time
import numpy as np
import pluto

def fill():
    with open("ballast", "ab", buffering=0) as ballast:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    ballast.write(bytes(size))
            except OSError as error:
                assert error.errno == errno.ENOSPC

def log(first, last):
    for step in range(first, last):
        run.log({"step": step, **{f"part/{n}": step / n for n in range(2, 6)}}, step=step)

run = pluto.init(settings={"disable_system_metrics": True, "disable_console": True})
log(0, 1000)
fill()
"""
END = """
receipt = run.finish()
print("receipt: " + json.dumps({"text": str(receipt), **receipt._asdict()}))
"""
READ = """
import json
from pathlib import Path
from pluto.query_local import complete_run
from pluto.storage import Kind, RunReader
from pluto.sync import run_directories

Path("ballast").unlink(missing_ok=True)
(directory,) = run_directories(Path())
complete_run(directory)
reader = RunReader(directory)
steps = reader.points("step", raw=True).steps.tolist()
status, images = reader.facts()["status"], reader.count(Kind.FILE)
print("run: " + json.dumps({"steps": steps, "status": status, "images": images}))
"""


def run_on_small_disk(tmp_path: Path, code: str) -> tuple[dict[str, Any], str]:
    """Run a script in a directory of 24 MiB that is filled up after 1000 rows.

    Returns:
        What the script's receipt and a later reader of the run say, and the warnings.
    """
    disk, script, reader = (tmp_path / name for name in ("disk", "script.py", "reader.py"))
    disk.mkdir()
    script.write_text(START + code + END)
    reader.write_text(READ)
    done = run_in_own_mounts(IN_SMALL_DISK, disk, sys.executable, script, reader, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    told: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        subject, _, said = line.partition(": {")
        if subject in ("receipt", "run"):
            told |= json.loads("{" + said)
    return told, done.stderr


@pytest.mark.timeout(120)
def test_rows_of_a_full_disk_are_written_when_there_is_space_again(tmp_path: Path) -> None:
    told, warnings = run_on_small_disk(
        tmp_path,
        """
log(1000, 150_000)  # more than the segments that are prepared can take
time.sleep(2.5)
os.unlink("ballast")
time.sleep(2.5)
log(150_000, 151_000)
""",
    )
    assert told["steps"] == list(range(151_000))
    assert (told["status"], told["logged"], told["lost"]) == ("COMPLETED", 151_000, 0)
    assert "rows wait in memory until the disk takes them" in warnings
    assert "the disk takes rows again" in warnings
    assert len(warnings.splitlines()) < 10, warnings


@pytest.mark.timeout(120)
def test_space_that_comes_back_late_is_used_by_finish(tmp_path: Path) -> None:
    told, _ = run_on_small_disk(tmp_path, "log(1000, 150_000)\nos.unlink('ballast')")
    assert told["steps"] == list(range(150_000))
    assert (told["status"], told["logged"], told["lost"]) == ("COMPLETED", 150_000, 0)


@pytest.mark.timeout(120)
def test_without_space_to_the_end_every_row_is_stored_or_counted_as_lost(tmp_path: Path) -> None:
    told, _ = run_on_small_disk(tmp_path, "log(1000, 200_000)")
    assert told["steps"] == list(range(len(told["steps"])))
    assert told["logged"] == len(told["steps"]) > 1000
    assert told["logged"] + told["lost"] == 200_000
    assert "could not be stored" in told["text"]


@pytest.mark.timeout(120)
def test_media_give_way_to_rows(tmp_path: Path) -> None:
    told, warnings = run_on_small_disk(
        tmp_path,
        """
pixels = np.random.default_rng(1).integers(0, 255, (512, 512, 3), np.uint8)
for step in range(5):
    run.log({"picture": pluto.Image(pixels)}, step=step)
log(1000, 1100)
os.unlink("ballast")
run.log({"picture": pluto.Image(pixels)}, step=5)
""",
    )
    assert told["steps"] == list(range(1100))
    assert (told["images"], told["lost"]) == (1, 5)
    assert "picture was not stored" in warnings


@pytest.mark.timeout(120)
def test_a_large_file_that_could_not_be_copied_is_taken_when_there_is_space(tmp_path: Path) -> None:
    told, warnings = run_on_small_disk(
        tmp_path,
        """
import pluto.media.handover
pluto.media.handover.LARGE = 1 << 20
os.unlink("ballast")
with open("large.bin", "wb") as file:
    file.write(bytes(2 << 20))
fill()
run.log({"large": pluto.File("large.bin")}, step=1)
log(1000, 1100)
time.sleep(2.5)
os.unlink("ballast")
""",
    )
    assert told["steps"] == list(range(1100))
    assert (told["images"], told["lost"]) == (1, 0), warnings
    assert "the run can be stored again" in warnings


QUOTA = """
import resource
import pluto
from pluto.errors import StorageFull

resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
try:
    pluto.init(settings={"disable_system_metrics": True, "disable_console": True})
except StorageFull as error:
    print(error)
"""


def test_a_limit_of_what_may_be_written_is_named_as_such(tmp_path: Path) -> None:
    """SQLite calls it an I/O error, as it calls a used-up quota."""
    done = subprocess.run(
        [sys.executable, "-c", QUOTA], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert os.strerror(errno.EFBIG) in done.stdout, done.stderr
    assert "damaged" not in done.stdout
