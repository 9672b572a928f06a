"""`wandb.init`: from what a script wants to a run of Pluto; the current run of the process."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pluto
from pluto.compat.wandb_config import file_defaults, read_config
from pluto.compat.wandb_errors import Error, UsageError
from pluto.compat.wandb_resume import Attachment, attachment
from pluto.compat.wandb_run import Run, marks
from pluto.compat.wandb_run_files import OWN_CONFIG
from pluto.compat.wandb_settings import Settings, Wanted, read_wanted
from pluto.errors import RunExistsError

logger = logging.getLogger("pluto")

_live: list[Run] = []
_current: Run | None = None


def current() -> Run | None:
    """Return the run that `wandb.run` stands for."""
    return _current


def live_runs() -> list[Run]:
    """Return the runs that have not ended, oldest first."""
    return list(_live)


def require_current(what: str) -> Run:
    """Return the current run.

    Raises:
        Error: there is none; the message names what was asked for.
    """
    if _current is None:
        raise Error(f"call wandb.init() before {what}")
    return _current


def init(
    entity: str | None = None,
    project: str | None = None,
    *,
    dir: str | os.PathLike[str] | None = None,  # noqa: A002 - the names of wandb
    id: str | None = None,  # noqa: A002
    name: str | None = None,
    notes: str | None = None,
    tags: Sequence[str] | None = None,
    config: Any = None,
    config_exclude_keys: Sequence[str] | None = None,
    config_include_keys: Sequence[str] | None = None,
    allow_val_change: bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    reinit: bool | str | None = None,
    resume: bool | str | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    save_code: bool | None = None,
    sync_tensorboard: bool | None = None,
    settings: Settings | Mapping[str, Any] | None = None,
    **others: Any,
) -> Run:
    """Begin a run, or return the current one if it has not ended.

    What is not given is taken from `settings`, then from `WANDB_*` variables. Where the run goes is
    up to Pluto (`pluto login`, `PLUTO_URL`); without a server it is a local one.

    Args:
        entity: kept with the run; Pluto's projects belong to the server's organization.
        project: name of the project.
        dir: where the directory of local runs is.
        id: of the run, to resume it by; random by default.
        name: of the run.
        notes: free text.
        tags: words.
        config: a mapping, a Namespace, or the path of a YAML file.
        config_exclude_keys: keys to leave out of the config.
        config_include_keys: the only keys to take from it.
        allow_val_change: whether config values may change.
        group: becomes the tag `group:<group>`.
        job_type: becomes the tag `job_type:<type>`.
        mode: `online`, `offline`, or `disabled` (nothing is kept).
        reinit: `finish_previous` (or True) ends the runs that are live, `create_new` leaves them
            and the current run alone.
        resume: `allow`, `must`, `never`, or `auto`: the last run of this directory if it did not
            come to its end.
        resume_from: `<id>?_step=<step>`: that run goes on behind the step; what it logged later is
            hidden.
        fork_from: `<number or display id>?_step=<step>` of a run on the server.
        save_code: keep the script as an artifact.
        sync_tensorboard: log what TensorBoard's writers are given.
        settings: see `Settings`.
        **others: without effect.

    Raises:
        UsageError: something cannot work.
    """
    arguments = {key: value for key, value in locals().items() if key not in ("settings", "others")}
    wanted = read_wanted(arguments, settings, os.environ)
    previous = _previous(wanted)
    if previous is not None:
        return previous
    given = read_config(config, config_exclude_keys, config_include_keys)
    own = {"config": {**file_defaults(), **given} or None}
    if others:
        logger.debug("wandb.init(): without effect are %s", ", ".join(sorted(others)))
    run = begin(wanted, own, allow_val_change=bool(allow_val_change))
    _settle(run, wanted, tensorboard=bool(sync_tensorboard or others.get("tensorboard")))
    return run


def _settle(run: Run, wanted: Wanted, *, tensorboard: bool) -> None:
    """Do what is to be done once a run has begun."""
    if wanted.reinit != "create_new":
        _set_current(run)
    if tensorboard:
        from pluto.compat.tensorboard import patch, restore

        patch(op=run.op)
        run.on_end.append(lambda _run: restore())
    if wanted.save_code:
        _save_script(run)


def begin(wanted: Wanted, arguments: Mapping[str, Any], *, allow_val_change: bool = False) -> Run:
    """Begin a run.

    Args:
        wanted: what the script said.
        arguments: of `pluto.init`, besides those that follow from `wanted`.
        allow_val_change: whether config values may change.
    """
    chosen = {
        "project": wanted.project,
        "name": wanted.name,
        "dir": wanted.dir,
        "mode": wanted.mode,
        "tags": [*wanted.tags, *marks(wanted)],
        "resume_step": wanted.rewind,
        **wanted.settings,
        **arguments,
    }
    if wanted.fork is not None:
        chosen["fork_run_id"], chosen["fork_step"] = wanted.fork
    attached = attachment(wanted, {k: v for k, v in chosen.items() if v is not None})
    op = _begin(chosen, attached)
    attached.check(op)
    if wanted.notes is not None:
        op.set_notes(wanted.notes)
    known = {"entity": wanted.entity, "group": wanted.group, "job_type": wanted.job_type}
    about = {key: value for key, value in known.items() if value is not None}
    run = Run(op, attached.run_id, wanted, allow_val_change=allow_val_change)
    if about:
        op.update_config({OWN_CONFIG: about})
    run.on_end.append(_forget)
    _live.append(run)
    return run


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """End the current run, if there is one."""
    if _current is not None:
        _current.finish(exit_code, quiet)


def teardown(exit_code: int | None = None) -> None:
    """End every run."""
    for run in reversed(list(_live)):
        run.finish(exit_code)


def _begin(chosen: Mapping[str, Any], attached: Attachment) -> pluto.Op:
    given = {key: value for key, value in chosen.items() if value is not None}
    try:
        return pluto.init(**given, run_id=attached.external_id, resume=attached.may_exist)
    except RunExistsError as error:
        raise UsageError(f"the run {attached.run_id!r} exists, and resume='never'") from error


def _previous(wanted: Wanted) -> Run | None:
    """Return the live run that the script gets again; end those that it wants ended."""
    if wanted.reinit == "finish_previous" or (wanted.reinit is None and "ipykernel" in sys.modules):
        teardown()
    if wanted.reinit is not None or not _live:
        return None
    if wanted.resume == "must":
        raise Error("a run is live: finish() it before another one is resumed")
    logger.info("wandb.init(): %r is live and goes on (reinit=True begins another)", _live[-1])
    return _live[-1]


def _set_current(run: Run) -> None:
    global _current  # noqa: PLW0603 - wandb.run is a state of the process
    _current = run


def _forget(run: Run) -> None:
    global _current  # noqa: PLW0603 - wandb.run is a state of the process
    if run in _live:
        _live.remove(run)
    if _current is run:
        _current = None


def _save_script(run: Run) -> None:
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if script and Path(script).is_file():
        run.log_artifact(script, name=f"source-{run.project}".replace("/", "-"), type="code")
