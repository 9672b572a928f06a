"""How a run gets its place on a server: created, resumed, or refused because the id is taken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Final
from urllib.parse import quote

from pluto import api
from pluto.api import Refused, Request
from pluto.config import deep_merge
from pluto.errors import RetryLater, RunExistsError, ServerDecision
from pluto.record import RemoteRun, RunInfo

Call = Callable[[Request], dict[str, Any]]
Read = Callable[[str], dict[str, Any]]

JUST_NOW_SECONDS: Final = 60.0


def attach(run: RunInfo, call: Call, read: Read) -> tuple[RemoteRun, str]:
    """Create the run on a server or take it up; return it with the project that it is in there.

    Args:
        run: the run.
        call: posts a request.
        read: gets a JSON object from a path of the api service.

    Raises:
        RunExistsError: the external id is taken and `resume` was not asked for.
        ServerDecision: the server refuses.
        RetryLater: nothing was decided.
    """
    try:
        if run.only_rows:
            return _joined(run, read)
        if run.resume_run_id is not None or run.resume_display_id is not None:
            answer = _resume(run, call)
        else:
            answer = _create(_beside_parent(run, read), call, read)
    except Refused as error:
        raise ServerDecision(f"Failed to {_wanted(run)}: {error}", error.status) from error
    return api.read_run(answer), str(answer.get("projectName") or run.project)


def _wanted(run: RunInfo) -> str:
    existing = run.resume_run_id if run.resume_run_id is not None else run.resume_display_id
    if existing is not None:
        return f"resume run {existing}"
    return "create run" if run.fork_run_id is None else f"fork from run {run.fork_run_id}"


def _joined(run: RunInfo, read: Read) -> tuple[RemoteRun, str]:
    """Find the run of this number, and make sure that it is not another one of another server."""
    found = read(f"/api/runs/details/{run.resume_run_id}")
    if found.get("projectName") not in (run.project, api.wire_name(run.project)):
        raise ServerDecision(
            f"run {run.resume_run_id} of this server is in project {found.get('projectName')!r} and"
            f" not in {run.project!r}: name the server that the run began on with --url or --host",
            409,
        )
    number = int(found["id"])
    return RemoteRun(number, str(found.get("url") or ""), found.get("displayId"), True), run.project


def _resume(run: RunInfo, call: Call) -> dict[str, Any]:
    answer = call(api.resume_request(run))
    config = api.config_request(api.read_run(answer).run_id, run.config)
    if config is not None:
        call(config)
    return answer


def _create(run: RunInfo, call: Call, read: Read) -> dict[str, Any]:
    if run.external_id is None or run.resume:
        return call(api.create_request(run, run.external_id or run.uid))
    return _create_new(run, run.external_id, call, read)


def _beside_parent(run: RunInfo, read: Read) -> RunInfo:
    """Name the parent of a fork by its number, and lay the run's config over the parent's.

    That is done here because servers merge only the top level of the two.
    """
    merges = bool(run.config) and run.inherit_config is not False
    if run.fork_run_id is None or (isinstance(run.fork_run_id, int) and not merges):
        return run
    path = f"/api/runs/details/{run.fork_run_id}"
    if isinstance(run.fork_run_id, str):
        project = quote(api.wire_name(run.project), safe="")
        path = f"/api/runs/details/by-display-id/{run.fork_run_id}?projectName={project}"
    parent = read(path)
    if not isinstance(parent.get("id"), int):
        raise RetryLater("the server's answer about the parent of the fork has no id")
    run = run._replace(fork_run_id=parent["id"])
    if not merges:
        return run
    config = deep_merge(parent.get("config") or {}, run.config or {})
    return run._replace(config=config, inherit_config=False)


def _create_new(run: RunInfo, external_id: str, call: Call, read: Read) -> dict[str, Any]:
    """Create a run under an external id that must not be in use.

    The server attaches to a run that has the id, opens it again and merges our config into it. So
    the config goes separately, and a run that is not ours gets its status back.
    """
    answer = call(api.create_request(run, external_id, with_config=False))
    remote = api.read_run(answer)
    if remote.resumed and not _is_ours(run, remote, read):
        _put_status_back(remote, call, read)
        raise RunExistsError(
            f"a run with the id {external_id!r} exists already ({remote.url}): pass resume=True "
            "to go on with it, or choose another run_id",
            409,
        )
    config = api.config_request(remote.run_id, run.config)
    if config is not None:
        call(config)
    return {**answer, "resumed": False}


def _is_ours(run: RunInfo, remote: RemoteRun, read: Read) -> bool:
    """Tell whether an earlier request of this very run made it, whose answer got lost."""
    details = read(f"/api/runs/details/{remote.run_id}")
    return (details.get("loggerSettings") or {}).get(api.RUN_UID) == run.uid


def _put_status_back(remote: RemoteRun, call: Call, read: Read) -> None:
    """Undo that attaching opened a finished run; one that was running is left alone."""
    events = read(f"/api/runs/status/history?runId={remote.run_id}").get("events") or [{}]
    last = events[-1]
    opened = last.get("source") == "resume" and last.get("toStatus") == "RUNNING"
    if opened and last.get("fromStatus") and _age_seconds(last["createdAt"]) < JUST_NOW_SECONDS:
        call(api.status_request(remote.run_id, {"status": last["fromStatus"]}))


def _age_seconds(iso: str) -> float:
    then = datetime.fromisoformat(iso.replace("Z", "+00:00"))
    return abs((datetime.now(timezone.utc) - then).total_seconds())
