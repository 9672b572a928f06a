"""How a server was started: what it serves, to whom, and under which addresses."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pluto.home import home

AuthMode = Literal["token", "off"]
ServerMode = Literal["server", "ui"]

ORGANIZATION = "local"
COMPAT_PORTS = (3000, 3001, 3003, 3004)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class ServerSettings:
    """The choices of the command line.

    Attributes:
        root: the data directory (`server`) or the directory that is looked at (`ui`).
        mode: `server` takes runs; `ui` only shows those it finds on disk.
        auth: `token` asks for a key, `off` takes any (loopback only).
        host: the address that is listened on.
        port: the port of the dashboard and of every service.
        extra_ports: further ports with the same services, for clients that know only a host name.
        allowed_hosts: names besides IP addresses and localhost under which the server is reached.
    """

    root: Path
    mode: ServerMode = "server"
    auth: AuthMode = "token"
    host: str = "127.0.0.1"
    port: int = 3000
    extra_ports: tuple[int, ...] = ()
    tls: bool = False
    allowed_hosts: tuple[str, ...] = ()

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can connect."""
        return self.host in LOOPBACK or self.host.startswith("127.")

    @property
    def scheme(self) -> str:
        """Return `http` or `https`."""
        return "https" if self.tls else "http"

    @property
    def url(self) -> str:
        """Return the address to open on this machine."""
        name = "127.0.0.1" if self.host in ("0.0.0.0", "::", "localhost") else self.host  # noqa: S104
        return (
            f"{self.scheme}://[{name}]:{self.port}"
            if ":" in name
            else (f"{self.scheme}://{name}:{self.port}")
        )

    def cache(self, name: str) -> Path:
        """Return where a file is kept that may be deleted at any time.

        A server that only shows runs writes nothing beside them.
        """
        if self.mode == "server":
            return self.root / name
        digest = hashlib.sha256(os.fsencode(self.root.absolute())).hexdigest()[:16]
        return home() / "shown" / f"{digest}-{name}"

    def dashboard_origin(self, host_header: str) -> str:
        """Return scheme, host and port under which the caller reaches the dashboard.

        A client that came by a compatibility port is shown the main one.

        Example:
            >>> settings = ServerSettings(Path("."), port=3000, extra_ports=(3001,))
            >>> settings.dashboard_origin("localhost:3001")
            'http://localhost:3000'
        """
        name, _, port = host_header.rpartition(":")
        if name and port.isdigit() and int(port) in self.extra_ports:
            host_header = f"{name}:{self.port}"
        return f"{self.scheme}://{host_header}" if host_header else self.url


@cache
def version() -> str:
    """Return the version of the installed Pluto, `unknown` when it runs from bare sources."""
    try:
        return importlib.metadata.version("pluto-ml")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


_WORDS = re.compile(r"[^A-Za-z0-9]+")


def display_prefix(project: str) -> str:
    """Return the letters with which the display ids of a project begin.

    Example:
        >>> [display_prefix(name) for name in ("image-classification", "resnet-50", "mnist")]
        ['ICL', 'R50', 'MNI']
    """
    words = [word for word in _WORDS.split(project) if word]
    if not words:
        return "RUN"
    if len(words) == 1:
        return words[0][:3].upper()
    initials = "".join(word[0] for word in words)
    if len(initials) < 3:
        initials += words[-1][1 : 1 + 3 - len(initials)]
    return initials[:4].upper()
