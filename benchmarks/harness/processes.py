"""Runs a measured case in a process of its own, with a home directory of its own."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PEERS_ENVIRONMENT: Final = REPOSITORY / ".venv-peers"
REQUIREMENTS: Final = ("trackio==0.43.0", "goodseed==0.4.0", "numpy", "psutil")
CASE_SECONDS: Final = 900.0
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")

Case = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """A tracker (or a floor) and the interpreter that has it installed."""

    name: str
    python: str


def environment(home: Path) -> dict[str, str]:
    """Return variables under which a tracker sees a new user without a network or settings."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "HF_HOME": str(home / "huggingface"),
        "HF_HUB_OFFLINE": "1",
        "DO_NOT_TRACK": "1",
        "OPENBLAS_NUM_THREADS": "1",  # the numpy step keeps to one core, as the reader expects
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "",
    }


@contextmanager
def temporary_home() -> Iterator[Path]:
    """Make a directory for one case and remove it afterwards."""
    home = Path(tempfile.mkdtemp(prefix="pluto-bench-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def run_case(
    script: str, subject: Subject, case: Case, variables: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run `script --case CASE` with the subject's interpreter and return what it measured.

    Raises:
        RuntimeError: the case failed; the message ends with what it printed.
    """
    with temporary_home() as home:
        return run_case_in(home, script, subject, case, variables)


def run_case_in(
    home: Path,
    script: str,
    subject: Subject,
    case: Case,
    variables: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Like `run_case`, in a home directory that the caller keeps."""
    result = home / "result.json"
    directory = home / "runs"
    directory.mkdir()
    case = {**case, "peer": subject.name, "directory": str(directory), "result": str(result)}
    done = subprocess.run(
        [subject.python, script, "--case", json.dumps(case)],
        env=environment(home) | dict(variables or {}),
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=CASE_SECONDS,
        check=False,
    )
    if done.returncode or not result.exists():
        raise RuntimeError(f"{subject.name}: {done.stdout[-2000:]}")
    measured: dict[str, Any] = json.loads(result.read_bytes())
    return measured


def run_if_case(measure: Callable[[Case], Mapping[str, Any]]) -> None:
    """In a process that `run_case` started: measure, write the result, and exit."""
    if len(sys.argv) == 3 and sys.argv[1] == "--case":
        case = json.loads(sys.argv[2])
        Path(case["result"]).write_text(json.dumps(measure(case)))
        sys.exit(0)


def subjects(options: argparse.Namespace, floors: tuple[str, ...] = ()) -> list[Subject]:
    """Return Pluto, the peers that are installed, and `floors`; say loudly which are missing."""
    found = [Subject("pluto", sys.executable)]
    python = None if options.no_peers else _peers_python(options.peers_python)
    for name in () if options.no_peers else ("trackio", "goodseed"):
        if python and _has(python, name):
            found.append(Subject(name, python))
        else:
            print(f"!!! SKIPPED: {name} is not installed for {python}: no comparison with it !!!")
    return found + [Subject(name, sys.executable) for name in floors]


def _peers_python(chosen: str | None) -> str | None:
    """Return the interpreter that has the peers; make an environment for them if none is named."""
    if chosen:
        return chosen
    python = PEERS_ENVIRONMENT / "bin" / "python"
    if python.exists():
        return str(python)
    print(f"installing the peers ({', '.join(REQUIREMENTS)}) into {PEERS_ENVIRONMENT} ...")
    try:
        subprocess.run([sys.executable, "-m", "venv", str(PEERS_ENVIRONMENT)], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS]
        subprocess.run([str(python), *install], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(PEERS_ENVIRONMENT, ignore_errors=True)
        print(f"!!! the peers could not be installed: {error} !!!")
        return None
    return str(python)


def _has(python: str, module: str) -> bool:
    code = f"import sys, importlib.util as u; sys.exit(u.find_spec({module!r}) is None)"
    try:
        return subprocess.run([python, "-c", code], check=False).returncode == 0
    except OSError as error:
        print(f"!!! {python}: {error} !!!")
        return False
