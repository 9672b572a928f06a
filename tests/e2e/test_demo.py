"""`make demo ARGS=--once`: trains, reads its runs back through the dashboard, and ends."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

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


@pytest.mark.slow
def test_make_demo_in_a_fresh_clone_prints_the_address_and_ends(tmp_path: Path) -> None:
    """What is committed is enough. Installing is left out: it would leave this machine.

    `make test` from a fresh clone, as CI does it, shows that the requirements install.
    """
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not in a clone of the repository")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, clone], check=True)
    with_requirements_of_this_interpreter(clone)
    result = subprocess.run(
        ["make", "demo", "ARGS=--once --seconds 5"],
        cwd=clone,
        env=os.environ | {"MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"all runs are readable at http://127\.0\.0\.1:\d+/", result.stdout)
    assert len(list((clone / "demo" / ".pluto" / "digits").iterdir())) == 3
    status = ["git", "status", "--porcelain"]
    left = subprocess.run(status, cwd=clone, capture_output=True, text=True, check=True).stdout
    assert left == "", "the demo leaves files that git would offer to commit"


def with_requirements_of_this_interpreter(clone: Path) -> None:
    """Make the environment that `make setup` would: the clone, and the packages installed here."""
    environment = clone / ".venv"
    venv.create(environment, symlinks=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "clone.pth").write_text(f"{clone}\n{sysconfig.get_path('purelib')}\n")
    (environment / "installed-demo").touch()
