"""The exceptions of wandb, by the names under which scripts catch them."""

from __future__ import annotations

from pluto import errors

__all__ = [
    "AbsentError",
    "AuthenticationError",
    "CommError",
    "ConfigError",
    "Error",
    "UnsupportedError",
    "UsageError",
]


class Error(errors.PlutoError):
    """Base of what the stand-in for wandb raises."""


class UsageError(Error, ValueError):
    """A call that cannot work; the message names the fix."""


class ConfigError(Error):
    """A config value would change, and nobody allowed it."""


class CommError(Error):
    """Something was asked for that could not be read."""


class AuthenticationError(CommError):
    """The server refuses the key."""


class UnsupportedError(Error):
    """Something of wandb that Pluto does not offer; the message names what to use."""


class AbsentError(UnsupportedError, AttributeError):
    """A name of wandb that Pluto does not offer, so that `hasattr` is False."""
