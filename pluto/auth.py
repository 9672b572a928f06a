"""API keys: find, check, save and forget them; they appear in no log and on no command line."""

from __future__ import annotations

import base64
import configparser
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pluto.addresses import HOSTED, ServerUrls, resolve
from pluto.errors import AuthError, PlutoError, RetryLater
from pluto.home import home, local_server, read_private, write_private
from pluto.sets import Settings, setup

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

logger = logging.getLogger("pluto")

SERVICE: Final = "pluto"
CREDENTIALS: Final = "credentials.json"
MARKER: Final = ".login_ok"  # what the earlier client leaves after a login, and looks for
IN_KEYRING: Final = ""


def stored_key(api_root: str) -> str | None:
    """Return the key that is stored for the server with this API root; never asks anybody.

    Looked for, in this order: the token of this user's running local server, `~/.pluto`, the
    system's key ring (only after a login, because asking it is slow), and for the hosted server the
    file that the earlier client kept its key in.
    """
    server = local_server()
    if server is not None and server.url == api_root:
        return server.token
    key = _from_credentials().get(api_root)
    if key == IN_KEYRING or (key is None and _earlier_login(api_root)):
        key = _from_keyring(api_root)
    if key is None and api_root == HOSTED.api:
        key = _from_earlier_client()
    return key


def login(settings: Settings | Mapping[str, Any] | None = None, retry: bool = False) -> bool:
    """Check an API key with the server and store it for later.

    The key is the one in `settings` (`{"_auth": key}`), else from the environment, else stored. If
    there is none and this is a terminal, it is asked for. A key from the environment is checked
    but not stored.

    Args:
        settings: may also name the server: `host`, `url`, `url_*`.
        retry: ask on a terminal even if there is a key.

    Returns:
        True if the server accepts the key. Nothing is raised for a refused key or a dead server.

    Example:
        >>> pluto.login({"_auth": "mlps_...", "host": "gpu7"})
        True
    """
    chosen = setup(settings)
    urls = resolve(chosen.given.addresses) or HOSTED
    key, source = chosen.api_key, _source(chosen)
    if key is None:
        key, source = stored_key(urls.api), "the stored key"
    if key is None or (retry and _is_terminal()):
        key, source = _ask(urls), "the key just typed"
    if key is None:
        return False
    if not check(urls, key, chosen, source):
        return False
    if source in ("the key given", "the key just typed"):
        logger.info("the key is stored in %s", save(urls.api, key))
    return True


def check(urls: ServerUrls, key: str, settings: Settings, source: str) -> bool:
    """Tell whether the server accepts a key, and log the answer in words."""
    try:
        organization = organization_of(urls, key, settings)
    except AuthError as error:
        logger.critical("%s: %s. This is an authentication failure, no outage", source, error)
    except RetryLater as error:
        logger.warning("%s could not be checked and may still be valid: %s", source, error)
    except PlutoError as error:
        logger.error("%s could not be checked: %s", source, error)
    else:
        logger.info("logged in to %s as %s with %s", urls.app, organization, source)
        return True
    return False


def organization_of(urls: ServerUrls, key: str, settings: Settings) -> str:
    """Return the organization that a key belongs to, as its server says.

    Raises:
        AuthError: the key is refused.
        RetryLater: the server does not answer.
        PlutoError: the server answers nonsense.
    """
    from pluto.iface import ServerInterface

    interface = ServerInterface(urls, key, settings)
    try:
        return interface.organization()
    finally:
        interface.close()


def logout(settings: Settings | Mapping[str, Any] | None = None) -> bool:
    """Forget the stored key; having none is no error.

    Returns:
        True if there was one.
    """
    urls = resolve(setup(settings).given.addresses) or HOSTED
    found = forget(urls.api)
    logger.info("logged out of %s" if found else "no key was stored for %s", urls.app)
    return found


def save(api_root: str, key: str) -> str:
    """Store a key: in the system's key ring, or else in a file that only its owner reads.

    Returns:
        Where it is now, in words.
    """
    forget(api_root)
    if api_root == HOSTED.api:
        home().mkdir(parents=True, exist_ok=True)
        (home() / MARKER).touch()
    ring = _keyring()
    in_ring = ring is not None and _put_into(ring, api_root, key)
    kept = IN_KEYRING if in_ring else key
    path = write_private(CREDENTIALS, {**_from_credentials(), api_root: kept})
    return "the system's key ring" if in_ring else str(path)


