"""What `pluto doctor` asks the server that runs go to."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from pluto import auth
from pluto.cli.machine_checks import Finding
from pluto.errors import PlutoError
from pluto.sets import Destination, Settings, destination

if TYPE_CHECKING:
    import httpx

MAX_SKEW_SECONDS: Final = 30.0
TIMEOUT_SECONDS: Final = 10.0


def server(settings: Settings) -> list[Finding]:
    """Check key, address, version and clock; all well where runs stay on this machine."""
    where = destination(settings, auth.stored_key)
    if where is None:
        text = "runs stay on this machine: look at them with 'pluto ui'"
        return [Finding("server", True, text)]
    refused = _refusal(where, settings)
    if refused:
        fix = "" if where.key else "set PLUTO_API_KEY or run 'pluto login'"
        return [Finding("server", False, f"runs go to {where.urls.app}, but: {refused}", fix)]
    source = "the key given" if settings.api_key else "the stored key"
    findings = [Finding("server", True, f"runs go to {where.urls.app}, which takes {source}")]
    return findings + _addresses(where, settings)


def _refusal(where: Destination, settings: Settings) -> str:
    """Return why the server takes no runs with this key, "" if it does."""
    from pluto.iface import ServerInterface

    interface = ServerInterface(where.urls, where.key, settings)
    try:
        interface.organization()
    except PlutoError as error:
        return str(error)
    finally:
        interface.close()
    return ""


def _addresses(where: Destination, settings: Settings) -> list[Finding]:
    from pluto.iface_read import open_reader

    with open_reader(settings, "", TIMEOUT_SECONDS) as client:
        others = (where.urls.ingest, where.urls.py, where.urls.app)
        answers = {url: _ask(client, f"{url}/health") for url in dict.fromkeys(others)}
        version = _ask(client, f"{where.urls.api}/api/version")
    fix = "check the address and the firewall: every service of the server is needed"
    silent = [(url, answer) for url, answer in answers.items() if isinstance(answer, str)]
    findings = [Finding("server", False, f"{url}: {problem}", fix) for url, problem in silent]
    return findings if isinstance(version, str) else findings + _version_and_clock(version)


def _ask(client: httpx.Client, url: str) -> httpx.Response | str:
    """Return what a server answers, whatever it is; or in words why there is no answer."""
    from pluto.iface_read import transport_errors

    try:
        return client.get(url)
    except transport_errors() as error:
        return str(error) or type(error).__name__


def _version_and_clock(answer: httpx.Response) -> list[Finding]:
    try:
        version = str(answer.json()["version"])
    except (ValueError, KeyError, TypeError):  # it need not tell
        version = "unknown"
    findings = [Finding("server", True, f"the server's version is {version}")]
    skew = skew_of(answer.headers, time.time())
    if skew is not None:
        in_time = abs(skew) <= MAX_SKEW_SECONDS
        text = f"this clock and the server's differ by {abs(skew):.0f} s"
        fix = "" if in_time else "set this clock, as by 'timedatectl set-ntp true'"
        findings.append(Finding("clock", in_time, text, fix))
    return findings


def skew_of(headers: Any, now: float) -> float | None:
    """Return how many seconds a server's clock is ahead; None if its answer does not tell."""
    try:
        return parsedate_to_datetime(headers["date"]).timestamp() - now
    except (KeyError, TypeError, ValueError):
        return None
