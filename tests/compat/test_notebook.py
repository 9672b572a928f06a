"""Runs in a real Jupyter kernel: what is printed, shown, left open and left to fail."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pluto.query_local import complete_run
from pluto.storage import Kind, RunReader
from pluto.sync import run_directories

pytestmark = pytest.mark.skipif(
    not all(map(find_spec, ("ipykernel", "nbclient"))),  # imported, they would be a notebook's
    reason="ipykernel and nbclient are not installed",
)

BEGIN = """
import contextlib, io, os, sys, time
import pluto
run = pluto.init(project="notebook", settings={"disable_system_metrics": True})
print("in the first cell")
"""
EXECUTE = """
import json, sys
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

cells = json.loads(sys.stdin.read())
notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute()
print("outputs: " + json.dumps([cell.outputs for cell in notebook.cells]))
"""


def execute(directory: Path, *cells: str) -> list[list[dict[str, Any]]]:
    """Execute cells in a kernel of their own that ends then; return the outputs of each."""
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE],
        input=json.dumps(cells),
        cwd=directory,
        # The kernel leaves the descriptors alone where it finds this.
        env={name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    outputs: list[list[dict[str, Any]]] = json.loads(done.stdout.partition("outputs: ")[2])
    return outputs


def shown(outputs: list[dict[str, Any]], stream: str = "stdout") -> str:
    return "".join(each["text"] for each in outputs if each.get("name") == stream)


def console(run: Path) -> list[tuple[str, str]]:
    """Return the recorded lines of a run with their levels, but for those of Pluto itself."""
    reader = RunReader(run)
    lines = [(record.type, record.body.decode()) for record in reader.records(Kind.CONSOLE)]
    reader.close()
    return [line for line in lines if not line[1].startswith("pluto:")]


@pytest.mark.timeout(120)
def test_every_line_of_every_cell_is_shown_as_ever_and_recorded_once(tmp_path: Path) -> None:
    outputs = execute(
        tmp_path,
        "print('before the run')",
        BEGIN,
        "print('in a cell')\nprint('an error', file=sys.stderr)",
        "os.system('echo from a child')\ntime.sleep(0.5)\nprint('behind it')",
        """
with contextlib.redirect_stdout(io.StringIO()) as kept_away:
    print("kept away")
kept_away.getvalue()""",
        "1 / 0",
        "from tqdm import tqdm\nfor _ in tqdm(range(3), desc='bar'): time.sleep(0.01)",
        "run.log({'x': 1.0})\nrun",
        "run.finish()\nprint('behind the run')",
        "print('in the last cell')",
    )
    assert shown(outputs[2]) == "in a cell\n"
    assert shown(outputs[2], "stderr") == "an error\n"
    # What comes from a child the kernel may show in a later cell.
    assert "".join(map(shown, outputs)).count("from a child\n") == 1
    assert "behind it\n" in shown(outputs[3])
    assert outputs[4][-1]["data"]["text/plain"] == "'kept away\\n'"
    assert outputs[5][-1]["ename"] == "ZeroDivisionError"
    assert "notebook" in outputs[7][-1]["data"]["text/html"]
    assert shown(outputs[9]) == "in the last cell\n"
    (run,) = run_directories(tmp_path)
    lines = console(run)
    bars = [text for _, text in lines if text.startswith("bar")]
    assert [text for text in bars if "3/3" in text] == bars[-1:]
    assert sorted(line for line in lines if line[1] not in bars) == [
        ("ERROR", "an error"),
        ("INFO", "behind it"),
        ("INFO", "from a child"),
        ("INFO", "in a cell"),
        ("INFO", "in the first cell"),
    ]
    reader = RunReader(run)
    assert reader.facts()["status"] == "COMPLETED"  # an error in a cell ends nothing
    reader.close()


@pytest.mark.timeout(120)
def test_several_runs_of_one_notebook_each_get_their_own_lines(tmp_path: Path) -> None:
    execute(
        tmp_path,
        BEGIN,
        "print('of the first')\nrun.finish()",
        "print('between them')",
        BEGIN.replace("in the first cell", "the second begins"),
        "print('of the second')",
        "for n in range(15):\n    run.finish()\n    run = pluto.init(project='notebook')",
        "print('of the last')",
    )
    runs = sorted(run_directories(tmp_path), key=lambda run: (run / "run.db").stat().st_ctime_ns)
    found = {text for run in runs for _, text in console(run)}
    assert {"of the first", "the second begins", "of the second", "of the last"} <= found
    assert "between them" not in found
    for run in runs:
        texts = [text for _, text in console(run)]
        assert len(texts) == len(set(texts))


@pytest.mark.timeout(120)
def test_a_kernel_that_is_shut_down_leaves_a_run_that_has_ended(tmp_path: Path) -> None:
    execute(tmp_path, BEGIN, "run.log({'x': 1.0})")
    (run,) = run_directories(tmp_path)
    complete_run(run)
    reader = RunReader(run)
    assert reader.facts()["status"] in ("COMPLETED", "TERMINATED")
    assert reader.points("x", raw=True).values.tolist() == [1.0]
    reader.close()
