"""Scripts of logged documents: they run in a frame of the dashboard, and reach nothing from it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.integration.server.harness import Run
from tests.security.conftest import upload
from tests.server_process import RunningServer

# What each attempt came to; those that were refused are left out.
ATTEMPTS = """<!doctype html><title>t</title><p id="tried">nothing yet</p><script>
const url = new URL(location.href).origin;
const loaded = (element, address) => new Promise((done, failed) => {
  element.onload = () => done("loaded"); element.onerror = failed;
  element.src = element.href = address; element.rel = "stylesheet";
  document.body.append(element);
});
const answer = path => fetch(url + path, {credentials: "include"}).then(got => got.status);
const body = JSON.stringify({runId: RUN, notes: "attacked"});
const headers = {"Content-Type": "application/json"};
const attempts = {
  cookie: () => document.cookie,
  storage: () => localStorage.length,
  session: () => sessionStorage.length,
  databases: () => indexedDB.databases(),
  caches: () => caches.keys(),
  parent: () => parent.document.title,
  opened: () => window.open(url) && "opened",
  top: () => (top.location.href = "about:blank"),
  read: () => answer("/api/ui/projects"),
  open: () => answer("/api/health"),
  write: () => fetch(url + "/api/runs/notes/update", {method: "POST", headers, body})
    .then(() => "sent"),
  // It says yes to whatever it is given: what came of it is looked for on the server.
  beacon: () => {
    navigator.sendBeacon(url + "/api/runs/notes/update", new Blob([body], {type: "text/plain"}));
    throw "unknown";
  },
  socket: () => new Promise((done, failed) => {
    const socket = new WebSocket(url.replace("http", "ws"));
    socket.onopen = () => done("open"); socket.onerror = failed;
  }),
  events: () => new Promise((done, failed) => {
    const events = new EventSource(url + "/api/ui/events");
    events.onopen = () => done("open"); events.onerror = failed;
  }),
  image: () => loaded(new Image(), url + "/favicon.svg"),
  script: () => loaded(document.createElement("script"), url + "/assets/x.js"),
  style: () => loaded(document.createElement("link"), url + "/assets/x.css"),
  frame: () => loaded(document.createElement("iframe"), url + "/").then(() =>
    frames[0].document.title),
};
(async () => {
  const done = {ran: new Function("return 'yes'")()};
  for (const [name, attempt] of Object.entries(attempts)) {
    try { done[name] = await attempt(); } catch { /* refused */ }
  }
  document.getElementById("tried").textContent = JSON.stringify(done);
})();
</script>"""


@pytest.fixture(scope="module")
def run(server: RunningServer) -> Iterator[Run]:
    with server.client() as client:
        run = Run(client, "documents")
        page = ATTEMPTS.replace("RUN", str(run.id)).encode()
        assert upload(run, page, "page.html", "text/html", "report").status_code == 200
        yield run


@pytest.mark.parametrize(("tab", "place"), [("media", "media-report"), ("files", "files")])
def test_a_script_of_a_document_runs_but_reads_nothing_and_sends_nothing(
    server: RunningServer, run: Run, page: Page, tab: str, place: str
) -> None:
    answers: list[str] = []
    page.goto(f"{server.url}/p/documents/r/{run.id}?tab={tab}")
    frame = page.get_by_test_id(place).locator("iframe")
    frame.wait_for()
    page.on("response", lambda got: answers.append(got.url))
    tried = frame.content_frame.locator("#tried")
    expect(tried).to_contain_text("ran")
    # `window.open` answers null where it is refused.
    assert json.loads(tried.inner_text()) == {"ran": "yes", "opened": None}
    assert page.url.startswith(server.url)
    assert page.context.pages == [page]
    assert not [url for url in answers if "favicon" in url or "/api/runs" in url]
    detail = run.client.get(f"/api/ui/runs/{run.id}").json()["run"]
    assert not detail["notes"]


def test_the_source_of_a_document_is_text(server: RunningServer, run: Run, page: Page) -> None:
    page.goto(f"{server.url}/p/documents/r/{run.id}?tab=files")
    files = page.get_by_test_id("files")
    files.get_by_role("button", name="Source", exact=True).click()
    expect(files.locator("pre")).to_contain_text("navigator.sendBeacon")
    assert files.locator("iframe, #tried").count() == 0
    files.get_by_role("button", name="Page", exact=True).click()
    frame = files.locator("iframe")
    assert frame.get_attribute("sandbox") == "allow-scripts"
    assert frame.get_attribute("referrerpolicy") == "no-referrer"


def test_the_same_document_opened_by_itself_runs_nothing(
    server: RunningServer, run: Run, page: Page
) -> None:
    url = run.read("files")["files"][0]["url"] + "&scripts=1"
    page.goto(url)
    expect(page.locator("#tried")).to_have_text("nothing yet")
    assert page.evaluate("() => self.origin") == "null"


def test_only_a_document_in_a_frame_gets_the_policy_with_scripts(run: Run) -> None:
    url = run.read("files")["files"][0]["url"]
    assert httpx.get(url).headers["content-security-policy"].startswith("sandbox;")
    framed = httpx.get(url + "&scripts=1", headers={"Sec-Fetch-Dest": "iframe"})
    policy = framed.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in policy
    assert "'self'" not in policy.replace("frame-ancestors 'self'", "")
    for place in ("document", "embed", "object", "script"):
        other = httpx.get(url + "&scripts=1", headers={"Sec-Fetch-Dest": place})
        assert other.headers["content-security-policy"].startswith("sandbox;")
