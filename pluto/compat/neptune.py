"""Runs Neptune scripts on Pluto: Neptune's service has ended, its scripts have not.

`from pluto.compat.neptune import Run` stands for `neptune_scale.Run`, and
`import pluto.compat.neptune as neptune` for the package of version 1.x with `init_run`. Or leave a
script alone, and have it begin with `import pluto.compat.neptune`: its own imports of `neptune`,
`neptune_scale` and `neptune_query` then give what is here, whether or not those packages are
installed. (Where both records are kept, `neptune_query` stays what it is.) Nothing else changes an
import, and `restore_neptune()` undoes it. `docs/how-to/from-neptune.md` says what is
kept as what.

Where neptune_scale is installed, its `Run` becomes `NeptuneRunWrapper`, which can log to both.

Example:
    >>> from pluto.compat.neptune import Run
    >>> with Run(project="lab/digits", experiment_name="baseline") as run:
    ...     run.log_metrics({"loss": 0.5}, step=1)
"""

from __future__ import annotations

import logging
from importlib import import_module
from types import ModuleType
from typing import Any

from pluto.compat import (
    neptune_beside,
    neptune_errors,
    neptune_install,
    neptune_logging,
    neptune_projects,
    neptune_query,
    neptune_types,
)
from pluto.compat import neptune_client as _client
from pluto.compat import neptune_scale as _scale
from pluto.compat.neptune_beside import NeptuneRunWrapper
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
from pluto.compat.neptune_files import (
    kind_of_bytes as _detect_media_type_from_bytes,  # noqa: F401 - the earlier client's name
)
from pluto.compat.neptune_scale import NeptuneLoggingHandler, Run, SourceTrackingConfig

__all__ = [
    "ANONYMOUS_API_TOKEN",
    "Model",
    "ModelVersion",
    "NeptuneLoggingHandler",
    "NeptuneRunWrapper",
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

logger = logging.getLogger("pluto")

_CLIENT = {
    f"{package}{name}": module
    for package in ("neptune", "neptune.new")  # the second one is its name in version 0.x
    for name, module in {
        "": _client,
        ".types": types,
        ".utils": utils,
        ".exceptions": exceptions,
        ".handler": handler,
        ".metadata_containers": _client,
        ".integrations": neptune_logging,
        ".integrations.python_logger": neptune_logging,
    }.items()
}
_SCALE = {
    "neptune_scale": _scale,
    "neptune_scale.api": _scale,
    "neptune_scale.api.run": _scale,
    "neptune_scale.types": neptune_types,
    "neptune_scale.exceptions": neptune_errors,
    "neptune_scale.projects": neptune_projects,
}

_QUERY = {
    "neptune_query": neptune_query,
    "neptune_query.runs": neptune_query.runs,
    "neptune_query.filters": neptune_query.filters,
    "neptune_query.types": neptune_query.types,
    "neptune_query.exceptions": neptune_errors,
}


def install_neptune(*, beside: bool = True) -> None:
    """Have `import neptune`, `import neptune_scale` and `import neptune_query` give what is here.

    Importing this module does it.

    Args:
        beside: whether to leave neptune_scale in its place where it is installed, with a `Run`
            that can log to both.
    """
    restore_neptune()
    neptune_install.install(_CLIENT)
    is_beside = beside and _patch()
    if not is_beside:
        neptune_install.install(_SCALE)
    if not is_beside or neptune_beside.is_off():
        neptune_install.install(_QUERY)


def restore_neptune() -> None:
    """Undo `install_neptune`: imports give the real packages as they were, or fail without."""
    neptune_beside.unpatch()
    neptune_install.uninstall()


def _patch() -> bool:
    """Put the wrapper in neptune_scale; return whether that is installed."""
    try:
        neptune_beside.patch()
    except ImportError as error:
        logger.debug("neptune_scale is not installed: Pluto stands in for it (%s)", error)
        return False
    return True


def _safe_import_pluto() -> ModuleType:
    """Return the package, as the earlier client calls it."""
    return import_module("pluto")


def __getattr__(name: str) -> Any:
    if name == "_original_neptune_run":
        return neptune_beside.original
    if name == "_patch_applied":
        return neptune_beside.original is not None
    raise AttributeError(f"pluto.compat.neptune has no {name!r}")


install_neptune()
