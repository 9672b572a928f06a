"""The git repository that the script was started in."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from pluto.probes.base import Surroundings

DIFF_LIMIT = 256 * 1024  # characters of one diff; a run is not an archive
PATIENCE = 5.0  # seconds for all commands together; a huge work tree may need more for a diff

# No lock is taken, nobody is asked, and no program that the repository names is run.
QUIET = ("--no-pager", "--no-optional-locks", "-c", "core.fsmonitor=false")
DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-color")


def facts(surroundings: Surroundings) -> dict[str, object] | None:
    """Describe commit, branch, author, remote and uncommitted changes, None outside git."""
    repository = Repository(surroundings.directory)
    root = repository.ask("rev-parse", "--show-toplevel")
    if root is None:
        return None
    described: dict[str, object] = {
        "root": root,
        "commit": repository.ask("rev-parse", "--verify", "HEAD"),
        "branch": repository.ask("symbolic-ref", "--short", "HEAD"),
        "name": repository.ask("config", "user.name"),
        "email": repository.ask("config", "user.email"),
        "url": repository.ask("config", "remote.origin.url"),
    }
    changes = repository.ask("status", "--porcelain", "--untracked-files=no")
    described["dirty"] = None if changes is None else bool(changes)
    described["diff"] = {
        "head": repository.diff("HEAD"),
        "remote": repository.diff("@{upstream}"),
    }
    return described


class Repository:
    """Questions to git about one work tree; all of them together take `PATIENCE` at most.

    Args:
        directory: anywhere in the work tree.

    Example:
        >>> Repository(Path(".")).ask("rev-parse", "--verify", "HEAD")  # doctest: +SKIP
        'b04845e...'
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._git = shutil.which("git")
        self._deadline = time.monotonic() + PATIENCE

    def ask(self, *command: str) -> str | None:
        """Return what git answers, None if it has no answer or takes too long."""
        if self._git is None:
            return None
        try:
            answer = subprocess.run(  # noqa: S603
                [self._git, *QUIET, *command],
                cwd=self._directory,
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=max(0.0, self._deadline - time.monotonic()),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        return answer.stdout.decode("utf-8", "replace").strip() if answer.returncode == 0 else None

    def diff(self, base: str) -> str | None:
        """Return what changed since `base`, cut at `DIFF_LIMIT`; None if there is no such base."""
        text = self.ask(*DIFF, base, "--")
        if text is None or len(text) <= DIFF_LIMIT:
            return text
        return f"{text[:DIFF_LIMIT]}\n[{len(text) - DIFF_LIMIT} more characters are left out]"
