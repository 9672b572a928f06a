"""Everything that a run can hold, as an attack on whoever looks at it in the dashboard."""

from __future__ import annotations

import json
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page

from pluto.server.sqid import encode_sqid
from tests.integration.server.harness import DATA, LOG, Run, lines
from tests.security.conftest import upload
from tests.server_process import RunningServer

RUN = "window.top.attacked = 1"
ATTACK = f'"><img src=x onerror="{RUN}"><svg onload="{RUN}"><script>{RUN}</script>'
LINK = f"[click](javascript:{RUN}) <a href='javascript:{RUN}'>me</a> ![x](x\" onerror=\"{RUN})"
TERMINAL = f"\x1b]8;;javascript:{RUN}\x07{ATTACK}\x1b]8;;\x07\x1b[31m{ATTACK}\x1b[0m"
TABLE = {"col": [ATTACK, "b"], "row": [ATTACK], "table": [[ATTACK, LINK]]}
GRAPH = {"nodes": {ATTACK: {"type": ATTACK, "label": ATTACK, "depth": 0}}, "format": ATTACK}
HTML = f"<!doctype html><title>t</title><p id=seen>text</p><script>{RUN}</script>{ATTACK}".encode()
SVG = (
    f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUN}"><script>{RUN}</script>'
    f'<foreignObject><body xmlns="http://www.w3.org/1999/xhtml" onload="{RUN}"/></foreignObject>'
    '<rect id="seen" width="9" height="9"/></svg>'
).encode()
FIGURE = {
    "data": [{"type": "scatter", "x": [ATTACK, "b"], "y": [1, 2], "name": ATTACK, "text": ATTACK}],
    "layout": {"title": {"text": ATTACK}, "xaxis": {"title": LINK}},
}
FILES = [
    ("page.html", "text/html", HTML),
    ("picture.svg", "image/svg+xml", SVG),
    ("page.xhtml", "application/xhtml+xml", SVG),
    ("feed.xml", "text/xml", SVG),
    ("script.js", "text/javascript", RUN.encode()),
    ("picture.png", "image/png", HTML),
    ("figure.json", "application/json", json.dumps(FIGURE).encode()),
    (f"{ATTACK}.txt", "text/plain", ATTACK.encode()),
]
# What an injected text would leave in the page, even where the page's policy stops its scripts.
INJECTED = """() => [...document.querySelectorAll("*")].filter(each =>
    [...each.attributes].some(({name, value}) =>
      name.startsWith("on") || /^\\s*javascript:/i.test(value))
    || (each.localName === "script" && !each.src && each.type !== "importmap"))
  .map(each => each.outerHTML)"""


@pytest.fixture(scope="module")
def hostile(client: httpx.Client) -> Run:
    """A run every text of which is an attack."""
    run = Run(
        client,
        ATTACK,
        runName=ATTACK,
        tags=[ATTACK[:50]],
        config=json.dumps({ATTACK: {"x": ATTACK}}),
    )
    body = {"runId": run.id, "notes": f"# {ATTACK}\n\n{ATTACK}\n\n{LINK}\n\n```\n{ATTACK}\n```\n"}
    metric = {"time": 1, "step": 1, "data": {ATTACK: 1.0, f"group/{ATTACK}": 2.0}}
    shown = [
        {**DATA, "logName": f"table {ATTACK}", "data": json.dumps(TABLE)},
        {**DATA, "dataType": "GRAPH", "logName": "graph", "data": json.dumps(GRAPH)},
        {**DATA, "dataType": "string-series", "logName": f"words {ATTACK}", "data": ATTACK},
        {**DATA, "dataType": ATTACK, "logName": "unknown", "data": ATTACK},
    ]
    graph = {"runId": run.id, "graph": GRAPH}
    answers = [
        client.post("/api/runs/notes/update", json=body),
        client.post("/api/runs/modelGraph/create", json=graph),
        run.send("metrics", lines(metric, metric | {"step": 2})),
        run.send("logs", lines({**LOG, "message": TERMINAL}, {**LOG, "message": LINK})),
        run.send("data", lines(*shown)),
        *(upload(run, content, name, mime, name) for name, mime, content in FILES),
    ]
    for answer in answers[:1] + answers[2:]:
        assert answer.status_code == 200, answer.text
    return run


