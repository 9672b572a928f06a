"""Where a run goes: from names of servers to URLs, and which key is offered to whom."""

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluto.addresses import HOSTED, ServerUrls
from pluto.sets import Destination, Settings, destination, setup

ONE = "http://127.0.0.1:4000"
PORTS = (3000, 3001, 3003, 3004)
GPU7 = [f"http://gpu7:{port}" for port in PORTS]


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, logger="pluto")
    return caplog


def no_key(_api_root: str) -> None:
    return None


def roots(settings: Settings) -> tuple[str, str, str, str]:
    return settings.url_app, settings.url_api, settings.url_ingest, settings.url_py


@pytest.mark.parametrize(
    ("given_settings", "expected"),
    [
        ({"host": "gpu7"}, GPU7),
        ({"host": "::1"}, [f"http://[::1]:{port}" for port in PORTS]),
        ({"host": "gpu7:8080"}, ["http://gpu7:8080"] * 4),
        ({"host": "[::1]:8080"}, ["http://[::1]:8080"] * 4),
        ({"host": "https://my.example/"}, ["https://my.example"] * 4),
        ({"host": "gpu7", "url_api": "http://x"}, GPU7),
        ({"url": ONE}, [ONE] * 4),
        ({"url": ONE, "url_py": "http://p"}, [ONE, ONE, ONE, "http://p"]),
        ({"url_api": "https://my.example/pluto"}, ["https://my.example/pluto"] * 4),
        ({"url_api": "http://gpu7:3001"}, GPU7),
        ({"url_api": "http://gpu7:3000"}, ["http://gpu7:3000"] * 4),
        ({"url_api": HOSTED.api}, list(HOSTED._asdict().values())),
        ({"url_api": "http://a", "url_ingest": "http://b"}, ["http://a", "http://a", "http://b", "http://a"]),
        ({}, list(HOSTED._asdict().values())),
    ],
)  # fmt: skip
def test_the_four_roots_follow_from_the_address_that_was_given(
    given_settings: dict[str, str], expected: list[str]
) -> None:
    assert list(roots(setup(given_settings))) == expected


@given(
    st.dictionaries(
        st.sampled_from(["app", "api", "ingest", "py"]), st.sampled_from("abc"), min_size=1
    )
)
def test_no_root_is_a_host_that_nobody_named(names: dict[str, str]) -> None:  # fmt: skip
    settings = setup({f"url_{service}": f"https://{name}.test" for service, name in names.items()})
    hosts = {url.removeprefix("https://").removesuffix(".test") for url in roots(settings)}
    assert hosts <= set(names.values())


def test_a_stronger_source_replaces_only_the_addresses_it_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLUTO_URL", "http://environment")
    settings = setup(url_api="http://argument")
    assert (settings.url_api, settings.url_ingest) == ("http://argument", "http://environment")
    assert setup(host="gpu7").url_ingest == "http://gpu7:3003"


def test_urls_are_worked_out_again_after_a_change_by_hand() -> None:
    settings = Settings()
    settings.host = "gpu7"
    settings.update_host()
    assert settings.url_start == "http://gpu7:3001/api/runs/create"  # type: ignore[attr-defined]
    settings.update({"host": None, "url": ONE})
    assert settings.url_num == f"{ONE}/ingest/metrics"  # type: ignore[attr-defined]


class TestDestination:
    def test_nothing_set_and_no_key_means_this_machine(self) -> None:
        assert destination(setup(), no_key) is None

    def test_a_stored_key_means_the_hosted_server(self) -> None:
        asked: list[str] = []

        def stored(api_root: str) -> str:
            asked.append(api_root)
            return "mlps_S"

        assert destination(setup(), stored) == Destination(HOSTED, "mlps_S")
        assert asked == [HOSTED.api]

    def test_a_key_in_the_environment_means_the_hosted_server(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PLUTO_API_KEY", "mlps_E")
        assert destination(setup(), no_key) == Destination(HOSTED, "mlps_E")

    def test_a_named_server_gets_the_run_with_or_without_a_key(self) -> None:
        urls = ServerUrls(ONE, ONE, ONE, ONE)
        assert destination(setup(url=ONE), no_key) == Destination(urls, "")
        assert destination(setup(url=ONE, _auth="mlps_A"), no_key) == Destination(urls, "mlps_A")

    def test_the_key_of_the_hosted_server_is_not_offered_to_another(self) -> None:
        def stored(api_root: str) -> str | None:
            return "mlps_hosted" if api_root == HOSTED.api else None

        found = destination(setup(url=ONE), stored)
        assert found is not None
        assert found.key == ""

    def test_the_sentinel_of_earlier_clients_is_no_key(self) -> None:
        assert destination(setup(_auth="_key"), no_key) is None

    @pytest.mark.parametrize(
        "local",
        [
            {"mode": "offline"},
            {"mode": "local"},
            {"mode": "noop"},
            {"sync_process_enabled": False},
            {"disable_iface": True},
        ],
    )
    def test_a_run_that_should_stay_here_stays_here(self, local: dict[str, Any]) -> None:
        assert destination(setup(local, url=ONE, _auth="mlps_A"), no_key) is None

    def test_the_key_is_not_in_the_printed_form(self) -> None:
        assert "mlps" not in repr(destination(setup(url=ONE, _auth="mlps_A"), no_key))

    def test_local_means_this_users_running_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write_server_file(os.getpid())
        monkeypatch.setenv("PLUTO_HOST", "local")
        found = destination(setup(), no_key)
        assert found is not None
        assert found.urls.ingest == ONE

    def test_local_without_a_running_server_keeps_the_run_here_and_says_so(
        self, told: pytest.LogCaptureFixture
    ) -> None:
        assert destination(setup(host="local", _auth="mlps_A"), no_key) is None
        assert "pluto server" in told.text

    @pytest.mark.parametrize("mode", [0o644, 0o660])
    def test_a_server_file_that_others_could_have_written_is_not_believed(
        self, mode: int, told: pytest.LogCaptureFixture
    ) -> None:
        write_server_file(os.getpid()).chmod(mode)
        assert destination(setup(host="local"), no_key) is None
        assert "0600" in told.text

    @pytest.mark.parametrize(
        "text", ["{", "[]", '{"url": "x"}', '{"url":"x","token":"t","pid":"?"}']
    )
    def test_a_broken_server_file_is_told_and_ignored(
        self, text: str, told: pytest.LogCaptureFixture
    ) -> None:  # fmt: skip
        write_server_file(os.getpid()).write_text(text)
        assert destination(setup(host="local"), no_key) is None
        assert "server.json" in told.text

    def test_a_server_whose_process_is_gone_is_not_running(self) -> None:
        write_server_file(2**22 + 1)  # above the greatest process number of Linux
        assert destination(setup(host="local"), no_key) is None


def write_server_file(pid: int) -> Path:
    path = Path(os.environ["HOME"]) / ".pluto" / "server.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"url": ONE, "token": "mlpl_T", "pid": pid}))
    path.chmod(0o600)
    return path
