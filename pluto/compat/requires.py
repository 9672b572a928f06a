"""What a hook says when its framework is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def requires(framework: str, *packages: str) -> Iterator[None]:
    """Turn the failure to import `framework` into an ImportError that says what to install.

    An error from inside the framework, such as a broken shared library, stays as it is.
    There are no extras for frameworks: docs/decisions/0003-no-torch-extra.md.

    Args:
        framework: the module.
        packages: what to install, unless that is called as the module.

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
            f" pip install {' '.join(packages or [framework])}",
            name=error.name,
        ) from error
