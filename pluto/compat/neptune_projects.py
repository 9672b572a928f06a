"""`neptune_scale.projects`: projects of Pluto need not be made before they are used."""

from __future__ import annotations

from enum import Enum
from typing import Any

__all__ = ["ProjectVisibility", "create_project", "list_projects"]


class ProjectVisibility(Enum):
    """Who sees a project of Neptune; here that is up to the server."""

    PRIVATE = "priv"
    PUBLIC = "pub"
    WORKSPACE = "workspace"


def create_project(name: str, *, workspace: str | None = None, **_others: Any) -> str:
    """Return `workspace/name`: the project comes into being with its first run.

    Example:
        >>> create_project("digits", workspace="lab")
        'lab/digits'
    """
    return name if workspace is None or "/" in name else f"{workspace}/{name}"


def list_projects(*, api_token: str | None = None) -> list[str]:  # noqa: ARG001
    """Return the projects that have runs, on the server or on this machine."""
    from pluto import query

    return [str(project["name"]) for project in query.list_projects()]
