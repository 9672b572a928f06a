"""`neptune.Model` and `neptune.ModelVersion` of version 1.x: runs that keep what belongs to models.

Pluto has no registry of models. A model is a run with the tag `model` and its key as the id; a
version is a run with the tag `model-version` and the id `<id of the model>-<number>`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, ClassVar, Final

from pluto.compat import neptune_client_errors as errors
from pluto.compat.neptune_begin import find_run, project_of, reader_of
from pluto.compat.neptune_containers import RunsTable, containers
from pluto.compat.neptune_reading import MODEL, MODEL_VERSION, StoredRun
from pluto.compat.neptune_recording import OWN
from pluto.compat.neptune_run import Run
from pluto.errors import UsageError

STAGES: Final = ("none", "staging", "production", "archived")
_QUIET: Final[dict[str, Any]] = {
    "source_files": [],
    "capture_stdout": False,
    "capture_stderr": False,
    "capture_hardware_metrics": False,
}


class Model(Run):
    """What is said of a model; everything that a `Run` can do.

    Args:
        with_id: `sys/id` of a model, to go on with it or to read it.
        name: for people.
        key: makes a new model, and is its id: capitals and digits.
        project: `workspace/name`.
        mode: as for `Run`.
        **others: of Neptune's queue and network: without effect.

    Raises:
        NeptuneMissingRequiredInitParameter: neither `with_id` nor `key` is given.
        NeptuneModelKeyAlreadyExistsError: the project has a model with this key.
        ModelNotFound: there is no model `with_id`.

    Example:
        >>> model = Model(key="DIGITS", project="lab/digits")  # doctest: +SKIP
        >>> model["signature"].upload("signature.json")  # doctest: +SKIP
    """

    container: ClassVar = MODEL

    def __init__(
        self,
        with_id: str | None = None,
        *,
        name: str | None = None,
        key: str | None = None,
        project: str | None = None,
        mode: str | None = None,
        **others: Any,
    ) -> None:
        if with_id is not None:
            key = _found(MODEL, with_id, project, mode)
        elif key is None:
            raise errors.NeptuneMissingRequiredInitParameter("init_model() takes with_id or key")
        elif not _keeps_nothing(mode) and _search(MODEL, [key], project, mode) is not None:
            raise errors.NeptuneModelKeyAlreadyExistsError(
                f"the project {project_of(project)[0]!r} has a model {key!r}: give with_id={key!r}"
            )
        _begin(self, key, name=name, project=project, mode=mode, tags=["model"], **others)

    def fetch_model_versions_table(
        self,
        *,
        query: str | None = None,
        columns: Iterable[str] | None = None,
        limit: int | None = None,
        sort_by: str = "sys/creation_time",
        ascending: bool = False,
        **_others: Any,
    ) -> RunsTable:
        """Return the versions of the model; see `Project.fetch_runs_table`."""
        return containers(
            self.project,
            MODEL_VERSION,
            query=query,
            columns=columns,
            limit=limit,
            sort_by=sort_by,
            ascending=ascending,
            chosen=lambda run: run.values.get("sys/model_id") == self.run_id,
        )


class ModelVersion(Run):
    """What is said of one version of a model; everything that a `Run` can do.

    Args:
        with_id: `sys/id` of a version, to go on with it or to read it.
        name: for people.
        model: `sys/id` of the model, of which a new version is made.
        project: `workspace/name`.
        mode: as for `Run`.
        **others: of Neptune's queue and network: without effect.

    Raises:
        NeptuneMissingRequiredInitParameter: neither `with_id` nor `model` is given.
        ModelNotFound: there is no such model.
        ModelVersionNotFound: there is no version `with_id`.
    """

    container: ClassVar = MODEL_VERSION

    def __init__(
        self,
        with_id: str | None = None,
        *,
        name: str | None = None,
        model: str | None = None,
        project: str | None = None,
        mode: str | None = None,
        **others: Any,
    ) -> None:
        given: dict[str, Any] = {"name": name, "project": project, "mode": mode, **others}
        if with_id is not None:
            _begin(self, _found(MODEL_VERSION, with_id, project, mode), **given)
            return
        if model is None:
            raise errors.NeptuneMissingRequiredInitParameter(
                "init_model_version() takes with_id or model"
            )
        known = _found(MODEL, model, project, mode)
        number = 1 if _keeps_nothing(mode) else _next_number(known, project, mode)
        _begin(self, f"{known}-{number}", tags=["model-version"], **given)
        self["sys/model_id"] = known
        self["sys/stage"] = "none"

    def change_stage(self, stage: str) -> None:
        """Set the stage: none, staging, production, or archived.

        Raises:
            ValueError: there is no such stage.
        """
        if stage not in STAGES:
            raise ValueError(f"a stage is one of {', '.join(STAGES)}, not {stage!r}")
        self["sys/stage"] = stage


def _begin(container: Run, own_id: str, *, mode: str | None, tags: Any = (), **given: Any) -> None:
    """Begin the run of a container, or go on with it, or read it."""
    named = "with_id" if _mode(mode) == "read-only" else "custom_run_id"
    Run.__init__(container, **{**_QUIET, **given, named: own_id, "mode": mode, "tags": tags})
    container.attributes.values["sys/id"] = own_id


def _mode(given: str | None) -> str:
    return given or os.environ.get("NEPTUNE_MODE") or "async"


def _keeps_nothing(mode: str | None) -> bool:
    return _mode(mode) in ("debug", "disabled")


def _found(kind: str, given: str, project: str | None, mode: str | None) -> str:
    """Return the id of a model or version, before which Neptune had the key of the project.

    Raises:
        ModelNotFound: or `ModelVersionNotFound`: there is none.
    """
    if _keeps_nothing(mode):
        return given
    found = _search(kind, (given, given.partition("-")[2]), project, mode)
    if found is None:
        error = errors.ModelNotFound if kind == MODEL else errors.ModelVersionNotFound
        raise error(f"there is no {kind.replace('_', ' ')} {given!r}")
    return found


def _search(kind: str, ids: Iterable[str], project: str | None, mode: str | None) -> str | None:
    """Return the first of some ids that a model or version has."""
    name = project_of(project)[0]
    try:
        client = reader_of(name, _place(mode))
    except UsageError:  # this machine has no runs yet
        return None
    with client:
        return next((each for each in ids if each and find_run(client, name, each, kind)), None)


def _next_number(model: str, project: str | None, mode: str | None) -> int:
    """Return the number after that of the newest version of a model."""
    name = project_of(project)[0]
    known = {f"config.{OWN}.container": MODEL_VERSION}
    with reader_of(name, _place(mode)) as client:
        listed = client.list_runs(name, limit=None, filters=known)
        ids = [StoredRun(client, run["id"], name).run_id for run in listed]
    numbers = [own.removeprefix(f"{model}-") for own in ids if own.startswith(f"{model}-")]
    return max((int(number) for number in numbers if number.isdecimal()), default=0) + 1


def _place(mode: str | None) -> str:
    """Return the mode that tells where the runs are."""
    return "offline" if _mode(mode) == "offline" else "async"
