"""Scripts whose output is captured, and what was recorded of it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
START = "from console_script import *\n"

Result = tuple[bytes, bytes, int]
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a script with its stdout and stderr on two pipes."""

    def start(code: str, *, check: bool = True, **environ: str) -> Result:
        result = subprocess.run(
            [sys.executable, "-c", START + code],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(HERE), **environ},
            capture_output=True,
            check=False,
            timeout=60,
        )
        if check:
            assert result.returncode == 0, result.stderr.decode()
        return result.stdout, result.stderr, result.returncode

    return start


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[..., list[str]]:
    """The lines that a recorder was given."""

    def read(kind: str, name: str = "lines") -> list[str]:
        text = (tmp_path / name).read_text()
        return [line for found, line in map(json.loads, text.splitlines()) if found == kind]

    return read
