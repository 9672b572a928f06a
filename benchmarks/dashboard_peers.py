"""Opening one run, zooming, and opening fifty runs: this dashboard, trackio and TensorBoard.

`python benchmarks/dashboard_peers.py`: the same values, the same Chromium, the dashboards in turns
with the settings that they come with. The browser films what it shows: a page counts as opened, and
a chart as zoomed, with the frame in which the chart changed last. A frame takes 17 ms.
TensorBoard draws a sample of 1,000 points of each run, this dashboard 1,000 buckets of all points.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import numpy as np
from harness.measure import Budget, conclude, machine, medians, parser, table
from harness.processes import PEERS_ENVIRONMENT, Case, Subject, environment, run_case, run_if_case
from PIL import Image

PATIENCE: Final = 120.0
QUIET: Final = 1.0
"""Seconds without a change after which a chart rests."""
QUALITY: Final = 60
OPTIONS: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CHARTS: Final = {
    "pluto": '[data-testid="chart-loss"] canvas',
    "trackio": "canvas.marks",
    "tensorboard": "line-chart .series-view canvas, line-chart .series-view svg",
}

WRITE: Final = {
    "pluto": """
import pluto
for run in range(runs):
    op = pluto.init(dir=directory, project=project, name=f"run-{run}", mode="local",
                    settings={"disable_system_metrics": True, "disable_console": True})
    for step, value in enumerate(values(run)):
        op.log({"loss": value}, step=step)
    op.finish()
""",
    "trackio": """
import os
os.environ["TRACKIO_DIR"] = directory
import trackio
for run in range(runs):
    trackio.init(project=project, name=f"run-{run}", embed=False)
    for step, value in enumerate(values(run)):
        trackio.log({"loss": value}, step=step)
    trackio.finish()
""",
    "tensorboard": """
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
for run in range(runs):
    writer = EventFileWriter(f"{directory}/{project}/run-{run}")
    for step, value in enumerate(values(run)):
        summary = Summary(value=[Summary.Value(tag="loss", simple_value=value)])
        writer.add_event(Event(wall_time=1.7e9 + step, step=step, summary=summary))
    writer.close()
""",
}
VALUES: Final = """
import sys
import numpy as np
directory, project, runs, points = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def values(run):
    return np.cumsum(np.random.default_rng(run).normal(size=points)).tolist()
