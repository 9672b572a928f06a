"""Two people who change the same named view or panel at once: each is told, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.browser import Site, Visit, dashboard_over, eventually
from tests.e2e.recorded_sweep import PROJECT, record_sweep

pytestmark = pytest.mark.slow

dashboard = dashboard_over(record_sweep)

KEEP = """async ([project, kind, name, value]) => {
  const headers = {"Content-Type": "application/json"};
  const body = JSON.stringify({project, kind, name, value});
  await fetch("/api/ui/saved", {method: "POST", headers, body});
  return (await (await fetch(`/api/ui/saved?project=${project}`)).json())[kind][name] ?? null;
}"""
NO_ANSWER = """() => {
  const own = window.fetch;
  window.fetch = (path, init) => {
    const answer = own(path, init);
    if (init?.method !== "POST" || !String(path).endsWith("/saved")) return answer;
    window.fetch = own;
    return new Promise(() => {});
  };
}"""
PANEL = {"kind": "bar", "y": ["metric.train/loss"], "title": "Shared", "place": 1}


@contextmanager
def refused_once(visit: Visit) -> Iterator[None]:
    """A block in which the server refuses one change of the page, of which the browser tells."""
    yield
    assert [fault for fault in visit.faults if "412" not in fault] == [
        f"{visit.origin}/api/ui/saved"
    ]
    visit.faults.clear()


@pytest.fixture
def visit(dashboard: Site) -> Iterator[Visit]:
    """A page that knows the panel and the view as they were; `theirs` changes them meanwhile."""
    with dashboard.visit() as opened:
        opened.open("/")
        kept(opened, "panel", "p1", PANEL)
        kept(opened, "view", "paper", {"query": "smooth=0.1", "panels": None})
        opened.open(f"/p/{PROJECT}")
        opened.part("own-panels").get_by_role("heading", name="Shared").wait_for()
        yield opened


def kept(visit: Visit, kind: str, name: str, value: object) -> object:
    """Keep an item as somebody else would; return what is kept then."""
    return visit.page.evaluate(KEEP, [PROJECT, kind, name, value])


def server_has(visit: Visit, kind: str, name: str) -> object:
    script = """async ([project, kind, name]) => {
      const answer = await fetch(`/api/ui/saved?project=${project}`);
      return (await answer.json())[kind][name] ?? null;
    }"""
    return visit.page.evaluate(script, [PROJECT, kind, name])


def widen(visit: Visit) -> None:
    """Size the panel by its corner, with a key."""
    visit.page.get_by_role("button", name="Size of Shared", exact=True).press("ArrowDown")


def title(visit: Visit) -> Locator:
    return visit.part("own-panels").get_by_role("heading")


def test_a_panel_that_somebody_else_changed_is_theirs_or_mine_as_i_say(visit: Visit) -> None:
    theirs = {**PANEL, "title": "Theirs"}
    assert kept(visit, "panel", "p1", theirs) == theirs
    with refused_once(visit):
        widen(visit)
        conflict = visit.part("conflict")
        expect(conflict).to_contain_text("panel “Shared” was changed by somebody else")
    expect(title(visit)).to_have_text("Shared")  # mine is seen until it is decided
    assert server_has(visit, "panel", "p1") == theirs
    visit.screenshot("light-conflict")
    visit.page.emulate_media(color_scheme="dark")
    visit.page.set_viewport_size({"width": 390, "height": 720})
    visit.screenshot("dark-conflict-phone")
    visit.page.set_viewport_size({"width": 1280, "height": 720})

    visit.page.reload()  # undecided, it is not lost
    expect(conflict).to_be_visible()
    expect(title(visit)).to_have_text("Shared")
    conflict.get_by_role("button", name="Take theirs").click()
    expect(title(visit)).to_have_text("Theirs")
    expect(visit.part("conflict")).to_have_count(0)

    visit.part("toast").get_by_role("button", name="Undo").click()
    expect(title(visit)).to_have_text("Shared")
    eventually(lambda: dict(server_has(visit, "panel", "p1"))["rows"] == 2)  # type: ignore[call-overload]


def test_a_view_that_somebody_else_changed_is_replaced_only_when_i_say_so(visit: Visit) -> None:
    theirs = {"query": "smooth=0.9", "panels": None}
    assert kept(visit, "view", "paper", theirs) == theirs
    page = visit.page
    page.get_by_role("button", name="Saved views").click()
    page.get_by_label("Name of the view").fill("paper")
    with refused_once(visit):
        page.get_by_role("button", name="Replace", exact=True).click()
        page.keyboard.press("Escape")
        expect(visit.part("conflict")).to_contain_text("view “paper”")
    assert server_has(visit, "view", "paper") == theirs
    visit.part("conflict").get_by_role("button", name="Keep mine").click()
    eventually(lambda: server_has(visit, "view", "paper") != theirs, "mine on the server")
    expect(visit.part("conflict")).to_have_count(0)


def test_what_i_remove_while_somebody_changes_it_stays_until_i_insist(visit: Visit) -> None:
    kept(visit, "view", "paper", {"query": "smooth=0.5", "panels": None})
    page = visit.page
    page.get_by_role("button", name="Saved views").click()
    with refused_once(visit):
        page.get_by_role("button", name="Forget paper").click()
        expect(visit.part("conflict")).to_contain_text("You removed the view “paper”")
    visit.part("conflict").get_by_role("button", name="Remove it all the same").click()
    eventually(lambda: server_has(visit, "view", "paper") is None, "no view")


def test_changes_in_quick_succession_are_no_conflict_with_oneself(visit: Visit) -> None:
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "ArrowDown", "ArrowUp"):
        visit.page.get_by_role("button", name="Size of Shared", exact=True).press(key)
    eventually(lambda: dict(server_has(visit, "panel", "p1")).get("rows") == 2)  # type: ignore[call-overload]
    expect(visit.part("conflict")).to_have_count(0)


def test_a_change_that_still_waits_when_the_page_is_left_arrives(visit: Visit) -> None:
    visit.page.evaluate(NO_ANSWER)  # the server has the change, and its answer never comes
    corner = visit.page.get_by_role("button", name="Size of Shared", exact=True)
    corner.press("ArrowDown")
    eventually(lambda: dict(server_has(visit, "panel", "p1")).get("rows") == 2)  # type: ignore[call-overload]
    corner.press("ArrowDown")
    visit.open("/")
    eventually(lambda: dict(server_has(visit, "panel", "p1")).get("rows") == 3)  # type: ignore[call-overload]
