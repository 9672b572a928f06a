"""`pluto export run` in headless Chromium: the folder opens from the disk, without any server."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, expect

import pluto
from pluto.cli.export import export
from tests.e2e.browser import Theme, Visit, browsing, eventually
from tests.e2e.recorded_media import PROJECT, RATES, STEPS, record_media

pytestmark = pytest.mark.slow

LONG = 5000  # more points than there are buckets in the page
SPIKE_AT = 3210


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("runs")
    record_media(directory)
    settings = {"disable_system_metrics": True, "disable_console": True}
    with pluto.init(directory, "long", "long", mode="local", settings=settings) as run:
        for step in range(LONG):
            run.log({"wave": 100.0 if step == SPIKE_AT else math.sin(step / 100)}, step=step)
            run.log({"odd/one": math.nan if step == 3 else 1.0}, step=step)
    return directory


@pytest.fixture(scope="module")
def folder(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(runs, tmp_path_factory.mktemp("out") / "page", *RATES)


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with browsing(chromium) as opened:
        yield opened


def exported(runs: Path, folder: Path, *words: str) -> Path:
    arguments = ["run", *words, str(folder), "--dir", str(runs)]
    answer = CliRunner().invoke(export, arguments, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return folder


@contextmanager
def opened(browser: Browser, folder: Path, theme: Theme = "light") -> Iterator[Visit]:
    """Open the page as a double click on it does; nothing may go wrong, nothing be asked for."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, color_scheme=theme)
    try:
        visit = Visit(context.new_page(), f"{folder.as_uri()}/index.html")
        visit.watch()
        visit.page.on(
            "request",
            lambda asked: None if "file:" in asked.url[:5] else visit.faults.append(asked.url),
        )
        visit.open("")
        yield visit
        own = (folder.as_uri(), "data:", "Blocked script")  # the report's, in its sandbox
        foreign = [url for url in visit.faults if not url.startswith(own)]
        assert foreign == []
    finally:
        context.close()


def run_page(visit: Visit, name: str) -> None:
    visit.part("runs-rail").get_by_role("link", name=name, exact=True).click()
    visit.page.get_by_role("heading", name=name, exact=True).wait_for()


def test_curves_and_their_comparison_are_those_of_the_runs(browser: Browser, folder: Path) -> None:
    with opened(browser, folder) as visit:
        eventually(lambda: len(visit.curves("train/loss")) == len(RATES))
        drawn = {tuple(curve.mean) for curve in visit.curves("train/loss")}
        assert drawn == {tuple(rate / (step + 1) for step in STEPS) for rate in RATES.values()}
        visit.tab("compare")
        expect(visit.part("compare-config")).to_contain_text("lr")
        expect(visit.page.get_by_text("exported 20")).to_be_visible()
        visit.tab("sweep")
        expect(visit.part("sweep-best")).to_be_visible()
        visit.tab("search")
        visit.page.get_by_label("Search all consoles").fill("red and")
        expect(visit.part("console-search").locator("mark").first).to_have_text("red and")
        visit.tab("alerts")
        expect(visit.part("alerts-page").locator("li")).to_have_count(len(RATES))


def test_every_tab_of_a_run_shows_what_was_recorded(browser: Browser, folder: Path) -> None:
    with opened(browser, folder) as visit:
        run_page(visit, "careful")
        expect(visit.part("notes").locator("strong")).to_have_text("bold")
        for tab, text in {
            "console": "red and bold",
            "config": "model.layers",
            "overview": "the loss is high",
            "graph": "178 parameters",
            "code": "+rate = 0.2",
            "data": "400 values",
            "files": "words",
            "system": "Machine and environment",
        }.items():
            visit.tab(tab)
            expect(visit.part(tab)).to_contain_text(text)


