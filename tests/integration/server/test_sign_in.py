"""How a browser gets a session: by a link, by a key, and where that leads."""

import html
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server_process import RunningServer, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("home")
    with running_server(home / "data", home=home) as running:
        yield running


def test_the_link_opens_one_session_and_its_cookie_is_out_of_reach_of_scripts(
    server: RunningServer,
) -> None:
    with httpx.Client(base_url=server.url) as browser:
        before = browser.get("/")
        opened = browser.get(server.link)
        page = browser.get(opened.headers["location"])
        read = browser.get("/api/runs/projects")
    with httpx.Client(base_url=server.url) as other:
        again = other.get(server.link)

    assert (before.status_code, opened.status_code, opened.headers["location"]) == (401, 303, "/")
    assert "HttpOnly" in opened.headers["set-cookie"]
    assert "samesite=strict" in opened.headers["set-cookie"].lower()
    assert page.status_code == 200
    assert read.status_code == 200
    assert (again.status_code, "set-cookie" in again.headers) == (401, False)
    assert "used before" in again.text


def test_who_opens_a_used_link_finds_a_new_one_in_the_terminal_and_strangers_flood_nobody(
    tmp_path: Path,
) -> None:
    with running_server(tmp_path, command="ui") as local:
        first = httpx.get(local.link)
        refused = [httpx.get(local.link) for _ in range(3)]
        assert local.process.stdout is not None
        announced = local.process.stdout.readline()
        opened = httpx.get(announced.split()[-1])
        local.stop()
        rest = local.process.stdout.read()

    assert (first.status_code, opened.status_code) == (303, 303)
    assert {answer.status_code for answer in refused} == {401}
    assert "has a new one" in refused[0].text
    assert "<form" not in refused[0].text
    assert "a new one" not in rest


def test_a_key_signs_in_on_the_page(server: RunningServer) -> None:
    with httpx.Client(base_url=server.url) as browser:
        wrong = browser.post("/sign-in", data={"key": "mlpl_wrong"})
        right = browser.post("/sign-in", data={"key": server.key})
        page = browser.get("/o/local/projects/p/JgaEB")

    assert (wrong.status_code, right.status_code, page.status_code) == (401, 303, 200)


@pytest.mark.parametrize(
    ("to", "target"),
    [
        ("/p/my%20project?tab=table&q=loss%3C1", "/p/my%20project?tab=table&q=loss%3C1"),
        ("", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/p/x\r\nSet-Cookie: a=b", "/"),
        ("/\t/evil.example", "/"),
    ],
)
def test_who_signs_in_goes_on_to_where_they_wanted_to_go_and_to_no_other_site(
    server: RunningServer, to: str, target: str
) -> None:
    signed_in = httpx.post(f"{server.url}/sign-in", data={"key": server.key, "to": to})
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, target)
    wrong = httpx.post(f"{server.url}/sign-in", data={"key": "mlpl_wrong", "to": to})
    assert wrong.status_code == 401
    assert f'name="to" value="{html.escape(target)}"' in wrong.text


def test_what_is_asked_for_without_a_session_is_text_in_the_sign_in_page(
    server: RunningServer,
) -> None:
    asked = '/p/"><script>alert(1)</script>?tab="><img src=x>'
    page = httpx.get(server.url + asked)
    # The address reaches the server in percent signs, a field of a form as it is.
    again = httpx.post(f"{server.url}/sign-in", data={"key": "mlpl_wrong", "to": asked})
    for shown in (page, again):
        assert shown.status_code == 401
        assert "<script" not in shown.text
        assert shown.text.count("<img") == 1  # of the sign-in page itself
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
