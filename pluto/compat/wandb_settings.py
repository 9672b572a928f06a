"""What a wandb script says about its run: by argument, by `Settings`, by `WANDB_*` variables."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pluto.compat.wandb_errors import UsageError

logger = logging.getLogger("pluto")

RESUMES: Final = ("allow", "must", "never", "auto")
_MODES: Final[Mapping[str, str | None]] = {
    "online": None,  # where Pluto is set up to send runs
    "shared": None,
    "offline": "offline",
    "dryrun": "offline",
    "disabled": "noop",
}
_YES: Final = ("1", "true", "yes", "on")

# argument of wandb.init: (name in Settings, environment variable)
_SOURCES: Final[Mapping[str, tuple[str, str]]] = {
    "entity": ("entity", "WANDB_ENTITY"),
    "project": ("project", "WANDB_PROJECT"),
    "name": ("run_name", "WANDB_NAME"),
    "notes": ("run_notes", "WANDB_NOTES"),
    "tags": ("run_tags", "WANDB_TAGS"),
    "group": ("run_group", "WANDB_RUN_GROUP"),
    "job_type": ("run_job_type", "WANDB_JOB_TYPE"),
    "id": ("run_id", "WANDB_RUN_ID"),
    "resume": ("resume", "WANDB_RESUME"),
    "resume_from": ("resume_from", "WANDB_RESUME_FROM"),
    "fork_from": ("fork_from", "WANDB_FORK_FROM"),
    "mode": ("mode", "WANDB_MODE"),
    "dir": ("root_dir", "WANDB_DIR"),
    "reinit": ("reinit", "WANDB_REINIT"),
    "save_code": ("save_code", "WANDB_SAVE_CODE"),
}

# field of Settings: (environment variable, setting of Pluto, the words that turn it on)
_SWITCHES: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "console": ("WANDB_CONSOLE", "disable_console", ("off",)),
    "disable_git": ("WANDB_DISABLE_GIT", "disable_git", _YES),
    "x_disable_stats": ("WANDB_X_DISABLE_STATS", "disable_system_metrics", _YES),
    "_disable_stats": ("WANDB__DISABLE_STATS", "disable_system_metrics", _YES),
}
_SECONDS: Final = {
    "init_timeout": "init_timeout",
    "finish_timeout": "finish_timeout",
    "x_stats_sampling_interval": "x_sys_sampling_interval",
}


class Settings:
    """The settings of a run, as `wandb.Settings` takes them; each is an attribute.

    Those with a counterpart in Pluto take effect (see the guide `from-wandb.md`), the others are
    kept and have none.

    Example:
        >>> Settings(mode="offline", run_name="first").run_name
        'first'
    """

    def __init__(self, **given: Any) -> None:
        self.__dict__.update(given)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{key}={value!r}' for key, value in vars(self).items())})"


@dataclass(frozen=True)
class Wanted:
    """Everything that a script said about the run that it begins.

    Attributes:
        mode: of Pluto; None leaves it to Pluto's own settings.
        resume: one of `RESUMES`, or None.
        fork: the run and the step to begin from.
        rewind: the last step that counts of the run that is resumed.
        settings: of Pluto, by name.
    """

    entity: str | None = None
    project: str | None = None
    name: str | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()
    group: str | None = None
    job_type: str | None = None
    id: str | None = None
    resume: str | None = None
    fork: tuple[str, int] | None = None
    rewind: int | None = None
    mode: str | None = None
    dir: str | None = None
    reinit: str | None = None
    save_code: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


def read_wanted(
    arguments: Mapping[str, Any],
    settings: Settings | Mapping[str, Any] | None,
    environment: Mapping[str, str],
) -> Wanted:
    """Return what is wanted: arguments over settings over the environment.

    Raises:
        UsageError: a value is not one that wandb knows.
    """
    fields = vars(settings) if isinstance(settings, Settings) else dict(settings or {})
    found = {
        name: _first(arguments.get(name), fields.get(setting), environment.get(variable) or None)
        for name, (setting, variable) in _SOURCES.items()
    }
    rewound = _run_and_step("resume_from", found.pop("resume_from"))
    if rewound is not None:
        found |= {"id": rewound[0], "resume": "must"}
    texts = ("entity", "project", "name", "notes", "group", "job_type", "id", "dir")
    return Wanted(
        **{name: None if found[name] is None else str(found[name]) for name in texts},
        tags=_tags(found["tags"]),
        resume=_resume(found["resume"]),
        fork=_run_and_step("fork_from", found["fork_from"]),
        rewind=rewound[1] if rewound else None,
        mode=_mode(found["mode"], environment),
        reinit=_reinit(found["reinit"]),
        save_code=_is_yes(found["save_code"]),
        settings=_pluto_settings(fields, environment),
    )


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _is_yes(value: Any) -> bool:
    return str(value).lower() in _YES


def _tags(tags: str | Iterable[Any] | None) -> tuple[str, ...]:
    listed = tags.split(",") if isinstance(tags, str) else tags or ()
    return tuple(dict.fromkeys(text for text in (str(tag).strip() for tag in listed) if text))


def _resume(resume: Any) -> str | None:
    if resume is None or resume is False or resume == "":
        return None
    word = str(resume).lower()
    if word in ("true", "1"):
        return "auto"
    if word not in RESUMES:
        raise UsageError(f"resume= takes {', '.join(RESUMES)}, got {resume!r}")
    return word


def _run_and_step(keyword: str, given: Any) -> tuple[str, int] | None:
    if given is None:
        return None
    run, separator, step = str(given).partition("?_step=")
    if not separator or not step.isdecimal():
        raise UsageError(f"{keyword}= takes '<run id>?_step=<step>', got {given!r}")
    return run, int(step)


def _mode(mode: Any, environment: Mapping[str, str]) -> str | None:
    if _is_yes(environment.get("WANDB_DISABLED", "")):
        return "noop"
    if mode is None:
        return None
    if mode not in _MODES:
        raise UsageError(f"mode= takes online, offline or disabled, got {mode!r}")
    return _MODES[mode]


def _reinit(reinit: Any) -> str | None:
    if reinit is None or str(reinit).lower() in ("false", "default", "return_previous", "0"):
        return None
    return "create_new" if reinit == "create_new" else "finish_previous"


def _pluto_settings(fields: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (variable, setting, words) in _SWITCHES.items():
        value = _first(fields.get(name), environment.get(variable))
        if value is not None and str(value).lower() in words:
            found[setting] = True
    seconds = {own: fields[name] for name, own in _SECONDS.items() if fields.get(name) is not None}
    silent = _first(fields.get("silent"), fields.get("quiet"), environment.get("WANDB_SILENT"))
    level = {"x_log_level": logging.ERROR} if silent is not None and _is_yes(silent) else {}
    return {**found, **seconds, **level}
