"""The page of a run in headless Chromium: graph, code, alerts, notes, console."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Site, Theme, Visit
from tests.e2e.recorded_media import PROJECT, RATES

pytestmark = pytest.mark.slow


@pytest.fixture
def visit(dashboard: Site) -> Iterator[Visit]:
    with dashboard.visit() as opened:
        opened.open_run("careful")
        yield opened


def test_the_model_is_a_tree_that_folds(visit: Visit) -> None:
    visit.tab("graph")
    graph = visit.part("graph")
    expect(graph.get_by_text("178 parameters")).to_be_visible()
    inner = graph.locator(".graph-part[title='body.0']")
    expect(inner).to_contain_text("weight 16\u00d78")
    expect(inner).to_contain_text("takes 4\u00d78")
    expect(graph.locator(".graph-part[title='head']")).to_contain_text("from body.0")
    graph.get_by_role("button", name="Fold all", exact=True).click()
    expect(inner).to_be_hidden()
    graph.get_by_label("Search the parts").fill("body.0")
    expect(inner).to_be_visible()
    expect(graph.locator(".graph-part[title='head']")).to_have_count(0)


def test_the_model_is_drawn_as_boxes_that_open_and_say_what_they_are(visit: Visit) -> None:
    visit.tab("graph")
    visit.part("graph").get_by_role("button", name="Graph", exact=True).click()
    flow = visit.part("flow")
    inner = flow.get_by_role("button", name="0 Linear")
    inner.click()
    expect(flow.get_by_label("The part")).to_contain_text("weight 16\u00d78")
    expect(flow.locator(".flow-edge")).to_have_count(2)  # input to body, body to head
    flow.get_by_role("button", name="body Sequential").focus()
    visit.page.keyboard.press("Space")
    expect(inner).to_have_count(0)
    expect(flow).to_contain_text("4 of 5 parts drawn")
    picture = flow.locator(".flow-picture > g")
    before = picture.get_attribute("transform") or ""
    flow.get_by_role("button", name="Nearer").click()
    expect(picture).not_to_have_attribute("transform", before)
    visit.page.wait_for_url("**drawn=1**")


def test_the_alerts_of_all_runs_are_listed_and_lead_to_their_runs(visit: Visit) -> None:
    visit.open(f"/p/{PROJECT}?tab=alerts")
    alerts = visit.part("alerts-page").locator("li")
    expect(alerts).to_have_count(len(RATES))
    expect(alerts.first).to_contain_text("bold Loss the loss is high")  # the later one
    visit.screenshot("light-alerts")
    visit.page.get_by_label("Search the alerts").fill("careful")
    expect(alerts).to_have_count(1)
    visit.page.get_by_label("Search the alerts").fill("nobody")
    heading = visit.page.get_by_role("heading", name="No alert has “nobody”")
    box = heading.bounding_box()
    assert box
    assert box["y"] < 250  # where it is seen
    visit.page.get_by_label("Search the alerts").fill("careful")
    alerts.get_by_role("link", name="careful").click()
    expect(visit.part("alerts")).to_contain_text("the loss is high")


def test_a_graph_that_was_logged_is_drawn_with_its_attributes(visit: Visit) -> None:
    visit.tab("data")
    for above in ("weights", "letters"):
        visit.part(f"data-{above}").scroll_into_view_if_needed()
    expect(visit.part("data-letters")).to_contain_text("26 rows")
    graph = visit.part("data-pipeline")
    graph.scroll_into_view_if_needed()
    expect(graph).to_contain_text("4 nodes, 3 edges")
    expect(graph.locator(".flow-edge")).to_have_count(3)
    visit.screenshot("light-logged-graph")
    graph.get_by_role("button", name="read source").click()
    expect(graph.get_by_label("The node")).to_contain_text("1200")
    graph.get_by_role("button", name="clean").click()
    expect(graph.get_by_label("The node")).to_contain_text("dropped 7")


def test_what_was_changed_since_the_commit_is_shown_line_by_line(visit: Visit) -> None:
    visit.tab("code")
    code = visit.part("code")
    expect(code.locator(".diff-line.removed")).to_have_text("-rate = 0.1")
    expect(code.locator(".diff-line.added")).to_have_text("+rate = 0.2")
    expect(code.locator("summary")).to_have_text("train.py +1 \u22121")
    with visit.page.expect_download() as download:
        code.get_by_role("button", name="Download").click()
    assert "+rate = 0.2" in download.value.path().read_text("utf-8")


def test_notes_are_markdown_and_nothing_in_them_is_html(visit: Visit) -> None:
    notes = visit.part("notes")
    expect(notes.get_by_role("heading", name="What I tried")).to_be_visible()
    expect(notes.locator("strong")).to_have_text("bold")
    expect(notes.get_by_role("link")).to_have_text(["the paper"])
    expect(notes.get_by_role("listitem")).to_have_count(2)
    expect(notes).to_contain_text('<b onclick="alert(1)">rest</b> [trap](javascript:alert(1))')
    assert notes.locator("b, script").count() == 0


def test_alerts_are_listed_with_their_level(visit: Visit) -> None:
    visit.tab("overview")
    expect(visit.part("alerts").get_by_role("listitem")).to_contain_text(
        "warning Loss the loss is high"
    )


def test_the_console_is_coloured_and_kept_to_errors(visit: Visit) -> None:
    visit.tab("console")
    console = visit.part("console")
    expect(console.locator(".ansi-red.bold")).to_have_text("red and bold")
    expect(console).not_to_contain_text("\x1b")
    for text, shown in (("orange", "color"), ("on blue", "backgroundColor")):
        piece = console.get_by_text(text, exact=True)
        seen = piece.evaluate(f"each => getComputedStyle(each).{shown}")
        assert seen not in (console.evaluate(f"each => getComputedStyle(each).{shown}"), "")
    visit.page.get_by_label("Lines to show").select_option("errors")
    expect(console).to_contain_text("a complaint")
    expect(console).not_to_contain_text("red and bold")
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="Download").click()
    lines = download.value.path().read_text("utf-8").splitlines()
    assert "a complaint" in lines
    assert not any("red and bold" in line for line in lines)


def test_a_search_of_the_console_counts_and_leads_from_match_to_match(visit: Visit) -> None:
    visit.tab("console")
    field = visit.page.get_by_label("Search the console")
    matches = visit.part("console-matches")
    current = visit.part("console").locator("[aria-current]")
    field.fill("AIN")
    expect(matches).to_contain_text("1 of 2")
    expect(current).to_contain_text("and plain")
    field.press("Enter")
    expect(matches).to_contain_text("2 of 2")
    expect(current).to_contain_text("a complaint")
    visit.page.get_by_role("button", name="Next match").click()
    expect(matches).to_contain_text("1 of 2")
    field.press("Shift+Enter")
    expect(matches).to_contain_text("2 of 2")
    field.fill("nowhere")
    expect(matches).to_contain_text("no match")
    expect(current).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_new_tabs_look_right_in_both_themes(dashboard: Site, theme: Theme) -> None:
    """What can be asserted is little; the pictures are there to be looked at."""
    with dashboard.visit(theme) as visit:
        visit.open_run("careful")
        for tab in ("graph", "code", "overview", "console"):
            visit.tab(tab)
            visit.part(tab).wait_for()
            assert (visit.screenshot(f"{theme}-run-{tab}") > 128) == (theme == "light")