def check(page: Page, where: str) -> None:
    page.wait_for_timeout(300)  # for what a script would still do
    assert page.evaluate("() => window.attacked") is None, where
    assert page.evaluate(INJECTED) == [], where


@pytest.mark.parametrize("place", ["/", "/p/{}", "/p/{}?tab=table", "/p/{}?q={}", "/?q={}"])
def test_pages_of_projects_show_hostile_names_as_text(
    server: RunningServer, hostile: Run, page: Page, place: str
) -> None:
    page.goto(server.url + place.format(*[quote(ATTACK, safe="")] * 2))
    page.locator("text=onerror= >> visible=true").first.wait_for()

    check(page, place)


def test_every_tab_of_a_hostile_run_shows_text(
    server: RunningServer, hostile: Run, page: Page
) -> None:
    project = quote(ATTACK, safe="")
    page.goto(f"{server.url}/o/local/projects/{project}/{encode_sqid(hostile.id)}")
    tabs = page.locator('[data-testid^="tab-"]')
    tabs.first.wait_for()
    names = [str(tab.get_attribute("data-testid")) for tab in tabs.all()]
    assert len(names) >= 6
    for name in names:
        page.get_by_test_id(name).click()
        check(page, name)
    page.get_by_test_id("tab-console").click()
    page.locator("text=onerror= >> visible=true").first.wait_for()


@pytest.mark.parametrize("name", ["page.html", "figure.json", "picture.svg"])
def test_a_hostile_file_among_the_files_is_shown_and_its_source_is_text(
    server: RunningServer, hostile: Run, page: Page, name: str
) -> None:
    page.goto(f"{server.url}/p/{quote(ATTACK, safe='')}/r/{hostile.id}?tab=files")
    files = page.get_by_test_id("files")
    files.get_by_role("button", name=name, exact=True).click()
    files.locator(".preview").get_by_text(name).first.wait_for()
    check(page, name)
    source = files.get_by_role("button", name="Source", exact=True)
    if name != "picture.svg":  # which is an image
        source.click()
        files.locator(".preview pre").wait_for()
        check(page, f"source of {name}")


@pytest.mark.parametrize("name", [name for name, _, _ in FILES])
def test_a_hostile_file_opened_by_itself_runs_nothing(
    server: RunningServer, hostile: Run, page: Page, name: str
) -> None:
    rows = hostile.read("files")["files"]
    (url,) = [row["url"] for row in rows if row["fileName"] == name]
    answer = httpx.get(url)
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.headers["content-disposition"].startswith("attachment"):
        assert answer.headers["content-type"] == "application/octet-stream"
        return
    page.goto(url)
    assert page.evaluate("() => window.attacked") is None
    # A document of its own: it can read neither the cookie nor the pages of the dashboard.
    assert page.evaluate("() => self.origin") == "null"
    assert page.evaluate("() => { try { return document.cookie } catch { return '' } }") == ""


def test_a_hostile_page_in_a_frame_of_the_dashboard_runs_nothing(
    server: RunningServer, hostile: Run, page: Page
) -> None:
    rows = hostile.read("files")["files"]
    url = next(row["url"] for row in rows if row["fileName"] == "page.html")
    page.goto(server.url)
    page.get_by_title("All projects").wait_for()
    seen = page.evaluate(
        """url => new Promise(done => {
             const frame = document.createElement("iframe");
             frame.src = url; frame.onload = () => done(frame.contentDocument === null);
             document.body.append(frame); })""",
        url,
    )

    assert seen is True
    assert page.evaluate("() => window.attacked") is None
