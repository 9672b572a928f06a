"""Scripts with a run that writes down how it is ended."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

START = """
import json, os, signal, sys, threading, time, warnings
from pathlib import Path
from pluto.process_exit import shared

class Run:
    def __init__(self, name="ends", pause=0):
        self.name, self.pause, self.ended = name, pause, False
    def end(self, status, metadata=None):
        if self.ended:
            return
        self.ended = True
        time.sleep(self.pause)
        with open(self.name, "a") as file:
            file.write(json.dumps([status, metadata]) + "\\n")
        shared().remove(self)

def ready():
    Path("ready").touch()
"""

Ends = Callable[..., list[list[Any]]]


@pytest.fixture
def ends(tmp_path: Path) -> Ends:
    """What a run was told, by every process that told it something."""

    def read(name: str = "ends") -> list[list[Any]]:
        path = tmp_path / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    return read


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    def run(code: str, *arguments: str) -> subprocess.Popen[str]:
        script = tmp_path / "script.py"
        script.write_text(START + code)
        return subprocess.Popen(
            [sys.executable, *arguments, script.name],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run
