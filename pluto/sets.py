"""What a user has set, and where a run therefore goes."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple

from pluto.addresses import HOSTED, LOCAL, ServerUrls, resolve
from pluto.errors import UsageError
from pluto.names import directory_name, is_display_id
from pluto.sets_table import ENDPOINTS, LENIENT, RENAMED, TABLE, Declared, Setting
from pluto.version import VERSION

logger = logging.getLogger("pluto")

NO_KEY: Final = "_key"  # what earlier clients put where a key is missing
INIT_ARGUMENTS: Final = (  # those of `init` that are no settings: what a typing error may mean
    "name",
    "config",
    "settings",
    "tags",
    "run_id",
    "resume",
    "fork_run_id",
    "fork_step",
    "resume_step",
    "inherit_config",
    "inherit_tags",
)
_ADDRESSES: Final = ("host", "url", "url_app", "url_api", "url_ingest", "url_py")
_SECRET: Final = frozenset(["http_proxy", "https_proxy", "url_webhook"])
_FACTS: Final[Mapping[str, Callable[[], Any]]] = {
    "_op_name": lambda: None,
    "_op_id": lambda: None,
    "_op_status": lambda: -1,
    "_display_id": lambda: None,
    "_external_id": lambda: None,
    "_external_id_from_env": lambda: False,
    "_resume_run_id": lambda: None,
    "_resume_display_id": lambda: None,
    "_fork_run_id": lambda: None,
    "_fork_step": lambda: None,
    "_inherit_config": lambda: None,
    "_inherit_tags": lambda: None,
    "_run_dir": lambda: None,
    "_sys": dict,
    "meta": list,
    "url_view": lambda: None,
    "pluto_version": lambda: None,
    "pluto_commit": lambda: None,
}


class Given:
    """What the user gave: names of settings, and addresses in the order of their sources."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.layers: list[dict[str, str]] = []
        self.environment: dict[str, str] = {}

    @property
    def addresses(self) -> list[dict[str, str]]:
        """What was given of `host`, `url` and `url_*`, the weakest source first."""
        return [self.environment, *self.layers]

    def note(self, values: Mapping[str, Any]) -> None:
        """Remember values set by attribute; None takes an address back."""
        self.names.update(values)
        for name in _ADDRESSES:
            if name in values:
                for layer in self.layers:
                    layer.pop(name, None)
                self.layers.append(_addresses(values, "setting "))


