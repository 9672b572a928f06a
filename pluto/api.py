"""The wire format of a Pluto server: from records to bodies, from answers to errors."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from pluto.config import plain_config
from pluto.errors import AuthError, PlutoError, Rejected, RetryLater
from pluto.record import RemoteRun, RunInfo, Stream

Service = Literal["app", "api", "ingest", "py"]

JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"
MAX_NAME: Final = 255  # a database column of the public server
MAX_SHOWN: Final = 500  # characters of a server's own words in our messages

INGEST_PATHS: Final[Mapping[Stream, str]] = {
    "metrics": "/ingest/metrics",
    "system": "/ingest/metrics",
    "console": "/ingest/logs",
    "data": "/ingest/data",
}
LOG_TYPES: Final = frozenset(
    ["METRIC", "IMAGE", "VIDEO", "AUDIO", "FILE", "TEXT", "ARTIFACT", "HISTOGRAM", "TABLE", "DATA"]
)

RUN_UID: Final = "run_uid"  # in the logger settings: tells a run that we made from another's

_PRESIGN_FIELDS: Final = (
    "fileName", "logName", "fileSize", "fileType", "step", "time", "caption", "sampleIndex",
    "annotations",
)  # fmt: skip
_STATUS_PHRASES: Final = frozenset(
    ["unauthorized", "401", "401 unauthorized", "forbidden", "bad request", "internal server error"]
)
_WRAPPED_CODE: Final = re.compile(r"\w+ \((\d)\d{3} - [^)]*\): ?(.*)", re.DOTALL)
_NOT_PRINTABLE: Final = re.compile(r"[^ -~]")
_ESCAPED_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class Refused(Rejected):
    """A `Rejected` that knows its HTTP status."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Request:
    """A POST to one of the services."""

    service: Service
    path: str
    body: bytes
    content_type: str = JSON


def wire_name(name: str) -> str:
    """Return a project or run name that every server takes as it is, in JSON and in a header.

    Printable ASCII without blanks at the ends, at most 255 characters. A shortened name ends in a
    digest of the whole, so that two long names stay two.

    Example:
        >>> wire_name("modèle 3 ")
        'mod-le 3'
    """
    clean = _NOT_PRINTABLE.sub("-", name).strip()
    if len(clean) <= MAX_NAME:
        return clean or "-"
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{clean[: MAX_NAME - 9]}-{digest}"


def json_text(values: Mapping[str, Any] | None) -> str | None:
    """Return JSON that any parser and database takes: no NaN, no U+0000, no half characters.

    Example:
        >>> json_text({"lr": float("nan")})
        '{"lr": "NaN"}'
    """
    if values is None:
        return None
    text = json.dumps(plain_config(values), ensure_ascii=False)
    text = text.encode("utf-8", "replace").decode("utf-8")
    return _ESCAPED_NUL.sub(r"\1\\ufffd", text)


def create_request(run: RunInfo, external_id: str, *, with_config: bool = True) -> Request:
    """Return the request that creates a run, or attaches to the one with the external id.

    Args:
        run: the run.
        external_id: of the user, or one made up so that a repeated request creates no second run.
        with_config: False where attaching must not change the other run's config.
    """
    body: dict[str, Any] = {
        **_names(run, "runName"),
        "externalId": external_id,
        "config": json_text(run.config) if with_config else None,
        "loggerSettings": json_text({**run.logger_settings, RUN_UID: run.uid}),
        "systemMetadata": json_text(run.system_metadata),
        "tags": list(run.tags) or None,
        "createdAt": run.backfill.get("createdAt"),
        "updatedAt": run.backfill.get("updatedAt"),
    }
    if run.rewinds:
        body["rewinds"] = list(run.rewinds)
    if run.fork_run_id is not None:
        body |= {"forkRunId": run.fork_run_id, "forkStep": run.fork_step}
        inherit = {"inheritConfig": run.inherit_config, "inheritTags": run.inherit_tags}
        body |= {name: value for name, value in inherit.items() if value is not None}
    return _api("/api/runs/create", body)


