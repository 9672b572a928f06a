"""The pages that stand before the dashboard: the form for a key, a used link, no such page.

They look like the dashboard and need none of its files but the icon: their policy allows no script.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final, Literal

from starlette.responses import HTMLResponse, Response

POLICY: Final = (
    "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
Why = Literal["none", "wrong key", "used link"]

_OWN_ADDRESS: Final = re.compile(r"/(?![/\\])[^\\\x00-\x1f\x7f]*")

# The colours of web/src/style/tokens.css.
_STYLE: Final = """
:root { color-scheme: light dark; --surface: #fff; --raised: #f6f7f9; --line: #dde1e7;
  --text: #1b1f26; --muted: #5c6470; --accent: #2c5fc4; --accent-text: #fff; --bad: #b3261e;
  --bad-surface: #fdeeec; --warn-surface: #fff6df }
@media (prefers-color-scheme: dark) { :root { --surface: #14171c; --raised: #1b1f26;
  --line: #303742; --text: #e4e8ee; --muted: #9aa4b2; --accent: #8ab0f8; --accent-text: #0d1626;
  --bad: #ff8a80; --bad-surface: #33201f; --warn-surface: #2e2816 } }
* { box-sizing: border-box; margin: 0 }
body { background: var(--surface); color: var(--text); font: 13px/1.5 system-ui, sans-serif }
header { display: flex; align-items: center; gap: 7px; height: 44px; padding: 0 14px;
  border-bottom: 1px solid var(--line); font-size: 15px; font-weight: 600 }
header img { width: 20px }
main { width: min(400px, 100% - 32px); margin: min(14vh, 96px) auto 32px }
h1 { font-size: 20px; line-height: 1.3 }
h2 { font-size: 13px; margin-bottom: 4px }
h1 + p { margin-top: 4px; color: var(--muted) }
.told { margin-top: 16px; padding: 10px 12px; border-radius: 6px; background: var(--warn-surface) }
.told.failed { background: var(--bad-surface); color: var(--bad) }
form { margin-top: 20px }
label { display: block; font-weight: 600 }
input, button { width: 100%; height: 36px; padding: 0 10px; border: 1px solid var(--line);
  border-radius: 6px; background: var(--surface); color: inherit; font: inherit }
input { margin: 4px 0 12px; font-family: ui-monospace, monospace }
input[aria-invalid] { border-color: var(--bad) }
button { border-color: var(--accent); background: var(--accent); color: var(--accent-text);
  font-weight: 600; cursor: pointer }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
section { margin-top: 24px; padding-top: 16px; border-top: 1px solid var(--line);
  color: var(--muted) }
section h2 { color: var(--text) }
section p + p { margin-top: 8px }
a { color: var(--accent) }
code { padding: 1px 4px; border-radius: 4px; background: var(--raised); color: var(--text);
  font: 12px ui-monospace, monospace; overflow-wrap: anywhere }
"""

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · Pluto</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/favicon.svg">
<style>{style}</style></head>
<body><header><img src="/favicon.svg" alt="">pluto</header>
<main><h1>{title}</h1>{content}</main></body></html>"""

_FORM: Final = """<p>to see the runs of this server</p>{told}
<form method="post" action="/sign-in">
<input type="hidden" name="to" value="{to}">
<label for="key">API key</label>
<input id="key" name="key" type="password" autocomplete="current-password" spellcheck="false"
 autofocus required {invalid}>
<button>Open the dashboard</button></form>
<section><h2>Without a key</h2>
<p>The terminal in which the server runs shows a link that opens the dashboard once.</p></section>
<section><h2>No key yet?</h2>
<p>On the machine of the server <code>pluto server key create NAME</code> makes one, and
<code>pluto server key list</code> tells which are good. It is the same key that
<code>pluto login</code> takes.</p></section>"""

_LINK: Final = """<p>to see the runs on this disk</p>{told}
<section><h2>Open the link</h2>
<p>that <code>pluto ui</code> shows in its terminal: it opens the dashboard in this browser.</p>
</section>
<section><h2>Without any link</h2>
<p><code>pluto ui --auth off</code> needs none: every user of this machine can then see the
runs.</p></section>"""

_TOLD: Final[dict[Why, str]] = {
    "none": "",
    "wrong key": '<p class="told failed" role="alert" id="told">This key is not valid here: it may'
    " be mistyped, of another server, expired or revoked.</p>",
    "used link": '<p class="told" role="alert" id="told">This link was used before: each one opens'
    " a single session. The terminal in which the server runs has a new one.</p>",
}

_NO_PAGE: Final = """<p>Links to a project begin with <code>/p/</code> and its name.</p>
<section><p><a href="/">All projects</a></p></section>"""
_NOT_BUILT: Final = """<p>This installation runs from bare sources. Build the dashboard once with
<code>make web</code>. The API works.</p>"""


def sign_in(to: str, *, with_key: bool, why: Why = "none") -> Response:
    """Return the page that asks for a key, or without one says where a link is to be found.

    Args:
        to: where the person wanted to go; only an address of this server is taken.
        with_key: whether keys are taken here.
        why: what went wrong before.
    """
    invalid = 'aria-invalid="true" aria-describedby="told"' if why == "wrong key" else ""
    form = _FORM if with_key else _LINK
    content = form.format(told=_TOLD[why], to=escape(own_address(to)), invalid=invalid)
    return _page("Sign in", content, 401)


def no_such_page() -> Response:
    """Return the answer to an address that leads nowhere."""
    return _page("There is no such page", _NO_PAGE, 404)


def not_built() -> Response:
    """Return what stands where the dashboard was not built."""
    return _page("There is no dashboard", _NOT_BUILT, 503)


def own_address(to: str) -> str:
    """Return a path of this server with its query; `/` for all that leads elsewhere.

    Example:
        >>> own_address("/p/mnist?tab=table"), own_address("//other.example"), own_address("x:y")
        ('/p/mnist?tab=table', '/', '/')
    """
    return to if _OWN_ADDRESS.fullmatch(to) else "/"


def _page(title: str, content: str, status: int) -> Response:
    headers = {"content-security-policy": POLICY, "cache-control": "no-store"}
    text = _PAGE.format(title=title, style=_STYLE, content=content)
    return HTMLResponse(text, status, headers=headers)