class Settings(Declared):
    """The settings of one run, as attributes; `pluto.setup()` fills them in.

    Every field has its default from the start. What the run itself finds out (`_op_id`,
    `_op_name`, `url_view`, ...) is kept as attributes too, but is no setting: it is never taken
    over into another run.

    Example:
        >>> settings = Settings()
        >>> settings.project
        'pluto'
        >>> settings.host = "gpu7"
        >>> settings.update_host()
        >>> settings.url_ingest
        'http://gpu7:3003'
    """

    given: Given
    _op_name: str | None
    _op_id: int | None
    _op_status: int
    _display_id: str | None
    _external_id: str | None
    _external_id_from_env: bool
    _resume_run_id: int | None
    _resume_display_id: str | None
    _fork_run_id: int | None
    _fork_step: int | None
    _inherit_config: bool | None
    _inherit_tags: bool | None
    _run_dir: str | None
    _sys: Any
    meta: Sequence[str]
    url_view: str | None
    pluto_version: str | None
    pluto_commit: str | None

    def __init__(self) -> None:
        values = {name: each.default for name, each in TABLE.items()}
        facts = {name: make() for name, make in _FACTS.items()}
        # Not by attribute, because what is set by attribute counts as given.
        self.__dict__.update(values, **facts, given=Given())

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; from now on it counts as given by the user."""
        self.__dict__[name] = value
        if name not in _FACTS:
            self.given.note({name: value})

    def update(self, settings: Settings | Mapping[str, Any]) -> None:
        """Take over what `settings` gives, then work out the URLs again.

        Unknown names are accepted, with one warning that names the nearest known one. None means
        "not given". The argument is not changed.

        Raises:
            UsageError: a value cannot work; the message names the setting and the form it needs.
        """
        _warn_of_unknown(self.take(settings))

    def update_host(self) -> None:
        """Work out `url_app`, `url_api`, `url_ingest`, `url_py` from whatever address was given."""
        urls = resolve(self.given.addresses) or HOSTED
        self.__dict__.update({f"url_{name}": root for name, root in urls._asdict().items()})
        self.update_url()

    def update_url(self) -> None:
        """Work out the endpoints (`url_start`, `url_num`, ...) from the four roots."""
        roots = {name: getattr(self, f"url_{name}") for name in ("app", "api", "ingest", "py")}
        endpoints = {name: roots[root] + path for name, (root, path) in ENDPOINTS.items()}
        self.__dict__.update(endpoints)

    def select_run(self, run_id: object, *, from_env: bool = False) -> None:
        """Say which run is meant: a number or display id resumes, other texts are external ids.

        An explicit choice replaces one from the environment altogether. A fraction chooses none.
        """
        if isinstance(run_id, float):
            logger.warning("run_id=%r is no id of a run: it is not taken", run_id)
            run_id = ""
        text = str(run_id).strip()
        number = int(text) if text.isdecimal() else None
        display_id = text if is_display_id(text) else None
        external = text if text and number is None and display_id is None else None
        self._resume_run_id, self._resume_display_id = number, display_id
        self._external_id, self._external_id_from_env = external, from_env and bool(text)

    def to_dict(self) -> dict[str, Any]:
        """Return every field with its value, the four `url_*` roots included."""
        values = {name: self.__dict__[name] for name in (*TABLE, *_FACTS)}
        return {**values, "meta": list(self.meta)}

    def public(self) -> dict[str, Any]:
        """Return what others may see: no key, nothing private, no address with a password in it."""
        return {
            name: value
            for name, value in self.to_dict().items()
            if value is not None and not name.startswith("_") and name not in _SECRET
        }

    def get_dir(self) -> str:
        """Return the directory of the run's files."""
        if self._run_dir is not None:
            return self._run_dir
        run = directory_name(str(self._op_name or self._op_id or "run"))
        return str(Path(self.dir) / f".{self.tag}" / directory_name(self.project) / run)

    @property
    def api_key(self) -> str | None:
        """Return the key that was given by argument, setting or environment."""
        return None if self._auth in (None, "", NO_KEY) else self._auth

    @property
    def is_local(self) -> bool:
        """Tell whether the user wants the run to stay on this machine."""
        wanted = self.mode in ("noop", "offline", "local") or self.disable_iface
        return wanted or not self.sync_process_enabled

    def _nb(self) -> bool:
        """Tell whether this is a notebook, of whatever kind."""
        return self._nb_colab() or self._nb_kaggle() or "ipykernel" in sys.modules

    def _nb_colab(self) -> bool:
        return "google.colab" in sys.modules

    def _nb_kaggle(self) -> bool:
        return bool(os.environ.get("KAGGLE_KERNEL_RUN_TYPE"))

    def take(self, settings: Settings | Mapping[str, Any]) -> list[str]:
        """Take over values; return the names that nobody knows."""
        if isinstance(settings, Settings):
            values = {name: settings.__dict__[name] for name in settings.given.names}
            layers = settings.given.layers
        else:
            values = {name: value for name, value in settings.items() if value is not None}
            layers = [values]
        for old, new in RENAMED.items():
            if old in values:
                values.setdefault(new, values[old])
        clean = {name: _read(name, f"setting {name!r}", value) for name, value in values.items()}
        self.__dict__.update(clean)
        self.given.names.update(name for name in clean if name not in _FACTS)
        self.given.layers += [_addresses(layer, "setting ") for layer in layers]
        self.update_host()
        return [name for name in clean if name not in TABLE and name not in _FACTS]

    def take_environment(self, environment: Mapping[str, str]) -> None:
        """Take over what the environment gives, below everything that was given otherwise."""
        found: dict[str, Any] = {}
        for name, each in TABLE.items():
            value = _from_environment(each, environment)
            if value is not None:
                found[name] = value
        self.__dict__.update(found)
        self.given.environment = {name: found[name] for name in _ADDRESSES if name in found}
        self.update_host()
        run_id = _variable(("PLUTO_RUN_ID", "MLOP_RUN_ID"), environment)
        if run_id is not None:
            self.select_run(run_id[1], from_env=True)


class Destination(NamedTuple):
    """The server that a run goes to.

    Attributes:
        key: the API key; "" if there is none, which only a server without authentication takes.
    """

    urls: ServerUrls
    key: str

    def __repr__(self) -> str:
        return f"Destination({self.urls!r})"


