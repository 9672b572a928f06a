"""What a hook says when its framework is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def requires(
    framework: str, *, extra: str | None = None, brings: str | None = None
) -> Iterator[None]:
    """Turn the failure to import `framework` into an ImportError that says what to install.

    An error from inside the framework, such as a broken shared library, stays as it is.

    Args:
        framework: the module.
        extra: of Pluto that installs it; called as the module by default.
        brings: the packages of that extra; one called as the module by default.

    Example:
        >>> with requires("torch"):
        ...     import torch
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != framework.partition(".")[0]:
            raise
        raise ImportError(
            f"this part of Pluto works with {framework}, which is not installed:"
            f" {to_install(extra or framework, brings)}",
            name=error.name,
        ) from error


def to_install(extra: str, brings: str | None = None) -> str:
    """Return the command for an extra of Pluto, and the packages that it brings.

    Args:
        extra: its name.
        brings: the packages; by default one called as the extra.

    Example:
        >>> to_install("wandb")
        'pip install "pluto-ml[wandb]" (installs wandb)'
    """
    return f'pip install "pluto-ml[{extra}]" (installs {brings or extra})'
