"""The documents tell the truth: their examples run, their links and commands exist."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.make_settings import PAGE, page
from tests.conftest import REPOSITORY

DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RELATIVE_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")
FRAMEWORKS = ("torch", "lightning", "transformers", "accelerate", "tqdm")
"""What an example may need that is not installed for the other tests."""
MAKE_COMMAND = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)


def name_of(document: Path) -> str:
    return document.relative_to(REPOSITORY).as_posix()


def examples() -> list[tuple[str, str]]:
    """Every python block as `(document:line, code)`."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text("utf-8")
        for match in PYTHON_BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append((f"{name_of(document)}:{line}", match.group(1)))
    return found


def frameworks_of(code: str) -> list[str]:
    """The frameworks that a script imports."""
    imported = re.findall(r"^(?:import|from) (?:pluto\.compat\.)?(\w+)", code, re.MULTILINE)
    return [framework for framework in FRAMEWORKS if framework in imported]


def run_script(code: str, directory: Path) -> str:
    """Run code as a script in `directory`; return what it printed.

    Warnings are errors, but not in scripts that import a framework: those have warnings of their
    own.
    """
    needed = frameworks_of(code)
    for framework in needed:
        if importlib.util.find_spec(framework) is None:
            pytest.skip(f"{framework} is not installed")
    result = subprocess.run(
        [sys.executable, "-W", "default" if needed else "error", "-c", code],
        cwd=directory,
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # others run beside it
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(("where", "code"), examples(), ids=[where for where, _ in examples()])
def test_an_example_in_a_document_runs(where: str, code: str, tmp_path: Path) -> None:
    run_script(code, tmp_path)


def test_the_quickstart_leaves_a_readable_run_and_prints_its_receipt(tmp_path: Path) -> None:
    from pluto.storage import RunReader

    printed = run_script((REPOSITORY / "examples" / "quickstart.py").read_text("utf-8"), tmp_path)
    (directory,) = (tmp_path / ".pluto" / "quickstart").iterdir()
    reader = RunReader(directory)
    try:
        loss = reader.name("train/loss")
        assert loss is not None
        assert (loss.count, loss.last_step) == (200, 199)
        assert reader.facts()["status"] == "COMPLETED"
        assert reader.facts()["tags"] == ["finished"]
    finally:
        reader.close()
    assert "200 rows" in printed


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    links = RELATIVE_LINK.findall(document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_make_command_exists(document: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    commands = MAKE_COMMAND.findall(document.read_text("utf-8"))
    assert set(commands) <= set(targets)


def test_the_settings_page_is_the_settings_table() -> None:
    assert PAGE.read_text("utf-8") == page(), "run 'make docs'"