def test_media_are_shown_with_what_lies_over_them(browser: Browser, folder: Path) -> None:
    with opened(browser, folder) as visit:
        run_page(visit, "careful")
        visit.tab("media")
        group = visit.part("media-val/cells")
        image = group.locator("img")
        eventually(lambda: image.evaluate("image => image.complete && image.naturalWidth"))
        expect(group.locator("rect")).to_have_count(1)
        mask = "mask => mask.width && mask.getContext('2d').getImageData(40, 24, 1, 1).data[3]"
        eventually(lambda: group.locator("canvas").evaluate(mask), "a painted mask")
        for name, shown in {"words": "said at 20", "plot": "counts", "cloud": "500 points"}.items():
            part = visit.part(f"media-val/{name}")
            part.scroll_into_view_if_needed()
            expect(part).to_contain_text(shown)
        report = visit.part("media-val/report")
        report.scroll_into_view_if_needed()
        expect(report.locator("iframe").content_frame.get_by_text("as written")).to_be_visible()


def test_a_link_into_the_page_holds_the_view(browser: Browser, folder: Path) -> None:
    with opened(browser, folder) as visit:
        run_page(visit, "bold")
        visit.tab("console")
        visit.page.get_by_label("Search the console").fill("complaint")
        eventually(lambda: "find=complaint" in visit.page.evaluate("location.hash"))
        visit.page.reload()
        expect(visit.part("console")).to_contain_text("a complaint")
        expect(visit.part("console").locator("mark")).to_have_text("complaint")
        visit.page.go_back()


def test_nothing_can_be_changed_and_the_page_says_so(browser: Browser, folder: Path) -> None:
    with opened(browser, folder) as visit:
        run_page(visit, "bold")
        visit.page.get_by_role("button", name="+ tag").click()
        visit.page.get_by_label("New tag").fill("late")
        visit.page.get_by_label("New tag").press("Enter")
        expect(visit.page.get_by_role("alert")).to_contain_text("nothing can be changed here")


def test_of_many_points_the_extremes_stay_and_zoom_and_time_work(
    browser: Browser, runs: Path, tmp_path: Path
) -> None:
    folder = exported(runs, tmp_path / "one", "long", "--charts", "wave")
    with opened(browser, folder) as visit:
        curve = visit.curve("wave")
        assert len(curve.x) < LONG
        assert curve.high.max() == 100
        assert visit.curves("odd/one") == []  # it was not chosen
        visit.page.goto(f"{visit.origin}{visit.page.evaluate('location.hash')}?zoom=1000:2000")

        def zoomed() -> bool:
            drawn = visit.curves("wave")
            return bool(drawn) and drawn[0].x[0] >= 990 and drawn[0].x[-1] <= 2010

        eventually(zoomed, "only the points between")
        step = visit.curve("wave").x.astype(int)[1]
        assert abs(visit.curve("wave").mean[1] - np.sin(step / 100)) < 0.05


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_looks_right_in_both_themes(browser: Browser, folder: Path, theme: Theme) -> None:
    """What can be asserted is little; the pictures are there to be looked at."""
    with opened(browser, folder, theme) as visit:
        eventually(lambda: visit.curves("train/loss"))
        assert (visit.screenshot(f"{theme}-exported") > 128) == (theme == "light")


def test_the_folder_tells_of_no_directory_and_is_not_written_over(runs: Path, folder: Path) -> None:
    index = (folder / "data" / "index.js").read_text("utf-8")
    assert json.dumps(str(runs)) not in index.partition('"runs/')[0]
    again = CliRunner().invoke(export, ["run", "bold", str(folder), "--dir", str(runs)])
    assert again.exit_code != 0
    assert "is not empty" in str(again.exception)
    assert PROJECT in index


def test_a_page_without_media_is_told_and_a_wrong_call_refused(runs: Path, tmp_path: Path) -> None:
    target = tmp_path / "page"
    words = ["run", "bold", str(target), "--dir", str(runs), "--no-media", "--json"]
    told = json.loads(CliRunner().invoke(export, words, catch_exceptions=False).output)
    assert told == {
        "directory": str(target),
        "runs": 1,
        "metrics": told["metrics"],
        "files": 0,
        "missing": 0,
    }
    for wrong in (["run", "bold"], ["bold"], ["run", "bold", str(target), "--host", "local"]):
        assert CliRunner().invoke(export, wrong).exit_code == 2
