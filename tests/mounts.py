"""Commands that see something mounted that nobody else sees."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


def run_in_own_mounts(
    command: str, *arguments: str | Path, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a shell command that may mount things; they are gone when it ends.

    Args:
        command: of `sh`; its `$1`, `$2` and so on are the arguments.
        *arguments: paths and texts.
        timeout: seconds.
    """
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system does not let its users mount anything")
    return subprocess.run(
        [*unshare, "sh", "-c", command, "sh", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
