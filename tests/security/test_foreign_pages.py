"""Pages of other sites, tried against a server on this machine: over HTTP and in Chromium."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.e2e.browser import CHROMIUM_OPTIONS, browsing, signed_in
from tests.integration.server.harness import Run
from tests.server_process import RunningServer

EVIL = "evil.example"
# Another site whose name resolves to this machine, as an attacker's name server would have it.
REBOUND = f"--host-resolver-rules=MAP {EVIL} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
OPTIONS = [each for each in CHROMIUM_OPTIONS if "host-resolver" not in each]


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with browsing(chromium, [*OPTIONS, REBOUND]) as browser:
        yield browser


@pytest.fixture(scope="module")
def person(browser: Browser, server: RunningServer) -> BrowserContext:
    """The browser of a person who has the dashboard open."""
    return signed_in(browser, server)


@contextmanager
def foreign_site(content: str) -> Iterator[int]:
    """Serve a page on another port of this machine: for cookies, that is the same site."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        try:
            yield site.server_address[1]
        finally:
            site.shutdown()
            thread.join()


def status(client: httpx.Client, run: Run) -> str:
    return str(client.get(f"/api/runs/details/{run.id}").json()["status"])


@pytest.mark.parametrize("host", ["127.0.0.1", EVIL])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_form_of_another_page_changes_nothing(
    server: RunningServer, client: httpx.Client, person: BrowserContext, host: str, kind: str
) -> None:
    run = Run(client, "forged")
    form = f"""<form method="post" action="{server.url}/api/ui/runs/{run.id}/cancel"
        enctype="{kind}"><input name='{{"a":"' value='"}}'></form>
        <script>document.forms[0].submit()</script>"""
    page = person.new_page()
    with (
        foreign_site(form) as port,
        page.expect_response(lambda got: got.url.startswith(server.url)) as answered,
    ):
        page.goto(f"http://{host}:{port}/")
    page.close()

    assert answered.value.status == 403
    assert status(client, run) == "RUNNING"


def test_the_page_of_the_server_itself_signs_a_person_in_by_key(
    server: RunningServer, browser: Browser
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.url)
    page.get_by_label("API key").fill(server.key)
    page.get_by_role("button", name="Open the dashboard").click()
    page.get_by_title("All projects").wait_for()
    context.close()


@pytest.mark.parametrize("host", ["127.0.0.1", EVIL])
def test_scripts_of_another_page_neither_read_nor_write(
    server: RunningServer, client: httpx.Client, person: BrowserContext, host: str
) -> None:
    run = Run(client, "forged")
    attacks = f"""async () => {{
      const tries = [
        ["GET", "/api/runs/list?projectName=forged", "include"],
        ["GET", "/api/ui/projects", "include"],
        ["GET", "/api/ui/live?runs={run.id}", "include"],
        ["POST", "/api/ui/runs/{run.id}/cancel", "include"],
        ["POST", "/api/ui/runs/{run.id}/cancel", "omit"],
      ];
      const got = [];
      for (const [method, path, credentials] of tries) {{
        for (const mode of ["cors", "no-cors"]) {{
          try {{
            const answer = await fetch("{server.url}" + path, {{method, credentials, mode}});
            got.push(await answer.text());
          }} catch (error) {{ got.push(""); }}
        }}
      }}
      return got;
    }}"""
    page = person.new_page()
    with foreign_site("<p>nice page</p>") as port:
        page.goto(f"http://{host}:{port}/")
        got = page.evaluate(attacks)
    page.close()

    assert got == [""] * 10
    assert status(client, run) == "RUNNING"


def test_another_page_cannot_hold_the_dashboard_in_a_frame(
    server: RunningServer, person: BrowserContext
) -> None:
    page = person.new_page()
    with foreign_site(f'<iframe src="{server.url}/"></iframe>') as port:
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_load_state("networkidle")
        frames = [frame.url for frame in page.frames[1:]]
        content = page.frames[1].content()
    page.close()

    assert "All projects" not in content
    assert all(not url.startswith(server.url) for url in frames)


@pytest.mark.parametrize("path", ["/", "/api/runs/projects", "/api/health", "/assets/x.js"])
def test_under_a_rebound_name_the_browser_gets_nothing(
    server: RunningServer, person: BrowserContext, path: str
) -> None:
    page = person.new_page()
    answer = page.goto(f"http://{EVIL}:{urlsplit(server.url).port}{path}")
    page.close()

    assert answer is not None
    assert answer.status == 403


def test_under_a_rebound_name_a_page_cannot_use_a_key_it_was_told(
    server: RunningServer, browser: Browser
) -> None:
    context = browser.new_context()
    page = context.new_page()
    port = urlsplit(server.url).port
    page.goto(f"http://{EVIL}:{port}/")
    code = page.evaluate(
        "key => fetch('/api/ui/projects', {headers: {Authorization: `Bearer ${key}`}})"
        ".then(answer => answer.status)",
        server.key,
    )
    context.close()

    assert code == 403


@pytest.mark.parametrize(
    "host", [EVIL, f"127.0.0.1@{EVIL}", f"{EVIL}#127.0.0.1", f"127.0.0.1.{EVIL}", "127.0.0.1\\@a"]
)
def test_no_spelling_of_a_foreign_host_passes(server: RunningServer, host: str) -> None:
    for path in ("/", "/api/runs/projects", "/ingest/metrics", "/files", "/o/blob/1/x"):
        answer = httpx.get(server.url + path, headers={"Host": host})
        assert answer.status_code == 403, path


def test_no_answer_lets_other_origins_in(client: httpx.Client, full_run: Run) -> None:
    headers = {
        "Origin": f"http://{EVIL}",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    for method in ("GET", "OPTIONS"):
        for path in ("/api/runs/projects", "/api/runs/create", "/ingest/metrics", "/files", "/"):
            answer = client.request(method, path, headers=headers)
            leaks = [name for name in answer.headers if name.startswith("access-control-")]
            assert leaks == [], (method, path)


def test_the_sign_in_page_sends_browsers_to_its_own_site_only(server: RunningServer) -> None:
    for target in ("//evil.example/", "/\\evil.example", "/%2f/evil.example"):
        answer = httpx.get(f"{server.url}{target}?t=x", follow_redirects=False)
        location = answer.headers.get("location", "/")
        assert urlsplit(location).netloc == ""
        assert not location.startswith(("//", "/\\"))
