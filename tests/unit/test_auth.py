"""Keys on this machine: where they are kept, found and forgotten; the server is never asked."""

import base64
import json
import os
import stat
import sys
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from pluto import auth
from pluto.addresses import HOSTED

MINE = "https://mine.test"


class MemoryRing(KeyringBackend):
    """A key ring that works."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError("nothing there")


class BrokenRing(MemoryRing):
    """A key ring that fails at everything, as one without a desktop does."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError("no desktop")

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("no desktop")


def use(monkeypatch: pytest.MonkeyPatch, ring: KeyringBackend) -> None:
    monkeypatch.setattr(keyring, "get_keyring", lambda: ring)


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> MemoryRing:
    made = MemoryRing()
    use(monkeypatch, made)
    return made


def pluto_home() -> Path:
    return Path(os.environ["HOME"]) / ".pluto"


def test_without_any_key_there_is_none_and_nothing_is_written() -> None:
    assert auth.stored_key(HOSTED.api) is None
    assert not pluto_home().exists()


def test_a_key_is_kept_in_the_key_ring_and_not_in_a_file(ring: MemoryRing) -> None:
    assert auth.save(HOSTED.api, "mlps_A") == "the system's key ring"
    assert auth.stored_key(HOSTED.api) == "mlps_A"
    assert ring.entries == {("pluto", "pluto"): "mlps_A"}  # where the earlier client looks
    assert "mlps_A" not in "".join(path.read_text() for path in pluto_home().iterdir())


@pytest.mark.parametrize("broken", [True, False])
def test_without_a_working_key_ring_a_key_is_kept_in_a_private_file(
    broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if broken:
        use(monkeypatch, BrokenRing())
    where = Path(auth.save(HOSTED.api, "mlps_A"))
    assert stat.S_IMODE(where.stat().st_mode) == 0o600
    assert auth.stored_key(HOSTED.api) == "mlps_A"


def test_each_server_has_its_own_key(ring: MemoryRing) -> None:
    auth.save(HOSTED.api, "mlps_A")
    auth.save(MINE, "mlps_B")
    assert auth.stored_key(HOSTED.api) == "mlps_A"
    assert auth.stored_key(MINE) == "mlps_B"
    assert auth.stored_key("https://other.test") is None


def test_the_last_saved_key_counts(ring: MemoryRing, monkeypatch: pytest.MonkeyPatch) -> None:
    auth.save(MINE, "mlps_A")
    use(monkeypatch, BrokenRing())
    auth.save(MINE, "mlps_B")
    assert auth.stored_key(MINE) == "mlps_B"


@pytest.mark.parametrize("api_root", [HOSTED.api, MINE])
@pytest.mark.parametrize("working", [True, False])
def test_a_forgotten_key_is_gone_and_forgetting_again_is_no_error(
    api_root: str, working: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if working:
        use(monkeypatch, MemoryRing())
    auth.save(api_root, "mlps_A")
    assert auth.forget(api_root)
    assert auth.stored_key(api_root) is None
    assert not auth.forget(api_root)


def test_forgetting_one_key_leaves_the_others(ring: MemoryRing) -> None:
    auth.save(HOSTED.api, "mlps_A")
    auth.save(MINE, "mlps_B")
    auth.forget(HOSTED.api)
    assert auth.stored_key(MINE) == "mlps_B"


def test_the_key_ring_is_not_asked_before_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> KeyringBackend:
        raise AssertionError("it may open a window")

    monkeypatch.setattr(keyring, "get_keyring", asked)
    assert auth.stored_key(HOSTED.api) is None


def test_a_login_of_the_earlier_client_still_counts(ring: MemoryRing) -> None:
    pluto_home().mkdir()
    (pluto_home() / ".login_ok").touch()
    ring.set_password("pluto", "pluto", "mlps_E")
    assert auth.stored_key(HOSTED.api) == "mlps_E"
    assert auth.forget(HOSTED.api)
    assert ring.entries == {}


def test_the_plain_file_of_the_earlier_client_is_read_for_the_hosted_server_only() -> None:
    file = Path(os.environ["HOME"]) / ".local/share/python_keyring/keyring_pass.cfg"
    file.parent.mkdir(parents=True)
    encoded = base64.encodebytes(b"mlps_E").decode()
    file.write_text(f"[other]\nkeep = me\n\n[pluto]\npluto = \n\t{encoded}\t\n\n")
    assert auth.stored_key(HOSTED.api) == "mlps_E"
    assert auth.stored_key(MINE) is None
    assert auth.forget(HOSTED.api)
    assert auth.stored_key(HOSTED.api) is None
    assert "keep = me" in file.read_text()


@pytest.mark.parametrize("text", ["[pluto", "[pluto]\npluto = %%%", "\x00"])
def test_a_broken_file_of_the_earlier_client_holds_no_key(text: str) -> None:
    file = Path(os.environ["HOME"]) / ".local/share/python_keyring/keyring_pass.cfg"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert auth.stored_key(HOSTED.api) is None


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_broken_key_file_is_told_and_holds_no_key(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    pluto_home().mkdir()
    (pluto_home() / "credentials.json").write_text(text)
    assert auth.stored_key(MINE) is None
    assert "cannot be read" in caplog.text


def test_the_token_of_the_running_local_server_is_for_that_server_only() -> None:
    pluto_home().mkdir()
    file = pluto_home() / "server.json"
    url = "http://127.0.0.1:4000"
    file.write_text(json.dumps({"url": url, "token": "mlpl_T", "pid": os.getpid()}))
    file.chmod(0o600)
    assert auth.stored_key(url) == "mlpl_T"
    assert auth.stored_key("http://127.0.0.1:4001") is None


def without_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a plain install on Linux: `import keyring` fails."""
    monkeypatch.setitem(sys.modules, "keyring", None)


def test_without_the_package_keyring_a_key_is_kept_in_a_private_file(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    without_keyring(monkeypatch)
    assert auth.save(HOSTED.api, "mlps_A").endswith("credentials.json")
    assert auth.stored_key(HOSTED.api) == "mlps_A"
    assert auth.forget(HOSTED.api)
    assert auth.stored_key(HOSTED.api) is None
    assert not caplog.records


def test_a_key_in_a_ring_that_cannot_be_opened_any_more_is_not_missed_in_silence(
    ring: MemoryRing, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    auth.save(MINE, "mlps_A")
    without_keyring(monkeypatch)
    assert auth.stored_key(MINE) is None
    assert "pip install 'pluto-ml[keyring]'" in caplog.text
