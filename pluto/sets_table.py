"""The settings as data: name, default, environment variables, reader and help, a line each."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from pluto.addresses import HOSTED, checked_host, checked_proxy, checked_url
from pluto.errors import UsageError
from pluto.home import working_directory

Reader = Callable[[object], Any]


class Setting:
    """One row of the table; read from the class it gives the default.

    Attributes:
        name: the attribute of `Settings`.
        env: environment variables, the first that is set counts; `MLOP_*` ones are deprecated.
        read: makes the value of what a user gave; raises ValueError with the form it wants.
        old_name: an earlier name of the setting, which still works.
        help: one line for the docs; "" for a setting of the earlier client without effect here.
    """

    __slots__ = ("_default", "env", "help", "name", "old_name", "read")

    def __init__(
        self,
        default: object,
        help: str,  # noqa: A002 the natural name of the column
        read: Reader,
        env: tuple[str, ...],
        old_name: str,
    ) -> None:
        self._default = default
        self.name = ""
        self.help = help
        self.read = read
        self.env = env
        self.old_name = old_name

    @property
    def default(self) -> Any:
        """A value of the caller's own."""
        return self._default() if callable(self._default) else self._default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> Any:
        return self.default


def as_is(value: object) -> Any:
    """Take anything."""
    return value


def text(value: object) -> str:
    """Take a text, without blanks around it."""
    return str(value).strip()


def copied(value: object) -> dict[str, Any]:
    """Take a dict; the setting has its own copy."""
    if not isinstance(value, Mapping):
        raise UsageError(f"needs a dict, got {type(value).__name__}")
    return dict(value)


def secret(value: object) -> str:
    """Take an API key, which must fit into a header; the message never shows it."""
    key = str(value).strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError("needs an API key as it was shown: letters, digits, '_', '-' and '.'")
    return key


def yes_no(value: object) -> bool:
    """Take a bool, or one of the words for it."""
    word = str(value).strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise UsageError(f"needs true or false, got {value!r}")


def seconds(value: object) -> float:
    """Take a finite number of seconds, 0 or more."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise UsageError(f"needs a number of seconds, 0 or more, got {value!r}")
    return number


def folder(value: object) -> str:
    """Take a directory; `~` is expanded and the path made absolute now."""
    return os.path.abspath(os.path.expanduser(str(value)))


def log_level(value: object) -> int:
    """Take a number or a name of the logging module's levels."""
    word = str(value).strip().upper()
    if word.isdigit():
        return int(word)
    level = logging.getLevelName(word) if word in _LEVELS else None
    if not isinstance(level, int):
        raise UsageError(f"needs a number or one of {', '.join(_LEVELS)}, got {value!r}")
    return level


def one_of(*words: str) -> Reader:
    """Take one of some words, in any case."""

    def read(value: object) -> str:
        word = str(value).strip().lower()
        if word not in words:
            raise UsageError(f"needs one of {', '.join(words)}, got {value!r}")
        return word

    return read


_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MODES: Final = ("perf", "debug", "noop", "offline", "local")
LENIENT: Final = frozenset([seconds, yes_no, log_level])  # a bad variable is told, not fatal
_MODE: Final = one_of(*MODES)
_SAFE: Final = one_of("process", "fsync")
_FILES: Final = one_of("auto", "local", "network")


def _old(name: str) -> str:
    return f"PLUTO_{name} MLOP_{name}"


_PLACE: Final = "PLUTO_FILE_SYSTEM"
_FINISH: Final = "PLUTO_FINISH_TIMEOUT sync_process_shutdown_timeout"
_JOIN: Final = _old("THREAD_JOIN_TIMEOUT_SECONDS")
_KEYS: Final = "PLUTO_API_KEY PLUTO_API_TOKEN MLOP_API_TOKEN MLOP_API_KEY"


def row(
    default: object,
    help: str = "",  # noqa: A002 the natural name of the column
    read: Reader = as_is,
    names: str = "",
) -> Any:
    """Declare a row; typed as Any so that the annotation beside it counts.

    Args:
        default: the value where nobody gives one, or a function that makes it.
        help: one line for the docs.
        read: makes the value of what a user gave.
        names: in capitals, environment variables; in small letters, the setting's earlier name.
    """
    variables = tuple(name for name in names.split() if name.isupper())
    old_name = "".join(name for name in names.split() if name.islower())
    return Setting(default, help, read, variables, old_name)


