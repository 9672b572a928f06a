"""How programs of the same user find the running server: `~/.pluto/server.json`."""

from __future__ import annotations

import json
import os
from pathlib import Path


class TokenFile:
    """The file `{"url", "token", "pid"}` that only its owner can read.

    Example:
        >>> file = TokenFile()
        >>> file.write("http://127.0.0.1:3000", "mlpl_...")
        >>> file.remove()
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path.home() / ".pluto" / "server.json"

    def write(self, url: str, token: str) -> None:
        """Say where this process serves; replaces what another server said.

        Raises:
            OSError: the home directory is not writable.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(f"server.json.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"url": url, "token": token, "pid": os.getpid()}, file)
        fresh.replace(self.path)

    def remove(self) -> None:
        """Take the file away, unless another server has written it since."""
        try:
            content = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return  # gone, or not ours: nothing to take away
        if isinstance(content, dict) and content.get("pid") == os.getpid():
            self.path.unlink(missing_ok=True)
