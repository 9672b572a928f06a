"""What Pluto keeps for one user of this machine, in `~/.pluto`."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Final, NamedTuple

logger = logging.getLogger("pluto")

_PRIVATE: Final = 0o600


class LocalServer(NamedTuple):
    """A Pluto server that this user runs on this machine."""

    url: str
    token: str


def working_directory() -> str:
    """Return the working directory, "" if it was deleted."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def home() -> Path:
    """Return the directory `~/.pluto`, which need not exist."""
    return Path.home() / ".pluto"


def local_server() -> LocalServer | None:
    """Return this user's running server, as it wrote itself down in `server.json`.

    A file that another user could have written, or whose process is gone, does not count: the
    port may belong to somebody else by now.
    """
    path = home() / "server.json"
    try:
        if not _is_private(path):
            logger.warning("%s is ignored: it must be yours and have the mode 0600", path)
            return None
        entry = json.loads(path.read_bytes())
        url, token, pid = str(entry["url"]), str(entry["token"]), int(entry["pid"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("%s is ignored: %s", path, error)
        return None
    return LocalServer(url.rstrip("/"), token) if _is_alive(pid) else None


def read_private(name: str) -> dict[str, str]:
    """Return the texts in the JSON file `name`; empty if there is no such file.

    Raises:
        OSError: the file is there and cannot be read.
        ValueError: it is not the JSON of an object.
    """
    try:
        values = json.loads((home() / name).read_bytes())
    except FileNotFoundError:
        return {}
    if not isinstance(values, dict):
        raise ValueError(f"{home() / name} is not a JSON object")  # noqa: TRY004 a file, not a type
    return {str(key): str(value) for key, value in values.items()}


def write_private(name: str, values: dict[str, str]) -> Path:
    """Replace the JSON file `name`, readable by this user only; return its path."""
    directory = home()
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    temporary = directory / f"{name}.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(values, file)
    temporary.replace(path)
    return path


def _is_private(path: Path) -> bool:
    if not hasattr(os, "geteuid"):  # Windows: the home directory's own rights have to do
        return True
    status = path.stat()
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:  # gone, or another user's: a recycled number
        return False
    return True
