"""Short ids, signatures, sessions, prefixes, ports, the data directory, the token file."""

import json
import os
import re
import socket
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluto.errors import UsageError
from pluto.server.data_directory import DataDirectory
from pluto.server.keys import Keys
from pluto.server.ports import check_ports, free_port, listen_address
from pluto.server.session import COOKIE_DAYS, Sessions, cookie_name
from pluto.server.settings import ServerSettings, display_prefix
from pluto.server.signing import Signer
from pluto.server.sqid import decode_sqid, encode_sqid
from pluto.server.sqlite.index import Index
from pluto.server.sqlite.tables import KeyRows
from pluto.server.token_file import TokenFile


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "UkLWZ"), (2, "gbHJd"), (42, "JgaEB"), (123, "UKkLW"), (1000, "pndkl"), (123456, "Hc1AV")],
)
def test_short_ids_are_those_of_other_servers(number: int, text: str) -> None:
    assert encode_sqid(number) == text
    assert decode_sqid(text) == number


@given(st.integers(0, 2**48))
def test_a_short_id_decodes_to_its_number(number: int) -> None:
    assert decode_sqid(encode_sqid(number)) == number


@given(st.text())
def test_decoding_any_text_gives_nothing_or_the_number_that_encodes_so(text: str) -> None:
    number = decode_sqid(text)
    assert number is None or encode_sqid(number) == text


@pytest.mark.parametrize(
    ("project", "prefix"),
    [
        ("my-ml-project", "MMP"),
        ("image-classification", "ICL"),
        ("resnet-50", "R50"),
        ("mnist", "MNI"),
        ("a_b c.d-e", "ABCD"),
        ("--", "RUN"),
        ("", "RUN"),
        ("проект", "RUN"),
        ("../../etc", "ETC"),
    ],
)
def test_the_prefix_of_display_ids_follows_from_the_project(project: str, prefix: str) -> None:
    assert display_prefix(project) == prefix


@pytest.fixture
def keys() -> Iterator[Keys]:
    with closing(Index(None)) as index:
        yield Keys(KeyRows(index), "mlpl_own")


def test_a_signature_is_good_for_its_text_and_secret_only() -> None:
    signer = Signer(b"one")
    signature = signer.sign("PUT /a")

    assert signer.is_valid("PUT /a", signature)
    assert not signer.is_valid("GET /a", signature)
    assert not Signer(b"two").is_valid("PUT /a", signature)
    assert not signer.is_valid("PUT /a", "é")


def test_a_session_ends_with_the_key_that_opened_it(keys: Keys) -> None:
    sessions = Sessions(Signer(), keys)
    good, gone, old = keys.create("a"), keys.create("b"), keys.create("c", 0)
    numbers = [keys.session_of(key) for key in (good, gone, "mlpl_own", "mlpl_unknown", old)]
    keys.revoke("b")
    cookies = [sessions.new_cookie(number) for number in numbers if number is not None]

    assert numbers == [1, 2, 0, None, None]
    assert [sessions.is_valid({cookie_name(1): each}, 1) for each in cookies] == [True, False, True]


def test_a_cookie_cannot_be_given_another_key_and_one_without_a_key_is_not_taken(
    keys: Keys,
) -> None:
    signer = Signer()
    sessions = Sessions(signer, keys)
    end, _, rest = sessions.new_cookie(7).partition(".")
    unnamed = "9999999999.abcdef"
    for cookie in (
        f"{end}.0{rest.removeprefix('7')}",
        f"{unnamed}.{signer.sign('session ' + unnamed)}",
    ):
        assert not sessions.is_valid({cookie_name(1): cookie}, 1)


def test_a_cookie_outlives_the_server_but_not_its_days(keys: Keys) -> None:
    now = [1_000_000.0]
    cookie = Sessions(Signer(b"secret"), keys, lambda: now[0]).new_cookie()
    after_restart = Sessions(Signer(b"secret"), keys, lambda: now[0])
    cookies = {cookie_name(3000): cookie}

    assert after_restart.is_valid(cookies, 3000)
    assert not after_restart.is_valid(cookies, 3001)
    assert not after_restart.is_valid({cookie_name(3000): cookie + "0"}, 3000)
    assert not after_restart.is_valid({}, 3000)
    now[0] += COOKIE_DAYS * 86_400
    assert not after_restart.is_valid(cookies, 3000)


def test_a_link_opens_one_session_within_a_day(keys: Keys) -> None:
    now = [0.0]
    sessions = Sessions(Signer(), keys, lambda: now[0])
    used, late = sessions.one_time_code(), sessions.one_time_code()

    assert [sessions.redeem(used), sessions.redeem(used), sessions.redeem("x")] == [
        True,
        False,
        False,
    ]
    now[0] = 86_400.0
    assert not sessions.redeem(late)


def test_a_new_code_ends_the_one_before_and_comes_once_in_ten_seconds(keys: Keys) -> None:
    now = [0.0]
    sessions = Sessions(Signer(), keys, lambda: now[0])
    first, at_once = sessions.renewed_code(), sessions.renewed_code()
    now[0] = 10.0
    second = sessions.renewed_code()

    assert at_once is None
    assert first is not None
    assert second is not None
    assert [sessions.redeem(first), sessions.redeem(second)] == [False, True]


def test_links_lead_to_the_main_port_under_the_name_that_the_caller_uses() -> None:
    settings = ServerSettings(Path(), port=4000, extra_ports=(3001, 3003))

    assert settings.dashboard_origin("box:3001") == "http://box:4000"
    assert settings.dashboard_origin("box:9999") == "http://box:9999"
    assert settings.dashboard_origin("box") == "http://box"
    assert settings.dashboard_origin("") == "http://127.0.0.1:4000"


def test_a_port_in_use_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(UsageError, match=f"port {port} is in use: choose another with --port"):
            check_ports("127.0.0.1", [port])
        assert free_port("127.0.0.1", range(port, port + 1)) != port


@pytest.mark.parametrize("host", ["192.0.2.1", "no such name"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match=f"cannot listen on {re.escape(host)}"):
        check_ports(host, [0])


@pytest.mark.parametrize(("host", "address"), [("localhost", "127.0.0.1"), ("::1", "::1")])
def test_names_are_listened_on_by_address(host: str, address: str) -> None:
    assert listen_address(host) == address


def test_a_data_directory_belongs_to_one_server_at_a_time(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path)

    with pytest.raises(UsageError, match=rf"another Pluto server \(process {os.getpid()}\)"):
        DataDirectory(tmp_path)
    first.release()

    DataDirectory(tmp_path).release()


def test_secrets_stay_the_same_and_are_for_the_owner_only(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path)
    secrets = first.secrets()
    first.release()
    second = DataDirectory(tmp_path)

    assert second.secrets() == secrets
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(UsageError, match=r"secrets\.json is damaged"):
        second.secrets()
    second.release()


def test_a_data_directory_that_cannot_be_made_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="choose another with --data"):
        DataDirectory(tmp_path / "file" / "data")


def test_the_token_file_is_private_and_taken_away_by_its_writer_only(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / ".pluto" / "server.json")

    file.write("http://127.0.0.1:3000", "mlpl_x")
    content = json.loads(file.path.read_text())

    assert content == {"url": "http://127.0.0.1:3000", "token": "mlpl_x", "pid": os.getpid()}
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    file.path.write_text(json.dumps({**content, "pid": 1}))
    file.remove()
    assert file.path.exists()
    file.write("http://127.0.0.1:3000", "mlpl_x")
    file.remove()
    assert not file.path.exists()
