"""Runs Neptune scripts on Pluto: Neptune's service has ended, its scripts have not.

`from pluto.compat.neptune import Run` stands for `neptune_scale.Run`, and
`import pluto.compat.neptune as neptune` for the package of version 1.x with `init_run`. Or leave a
script alone, and have it begin with `import pluto.compat.neptune`: its own imports of `neptune` and
`neptune_scale` then give what is here, whether or not those packages are installed. Nothing else
changes an import, and `restore_neptune()` undoes it. `docs/how-to/from-neptune.md` says what is
kept as what.

Example:
    >>> from pluto.compat.neptune import Run
    >>> with Run(project="lab/digits", experiment_name="baseline") as run:
    ...     run.log_metrics({"loss": 0.5}, step=1)
"""

from __future__ import annotations

from importlib.util import find_spec

from pluto.compat import neptune_client as _client
from pluto.compat import neptune_errors, neptune_install, neptune_projects, neptune_types
from pluto.compat import neptune_scale as _scale
from pluto.compat.neptune_client import (
    ANONYMOUS_API_TOKEN,
    Model,
    ModelVersion,
    Project,
    exceptions,
    handler,
    init_model,
    init_model_version,
    init_project,
    init_run,
    types,
    utils,
)
from pluto.compat.neptune_scale import NeptuneLoggingHandler, Run, SourceTrackingConfig

__all__ = [
    "ANONYMOUS_API_TOKEN",
    "Model",
    "ModelVersion",
    "NeptuneLoggingHandler",
    "Project",
    "Run",
    "SourceTrackingConfig",
    "exceptions",
    "handler",
    "init_model",
    "init_model_version",
    "init_project",
    "init_run",
    "install_neptune",
    "restore_neptune",
    "types",
    "utils",
]

_CLIENT = {
    "neptune": _client,
    "neptune.types": types,
    "neptune.utils": utils,
    "neptune.exceptions": exceptions,
    "neptune.handler": handler,
}
_SCALE = {
    "neptune_scale": _scale,
    "neptune_scale.api": _scale,
    "neptune_scale.api.run": _scale,
    "neptune_scale.types": neptune_types,
    "neptune_scale.exceptions": neptune_errors,
    "neptune_scale.projects": neptune_projects,
}


def install_neptune(*, beside: bool = True) -> None:
    """Have `import neptune` and `import neptune_scale` give what is here.

    Importing this module does it.

    Args:
        beside: whether to leave neptune_scale in its place, if it is installed.
    """
    neptune_install.install(_CLIENT)
    if not beside or find_spec("neptune_scale") is None:
        neptune_install.install(_SCALE)


def restore_neptune() -> None:
    """Undo `install_neptune`: later imports give the real packages, or fail without them."""
    neptune_install.uninstall()


install_neptune()
