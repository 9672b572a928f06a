"""From what a user calls a server to the four URLs of its services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from pluto.errors import UsageError
from pluto.home import local_server

SERVICES: Final = ("api", "app", "ingest", "py")  # in the order in which they name a server
PORTS: Final = {"app": 3000, "api": 3001, "ingest": 3003, "py": 3004}
LOCAL: Final = "local"

_HOST = re.compile(r"^[A-Za-z0-9._-]+$")


class ServerUrls(NamedTuple):
    """The roots of the four services of a server, without a slash at the end."""

    app: str
    api: str
    ingest: str
    py: str


HOSTED: Final = ServerUrls(
    app="https://pluto.trainy.ai",
    api="https://pluto-api.trainy.ai",
    ingest="https://pluto-ingest.trainy.ai",
    py="https://pluto-py.trainy.ai",
)


def resolve(layers: Iterable[Mapping[str, str]]) -> ServerUrls | None:
    """Return the roots that the layers name, a later layer over an earlier one.

    A layer is what one source gave of `host`, `url`, `url_app`, `url_api`, `url_ingest` and
    `url_py`. In a layer `host` stands for all, and a `url_*` goes before `url`.

    Returns:
        The roots; None if nobody named a server, or if `local` was named and none is running.

    Example:
        >>> resolve([{"url": "https://a.example"}, {"url_api": "https://b.example"}]).ingest
        'https://a.example'
    """
    roots: dict[str, str] = {}
    for layer in layers:
        roots.update(_layer_roots(layer))
    roots = {service: root for service, root in roots.items() if root}
    if not roots:
        return None
    return ServerUrls(**(_derived(roots) | roots))


def one_origin(url: str) -> ServerUrls:
    """Return the roots of a server whose services share one address."""
    return ServerUrls(url, url, url, url)


def host_urls(host: str) -> ServerUrls | None:
    """Return the roots that a `host` stands for.

    A name or IP address means the four usual ports over http; with a port, or as a URL, it is the
    one address of all services; `local` is this user's running server, None if there is none.

    Example:
        >>> host_urls("gpu7").ingest
        'http://gpu7:3003'
        >>> host_urls("gpu7:8080").ingest
        'http://gpu7:8080'
    """
    if host == LOCAL:
        server = local_server()
        return one_origin(server.url) if server else None
    if "://" in host:
        return one_origin(host)
    if _is_ipv6(host):
        host = f"[{host}]"
    elif re.search(r":\d+$", host):
        return one_origin(f"http://{host}")
    return ServerUrls(**{name: f"http://{host}:{port}" for name, port in PORTS.items()})


def checked_url(value: object) -> str:
    """Return the http(s) URL of a server without the slash at its end.

    Raises:
        UsageError: with the form that is wanted.
    """
    text = str(value).strip()
    parts = _split(text, ("http", "https"))
    if parts.username or parts.password:
        raise UsageError("must not carry a user name or password: give the key in PLUTO_API_KEY")
    return text.rstrip("/")


def checked_proxy(value: object) -> str:
    """Return the URL of a proxy, which may carry a user name and password.

    Raises:
        UsageError: with the form that is wanted.
    """
    text = str(value).strip()
    _split(text, ("http", "https"))
    return text


def checked_host(value: object) -> str:
    """Return a host in one of the forms that `host_urls` knows.

    Raises:
        UsageError: with the forms that are wanted.
    """
    text = str(value).strip()
    if "://" in text:
        return checked_url(text)
    name, colon, port = text.rpartition(":")
    bare = name if colon and port.isdigit() and 0 < int(port) < 65536 else text
    if _is_ipv6(text) or _is_ipv6(bare.strip("[]")) or _HOST.match(bare):
        return text
    raise UsageError(f"needs a name, name:port, a URL or 'local', got {text!r}")


def _split(text: str, schemes: tuple[str, ...]) -> SplitResult:
    shown = re.sub(r"//[^/]*@", "//***@", text)
    problem = f"needs the form {schemes[-1]}://name or {schemes[0]}://name:port, got {shown!r}"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError as error:  # a port that is no number, or half an IPv6 address
        raise UsageError(problem) from error
    if not usable or parts.query or parts.fragment or re.search(r"\s", text):
        raise UsageError(problem)
    return parts


def _layer_roots(layer: Mapping[str, str]) -> dict[str, str]:
    host, url = layer.get("host"), layer.get("url")
    if host:
        named = host_urls(host)
        return {service: getattr(named, service) if named else "" for service in SERVICES}
    roots = dict.fromkeys(SERVICES, url) if url else {}
    given = {service: layer.get(f"url_{service}") for service in SERVICES}
    return roots | {service: root for service, root in given.items() if root}


def _derived(roots: Mapping[str, str]) -> dict[str, str]:
    """Return all four roots as the first given one suggests; never a host that was not named."""
    service = next(service for service in SERVICES if service in roots)
    root = roots[service]
    if root == getattr(HOSTED, service):
        return HOSTED._asdict()
    parts = urlsplit(root)
    if parts.port != PORTS[service] or parts.path:
        return one_origin(root)._asdict()
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return {each: f"{parts.scheme}://{name}:{port}" for each, port in PORTS.items()}


def _is_ipv6(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
