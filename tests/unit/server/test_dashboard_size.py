"""What a browser has to fetch before it shows the dashboard, and all that there is of it."""

import gzip
import re
from pathlib import Path

from pluto.server.static import WEB

FIRST_LOAD = 120_000
ALL = 400_000
LEVEL = 9  # as the server compresses them


def compressed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), LEVEL, mtime=0))


def test_the_first_load_and_the_whole_dashboard_stay_small() -> None:
    page = (WEB / "index.html").read_text("utf-8")
    named = re.findall(r'(?:src|href)="/([^"]+)"', page)
    assert any(name.endswith(".js") for name in named)
    assert sum(compressed(WEB / name) for name in ["index.html", *named]) <= FIRST_LOAD
    assert sum(compressed(path) for path in WEB.rglob("*") if path.is_file()) <= ALL
