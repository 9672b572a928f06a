"""`neptune` (1.14) without it: `init_run`, and what belongs to it.

Scripts reach it as `import pluto.compat.neptune as neptune`, or by their own `import neptune`
after an `import pluto.compat.neptune`. `docs/how-to/from-neptune.md` says what is kept as what.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from pluto.compat import neptune_client_errors as exceptions
from pluto.compat import neptune_client_types as types
from pluto.compat import neptune_handler as handler
from pluto.compat import neptune_utils as utils
from pluto.compat.neptune_client_project import Project
from pluto.compat.neptune_models import Model, ModelVersion
from pluto.compat.neptune_run import Run

__all__ = [
    "ANONYMOUS_API_TOKEN",
    "Model",
    "ModelVersion",
    "Project",
    "Run",
    "exceptions",
    "handler",
    "init",
    "init_model",
    "init_model_version",
    "init_project",
    "init_run",
    "types",
    "utils",
]

__version__ = "1.14.0"
"""The version of neptune whose names and rules these are."""

ANONYMOUS_API_TOKEN: Final = "ANONYMOUS"  # noqa: S105 - it opens nothing


def init_run(with_id: str | None = None, **arguments: Any) -> Run:
    """Begin a run, go on with one, or read one; see `Run`."""
    return Run(with_id, **arguments)


def init(project: str | None = None, **arguments: Any) -> Run:
    """Begin a run; what `init_run` was called before version 1.0, whose `run=` is `with_id=`."""
    return Run(arguments.pop("run", None), project=project, **arguments)


def init_project(project: str | None = None, **arguments: Any) -> Project:
    """Return a project: its table of runs, and attributes of its own; see `Project`."""
    return Project(project, **arguments)


def init_model(with_id: str | None = None, **arguments: Any) -> Model:
    """Make a model, go on with one, or read one; see `Model`."""
    return Model(with_id, **arguments)


def init_model_version(with_id: str | None = None, **arguments: Any) -> ModelVersion:
    """Make a version of a model, go on with one, or read one; see `ModelVersion`."""
    return ModelVersion(with_id, **arguments)


def __getattr__(name: str) -> Any:
    if name in ("new", "metadata_containers"):  # other names of what is here
        return sys.modules[__name__]
    raise AttributeError(f"pluto.compat.neptune_client has no {name!r}")