"""


def write(case: Case, directory: Path, project: str, runs: int) -> None:
    """Log runs with the tracker of a case."""
    arguments = [str(directory), project, str(runs), str(case["points"])]
    code = VALUES + WRITE[case["peer"]]
    subprocess.run(
        [case["python"], "-c", code, *arguments],
        env=environment(directory.parent),
        cwd=directory,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def served(case: Case, directory: Path, project: str) -> Iterator[str]:
    """Serve the runs and give the address of their page, once it answers."""
    port, log = free_port(), directory.parent / f"{project}.log"
    tools = Path(case["python"]).parent
    listening = ["--port", str(port)]
    ours = [case["python"], "-m", "pluto", "ui", str(directory), "--no-browser", "--auth", "off"]
    logs = ["--logdir", str(directory / project)]
    command = {
        "pluto": [*ours, *listening],
        "trackio": [str(tools / "trackio"), "show", "--project", project],
        "tensorboard": [str(tools / "tensorboard"), *logs, *listening],
    }[case["peer"]]
    own = {"TRACKIO_DIR": str(directory), "BROWSER": "true", "PYTHONUNBUFFERED": "1"}
    own["GRADIO_ANALYTICS_ENABLED"] = "False"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment(directory.parent) | own, stdout=output, stderr=output
        )
    try:
        address = _address(log)
        yield {
            "pluto": f"{address}p/{project}",
            "trackio": f"{address}?project={project}",
            "tensorboard": address,
        }[case["peer"]]
    finally:
        process.terminate()
        process.wait()


def _address(log: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = re.search(r"(http://(?:127\.0\.0\.1|localhost):\d+)\S*\s", log.read_text())
        if found:
            address = found[1].replace("localhost", "127.0.0.1") + "/"
            urlopen(address).close()
            return address
        time.sleep(0.1)
    raise RuntimeError(log.read_text()[-2000:])


class Film:
    """What the browser showed, picture by picture, each with the moment at which it did.

    The browser films itself, beside the page, and says of each frame when it was shown
    (`Page.startScreencast` of the Chrome DevTools Protocol): no dashboard is asked anything, and
    none waits for a picture.
    """

    def __init__(self, page: Any) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self._session.on("Page.screencastFrame", self._take)
        self._session.send("Page.startScreencast", {"format": "jpeg", "quality": QUALITY})
        self._frames: list[tuple[float, bytes]] = []
        self._parts: list[tuple[float, bytes]] = []

    def rest(self, clip: dict[str, float], since: float) -> tuple[float, bytes]:
        """Wait until a part of the page rests; return when it changed last, and how it looks.

        Args:
            clip: the part.
            since: seconds since the epoch; what was shown before does not count.
        """
        deadline = time.time() + PATIENCE
        while time.time() < deadline:
            self._page.wait_for_timeout(1000 * QUIET / 4)
            changes = self._changes(clip, since)
            if changes and time.time() - changes[-1][0] > QUIET:
                return changes[-1]
        raise RuntimeError("the chart does not come to rest")

    def end(self) -> None:
        """Stop filming."""
        self._session.send("Page.stopScreencast")
        self._session.detach()

    def _changes(self, clip: dict[str, float], since: float) -> list[tuple[float, bytes]]:
        left, top = round(clip["x"]), round(clip["y"])
        box = (left, top, left + round(clip["width"]), top + round(clip["height"]))
        for shown, data in self._frames[len(self._parts) :]:
            self._parts.append((shown, Image.open(io.BytesIO(data)).crop(box).tobytes()))
        found: list[tuple[float, bytes]] = []
        for shown, part in self._parts:
            if shown >= since and (not found or found[-1][1] != part):
                found.append((shown, part))
        return found

    def _take(self, frame: dict[str, Any]) -> None:
        self._session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})
        self._frames.append((frame["metadata"]["timestamp"], b64decode(frame["data"])))


def visit(page: Any, peer: str, address: str) -> tuple[float, dict[str, float]]:
    """Open a page; return the milliseconds until its chart rests, and where it is."""
    film = Film(page)
    began = time.time()
    page.goto(address)
    chart = page.locator(CHARTS[peer]).first
    chart.wait_for(timeout=1000 * PATIENCE)
    page.wait_for_timeout(1000 * QUIET)
    clip = chart.bounding_box()
    rested, _ = film.rest(clip, began)
    film.end()
    return 1000 * (rested - began), clip


def zoom(page: Any, clip: dict[str, float]) -> float:
    """Drag over a part of a chart; return the milliseconds until it rests, zoomed."""
    film, middle = Film(page), clip["y"] + clip["height"] / 2
    _, before = film.rest(clip, 0)
    page.mouse.move(clip["x"] + 0.4 * clip["width"], middle)
    page.mouse.down()
    page.mouse.move(clip["x"] + 0.6 * clip["width"], middle + 20, steps=4)
    page.wait_for_timeout(1000 * QUIET)
    began = time.time()
    page.mouse.up()
    page.mouse.move(1, 1)
    rested, after = film.rest(clip, began)
    film.end()
    if after == before:
        raise RuntimeError("the chart was not zoomed")
    return 1000 * (rested - began)


def measure(case: Case) -> dict[str, Any]:
    """Write, serve and look, one run and then many."""
    from playwright.sync_api import sync_playwright

    directory = Path(case["directory"])
    found: dict[str, Any] = {}
    for project, runs in (("one", 1), ("many", case["runs"])):
        write(case, directory, project, runs)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=case["chromium"], args=OPTIONS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for project in ("one", "many"):
            with served(case, directory, project) as address:
                times = [visit(page, case["peer"], address) for _ in range(3)]
                found[f"open {project} ms"] = float(np.median([each for each, _ in times]))
                if project == "one":
                    found["zoom ms"] = zoom(page, times[-1][1])
                page.goto("about:blank")
        browser.close()
    return found


def chosen_subjects(options: Any) -> list[tuple[str, str]]:
    """Return name and interpreter of each dashboard that is installed; say which is missing."""
    found = [("pluto", sys.executable)]
    python = options.peers_python or str(PEERS_ENVIRONMENT / "bin" / "python")
    for name in () if options.no_peers else ("trackio", "tensorboard"):
        if os.access(Path(python).with_name(name), os.X_OK):
            found.append((name, python))
        else:
            print(f"!!! SKIPPED: {name} is not installed for {python}: pip install {name} !!!")
    return found


def attempt(act: Callable[[], dict[str, Any]], name: str) -> dict[str, Any]:
    """Return what was measured; a peer that could not be measured is told, not left out."""
    try:
        return act()
    except (RuntimeError, subprocess.SubprocessError) as error:
        if name == "pluto":
            raise
        print(f"!!! {name} could not be measured: {str(error)[-600:]} !!!")
        return {}


def main() -> None:
    """Measure in turns, print a table and how many times faster this dashboard is."""
    options = parser(__doc__).parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("benchmarks/dashboard_peers.py needs Chromium: apt-get install chromium")
    before, quick = machine(), options.quick
    case = {"runs": 5 if quick else 50, "points": 1000 if quick else 10_000, "chromium": chromium}
    found: dict[str, list[dict[str, Any]]] = {}
    for _ in range(1 if quick else options.repeats):
        for name, python in chosen_subjects(options):
            subject, own = Subject(name, sys.executable), {**case, "python": python}
            result = attempt(lambda s=subject, c=own: run_case(__file__, s, c), name)  # type: ignore[misc]
            if result:
                found.setdefault(name, []).append(result)
    middle = {name: medians(each) for name, each in found.items()}
    columns = list(middle["pluto"])
    print(f"one run and {case['runs']} runs of {case['points']:,} points")
    table(("", *columns), [(n, *(each[c] for c in columns)) for n, each in middle.items()])
    budgets = [
        Budget(
            f"{column[:-3]}, times faster than {peer}", each[column] / middle["pluto"][column], 5
        )
        for peer, each in middle.items()
        if peer != "pluto"
        for column in columns
    ]
    budgets = [Budget(b.what, b.measured, b.limit, at_most=False) for b in budgets]
    results = [{"case": n, **middle[n], "repeats": each} for n, each in found.items()]
    conclude(options, "dashboard_peers", before, results, budgets)


if __name__ == "__main__":
    run_if_case(measure)
    main()
