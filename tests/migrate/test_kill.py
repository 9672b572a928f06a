"""An import that is killed goes on where it was, and nothing is there twice."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from pluto.errors import StorageError
from pluto.migrate.tables import runs
from pluto.migrate.target import ITEMS_A_BATCH
from pluto.storage import RunReader
from tests.migrate.reading import facts, import_all, points, run_named

ROWS = ITEMS_A_BATCH * 12


def rows_of(directory: Path) -> int:
    try:
        reader = RunReader(directory)
    except StorageError:  # its tables are being made
        return 0
    with closing(reader):
        name = reader.name("loss")
        return name.count if name else 0


def test_an_import_that_was_killed_goes_on_and_repeats_nothing(tmp_path: Path) -> None:
    text = "".join(f"{step},{step / 2}\n" for step in range(ROWS))
    (tmp_path / "long.csv").write_text(f"step,loss\n{text}")
    command = [sys.executable, "-m", "pluto", "migrate", "csv", str(tmp_path / "long.csv")]
    killed = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    directories: list[Path] = []
    while time.monotonic() < deadline and not any(map(rows_of, directories)):
        directories = list(tmp_path.glob(".pluto/*/*/"))
        time.sleep(0.005)
    killed.kill()
    assert killed.wait() < 0  # it had not come to its end
    kept = rows_of(directories[0])
    assert 0 < kept < ROWS
    (outcome,) = import_all(runs(tmp_path / "long.csv"), tmp_path)
    assert outcome.counts["points"] == ROWS - kept
    directory = run_named("long", tmp_path)
    assert points(directory)["loss"] == [(step, step / 2) for step in range(ROWS)]
    assert facts(directory)["status"] == "COMPLETED"
