"""Assemble a run: settings, destination, store, threads, Op."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from pluto import state
from pluto.config import deep_merge, plain_config
from pluto.errors import ServerDecision, StorageError, UsageError
from pluto.launcher import rank_of, shared_run_id
from pluto.names import clean_name, clean_tags, is_display_id, random_id
from pluto.notice import say, speak
from pluto.op import Op
from pluto.run_view import adopt
from pluto.sets import Destination, Settings, destination, meant_for, setup
from pluto.values import whole_step

if TYPE_CHECKING:
    from pluto.record import Receipt, RemoteRun
    from pluto.session import Session  # numpy stays out of `import pluto`

logger = logging.getLogger("pluto")

_KEEPS_ROWS: Final = (
    "this server goes on showing what was logged behind step %d until that step is logged again"
)
_ALONE: Final = (
    "rank %s records a run of its own, since what started it names no job: to have one run of all"
    " ranks, set PLUTO_RUN_ID to the same in each"
)


def init(  # noqa: PLR0917 - the order of the earlier client
    dir: str | os.PathLike[str] | None = None,  # noqa: A002
    project: str | None = None,
    name: str | None = None,
    config: Any = None,
    settings: Settings | Mapping[str, Any] | None = None,
    tags: str | Iterable[object] | None = None,
    run_id: int | str | None = None,
    resume: bool = False,
    fork_run_id: int | str | None = None,
    fork_step: int | None = None,
    inherit_config: bool | None = None,
    inherit_tags: bool | None = None,
    *,
    resume_step: int | None = None,
    **kwargs: Any,
) -> Op:
    """Begin a run. Without a server or a key it is a local one, which `pluto ui` shows.

    The run exists on this machine when `init` returns. Where a server is meant, `init` waits up to
    `init_timeout` (5 s) for it; if it cannot be reached, the run begins all the same, and is
    created there later.

    Args:
        dir: directory that `.pluto/` with the run goes to; the working directory by default.
        project: name of the project.
        name: name of the run; random by default.
        config: hyperparameters: a mapping, OmegaConf node, dataclass, Namespace or pydantic model.
        settings: a mapping or `Settings`; see `pluto.Settings`.
        tags: a tag or several.
        run_id: the run to go on with: a server's number, a display id such as `MMP-42`, or any
            other text as an external id, shared by the processes of one job.
        resume: go on with a run of this `run_id` if there is one.
        fork_run_id: number or display id of the run to fork from; with `fork_step`.
        fork_step: the last step that the fork shares with it.
        inherit_config: whether a fork starts from its parent's config.
        inherit_tags: whether a fork starts with its parent's tags.
        resume_step: the step of the checkpoint that an existing run goes on from; implies
            `resume`. What was logged behind it is hidden, and steps go on behind it.
        **kwargs: settings by name.

    Returns:
        The run.

    Raises:
        UsageError: an argument cannot work.
        ServerDecision: the server was reached and refuses (key, quota, existing run).
        StorageError: the run's directory cannot be written.

    Example:
        >>> run = pluto.init(project="digits", config={"lr": 0.01}, tags=["baseline"])
    """
    fork = _fork(fork_run_id, fork_step, inherit_config, inherit_tags)
    project, config, tags = _in_sweep(project, config, tags)
    speak(logging.WARNING)  # what is wrong with the settings is said before they are known
    given = {"dir": kwargs.pop("save_dir", None) or dir, "project": project, **kwargs}
    chosen = setup(settings, **{key: value for key, value in given.items() if value is not None})
    chosen.project = clean_name(chosen.project) or Settings.project
    speak(chosen.x_log_level)
    if run_id is not None:
        chosen.select_run(run_id)
    attachment = _attachment(chosen, resume, resume_step)
    name = str(name) if name is not None and str(name).strip() else ""
    facts = _facts(chosen, name, config, tags) | attachment | fork
    chosen._op_name = facts["name"]  # noqa: SLF001
    if chosen.mode == "noop":
        first_step = (facts["resume_step"] or 0) + 1
        return _begin(Op(facts["config"], chosen, facts["tags"], first_step=first_step))
    run = _begin_recording(chosen, facts)
    if name and run.name != facts["name"]:
        logger.warning("the run keeps its name %r: name=%r is not taken", run.name, name)
    return run


def finish(op: Op | None = None) -> Receipt | None:
    """End a run, or every live run; return the receipt of the (last) one."""
    receipt = None
    for run in [op] if op is not None else state.live_runs():
        receipt = run.finish()
    return receipt


def _begin(run: Op) -> Op:
    state.add(run)
    return run


def _begin_recording(settings: Settings, facts: dict[str, Any]) -> Op:
    from pluto.assembly import assemble
    from pluto.background import accompany

    where = destination(settings, _stored_key)
    later = meant_for(settings, _stored_key)
    facts["destination"] = later._asdict() if later else None
    try:
        session = assemble(settings, facts, where)
    except OSError as error:
        raise StorageError(
            f"cannot write to {settings.dir} ({error}): pass init(dir=...) or set PLUTO_DIR"
        ) from error
    settings._run_dir = str(session.directory)  # noqa: SLF001
    settings._op_name = session.facts["name"]  # noqa: SLF001 - an earlier one, if it is resumed
    if where is None and "fork_run_id" in facts:
        logger.warning("a fork needs the server that has its parent: this run begins empty")
    remote = None
    if where is not None:
        remote = _first_contact(session, float(settings.init_timeout))
        adopt(settings, remote)
    run = Op(
        session.facts["config"] if session.resumed else facts["config"],
        settings,
        session.facts["tags"],
        resume=remote.resumed if remote else session.resumed,
        session=session,
        first_step=session.first_step,
    )
    if remote is not None:
        run.fork_run_id, run.fork_step = remote.fork_run_id, remote.fork_step
        if facts["resume_step"] is not None and not remote.rewinds:
            logger.warning(_KEEPS_ROWS, facts["resume_step"])
    _announce(run, session, where)
    accompany(run, session)
    return _begin(run)


def _stored_key(api_root: str) -> str | None:
    from pluto.auth import stored_key

    return stored_key(api_root)


def _first_contact(session: Session, timeout: float) -> RemoteRun | None:
    """Wait for the server's answer; a refusal ends the run before it has begun."""
    try:
        return session.first_contact(timeout)
    except ServerDecision:
        directory, is_new = session.directory, not session.resumed
        session.end(None, 0)
        if is_new:
            import shutil

            shutil.rmtree(directory, ignore_errors=True)
        raise