def resume_request(run: RunInfo) -> Request:
    """Return the request that takes up the run with a given number or display id."""
    rewinds = {"rewinds": list(run.rewinds)} if run.rewinds else {}
    if run.resume_run_id is not None:
        return _api("/api/runs/resume", {"runId": run.resume_run_id, **rewinds})
    return _api("/api/runs/resume", {"displayId": run.resume_display_id, **rewinds})


def read_run(answer: Mapping[str, Any]) -> RemoteRun:
    """Return the run that a create or resume request was answered with.

    Raises:
        RetryLater: the answer is not one of a Pluto server.
    """
    extras = answer.get("pluto")
    extras = extras if isinstance(extras, Mapping) else {}
    try:
        return RemoteRun(
            run_id=int(answer["runId"]),
            url=str(answer["url"]),
            display_id=answer.get("displayId"),
            resumed=bool(answer.get("resumed")),
            fork_run_id=answer.get("forkedFromRunId"),
            fork_step=answer.get("forkStep"),
            idempotent_rows=bool(extras.get("idempotentRows")),
            rewinds=bool(extras.get("rewinds")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RetryLater("the server's answer about the run has no runId and url") from error


def name_requests(run_id: int, lines: list[bytes]) -> list[Request]:
    """Return the requests that register log names, one for each type."""
    by_type: dict[str, list[str]] = {}
    for line in lines:
        row = orjson.loads(line)
        log_type = row["logType"] if row["logType"] in LOG_TYPES else "DATA"
        by_type.setdefault(log_type, []).append(row["logName"])
    return [
        _api("/api/runs/logName/add", {"runId": run_id, "logType": log_type, "logName": names})
        for log_type, names in by_type.items()
    ]


def fact_request(run_id: int, line: bytes) -> Request | None:
    """Return the request that tells the server of a changed fact.

    Returns:
        None for a fact that servers learn when the run is created, or not at all.
    """
    fact = orjson.loads(line)
    make = _FACTS.get(fact["fact"])
    return make(run_id, fact["value"], fact.get("time")) if make else None


def status_request(run_id: int, value: Mapping[str, Any], time_ms: int | None = None) -> Request:
    """Return the request that sets a run's status; without metadata the old one is left alone."""
    body: dict[str, Any] = {"runId": run_id, "status": value["status"]}
    metadata = value.get("statusMetadata")
    if metadata is not None:
        body["statusMetadata"] = json_text(metadata)
    if value["status"] != "RUNNING":
        body["statusUpdated"] = value.get("statusUpdated") or time_ms
    return _api("/api/runs/status/update", body)


def config_request(run_id: int, change: Mapping[str, Any] | None) -> Request | None:
    """Return the request that merges into the config; None if nothing changes."""
    if not change:
        return None
    return _api("/api/runs/config/update", {"runId": run_id, "config": json_text(change)})


def heartbeat_request(run_id: int) -> Request:
    """Return the request that tells that the run lives; its answer has the run's status."""
    return Request("py", "/api/runs/trigger", orjson.dumps({"runId": run_id}))


def presign_request(row: Mapping[str, Any]) -> Request:
    """Return the request for a URL to put a file at; the server lists the file from then on."""
    file = {name: row[name] for name in _PRESIGN_FIELDS if row.get(name) is not None}
    return Request("ingest", "/files", orjson.dumps({"files": [file]}))


def read_presigned(answer: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Return the URL for the one file of a `presign_request`.

    Raises:
        RetryLater: the answer is not one of a Pluto server.
    """
    try:
        (url,) = answer[row["logName"]][0].values()
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise RetryLater(f"the server gave no URL for {row['fileName']}") from error
    return str(url)


def read_error(status: int, text: str) -> PlutoError:
    """Return the exception that says what to do about an answer other than 200 or 201.

    The services word their errors differently, and the one for rows answers 422 to everything; the
    real reason then stands in the text.
    """
    reason, is_pluto = _reason(text)
    if status == 422:
        return _wrapped(reason)
    if status in (401, 403):
        return AuthError(f"{reason or 'the API key was refused'} (HTTP {status})", status)
    said = f"HTTP {status}: {reason}" if reason else f"HTTP {status}"
    if status in (408, 429) or not 400 <= status < 500:
        return RetryLater(said)
    if status in (404, 405) and not is_pluto:
        return RetryLater(f"{said} - is there a Pluto server at this address?")
    return Refused(said, status)


def refused_line(error: PlutoError, lines: list[bytes]) -> int | None:
    """Return which line a refusal is about, where the server showed it and only one fits."""
    said = str(error)
    texts = (line.decode("utf-8", "replace")[:100] for line in lines)
    fits = [index for index, text in enumerate(texts) if f"(bytes): '{text}'" in said]
    return fits[0] if len(fits) == 1 else None


def _names(run: RunInfo, name_field: str) -> dict[str, str]:
    """Return the names as every server takes them, and the true ones where those differ."""
    names = {"projectName": run.project, name_field: run.name}
    wire = {field: wire_name(name) for field, name in names.items()}
    true = {f"{field}Utf8": name for field, name in names.items() if wire[field] != name}
    return wire | true


def _api(path: str, body: Mapping[str, Any]) -> Request:
    return Request("api", path, orjson.dumps(body))


def _reason(text: str) -> tuple[str, bool]:
    """Return the reason in an error body, and whether the body is one of a Pluto server."""
    try:
        body = orjson.loads(text)
    except ValueError:
        return " ".join(text.split())[:MAX_SHOWN], False
    if not isinstance(body, Mapping):
        return text[:MAX_SHOWN], False
    error = body.get("error")
    if isinstance(error, str) and error.lower() not in _STATUS_PHRASES:
        reason = error
    elif isinstance(error, Mapping):
        reason = _issues(error.get("issues"), "path", "message")
    else:
        reason = body.get("message") or error or _issues(body.get("detail"), "loc", "msg")
    return str(reason or text)[:MAX_SHOWN], bool({"error", "message", "detail"} & body.keys())


def _issues(issues: object, where: str, what: str) -> str:
    """Return a list of validation errors in words; another value as it is."""
    if not isinstance(issues, list):
        return str(issues or "")
    words = []
    for issue in issues:
        if isinstance(issue, Mapping):
            path = issue.get(where)
            place = ".".join(map(str, path)) if isinstance(path, list) else ""
            words.append(f"{place}: {issue.get(what)}" if place else str(issue.get(what)))
    return "; ".join(words)


def _wrapped(reason: str) -> PlutoError:
    """Return the exception for a 422, by the family of the code inside its text."""
    match = _WRAPPED_CODE.search(reason)
    family, inner = (match.group(1), match.group(2)) if match else ("", reason)
    if family == "1":
        return AuthError(inner, 401)
    if family in ("4", "5"):
        return RetryLater(reason)
    return Refused(reason, 422)


def _tags(run_id: int, value: Any, _time: int | None) -> Request:
    return _api("/api/runs/tags/update", {"runId": run_id, "tags": value})


def _notes(run_id: int, value: Any, _time: int | None) -> Request:
    return _api("/api/runs/notes/update", {"runId": run_id, "notes": value})


def _config(run_id: int, value: Any, _time: int | None) -> Request | None:
    return config_request(run_id, value)


def _summary(run_id: int, value: Any, _time: int | None) -> Request | None:
    """Return the values as a part of the config: the protocol has no place of their own."""
    return config_request(run_id, {"summary": value})


def _closed(run_id: int, _value: Any, _time: int | None) -> Request:
    """Return that the run is still running, with the reason why it falls silent."""
    return status_request(run_id, {"status": "RUNNING", "statusMetadata": {"closed": True}})


def _alert(run_id: int, value: Any, time: int | None) -> Request:
    """Return an alert; a `url` would make the public server fail after it sent the mail."""
    alert = {"timestamp": time, **value, "url": None}
    if value.get("url"):
        alert["body"] = f"{value.get('body') or ''} {value['url']}".strip()
    return Request("py", "/api/runs/alert", orjson.dumps({"runId": run_id, "alert": alert}))


def _model_graph(run_id: int, value: Any, _time: int | None) -> Request:
    return _api("/api/runs/modelGraph/create", {"runId": run_id, "graph": value})


_FACTS: Final[Mapping[str, Callable[[int, Any, int | None], Request | None]]] = {
    "tags": _tags,
    "notes": _notes,
    "config": _config,
    "summary": _summary,
    "status": status_request,
    "closed": _closed,
    "alert": _alert,
    "modelGraph": _model_graph,
}
