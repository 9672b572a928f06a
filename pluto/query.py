"""Read runs back: from a server, or from a directory of this machine.

The functions of this module ask the server that `pluto.init()` would send runs to. Where no server
is named and no key is stored, they read the local runs in `.pluto` below the working directory (or
`PLUTO_DIR`). A `Client` asks one certain server or directory.

Every function gives all there is: points of metrics at full resolution, logs of any length. A
run is named by its number, its display id (`MMP-42`), or its name if that is its alone.

Example:
    >>> pluto.query.list_runs("digits", filters={"config.lr": {"$lt": 0.1}})[0]["name"]
    'brave-otter'
    >>> pluto.query.get_metrics("digits", "brave-otter", ["train/loss"])["value"].min()
    0.0213
"""

from __future__ import annotations

import atexit
import functools
import inspect
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from pluto.addresses import HOSTED, ServerUrls, resolve
from pluto.auth import stored_key
from pluto.errors import QueryError
from pluto.query_calls import Calls
from pluto.query_connection import open_source
from pluto.server.filters import (
    BOOLEAN_OPERATORS,
    FIELD_PREFIXES,
    FIELDS,
    LEAF_OPERATORS,
    compile_filter,
)
from pluto.sets import Destination, Settings, destination, setup

__all__ = [
    "Client",
    "QueryError",
    "compare_runs",
    "download_file",
    "get_files",
    "get_logs",
    "get_metric_names",
    "get_metrics",
    "get_run",
    "get_series",
    "get_statistics",
    "leaderboard",
    "list_projects",
    "list_runs",
    "upload_file",
]

P = ParamSpec("P")
T = TypeVar("T")

TIMEOUT_SECONDS: Final = 30.0


class Client(Calls):
    """Reads runs from one server, or from one directory.

    Args:
        api_token: the API key; by default from the environment, else the stored one.
        host: the server, as `pluto.init(host=...)` takes it; by default as the environment says.
        timeout: seconds without a byte after which a request has failed.
        dir: read the runs at and below this directory instead; a run's own directory is fine.

    Raises:
        QueryError: no server and no key is to be found, and no directory was given.

    Example:
        >>> with pluto.query.Client(dir=".") as client:
        ...     [run["name"] for run in client.list_runs("digits")]
        ['brave-otter']
    """

    def __init__(
        self,
        api_token: str | None = None,
        host: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        *,
        dir: str | os.PathLike[str] | None = None,  # noqa: A002 as init() calls it
    ) -> None:
        settings, where = (None, None) if dir is not None else _find_server(api_token, host)
        source = open_source(where, settings or Settings(), timeout, dir)
        super().__init__(source, sleep=time.sleep)
        self._api_token = where.key if where else None
        self._url_ingest = where.urls.ingest if where else None


_default_client: Client | None = None
_default_place: object = None
_lock = threading.Lock()  # guards the two


def _get_client() -> Client:
    """Return the client of the module's functions: for the server or directory that is meant now.

    A login, a logout, or a variable that changes later leads to another client.
    """
    global _default_client, _default_place  # noqa: PLW0603 - the functions share one connection
    settings, where = _find_server(None, None)
    directory = Path(settings.dir) / f".{settings.tag}"
    if where is None and not directory.is_dir():
        raise QueryError(
            f"no server is named, no key is stored, and there are no runs in {directory}: run"
            " 'pluto login', set PLUTO_URL, or use pluto.query.Client(dir=...)"
        )
    place = directory if where is None else (where.urls.api, where.key)
    with _lock:
        if _default_client is None or _default_place != place:
            if _default_client is not None:
                _default_client.close()
            _default_client = Client(dir=directory) if where is None else Client()
            _default_place = place
        return _default_client


@atexit.register
def _close() -> None:
    """Close the connection that the functions of this module share."""
    global _default_client  # noqa: PLW0603 - the functions share one connection
    with _lock:
        if _default_client is not None:
            _default_client.close()
        _default_client = None


def _find_server(api_token: str | None, host: str | None) -> tuple[Settings, Destination | None]:
    """Return the settings and the server that they name, None if the local runs are meant."""
    given = {"_auth": api_token, "host": host}
    asked = {name: value for name, value in given.items() if value is not None}
    # Who names a server means it, even where PLUTO_MODE keeps new runs on this machine.
    settings = setup(asked, mode="perf") if asked else setup()
    return settings, destination(settings, stored_key)


def _of_the_default(method: Callable[Concatenate[Client, P], T]) -> Callable[P, T]:
    """Return the function of this module that calls a method of the default client."""

    @functools.wraps(method)
    def function(*args: P.args, **kwargs: P.kwargs) -> T:
        answer: T = getattr(_get_client(), method.__name__)(*args, **kwargs)
        return answer

    own = inspect.signature(method)
    _, *parameters = own.parameters.values()
    vars(function)["__signature__"] = own.replace(parameters=parameters)
    return function


list_projects = _of_the_default(Client.list_projects)
list_runs = _of_the_default(Client.list_runs)
get_run = _of_the_default(Client.get_run)
get_metric_names = _of_the_default(Client.get_metric_names)
get_metrics = _of_the_default(Client.get_metrics)
get_series = _of_the_default(Client.get_series)
get_statistics = _of_the_default(Client.get_statistics)
compare_runs = _of_the_default(Client.compare_runs)
leaderboard = _of_the_default(Client.leaderboard)
get_files = _of_the_default(Client.get_files)
download_file = _of_the_default(Client.download_file)
get_logs = _of_the_default(Client.get_logs)
upload_file = _of_the_default(Client.upload_file)


# Names that tests of the earlier client import.
_FILTER_BOOL_OPS: Final = frozenset(BOOLEAN_OPERATORS)
_FILTER_LEAF_OPS: Final = frozenset(LEAF_OPERATORS)
_FILTER_FIELDS: Final = frozenset(FIELDS)
_FILTER_FIELD_PREFIXES: Final = FIELD_PREFIXES


def _validate_filters(node: Any) -> None:
    compile_filter(node)


def _resolve_api_token() -> str | None:
    _, where = _find_server(None, None)
    return (where.key or None) if where else None


def _resolve_url_api(host: str | None = None) -> str:
    return _urls(host).api


def _resolve_url_ingest(host: str | None = None) -> str:
    return _urls(host).ingest


def _urls(host: str | None) -> ServerUrls:
    settings = setup(None if host is None else {"host": host})
    return resolve(settings.given.addresses) or HOSTED
