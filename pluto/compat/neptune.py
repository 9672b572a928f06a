"""Runs Neptune scripts on Pluto: Neptune's service has ended, its scripts have not.

`from pluto.compat.neptune import Run` stands for `neptune_scale.Run`. Or leave a script alone, and
have it begin with `import pluto.compat.neptune`: its own `import neptune_scale` then gives what is
here, whether or not that package is installed. Nothing else changes an import, and
`restore_neptune()` undoes it. `docs/how-to/from-neptune.md` says what is kept as what.

Example:
    >>> from pluto.compat.neptune import Run
    >>> with Run(project="lab/digits", experiment_name="baseline") as run:
    ...     run.log_metrics({"loss": 0.5}, step=1)
"""

from __future__ import annotations

import logging
from importlib.util import find_spec

from pluto.compat import neptune_errors, neptune_install, neptune_projects, neptune_types
from pluto.compat import neptune_scale as _scale
from pluto.compat.neptune_scale import NeptuneLoggingHandler, Run, SourceTrackingConfig
from pluto.compat.neptune_types import Histogram

__all__ = [
    "Histogram",
    "NeptuneLoggingHandler",
    "Run",
    "SourceTrackingConfig",
    "install_neptune",
    "restore_neptune",
]

logger = logging.getLogger("pluto")


def install_neptune(*, beside: bool = True) -> None:
    """Have `import neptune_scale` give what is here; importing this module does it.

    Args:
        beside: whether to leave packages that are installed in their place.
    """
    if not beside or find_spec("neptune_scale") is None:
        neptune_install.install(
            {
                "neptune_scale": _scale,
                "neptune_scale.api": _scale,
                "neptune_scale.api.run": _scale,
                "neptune_scale.types": neptune_types,
                "neptune_scale.exceptions": neptune_errors,
                "neptune_scale.projects": neptune_projects,
            }
        )


def restore_neptune() -> None:
    """Undo `install_neptune`: later imports give the real packages, or fail without them."""
    neptune_install.uninstall()


install_neptune()
