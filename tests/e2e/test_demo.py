"""`make demo ARGS=--once`: trains, reads its runs back through the dashboard, and ends."""

import re
import subprocess
import sys
from pathlib import Path

from pluto.storage import Kind, RunReader
from tests.conftest import REPOSITORY


def test_the_demo_ends_by_itself_and_leaves_three_runs_worth_comparing(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "examples.demo", "--once", "--seconds", "3", "--dir", str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"all runs are readable at http://127\.0\.0\.1:\d+/", result.stdout)
    directories = sorted((tmp_path / ".pluto" / "digits").iterdir())
    assert len(directories) == 3
    for directory in directories:
        reader = RunReader(directory)
        try:
            accuracy = reader.name("val/acc")
            assert accuracy is not None
            assert f"accuracy {accuracy.last:.3f}" in result.stdout
            assert reader.facts()["status"] == "COMPLETED"
            assert reader.count(Kind.FILE, name="val/hardest") == 8
            assert reader.count(Kind.DATA, name="val/confusion") == 1
        finally:
            reader.close()
