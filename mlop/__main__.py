"""`python -m mlop` and the command `mlop`: deprecated names of `pluto`."""

from __future__ import annotations

import warnings


def main() -> None:
    """Run the command line of pluto after a warning."""
    from pluto.__main__ import main as pluto_main

    message = "The command 'mlop' is now called 'pluto'."
    warnings.warn(message, DeprecationWarning, stacklevel=2)
    pluto_main()


if __name__ == "__main__":
    main()
