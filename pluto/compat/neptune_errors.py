"""`neptune_scale.exceptions`: the names that scripts catch. Most are never raised here."""

from __future__ import annotations

from typing import Final

__all__ = ["NeptuneProjectNotProvided", "NeptuneRunForkParentNotFound", "NeptuneScaleError"]


class NeptuneScaleError(Exception):
    """The base of errors."""


class NeptuneScaleWarning(Warning):
    """The base of warnings."""


class NeptuneProjectNotProvided(NeptuneScaleError):
    """There is no project."""


class NeptuneRunForkParentNotFound(NeptuneScaleError):
    """The run to fork from does not exist."""


_made: Final[dict[str, type[Exception]]] = {}


def __getattr__(name: str) -> type[Exception]:
    """Return a class for any other name of Neptune, so that `except` and imports of it work."""
    if not name.startswith("Neptune"):
        raise AttributeError(f"{__name__} has no {name!r}")
    return _made.setdefault(name, type(name, (NeptuneScaleError,), {"__module__": __name__}))
