"""Requests to a source of runs: retries, pages, and finding a run by what people call it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import orjson

from pluto import api
from pluto.errors import AuthError, PlutoError, QueryError, RetryLater, UsageError
from pluto.iface import seconds_asked
from pluto.iface_read import transport_errors
from pluto.names import is_display_id
from pluto.query_server import ServerSource, Source, Unavailable, persist
from pluto.sets import Destination, Settings

if TYPE_CHECKING:
    from typing_extensions import Self

MAX_LISTED: Final = 200
RunId = int | str


class Connection:
    """Asks one source, as often as it takes.

    Args:
        source: a server or a directory.
        sleep: waits between two attempts.
    """

    def __init__(self, source: Source, sleep: Callable[[float], None]) -> None:
        self._source = source
        self._client = source.client
        self._url_api = source.root
        self._sleep = sleep

    def close(self) -> None:
        """Close connections and files; idempotent."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Return the answer to a request; parameters that are None are left out.

        Raises:
            QueryError: it was refused, or there was no answer to five attempts.
        """
        given = {key: value for key, value in (parameters or {}).items() if value is not None}
        url = self._url_api + path
        return persist(lambda: self._ask(url, given), url, self._sleep)

    def _ask(self, url: str, parameters: Mapping[str, Any]) -> Any:
        try:
            answer = self._client.get(url, params=parameters)
        except transport_errors() as error:
            raise RetryLater(str(error) or type(error).__name__) from error
        if answer.status_code != 200:
            raise _refusal(answer)
        try:
            return _parsed(answer)
        except ValueError as error:
            raise QueryError(f"{url} does not answer as a Pluto server") from error

    def _pages(
        self,
        path: str,
        key: str,
        parameters: Mapping[str, Any],
        *,
        size: int,
        limit: int | None,
        offset: int,
    ) -> list[dict[str, Any]]:
        """Return up to `limit` items (None = all) of an endpoint that gives `size` at once.

        Args:
            path: of the endpoint.
            key: the list in its answers.
            parameters: besides limit and offset.
            size: its own limit.
            limit: how many in all.
            offset: how many to leave out.
        """
        found: list[dict[str, Any]] = []
        while True:
            asked = size if limit is None else min(size, max(1, limit - len(found)))
            start = offset + len(found)
            page = self._get(path, {**parameters, "limit": asked, "offset": start or None})[key]
            found += page
            if len(page) < asked or len(found) == limit:
                return found

    def _run(self, project: str | None, run_id: RunId) -> dict[str, Any]:
        """Return the details of a run, by number, display id, or name.

        Raises:
            QueryError: there is none, or several have this name.
        """
        text = str(run_id).strip()
        if text.isdecimal():
            return _object(self._get(f"/api/runs/details/{text}"))
        if is_display_id(text.upper()):
            try:
                path = f"/api/runs/details/by-display-id/{text}"
                return _object(self._get(path, {"projectName": project}))
            except QueryError as error:
                if error.status_code != 404:
                    raise
        return self._run_named(project, text)

    def _run_named(self, project: str | None, name: str) -> dict[str, Any]:
        if project is None:
            projects = self._get("/api/runs/projects")["projects"]
            places = [each["name"] for each in projects]
        else:
            places = [project]
        found = [
            run
            for place in places
            for run in self._get(
                "/api/runs/list", {"projectName": place, "search": name, "limit": MAX_LISTED}
            )["runs"]
            if run["name"] == name
        ]
        if not found:
            where = f"project {project!r}" if project else "any project"
            raise QueryError(f"no run {name!r} in {where}: give its id, display id or name", 404)
        if len(found) > 1:
            ids = ", ".join(str(run["id"]) for run in found[:10])
            raise QueryError(f"{len(found)} runs are called {name!r}: give one of the ids {ids}")
        return _object(self._get(f"/api/runs/details/{found[0]['id']}"))

    def _number(self, project: str, run_id: RunId) -> int:
        """Return the number of a run, asking for it only where it has to."""
        text = str(run_id).strip()
        return int(text) if text.isdecimal() else int(self._run(project, text)["id"])


def open_source(
    where: Destination | None,
    settings: Settings,
    timeout: float,
    directory: str | os.PathLike[str] | None,
) -> Source:
    """Return the source for a directory, or else for a server.

    Raises:
        UsageError: the directory is not there.
        QueryError: neither is given.
    """
    if directory is not None:
        from pluto.query_local import LocalSource  # the server's code is not light

        root = Path(directory).expanduser()
        if not root.is_dir():
            raise UsageError(f"dir={str(directory)!r} is no directory")
        return LocalSource(root.resolve())
    if where is None:
        raise QueryError(
            "no API key is set and no server is named: run 'pluto login' or set PLUTO_API_KEY,"
            " pass host=..., or pass dir='.' for the runs on this machine"
        )
    return ServerSource(where, settings, timeout)


def _object(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise QueryError(f"a run was expected, not {answer!r:.80}")
    return answer


def _parsed(answer: Any) -> Any:
    """Return the JSON value of an answer: of a page of 50,000 points four times as fast as json().

    What stands in for a server in tests, or is none, may have nothing but `json()`.
    """
    content = getattr(answer, "content", None)
    return orjson.loads(content) if isinstance(content, bytes) else answer.json()


def _refusal(answer: Any) -> PlutoError:
    status = int(answer.status_code)
    error = api.read_error(status, str(answer.text))
    if status in (408, 429) or status >= 500:
        asked = answer.headers.get("retry-after")
        after = seconds_asked(asked) if isinstance(asked, str) else None
        return Unavailable(str(error), after or 0.0, status)
    if isinstance(error, AuthError):
        return AuthError(f"{error}; set PLUTO_API_KEY or run 'pluto login'", status)
    return QueryError(str(error), status)
