"""The page before the dashboard: a key, a wrong key, a used link, and where they lead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import ARTIFACTS, SERIOUS, Theme, browsing
from tests.server_process import RunningServer, running_server

pytestmark = pytest.mark.slow

LOOKS: list[tuple[Theme, int]] = [("light", 1280), ("dark", 390)]
ADDRESS = "/p/my%20project?tab=table&q=loss%3C1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("home")
    with running_server(tmp_path_factory.mktemp("data"), home=home) as running:
        yield running


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with browsing(chromium) as opened:
        yield opened


@contextmanager
def stranger(browser: Browser, theme: Theme = "light", width: int = 1280) -> Iterator[Page]:
    """A window of somebody who has never been here."""
    viewport = {"width": width, "height": 720}
    context = browser.new_context(viewport=viewport, color_scheme=theme)  # type: ignore[arg-type]
    try:
        yield context.new_page()
    finally:
        context.close()


def check(page: Page, name: str, width: int) -> None:
    """Keep a picture; nothing is cut off, and axe finds nothing serious."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert page.evaluate(SERIOUS) == []


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_a_key_leads_to_the_page_that_was_asked_for_and_a_wrong_one_is_told(
    server: RunningServer, browser: Browser, axe: Path, theme: Theme, width: int
) -> None:
    with stranger(browser, theme, width) as page:
        page.add_init_script(path=axe)
        page.goto(server.url + ADDRESS)
        field = page.get_by_label("API key")
        expect(field).to_be_focused()
        check(page, f"{theme}-{width}-sign-in", width)
        field.fill("mlpl_wrong")
        field.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("This key is not valid here")
        expect(field).to_have_attribute("aria-invalid", "true")
        check(page, f"{theme}-{width}-sign-in-wrong", width)
        field.fill(server.key)
        page.get_by_role("button", name="Open the dashboard").click()
        page.get_by_title("All projects").wait_for()
        assert page.url == server.url + ADDRESS


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_a_used_link_says_so_and_takes_a_key(
    server: RunningServer, browser: Browser, axe: Path, theme: Theme, width: int
) -> None:
    with stranger(browser, theme, width) as page:
        page.add_init_script(path=axe)
        page.goto(f"{server.url}/p/x?t=used&tab=media")
        expect(page.get_by_role("alert")).to_contain_text("This link was used before")
        check(page, f"{theme}-{width}-used-link", width)
        page.get_by_label("API key").fill(server.key)
        page.get_by_label("API key").press("Enter")
        page.get_by_title("All projects").wait_for()
        assert page.url == f"{server.url}/p/x?tab=media"


def test_pluto_ui_says_where_its_link_is(browser: Browser, tmp_path: Path) -> None:
    with (
        running_server(tmp_path, command="ui", home=tmp_path) as local,
        stranger(browser, "dark") as page,
    ):
        page.goto(local.url)
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(page.get_by_text("shows in its terminal")).to_be_visible()
        page.screenshot(path=ARTIFACTS / "dark-ui-link.png")
        page.goto(f"{local.url}/nowhere")
        expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
        page.screenshot(path=ARTIFACTS / "dark-no-page.png")
