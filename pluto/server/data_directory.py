"""The directory in which a server keeps everything, and the right to write there."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pluto.errors import UsageError
from pluto.server.keys import generate_key


@dataclass(frozen=True)
class Secrets:
    """What must not leave the machine: the local key, and what signatures are made with."""

    token: str
    signing: bytes


class DataDirectory:
    """A data directory that this process holds; one server at a time.

    Raises:
        UsageError: it cannot be made or written, or another server holds it.

    Example:
        >>> directory = DataDirectory(Path("~/.pluto/server").expanduser())
        >>> directory.release()
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock: IO[str] = (path / "server.lock").open("a+")
        except OSError as error:
            raise UsageError(
                f"the data directory {path} cannot be written ({error.strerror}):"
                " choose another with --data"
            ) from error
        self._hold()

    def secrets(self) -> Secrets:
        """Return the secrets of this directory; made at the first start, kept for the next.

        Raises:
            UsageError: the file that holds them is damaged.
        """
        path = self.path / "secrets.json"
        if not path.exists():
            fresh = path.with_suffix(".new")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump({"token": generate_key(), "signing": os.urandom(32).hex()}, file)
            fresh.replace(path)
        try:
            content: dict[str, Any] = json.loads(path.read_text())
            return Secrets(content["token"], bytes.fromhex(content["signing"]))
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path} is damaged ({error}): delete it and start again") from error

    def release(self) -> None:
        """Let another server have the directory."""
        self._lock.close()

    def _hold(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.seek(0)
            holder = self._lock.read().strip() or "unknown"
            self._lock.close()
            raise UsageError(
                f"another Pluto server (process {holder}) uses {self.path}:"
                " stop it, or choose another directory with --data"
            ) from None
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()
