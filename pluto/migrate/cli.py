"""The command line `pluto migrate`, as a function that scripts call."""

from __future__ import annotations

from collections.abc import Sequence


def run_migrate(argv: Sequence[str]) -> int:
    """Run `pluto migrate` with these arguments; return the exit code.

    Example:
        >>> run_migrate(["wandb", "load", "--input", "staging"])  # doctest: +SKIP
        0
    """
    from pluto.cli.main import run

    return run(["migrate", *argv])
