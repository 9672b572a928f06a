"""The dashboard's own files, and the way of a browser to its session."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from pluto.server.assets import Assets
from pluto.server.auth import Gate
from pluto.server.keys import OWN, Keys
from pluto.server.session import COOKIE_DAYS, Sessions, cookie_name
from pluto.server.state import ServerState
from pluto.server.wire import local_port

logger = logging.getLogger("pluto")

WEB: Final = Path(__file__).parent / "web"

CONTENT_POLICY: Final = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:;"
    " worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
_SIGN_IN_POLICY: Final = (
    "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
PAGES: Final = ("/p", "/o")
"""Paths that the page itself understands: a project, and the deep link to a run."""
_PLAIN_PROJECT: Final = re.compile(r"/p/([A-Za-z0-9_.-]+)(?:/|$)")
_FOR_EVER: Final = "public, max-age=31536000, immutable"

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Pluto</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/favicon.svg">
<style>
:root {{ color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }}
body {{ max-width: 26rem; margin: 18vh auto 0; padding: 0 1rem }}
h1 {{ font-size: 1.35rem; display: flex; gap: .5rem; align-items: center }}
h1 img {{ width: 1.75rem }}
small {{ display: block; margin-top: 1.5rem; opacity: .75 }}
input, button {{ font: inherit; padding: .45rem .7rem; border-radius: 6px; border: 1px solid gray }}
input {{ width: 100%; box-sizing: border-box; margin: .3rem 0 .8rem }}
button {{ background: #2c5fc4; border-color: #2c5fc4; color: white; cursor: pointer }}
</style></head><body><h1><img src="/favicon.svg" alt="">Pluto</h1>{content}</body></html>"""
_SIGN_IN: Final = """<p>{message}</p>
<form method="post" action="/sign-in"><label>API key
<input name="key" type="password" autocomplete="current-password" autofocus required></label>
<button>Open the dashboard</button></form>
<small>The terminal in which the server runs shows a link that needs no key;
<code>pluto server key create NAME</code> makes a key.</small>"""
_OPEN_LINK: Final = """<p>{message}</p>
<p>Open the link that <code>pluto ui</code> shows in its terminal.</p>
<small><code>pluto ui --auth off</code> needs none: every user of this machine can then see the
runs.</small>"""
_USED: Final = (
    "This link was used before: each one opens a single session. The terminal in which the server"
    " runs has a new one."
)
_NOT_BUILT: Final = """<p>This installation has no dashboard: it runs from bare sources. Build it
once with <code>cd web &amp;&amp; npm ci &amp;&amp; npm run build</code>. The API works.</p>"""

_NO_PAGE: Final = """<p>There is no such page. Links to a project begin with <code>/p/</code> and
its name.</p><p><a href="/">All projects</a></p>"""


class DashboardRoutes:
    """Serves the page, its assets and the sign-in."""

    def __init__(self, state: ServerState, gate: Gate, web: Path = WEB) -> None:
        self._keys: Keys = state.keys
        self._sessions: Sessions = state.sessions
        self._secure = state.settings.tls
        self._url = state.settings.url
        self._mode = state.settings.mode
        self._gate = gate
        self._assets = Assets(web)

    def routes(self) -> list[Route]:
        """Return the routes; they catch every path, so they come last."""
        return [
            Route("/sign-in", self._sign_in, methods=["POST"]),
            Route("/", self._page, methods=["GET"]),
            *(Route(f"{path}/{{rest:path}}", self._page, methods=["GET"]) for path in PAGES),
            Route("/{file:path}", self._file, methods=["GET"]),
        ]

    async def _file(self, request: Request) -> Response:
        path = request.url.path
        cache = _FOR_EVER if path.startswith("/assets/") else "no-cache"
        # The page itself is no file of its own: it is for those who may see it.
        is_page = path.endswith(".html")
        found = None if is_page else self._assets.answer(request, path, {"cache-control": cache})
        if found is not None:
            return found
        if "text/html" in request.headers.get("accept", ""):
            return _html(_NO_PAGE, 404)
        return Response("404 Not Found", 404, media_type="text/plain")

    async def _page(self, request: Request) -> Response:
        code = request.query_params.get("t")
        if code is not None:
            return self._redeem(request, code)
        if not self._gate.has_session(request.scope):
            return self._sign_in_page("Sign in to see the runs of this server.")
        headers = {"content-security-policy": CONTENT_POLICY, "cache-control": "no-cache"}
        headers |= _ahead(request.url.path)
        return self._assets.answer(request, "index.html", headers) or _html(_NOT_BUILT, 503)

    def _redeem(self, request: Request, code: str) -> Response:
        rest = [item for item in request.query_params.multi_items() if item[0] != "t"]
        target = request.url.path + (f"?{urlencode(rest)}" if rest else "")
        if self._sessions.redeem(code):
            return self._with_cookie(request, target, OWN)
        if not self._gate.has_session(request.scope):
            new = self._sessions.renewed_code()
            if new is not None:
                logger.warning("that link was used before; a new one: %s/?t=%s", self._url, new)
            return self._sign_in_page(_USED)
        return _redirect(target)

    async def _sign_in(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        key = form.get("key", [""])[0].strip()
        number = self._keys.session_of(key)
        if number is None:
            return self._sign_in_page("This key is not valid here.")
        return self._with_cookie(request, "/", number)

    def _with_cookie(self, request: Request, target: str, key: int) -> Response:
        response = _redirect(target)
        response.set_cookie(
            cookie_name(local_port(request.scope)),
            self._sessions.new_cookie(key),
            max_age=COOKIE_DAYS * 86_400,
            httponly=True,
            samesite="strict",
            secure=self._secure,
        )
        return response

    def _sign_in_page(self, message: str) -> Response:
        form = _OPEN_LINK if self._mode == "ui" else _SIGN_IN
        return _html(form.format(message=message), 401)


def _ahead(path: str) -> dict[str, str]:
    """Return a header by which a browser asks for a project's runs before it has read the page.

    The address must be, letter by letter, the one that the page asks for later: names that would
    be escaped in it are left out.
    """
    project = _PLAIN_PROJECT.match(path)
    if not project:
        return {}
    what = f"</api/ui/runs?project={project[1]}>"
    return {"link": f"{what}; rel=preload; as=fetch; crossorigin=anonymous"}


def _redirect(target: str) -> Response:
    # One slash only: "//host" would lead the browser to another site.
    return RedirectResponse("/" + target.lstrip("/"), 303)


def _html(content: str, status: int) -> Response:
    headers = {"content-security-policy": _SIGN_IN_POLICY, "cache-control": "no-store"}
    return HTMLResponse(_PAGE.format(content=content), status, headers=headers)
