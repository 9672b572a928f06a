"""The operating system, the interpreter and the clock of this machine."""

from __future__ import annotations

import platform
import sys
import time
from pathlib import Path

from pluto.probes.base import Surroundings, read_text

RELEASE_FILES = (Path("/etc/os-release"), Path("/usr/lib/os-release"))


def uname(_surroundings: Surroundings) -> dict[str, str]:
    """Name the system, the host, the release and the machine."""
    return dict(platform.uname()._asdict())


def timezone(_surroundings: Surroundings) -> list[str]:
    """Return the names of the local time zone, without and with daylight saving."""
    return list(time.tzname)


def boot_time(_surroundings: Surroundings) -> float:
    """Return when the machine was started, in seconds since the epoch."""
    import psutil

    return psutil.boot_time()


def users(surroundings: Surroundings) -> list[str] | None:
    """Return who is logged in, if details were asked for."""
    if not surroundings.detailed:
        return None
    import psutil

    return sorted({user.name for user in psutil.users()})


def os_info(_surroundings: Surroundings) -> dict[str, object]:
    """Describe distribution, kernel, interpreter and C library."""
    library, version = platform.libc_ver()
    return {
        "hostname": platform.node(),
        "os": _distribution(),
        "kernel": platform.release(),
        "python": {
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "compiler": platform.python_compiler(),
            "executable": sys.executable,
        },
        "glibc": version if library == "glibc" else None,
    }


def os_release(files: tuple[Path, ...] = RELEASE_FILES) -> dict[str, str]:
    """Return the assignments of the first os-release file there is; see os-release(5)."""
    for file in files:
        text = read_text(file)
        if text is not None:
            pairs = (line.partition("=") for line in text.splitlines() if line[:1] not in ("", "#"))
            return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}
    return {}


def _distribution() -> dict[str, str | None]:
    release = os_release()
    if not release:
        return {"name": platform.system(), "version": platform.version()}
    keys = {"name": "NAME", "version": "VERSION_ID", "pretty_name": "PRETTY_NAME", "id": "ID"}
    return {key: release.get(name) for key, name in keys.items()}