def setup(settings: Settings | Mapping[str, Any] | None = None, **overrides: Any) -> Settings:
    """Return new settings: arguments, over `settings`, over the environment, over the defaults.

    `settings` is not changed. A `Settings` object gives only what was set on it; the rest still
    comes from the environment.

    Example:
        >>> setup({"project": "digits"}, mode="offline").project
        'digits'

    Raises:
        UsageError: a value cannot work; the message names the setting or variable.
    """
    if settings is not None and not isinstance(settings, (Settings, Mapping)):
        kind = type(settings).__name__  # type: ignore[unreachable]
        raise UsageError(f"settings must be a dict or pluto.Settings, got {kind}")
    result = Settings()
    result.pluto_version = VERSION
    result.take_environment(os.environ)
    unknown = result.take(settings or {})
    unknown += result.take(overrides)
    _warn_of_unknown(unknown)
    return result


def destination(settings: Settings, stored_key: Callable[[str], str | None]) -> Destination | None:
    """Return where a run goes; None keeps it on this machine.

    A server that the user named gets it; else the hosted one, if there is a key for it.

    Args:
        settings: as made by `setup`.
        stored_key: gives the key that was stored for the server with this API root.
    """
    return None if settings.is_local else _server(settings, stored_key)


def meant_for(settings: Settings, stored_key: Callable[[str], str | None]) -> ServerUrls | None:
    """Return the server that an offline run waits for; None if it is to stay on this machine.

    `pluto sync` sends an offline run there; a run of `mode="local"` only with `--local`.
    """
    if not settings.is_local or settings.mode in ("local", "noop"):
        return None
    server = _server(settings, stored_key)
    return server.urls if server else None


def _server(settings: Settings, stored_key: Callable[[str], str | None]) -> Destination | None:
    urls = resolve(settings.given.addresses)
    if urls is None and settings.host == LOCAL:
        logger.warning(
            "host='local', but no Pluto server of yours is running: the run is kept on disk. "
            "Start one with 'pluto server' and send the run with 'pluto sync --local'"
        )
        return None
    key = settings.api_key or stored_key((urls or HOSTED).api) or ""
    if urls is None and not key:
        return None
    return Destination(urls or HOSTED, key)


def _read(name: str, source: str, value: Any) -> Any:
    if name not in TABLE:
        return value
    try:
        return TABLE[name].read(value)
    except UsageError as error:
        raise UsageError(f"{source} {error}") from None


def _addresses(values: Mapping[str, Any], source: str) -> dict[str, str]:
    given = {name: values[name] for name in _ADDRESSES if values.get(name)}
    return {name: _read(name, f"{source}{name!r}", value) for name, value in given.items()}


def _from_environment(each: Setting, environment: Mapping[str, str]) -> Any:
    found = _variable(each.env, environment)
    if found is None:
        return None
    variable, value = found
    lenient = each.read in LENIENT
    if not value and not lenient:
        return None
    try:
        return each.read(value)
    except UsageError as error:
        if not lenient:
            raise UsageError(f"environment variable {variable} {error}") from None
        logger.warning("invalid %s is ignored: it %s", variable, error)
        return None


def _variable(names: tuple[str, ...], environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the name and value of the first variable that is set; an empty one comes last."""
    present = [name for name in names if name in environment]
    if not present:
        return None
    name = next((name for name in present if environment[name].strip()), present[0])
    if name.startswith("MLOP_"):
        message = f"the environment variable {name} is deprecated: please set {names[0]}"
        warnings.warn(message, DeprecationWarning, stacklevel=_level_of_the_caller())
    return name, environment[name].strip()


def _level_of_the_caller() -> int:
    """Return the `stacklevel` at which a warning of the calling function names the user's line."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the interpreter's own way
    level = 1
    while frame is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    return level


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in ("pluto", "mlop")


def _warn_of_unknown(names: list[str]) -> None:
    if not names:
        return
    import difflib

    hints = []
    for name in names:
        near = difflib.get_close_matches(name, (*TABLE, *INIT_ARGUMENTS), 1)
        hints.append(f"{name!r} (did you mean {near[0]!r}?)" if near else repr(name))
    logger.warning("unknown settings without effect: %s", ", ".join(hints))
