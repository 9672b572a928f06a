"""Answers are small for browsers, and whole for those who ask for nothing."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pluto.server.catalog import Catalog
from pluto.server.encoding import LARGE_BYTES
from pluto.server.rows import NewRun
from pluto.server.sqlite import SqliteBackend
from tests.server_process import running_server

PLAIN = {"accept-encoding": "identity"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    data = tmp_path_factory.mktemp("data")
    catalog = Catalog(SqliteBackend(data))
    for number in range(300):
        config = {f"parameter_{index}": index * number for index in range(20)}
        catalog.create(NewRun(project="p", name=f"run {number}", config=config))
    catalog.close()
    home = tmp_path_factory.mktemp("home")
    with (
        running_server(data, "--auth", "off", home=home) as server,
        httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client,
    ):
        yield client


def raw(client: httpx.Client, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
    with client.stream("GET", path, headers=headers) as answer:
        return answer, b"".join(answer.iter_raw())


def asset(client: httpx.Client) -> str:
    found = re.search(r'src="(/assets/[^"]+\.js)"', client.get("/").text)
    assert found
    return found[1]


@pytest.mark.parametrize("quality", ["gzip, deflate, br", "br;q=1, GZIP;q=0.5"])
def test_the_dashboard_comes_compressed(client: httpx.Client, quality: str) -> None:
    path = asset(client)
    whole = client.get(path, headers=PLAIN)
    assert "content-encoding" not in whole.headers
    answer, body = raw(client, path, **{"accept-encoding": quality})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "accept-encoding"
    assert "immutable" in answer.headers["cache-control"]
    assert gzip.decompress(body) == whole.content
    assert len(body) < len(whole.content) / 2


@pytest.mark.parametrize("refusal", ["identity", "gzip;q=0", "br", ""])
def test_who_takes_no_gzip_gets_none(client: httpx.Client, refusal: str) -> None:
    answer, body = raw(client, "/api/ui/runs", **{"accept-encoding": refusal})
    assert "content-encoding" not in answer.headers
    assert body.startswith(b"{")


def test_an_asset_that_the_browser_has_is_not_sent_again(client: httpx.Client) -> None:
    for path in ("/", asset(client)):
        first = client.get(path)
        again = client.get(path, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == first.headers["cache-control"]


def test_a_large_table_of_runs_comes_compressed_and_a_small_answer_does_not(
    client: httpx.Client,
) -> None:
    answer, body = raw(client, "/api/ui/runs", **{"accept-encoding": "gzip"})
    whole = gzip.decompress(body)
    assert answer.headers["content-type"] == "application/json"
    assert len(whole) >= LARGE_BYTES
    assert len(body) < len(whole) / 5
    small, _ = raw(client, "/api/ui/projects", **{"accept-encoding": "gzip"})
    assert "content-encoding" not in small.headers


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/%2e%2e/%2e%2e/keys.py", "/index.html", "/assets", "/nowhere"]
)
def test_nothing_but_the_dashboards_own_files_is_served(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_dashboard_that_was_built_anew_is_served_without_a_restart(tmp_path: Path) -> None:
    from starlette.requests import Request

    from pluto.server.assets import Assets

    request = Request({"type": "http", "headers": [], "method": "GET", "path": "/"})
    page, assets = tmp_path / "index.html", Assets(tmp_path)
    assert assets.answer(request, "index.html", {}) is None
    for text in (b"one", b"another"):
        page.write_bytes(text)
        answer = assets.answer(request, "index.html", {})
        assert answer is not None
        assert answer.body == text
