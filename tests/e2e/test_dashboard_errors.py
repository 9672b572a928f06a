"""What the dashboard says when something is not there, and when the server is gone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

import pluto
from tests.e2e.browser import Site, Visit, signed_in, site
from tests.server_process import running_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("runs")
    settings = {"disable_system_metrics": True, "disable_console": True}
    with pluto.init(directory, "digits", "first", mode="local", settings=settings) as run:
        run.log({"loss": 1.0}, step=0)
    return directory


@pytest.fixture(scope="module")
def dashboard(
    runs: Path, chromium: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with site(runs, chromium, tmp_path_factory.mktemp("home")) as opened:
        yield opened


def forgive(visit: Visit, *words: str) -> None:
    """Leave out the faults that a test brings about; there has to be at least one."""
    left = [fault for fault in visit.faults if not any(word in fault for word in words)]
    assert len(left) < len(visit.faults)
    visit.faults[:] = left


NO_STORAGE = """
Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("The user switched it off.", "SecurityError"); },
});
"""


def test_a_browser_that_keeps_nothing_shows_all_the_same(dashboard: Site) -> None:
    with dashboard.visit() as visit:
        visit.page.add_init_script(NO_STORAGE)
        visit.open("/p/digits")
        assert list(visit.curve("loss").mean) == [1.0]
        visit.page.get_by_role("button", name="dark").click()
        visit.page.locator("html[data-theme=dark]").wait_for()


SLOW_EFFECTS = "window.requestAnimationFrame = () => 0;"
"""Effects then wait for a timeout of 100 ms instead of the next picture."""


@pytest.mark.parametrize("delay", [0.05, 0.15, 0.4])
def test_code_that_comes_at_any_moment_is_shown(dashboard: Site, delay: float) -> None:
    with dashboard.visit() as visit:
        visit.open_run("first")
        address = visit.page.url
        visit.page.add_init_script(SLOW_EFFECTS)

        def late(route: Route) -> None:
            time.sleep(delay)
            route.continue_()

        visit.page.route("**/assets/RunPage-*.js", late)
        visit.page.goto(address)
        visit.page.get_by_role("heading", name="first", exact=True).wait_for()


def test_a_run_that_is_not_here_leads_to_those_that_are(dashboard: Site) -> None:
    with dashboard.visit() as visit:
        visit.open("/p/digits/r/12345")
        expect(visit.page.get_by_role("heading", name="Run 12345 is not here")).to_be_visible()
        visit.screenshot("light-error-run")
        visit.page.get_by_role("link", name="All runs of digits").click()
        visit.part("chart-loss").wait_for()
        forgive(visit, "12345", "404")


def test_an_unknown_project_shows_its_own_snippet_and_the_projects_there_are(
    dashboard: Site,
) -> None:
    with dashboard.visit() as visit:
        visit.open("/p/digts")
        expect(visit.page.get_by_text('project="digts"')).to_be_visible()
        visit.screenshot("light-error-project")
        visit.page.get_by_role("main").get_by_role("link", name="digits").click()
        visit.part("chart-loss").wait_for()


def test_a_wrong_address_is_told_on_a_page_that_leads_on(dashboard: Site) -> None:
    with dashboard.visit() as visit:
        visit.open("/runs/<b>")
        expect(visit.page.get_by_text("There is no such page")).to_be_visible()
        visit.screenshot("light-error-address")
        visit.page.get_by_role("link", name="All projects").click()
        visit.part("chart-loss").wait_for()
        forgive(visit, "/runs/", "404")


def test_who_is_signed_out_is_told_so_and_led_to_the_sign_in(dashboard: Site) -> None:
    with dashboard.visit() as visit:
        visit.open("/p/digits")
        visit.part("chart-loss").wait_for()
        visit.page.context.clear_cookies()
        visit.part("runs-rail").get_by_role("link", name="first").click()
        expect(visit.page.get_by_text("You are not signed in any more").first).to_be_visible()
        visit.page.get_by_role("button", name="Sign in").first.click()
        expect(visit.page.get_by_role("heading", name="Sign in")).to_be_visible()
        forgive(visit, "401", "/api/ui/", "/r/")


def test_a_full_disk_is_told_and_nothing_seems_to_be_kept(dashboard: Site) -> None:
    with dashboard.visit() as visit:
        visit.page.route("**/tags", lambda route: route.fulfill(status=507, body="{}"))
        visit.open_run("first")
        visit.page.get_by_role("button", name="+ tag").click()
        visit.page.get_by_label("New tag").fill("late")
        visit.page.get_by_label("New tag").press("Enter")
        expect(visit.page.get_by_role("alert")).to_contain_text("disk of the server is full")
        expect(visit.part("tags")).not_to_contain_text("late")
        forgive(visit, "507", "/tags")


def test_a_server_that_is_gone_is_told_with_the_command_that_brings_it_back(
    dashboard: Site, runs: Path, tmp_path: Path
) -> None:
    browser = dashboard.browser
    with (
        running_server(runs, command="ui", home=tmp_path) as server,
        Site(server, browser, signed_in(browser, server).storage_state()).visit() as visit,
    ):
        visit.open_run("first")
        visit.curve("loss")
        server.kill()
        told = visit.page.get_by_role("alert").filter(has_text="The server does not answer")
        expect(told).to_contain_text(f"pluto ui {runs}")
        visit.screenshot("light-error-gone")
        assert len(visit.curve("loss").x) == 1  # what was fetched stays in sight
        forgive(visit, "ERR_", "/api/ui/")