def _facts(
    settings: Settings, name: str, config: Any, tags: str | Iterable[object] | None
) -> dict[str, Any]:
    run_tags = clean_tags(tags)
    if os.environ.get("KONDUKTOR_JOB_NAME") and "konduktor" not in run_tags:
        run_tags.append("konduktor")
    backfill = {k: v for k, v in settings.compat.items() if k in ("createdAt", "updatedAt") and v}
    return {
        "uid": random_id(16),
        "project": settings.project,
        "name": clean_name(name) or random_id(8),
        "created_at": backfill.get("createdAt", time.time_ns() // 1_000_000),
        "config": plain_config(config),
        "tags": run_tags,
        "status": "RUNNING",
        "mode": settings.mode,
        "pid": os.getpid(),
        "logger_settings": plain_config(settings.public()),
        "backfill": backfill,
    }


def _in_sweep(
    project: str | None, config: Any, tags: str | Iterable[object] | None
) -> tuple[str | None, Any, str | Iterable[object] | None]:
    """Lay the choice of a sweep over what was given, if one is being tried."""
    trial = state.trial()
    if trial is None:
        return project, config, tags
    merged = deep_merge(plain_config(config) or {}, plain_config(trial.config) or {})
    return project or trial.project, merged, [*clean_tags(tags), f"sweep:{trial.sweep_id}"]


def _attachment(settings: Settings, resume: bool, step: int | None) -> dict[str, Any]:
    """Return the facts that say which existing run this one goes on with, if any."""
    number, display_id = settings._resume_run_id, settings._resume_display_id  # noqa: SLF001
    by_server_id = number is not None or display_id is not None
    external_id, shared = settings._external_id, settings._external_id_from_env  # noqa: SLF001
    if not external_id and not by_server_id and state.newest() is None:
        external_id = shared_run_id(os.environ, os.getppid())
        shared = external_id is not None
        if not shared and rank_of(os.environ) not in (None, "0"):
            logger.warning(_ALONE, rank_of(os.environ))
    settings._external_id = external_id  # noqa: SLF001
    if step is not None and not (external_id or by_server_id):
        raise UsageError("resume_step goes with the run_id of the run to go on with")
    if resume and not (external_id or by_server_id):
        logger.warning("resume=True without a run_id: a new run begins")
    return {
        "resume_step": _checkpoint(step),
        "only_rows": False,
        "resume_run_id": number,
        "resume_display_id": display_id,
        "external_id": external_id,
        "resume": resume or by_server_id or shared or step is not None,
    }


def _checkpoint(step: Any) -> int | None:
    number = None if step is None else whole_step(step)
    if number is None and step is not None:
        raise UsageError(f"resume_step must be an integer from 0 on, got {step!r}")
    return number


def _fork(
    run_id: int | str | None,
    step: int | None,
    inherit_config: bool | None,
    inherit_tags: bool | None,
) -> dict[str, Any]:
    if (run_id is None) != (step is None):
        raise UsageError("fork_run_id and fork_step must be provided together")
    if run_id is None:
        return {}
    text = str(run_id).strip()
    if not (text.isdecimal() or is_display_id(text)):
        raise UsageError(
            f"fork_run_id must be a numeric run ID or display ID such as MMP-42, got {run_id!r}"
        )
    whole = whole_step(step)
    if whole is None:
        raise UsageError(f"fork_step must be an integer from 0 on, got {step!r}")
    return {
        "fork_run_id": int(text) if text.isdecimal() else text,
        "fork_step": whole,
        "inherit_config": inherit_config,
        "inherit_tags": inherit_tags,
    }


def _announce(run: Op, session: Session, where: Destination | None) -> None:
    """Print where the run goes; other tools look for the line about a server's run."""
    display_id, url = run.settings._display_id, run.url  # noqa: SLF001
    if where is None:
        from pluto.store import shown

        text = f"run {run.name} is kept in {shown(session.directory)}: look at it with 'pluto ui'"
        if session.facts["destination"]:
            text += ", send it with 'pluto sync'"
    elif display_id:
        slug = (url or "").rstrip("/").rpartition("/")[2]
        suffix = f" (external_id={slug})" if slug else ""
        text = f"run {display_id} {'resumed' if run.resumed else 'started'}{suffix}"
        logger.info("view run %s at %s", display_id, url)
    else:
        text = f"run {run.name} begins without its server ({where.urls.api}), which gets it later"
    say(text, stands_out=True)
