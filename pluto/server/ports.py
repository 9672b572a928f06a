"""Ports to listen on: whether they are free, and which to take where any will do."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable

from pluto.errors import UsageError


def check_ports(host: str, ports: Iterable[int]) -> None:
    """Make sure that nobody listens on these ports.

    The server itself shares ports (SO_REUSEPORT), so that two of them would silently divide the
    requests between them.

    Raises:
        UsageError: a port is taken, forbidden, or the address is not one of this machine.
    """
    for port in ports:
        problem = _problem(host, port)
        if problem:
            raise UsageError(_explanation(host, port, problem)) from problem


def free_port(host: str, preferred: range) -> int:
    """Return the first free port of `preferred`, or any other one.

    Raises:
        UsageError: the address is not one of this machine.
    """
    chosen = next((port for port in preferred if _problem(host, port) is None), 0)
    try:
        with _bind(host, chosen) as found:
            return int(found.getsockname()[1])
    except OSError as error:
        raise UsageError(_explanation(host, chosen, error)) from error


def listen_address(host: str) -> str:
    """Return the IP address to listen on for a host name, IPv4 where there is one.

    Raises:
        UsageError: the name is not known here.

    Example:
        >>> listen_address("localhost")
        '127.0.0.1'
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(_explanation(host, 0, error)) from error
    found.sort(key=lambda each: each[0] != socket.AF_INET)
    return str(found[0][4][0])


def _problem(host: str, port: int) -> OSError | None:
    try:
        _bind(host, port).close()
    except OSError as error:
        return error
    return None


def _bind(host: str, port: int) -> socket.socket:
    address = listen_address(host)
    found = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((address, port))
        found.listen(1)
    except OSError:
        found.close()
        raise
    return found


def _explanation(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: choose another with --port, or stop what listens there"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights: choose one above 1023 with --port"
    return f"cannot listen on {host}: {error.strerror}; choose an address of this machine"
