"""Running the scripts of a peer's users: through a stand-in, or beside the real package."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def run_script(
    path: str,
    directory: Path,
    *,
    replace: tuple[str, str] = ("", ""),
    first: str = "",
    fails: bool = False,
    **environment: str,
) -> str:
    """Run a script of this folder; return what it printed.

    Args:
        path: below this folder.
        directory: the working directory.
        replace: a text of the script, and what stands there instead: the changed import.
        first: code that runs before the script.
        fails: whether it ends with an error.
        **environment: variables.
    """
    code = (HERE / path).read_text("utf-8")
    assert replace[0] in code
    return run_code(f"{first}\n{code.replace(*replace)}", directory, fails=fails, **environment)


def run_code(code: str, directory: Path, *, fails: bool = False, **environment: str) -> str:
    """Run code as a script in `directory`; return what it printed."""
    script = directory / "script.py"
    script.write_text(code)
    result = subprocess.run(
        [sys.executable, str(script)],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (result.returncode != 0) == fails, result.stdout + result.stderr
    return result.stdout + result.stderr


def runs_of(directory: Path) -> list[Path]:
    """The directories of all runs below `directory`, the oldest first."""
    found = directory.glob(".pluto/*/*/run.db")
    return sorted((path.parent for path in found), key=lambda path: path.stat().st_ctime_ns)