class Declared:
    """Every setting that a user can give."""

    # fmt: off
    # What to log, and where
    project: str = row("pluto", "project of new runs", text, _old("PROJECT"))
    dir: str = row(working_directory, "where `.pluto` is made", folder, _old("DIR"))
    file_system: str = row("auto", "what `dir` is on: auto, local, network", _FILES, _PLACE)
    mode: str = row("perf", f"one of {', '.join(MODES)}", _MODE, "PLUTO_MODE")
    durability: str = row("process", "what rows survive: process, fsync", _SAFE, "PLUTO_DURABILITY")
    compat: dict[str, Any] = row(dict, "backfill: createdAt, updatedAt, systemMetadata", copied)
    tag: str = row("pluto", "log prefix, key ring service, name of the local directory", text)

    # The server
    _auth: str | None = row(None, "API key", secret, _KEYS)
    host: str | None = row(None, "name, name:port, URL, or `local`", checked_host, "PLUTO_HOST")
    url: str | None = row(None, "one URL for all services", checked_url, "PLUTO_URL")
    url_app: str = row(HOSTED.app, "URL of the web pages", checked_url, _old("URL_APP"))
    url_api: str = row(HOSTED.api, "URL of the API", checked_url, _old("URL_API"))
    url_ingest: str = row(HOSTED.ingest, "URL for rows", checked_url, _old("URL_INGEST"))
    url_py: str = row(HOSTED.py, "URL for heartbeats", checked_url, _old("URL_PY"))
    url_webhook: str | None = row(None, "where alerts are posted", checked_url)
    http_proxy: str | None = row(None, "proxy for http URLs", checked_proxy)
    https_proxy: str | None = row(None, "proxy for https URLs", checked_proxy)
    insecure_disable_ssl: bool = row(False, "do not check certificates", yes_no)
    x_file_stream_timeout_seconds: float = row(30.0, "longest wait for an answer, s", seconds)

    # How long the script may have to wait
    init_timeout: float = row(5.0, "longest wait of init(), s", seconds, "PLUTO_INIT_TIMEOUT")
    finish_timeout: float = row(10.0, "longest wait of finish(), s", seconds, _FINISH)
    x_thread_join_timeout_seconds: float = row(30.0, "longest wait for a thread, s", seconds, _JOIN)
    x_sigterm_status_timeout_seconds: float = row(5.0, "wait to report a SIGTERM, s", seconds)
    sync_process_flush_interval: float = row(1.0, "time between two uploads, s", seconds)

    # What is recorded by itself
    disable_console: bool = row(False, "do not record stdout and stderr", yes_no)
    x_console_fd_capture: bool = row(True, "record what subprocesses print too", yes_no)
    sanitize_logs: bool = row(True, "mask secrets in the console", yes_no, "PLUTO_SANITIZE_LOGS")
    disable_system_metrics: bool = row(False, "do not record the machine", yes_no)
    x_sys_sampling_interval: float = row(4.0, "time between two samples, s", seconds)
    x_sigterm_status_enabled: bool = row(True, "report TERMINATED on SIGTERM", yes_no)
    disable_git: bool = row(False, "do not record the git state", yes_no)

    # Names
    x_log_level: int = row(16, "level of the logger `pluto`", log_level, _old("DEBUG_LEVEL"))
    x_sys_label: str = row("sys", "prefix of system metrics", text)
    x_grad_label: str = row("grad", "prefix of gradients", text)
    x_param_label: str = row("param", "prefix of parameters", text)

    # Settings of the earlier client: False means what mode="offline" means
    sync_process_enabled: bool = row(True, "False: the run stays on this machine", yes_no)
    disable_iface: bool = row(False, "True: the run stays on this machine", yes_no)

    # Settings of the earlier client that have no effect: accepted, readable
    sync_process_shutdown_timeout: float = row(30.0)
    sync_process_db_path: str | None = row(None)
    sync_process_orphan_timeout: float = row(10.0)
    sync_process_retry_max: int = row(5)
    sync_process_retry_backoff: float = row(2.0)
    sync_process_batch_size: int = row(100)
    sync_process_file_batch_size: int = row(10)
    disable_store: bool = row(True)
    disable_progress: bool = row(True)
    message: object = row(None)
    save_code: bool = row(False)
    store_db: str = row("store.db")
    store_table_num: str = row("num")
    store_table_file: str = row("file")
    store_max_size: int = row(16384)
    store_aggregate_interval: float = row(0.5)
    x_internal_check_process: int = row(1)
    x_file_stream_retry_max: int = row(4)
    x_file_stream_retry_wait_min_seconds: float = row(0.5)
    x_file_stream_retry_wait_max_seconds: float = row(2)
    x_file_stream_max_conn: int = row(32)
    x_file_stream_max_size: int = row(262144)
    x_file_stream_transmit_interval: int = row(8)
    # fmt: on


TABLE: Final[Mapping[str, Setting]] = MappingProxyType(
    {name: row for name, row in vars(Declared).items() if isinstance(row, Setting)}
)

RENAMED: Final[Mapping[str, str]] = MappingProxyType(
    {row.old_name: name for name, row in TABLE.items() if row.old_name}
)

ENDPOINTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "url_token": ("app", "/api-keys"),
        "url_login": ("api", "/api/slug"),
        "url_start": ("api", "/api/runs/create"),
        "url_resume": ("api", "/api/runs/resume"),
        "url_stop": ("api", "/api/runs/status/update"),
        "url_meta": ("api", "/api/runs/logName/add"),
        "url_graph": ("api", "/api/runs/modelGraph/create"),
        "url_update_tags": ("api", "/api/runs/tags/update"),
        "url_update_config": ("api", "/api/runs/config/update"),
        "url_num": ("ingest", "/ingest/metrics"),
        "url_data": ("ingest", "/ingest/data"),
        "url_file": ("ingest", "/files"),
        "url_message": ("ingest", "/ingest/logs"),
        "url_alert": ("py", "/api/runs/alert"),
        "url_trigger": ("py", "/api/runs/trigger"),
    }
)
