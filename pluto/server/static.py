"""The dashboard's own files, and the way of a browser to its session."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pluto.server.assets import Assets
from pluto.server.auth import Gate
from pluto.server.keys import OWN, Keys
from pluto.server.session import COOKIE_DAYS, Sessions, cookie_name
from pluto.server.sign_in import Why, no_such_page, not_built, own_address, sign_in
from pluto.server.state import ServerState
from pluto.server.wire import local_port

logger = logging.getLogger("pluto")

WEB: Final = Path(__file__).parent / "web"

CONTENT_POLICY: Final = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:;"
    " worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
PAGES: Final = ("/p", "/o")
"""Paths that the page itself understands: a project, and the deep link to a run."""
_PLAIN_PROJECT: Final = re.compile(r"/p/([A-Za-z0-9_.-]+)(?:/|$)")
_FOR_EVER: Final = "public, max-age=31536000, immutable"


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
            return no_such_page()
        return Response("404 Not Found", 404, media_type="text/plain")

    async def _page(self, request: Request) -> Response:
        code = request.query_params.get("t")
        if code is not None:
            return self._redeem(request, code)
        if not self._gate.has_session(request.scope):
            return self._sign_in_page(_address(request))
        headers = {"content-security-policy": CONTENT_POLICY, "cache-control": "no-cache"}
        headers |= _ahead(request.url.path)
        return self._assets.answer(request, "index.html", headers) or not_built()

    def _redeem(self, request: Request, code: str) -> Response:
        target = _address(request)
        if self._sessions.redeem(code):
            return self._with_cookie(request, target, OWN)
        if not self._gate.has_session(request.scope):
            new = self._sessions.renewed_code()
            if new is not None:
                logger.warning("that link was used before; a new one: %s/?t=%s", self._url, new)
            return self._sign_in_page(target, "used link")
        return _redirect(target)

    async def _sign_in(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        key = form.get("key", [""])[0].strip()
        to = own_address(form.get("to", ["/"])[0])
        number = self._keys.session_of(key)
        if number is None:
            return self._sign_in_page(to, "wrong key")
        return self._with_cookie(request, to, number)

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

    def _sign_in_page(self, to: str, why: Why = "none") -> Response:
        return sign_in(to, with_key=self._mode != "ui", why=why)


def _address(request: Request) -> str:
    """Return what a request asked for, without the code of a link."""
    rest = [item for item in request.query_params.multi_items() if item[0] != "t"]
    return quote(request.url.path) + (f"?{urlencode(rest)}" if rest else "")


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
