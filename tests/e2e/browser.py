"""The dashboard in headless Chromium, as the tests drive it."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    StorageState,
    sync_playwright,
)

from tests.conftest import REPOSITORY
from tests.server_process import RunningServer, running_server

RECORDED = Path(__file__).with_name("recorded_runs.py")
ARTIFACTS = REPOSITORY / "test-artifacts"
PATIENCE = 30.0  # seconds until something that has to happen did not happen

Theme = Literal["light", "dark"]
Found = TypeVar("Found")

# Nothing but loopback can be reached, whatever Chromium would like to look up.
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@contextmanager
def recording(directory: Path, what: str) -> Iterator[subprocess.Popen[bytes]]:
    """Record runs below `directory` beside the block: see `recorded_runs.py`.

    At the end of the block the standard input is closed, and the process has to end well, unless
    it was killed.
    """
    command = [sys.executable, str(RECORDED), str(directory), what]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE)
    try:
        yield process
        end(process)
        assert process.returncode in (0, -signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()


def end(process: subprocess.Popen[bytes]) -> None:
    """Close the standard input of a recording process, and wait for its end."""
    assert process.stdin is not None
    process.stdin.close()
    process.wait(PATIENCE)


def record(directory: Path, what: str) -> None:
    """Record runs below `directory` to their end."""
    with recording(directory, what) as process:
        process.wait()  # however long it takes


def eventually(look: Callable[[], Found | None], what: str = "it") -> Found:
    """Return what `look` finds as soon as it finds something true."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what} has not happened: {found!r}"
        time.sleep(0.05)
    return found


@dataclass
class Curve:
    """What a chart draws of one run: a bucket of points each, all arrays as long."""

    run: int
    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass
class Visit:
    """A page of the dashboard, and everything it did that it should not have done."""

    page: Page
    origin: str
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note errors of the console and of scripts, failed answers and requests to others."""
        note = self.faults.append
        self.page.on("console", lambda said: note(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: note(str(error)))
        self.page.on("response", lambda got: note(got.url) if got.status >= 400 else None)
        self.page.on("request", lambda asked: None if self._is_own(asked.url) else note(asked.url))

    def _is_own(self, url: str) -> bool:
        return url.startswith((self.origin, "data:", "blob:"))

    def open(self, address: str) -> None:
        """Go to an address of the dashboard, such as `/p/digits`."""
        self.page.goto(self.origin + address)

    def open_run(self, name: str) -> None:
        """Go to a run's page as a person does: from the projects, by its name."""
        self.open("/")
        self.part("runs-rail").get_by_role("link", name=name, exact=True).click()
        self.page.get_by_role("heading", name=name, exact=True).wait_for()

    def part(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id).first

    def tab(self, name: str) -> None:
        self.part(f"tab-{name}").click()

    def curves(self, chart: str) -> list[Curve]:
        """Return what the chart of this name draws now; empty if it draws nothing."""
        drawn = self.page.evaluate(
            """name => (window.__pluto?.charts[name]?.runs ?? []).map(
                 ({id, x, mean, min, max}) => [id, ...[x, mean, min, max].map(a => [...a])])""",
            chart,
        )
        return [
            Curve(run, *(np.array(column, np.float64) for column in columns))
            for run, *columns in drawn
        ]

    def curve(self, chart: str) -> Curve:
        """Return the only curve of a chart, once it is there."""
        (curve,) = eventually(lambda: self.curves(chart), f"a curve in {chart}")
        return curve

    def painted(self, chart: str) -> NDArray[np.float64]:
        """Return the line that the chart's canvas shows: its middle in each column of pixels.

        In pixels from the canvas' top, NaN where there is no line. For a single run.
        """
        color = self.page.evaluate(
            "() => getComputedStyle(document.querySelector('.run-title .dot')).backgroundColor"
        )
        rows = self.page.evaluate(PAINTED, [f'[data-testid="chart-{chart}"] canvas', color])
        return np.array(rows, np.float64)

    def settled(self, chart: str) -> NDArray[np.float64]:
        """Return `painted` once it no longer changes."""
        before = self.painted(chart)

        def unchanged() -> bool:
            nonlocal before
            before, last = self.painted(chart), before
            return bool(np.isfinite(before).any() and np.array_equal(before, last, equal_nan=True))

        eventually(unchanged, f"a still picture of {chart}")
        return before

    def screenshot(self, name: str) -> float:
        """Keep a picture of the window for people; return its brightness, from 0 to 255."""
        ARTIFACTS.mkdir(exist_ok=True)
        picture = self.page.screenshot(path=ARTIFACTS / f"{name}.png")
        return float(np.asarray(Image.open(io.BytesIO(picture)).convert("L")).mean())


# What axe-core, which a page has to have as a script of its own, finds serious in it.
SERIOUS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"], iframes: false });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ target, any }) =>
      `${id}: ${target.join(" ")} ${any.map(({ message }) => message).join("; ")}`));
}"""

PAINTED = """([canvas, color]) => {
  const [r, g, b] = color.match(/[0-9.]+/g).map(Number);
  const image = document.querySelector(canvas);
  if (!image) return [];
  const { width, height } = image;
  const { data } = image.getContext("2d").getImageData(0, 0, width, height);
  return Array.from({ length: width }, (_, x) => {
    let sum = 0, count = 0;
    for (let y = 0; y < height; y += 1) {
      const at = 4 * (y * width + x);
      const far = [r, g, b].reduce((sum, want, i) => sum + Math.abs(data[at + i] - want), 0);
      if (data[at + 3] > 160 && far < 40) { sum += y; count += 1; }
    }
    return count ? sum / count : NaN;
  });
}"""


@dataclass
class Site:
    """A server with a dashboard, and a browser that is logged in to it."""

    server: RunningServer
    browser: Browser
    cookies: StorageState

    @contextmanager
    def visit(self, theme: Theme = "light", width: int = 1280) -> Iterator[Visit]:
        """Open a window; in the end nothing may have gone wrong in it."""
        context = self.browser.new_context(
            storage_state=self.cookies,
            viewport={"width": width, "height": 720},
            color_scheme=theme,
        )
        try:
            visit = Visit(context.new_page(), self.server.url)
            visit.watch()
            yield visit
            assert visit.faults == []
        finally:
            context.close()


@contextmanager
def browsing(chromium: Path, options: Sequence[str] = CHROMIUM_OPTIONS) -> Iterator[Browser]:
    """Start a browser; a thread can have one at a time."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=options) as browser,
    ):
        yield browser


def signed_in(browser: Browser, server: RunningServer) -> BrowserContext:
    """Return the windows of a person who came in by the link that a server prints."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.link)
    page.get_by_title("All projects").wait_for()
    page.close()
    return context


@contextmanager
def site(directory: Path, chromium: Path, home: Path) -> Iterator[Site]:
    """Run `pluto ui` over `directory`, and a browser that came in by the link it prints."""
    with (
        running_server(directory, command="ui", home=home) as server,
        browsing(chromium) as browser,
    ):
        yield Site(server, browser, signed_in(browser, server).storage_state())


def dashboard_over(*records: Callable[[Path], None]) -> Callable[..., Iterator[Site]]:
    """Make a module's fixture `dashboard`: a site over what `records` write into a directory.

    Example:
        >>> dashboard = dashboard_over(record_sweep)
    """

    @pytest.fixture(scope="module", name="dashboard")
    def dashboard(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
        runs = tmp_path_factory.mktemp("runs")
        for record_runs in records:
            record_runs(runs)
        with site(runs, chromium, tmp_path_factory.mktemp("home")) as opened:
            yield opened

    return dashboard