def forget(api_root: str) -> bool:
    """Remove the key of a server from wherever it is stored; tell whether there was one."""
    found = False
    credentials = _from_credentials()
    kept = credentials.pop(api_root, None)
    if kept is not None:
        write_private(CREDENTIALS, credentials)
    if kept == IN_KEYRING or _earlier_login(api_root):
        found |= _delete_from_keyring(api_root)
    if api_root == HOSTED.api:
        found |= _delete_from_earlier_client()
        (home() / MARKER).unlink(missing_ok=True)
    return found or bool(kept)


def _source(settings: Settings) -> str:
    return "the key given" if "_auth" in settings.given.names else "the key from the environment"


def _key_page(urls: ServerUrls) -> str:
    server = local_server()
    if server is not None and server.url == urls.api:
        return "'pluto server key create NAME'"
    return f"{urls.app}/api-keys"


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _ask(urls: ServerUrls) -> str | None:
    """Ask for a key on a terminal; say what to do where there is none."""
    if not _is_terminal():
        logger.warning(
            "no API key for %s: get one from %s and set PLUTO_API_KEY, or run 'pluto login' on a "
            "terminal", urls.app, _key_page(urls),
        )  # fmt: skip
        return None
    from getpass import getpass

    try:
        typed = getpass(f"API key for {urls.app} (from {_key_page(urls)}): ").strip()
    except (EOFError, KeyboardInterrupt):
        return None
    return typed or None


def _from_credentials() -> dict[str, str]:
    try:
        return read_private(CREDENTIALS)
    except (OSError, ValueError) as error:
        logger.warning("stored keys cannot be read: %s", error)
        return {}


def _user(api_root: str) -> str:
    """Return the key ring's user for a server; for the hosted one that of the earlier client."""
    return SERVICE if api_root == HOSTED.api else api_root


def _keyring() -> KeyringBackend | None:
    """Return the system's key ring, or None if it has none that works or `keyring` is missing."""
    try:
        import keyring
        from keyring.backends import fail, null

        ring = keyring.get_keyring()
    except ImportError:
        if IN_KEYRING in _from_credentials().values():
            logger.warning(
                "your key is in the system's key ring, which Pluto cannot open: run"
                " pip install 'pluto-ml[keyring]', or 'pluto login' again"
            )
        return None
    except Exception as error:  # noqa: BLE001 - backends are plugins and fail in their own ways
        logger.debug("the key ring cannot be used: %s", error)
        return None
    return None if isinstance(ring, (fail.Keyring, null.Keyring)) else ring


def _from_keyring(api_root: str) -> str | None:
    ring = _keyring()
    if ring is None:
        return None
    try:
        return ring.get_password(SERVICE, _user(api_root)) or None
    except Exception as error:  # noqa: BLE001 - backends are plugins and fail in their own ways
        logger.debug("the key ring cannot be read: %s", error)
        return None


def _put_into(ring: KeyringBackend, api_root: str, key: str) -> bool:
    try:
        ring.set_password(SERVICE, _user(api_root), key)
        return ring.get_password(SERVICE, _user(api_root)) == key
    except Exception as error:  # noqa: BLE001 - backends are plugins and fail in their own ways
        logger.debug("the key ring cannot be written: %s", error)
        return False


def _delete_from_keyring(api_root: str) -> bool:
    ring = _keyring()
    if ring is None or _from_keyring(api_root) is None:
        return False
    ring.delete_password(SERVICE, _user(api_root))
    return True


def _earlier_login(api_root: str) -> bool:
    return api_root == HOSTED.api and (home() / MARKER).exists()


def _earlier_file() -> Path:
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "python_keyring" / "keyring_pass.cfg"


def _read_earlier_file() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read(_earlier_file(), encoding="utf-8")
    return parser


def _from_earlier_client() -> str | None:
    """Return the key in the plain-text ring of the earlier client: base64 under [pluto] pluto."""
    try:
        encoded = _read_earlier_file().get(SERVICE, SERVICE, fallback="")
        return base64.b64decode(encoded).decode().strip() or None
    except (OSError, ValueError, configparser.Error) as error:
        logger.debug("the earlier client's key cannot be read: %s", error)
        return None


def _delete_from_earlier_client() -> bool:
    if _from_earlier_client() is None:
        return False
    parser = _read_earlier_file()
    parser.remove_option(SERVICE, SERVICE)
    with _earlier_file().open("w", encoding="utf-8") as file:
        parser.write(file)
    return True
