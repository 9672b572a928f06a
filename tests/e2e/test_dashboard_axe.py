"""axe-core over every page of the dashboard: no serious finding, light, dark and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.browser import SERIOUS, Site, Theme, Visit, eventually, site
from tests.e2e.recorded_media import PROJECT, record_media

pytestmark = pytest.mark.slow

PROJECT_TABS = ("charts", "table", "media", "compare", "sweep", "search", "alerts")
RUN_TABS = (
    *("charts", "overview", "media", "data", "console", "system", "files", "graph"),
    *("graph&drawn=1", "code", "config"),
)
PHONE = 390


@pytest.fixture(scope="module")
def dashboard(
    axe: Path, chromium: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("runs")
    record_media(directory)
    with site(directory, chromium, tmp_path_factory.mktemp("home")) as opened:
        yield opened


@contextmanager
def inspected(dashboard: Site, axe: Path, theme: Theme, width: int) -> Iterator[Visit]:
    with dashboard.visit(theme, width) as visit:
        visit.page.add_init_script(path=axe)
        yield visit
        # What a document of the one run tries is blocked in its sandbox, and the browser says so.
        visit.faults[:] = [fault for fault in visit.faults if "Blocked a frame" not in fault]


def serious(visit: Visit) -> list[Any]:
    visit.page.wait_for_timeout(300)  # for what is drawn after it was fetched
    found: list[Any] = visit.page.evaluate(SERIOUS)
    return found


def run_path(visit: Visit, name: str) -> str:
    link = visit.part("runs-rail").get_by_role("link", name=name, exact=True, include_hidden=True)
    return str(link.get_attribute("href"))


LOOKS = [("light", 1280), ("dark", 1280), ("light", PHONE), ("dark", PHONE)]


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_the_pages_of_a_project_are_accessible(
    dashboard: Site, axe: Path, theme: Theme, width: int
) -> None:
    with inspected(dashboard, axe, theme, width) as visit:
        visit.open("/")
        visit.page.get_by_title("All projects").wait_for()
        found = {"projects": serious(visit)}
        for tab in PROJECT_TABS:
            visit.open(f"/p/{PROJECT}?tab={tab}")
            visit.part(f"tab-{tab}").wait_for()
            if tab == "charts":
                eventually(lambda: visit.curves("train/loss"))
            found[tab] = serious(visit)
        visit.page.keyboard.press("?")
        visit.page.get_by_role("heading", name="Keys and pointer").wait_for()
        found["help"] = serious(visit)
        assert {page: faults for page, faults in found.items() if faults} == {}


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_the_tabs_of_a_run_are_accessible(
    dashboard: Site, axe: Path, theme: Theme, width: int
) -> None:
    with inspected(dashboard, axe, theme, width) as visit:
        visit.open(f"/p/{PROJECT}")
        eventually(lambda: visit.curves("train/loss"))
        path = run_path(visit, "careful").partition("?")[0]
        found = {}
        for tab in RUN_TABS:
            visit.open(f"{path}?tab={tab}")
            part = tab.partition("&")[0]
            visit.part(f"tab-{part}").wait_for()
            if part != "charts":
                visit.part(part).wait_for()
            found[tab] = serious(visit)
            wide = visit.page.evaluate("() => document.documentElement.scrollWidth")
            if wide > width:
                found[tab].append(f"{wide} pixels wide")
            if width == PHONE:
                visit.screenshot(f"phone-{theme}-{tab}")
        assert {page: faults for page, faults in found.items() if faults} == {}
