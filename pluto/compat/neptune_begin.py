"""From what a Neptune script says of its run to a run of Pluto: names, ids, modes, forks."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pluto
from pluto.compat.neptune_forks import copy_history
from pluto.compat.neptune_recording import OWN, seconds_of
from pluto.compat.neptune_values import stored
from pluto.errors import UsageError
from pluto.names import directory_name, generate_run_id, is_display_id
from pluto.op import Op
from pluto.sets import destination
from pluto.storage import is_run_directory

if TYPE_CHECKING:
    from pluto import query

logger = logging.getLogger("pluto")

_PREFIX: Final = "neptune-"
_MODES: Final[Mapping[str, str | None]] = {
    "async": None,  # where Pluto is set up to send runs
    "sync": None,
    "offline": "offline",
    "disabled": "noop",
    "debug": "noop",
}


@dataclass
class Wanted:
    """What a script says of its run; None where it says nothing.

    Attributes:
        project: `workspace/name`, or the name.
        run_id: the id that names the run across processes.
        name: for people.
        mode: of Neptune.
        fork_run_id: `run_id` of another run, whose history up to `fork_step` is this one's too.
        about: what else is worth keeping, for the config.
        settings: of Pluto.
    """

    project: str | None = None
    run_id: str | None = None
    name: str | None = None
    mode: str | None = None
    directory: str | os.PathLike[str] | None = None
    tags: Sequence[str] = ()
    created: datetime | None = None
    fork_run_id: str | None = None
    fork_step: float | None = None
    inherits: bool = True
    must_exist: bool = False
    about: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Begun:
    """A run that has begun, with the id that the script knows it by."""

    op: Op
    run_id: str


def begin(wanted: Wanted) -> Begun:
    """Begin a run, or go on with the one that has its id.

    Raises:
        UsageError: something cannot work.
        LookupError: the run, or the one to fork from, does not exist.
    """
    if (wanted.fork_run_id is None) != (wanted.fork_step is None):
        raise UsageError("fork_run_id and fork_step must be used together")
    run_id = wanted.run_id or generate_run_id()
    arguments = _arguments(wanted, run_id)
    place = _existing(arguments, run_id) if wanted.must_exist else external_id(run_id)
    with ExitStack() as stack:
        parent = _parent(wanted, arguments, stack)
        op = pluto.init(**arguments, run_id=place, resume=True)
        if parent is not None and not op.resumed:
            parent.copy_to(op)
    return Begun(op, run_id)


def external_id(run_id: str) -> str:
    """Return the id for Pluto, which takes digits and display ids for runs on a server."""
    return _PREFIX + run_id if run_id.isdecimal() or is_display_id(run_id) else run_id


def project_of(given: str | None) -> tuple[str, str | None]:
    """Return the project, and the workspace that was named before it.

    What is not given comes from `NEPTUNE_PROJECT`, then from Pluto's own settings.

    Example:
        >>> project_of("lab/digits")
        ('digits', 'lab')
    """
    text = given or os.environ.get("NEPTUNE_PROJECT") or ""
    workspace, _, name = text.rpartition("/")
    return name or pluto.setup().project, workspace or None


def local_runs(arguments: Mapping[str, Any]) -> Path | None:
    """Return where runs of these arguments are on this machine; None if a server has them."""
    settings = _settings(arguments)
    return None if _server_of(settings) else Path(settings.dir) / f".{settings.tag}"


def reader_of(project: str | None = None, mode: str | None = None) -> query.Client:
    """Return what reads the runs of a project where a script of this `mode` leaves them."""
    from pluto import query

    given = {"project": project, "mode": _mode(mode)}
    runs = local_runs({name: value for name, value in given.items() if value is not None})
    return query.Client() if runs is None else query.Client(dir=runs)


def find_run(
    client: query.Client, project: str, run_id: str, container: str | None = None
) -> int | None:
    """Return the number of a run that a script has given an id; None if there is none.

    Args:
        client: of where the runs are.
        project: its name.
        run_id: as the script knows it.
        container: what the run stands for; None for anything.
    """
    known = {f"config.{OWN}.run_id": run_id}
    if container is not None:
        known[f"config.{OWN}.container"] = container
    found = client.list_runs(project, limit=1, filters=known)
    return int(found[0]["id"]) if found else None


def _settings(arguments: Mapping[str, Any]) -> pluto.Settings:
    names = ("dir", "project", "mode")
    return pluto.setup({name: arguments[name] for name in names if name in arguments})


def _server_of(settings: pluto.Settings) -> bool:
    from pluto.auth import stored_key

    return destination(settings, stored_key) is not None


def _arguments(wanted: Wanted, run_id: str) -> dict[str, Any]:
    project, workspace = project_of(wanted.project)
    about = {"run_id": run_id, "workspace": workspace, **wanted.about}
    if wanted.created is not None:
        about["creation_time"] = stored(wanted.created)
    known = {key: value for key, value in about.items() if value is not None}
    given = {
        "project": project,
        "name": wanted.name or (None if wanted.must_exist else run_id),
        "tags": list(wanted.tags),
        "config": {OWN: known},
        "mode": _mode(wanted.mode),
        "dir": wanted.directory or os.environ.get("NEPTUNE_LOG_DIRECTORY"),
        **wanted.settings,
    }
    created = seconds_of(wanted.created)
    if created is not None:
        given["compat"] = {"createdAt": int(created * 1000)}
    return {key: value for key, value in given.items() if value is not None}


def _mode(given: str | None) -> str | None:
    mode = given or os.environ.get("NEPTUNE_MODE") or "async"
    if mode not in _MODES:
        raise UsageError(f"mode is one of {', '.join(_MODES)}, not {mode!r}")
    return _MODES[mode]


def _existing(arguments: Mapping[str, Any], run_id: str) -> str:
    """Return the external id of a run of this machine, given that or its display id.

    Which runs a server has, it says itself when the run begins.

    Raises:
        LookupError: there is no such run.
    """
    runs, project = local_runs(arguments), arguments["project"]
    if runs is None or arguments.get("mode") == "noop":
        return run_id if is_display_id(run_id) else external_id(run_id)
    if is_run_directory(runs / directory_name(project) / directory_name(external_id(run_id))):
        return external_id(run_id)
    from pluto import query

    try:
        with query.Client(dir=runs) as client:
            found = client.get_run(project, run_id)["externalId"]
    except (query.QueryError, UsageError) as error:
        raise LookupError(f"there is no run {run_id!r} in {runs}: {error}") from error
    if found is None:
        raise LookupError(f"the run {run_id!r} has no id by which another process can go on")
    return str(found)


@dataclass(frozen=True)
class _LocalParent:
    """A run of this machine whose history a fork takes over."""

    client: Any
    project: str
    number: int
    step: int
    inherits: bool

    def copy_to(self, op: Op) -> None:
        if self.inherits:
            config = dict(self.client.get_run(self.project, self.number)["config"] or {})
            config.pop(OWN, None)
            op.update_config(config)
        copy_history(op, self.client, self.project, self.number, self.step)


def _parent(wanted: Wanted, arguments: dict[str, Any], stack: ExitStack) -> _LocalParent | None:
    """Find the run to fork from; a server's fork is said in the arguments of `pluto.init`.

    Raises:
        LookupError: there is no such run.
    """
    if wanted.fork_run_id is None or wanted.fork_step is None or arguments.get("mode") == "noop":
        return None
    from pluto import query

    step = int(wanted.fork_step)
    fork = {"forked_from": wanted.fork_run_id, "fork_step": wanted.fork_step}
    arguments["config"][OWN].update(fork)
    runs = local_runs(arguments)
    client = stack.enter_context(query.Client() if runs is None else query.Client(dir=runs))
    project = arguments["project"]
    found = find_run(client, project, wanted.fork_run_id)
    if found is None:
        raise LookupError(f"there is no run {wanted.fork_run_id!r} to fork from in {project!r}")
    if runs is not None:
        return _LocalParent(client, project, found, step, wanted.inherits)
    arguments.update(fork_run_id=found, fork_step=step, inherit_config=wanted.inherits)
    return None
