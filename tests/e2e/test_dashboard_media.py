"""The dashboard in headless Chromium over two runs with every kind of media."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, expect

from tests.e2e.browser import Site, Theme, Visit, eventually
from tests.e2e.recorded_media import PROJECT, RATES

pytestmark = pytest.mark.slow


@pytest.fixture
def media(dashboard: Site) -> Iterator[Visit]:
    """The media of the run that logged nothing hostile."""
    with dashboard.visit() as visit:
        visit.open_run("careful")
        visit.tab("media")
        yield visit


def in_sight(visit: Visit, test_id: str) -> Locator:
    """A part of the page once it was scrolled to: what is out of sight is not drawn."""
    part = visit.part(test_id)
    part.scroll_into_view_if_needed()
    return part


def decoded(image: Locator) -> None:
    eventually(lambda: image.evaluate("image => image.complete && image.naturalWidth"))


def picture(image: Locator) -> Callable[[int, int], NDArray[np.int64]]:
    """How an image of 64 by 48 looks on the screen: the colour at one of its own pixels."""
    screen = np.asarray(Image.open(io.BytesIO(image.screenshot())).convert("RGB"), np.int64)
    scale = screen.shape[1] / 64
    return lambda x, y: screen[int((y + 0.5) * scale), int((x + 0.5) * scale)]


def shown(canvas: Locator) -> int:
    """How many pixels of a canvas are painted."""
    script = """canvas => {
      if (!canvas.width) return 0;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((sum, value, at) => sum + (at % 4 === 3 && value > 0), 0);
    }"""
    return int(canvas.evaluate(script))


def test_boxes_and_masks_lie_over_the_image_until_they_are_hidden(media: Visit) -> None:
    group = media.part("media-val/cells")
    decoded(group.locator("img"))
    box = group.locator("rect")
    places = [float(box.get_attribute(name) or "nan") for name in ("x", "y", "width", "height")]
    assert places == [8, 6, 20, 24]
    expect(group.locator("text")).to_have_text("a cell 0.9")
    mask = group.locator("canvas[data-mask=truth]")
    painted = eventually(lambda: shown(mask), "a painted mask")
    assert painted == sum((y - 24) ** 2 + (x - 40) ** 2 < 120 for y in range(48) for x in range(64))
    seen = picture(group.locator(".annotated"))
    clear, under = seen(60, 4), seen(40, 24)
    assert np.abs(clear - [20, 240, 160]).max() < 30  # the image itself
    assert np.abs(under - [120, 160, 160]).max() > 30  # the colour of the mask over it
    group.get_by_role("button", name="cell", exact=True).click()
    expect(box).to_have_count(0)
    group.get_by_role("button", name="nucleus").click()
    eventually(lambda: shown(mask) == 0, "a hidden mask")


def test_the_slider_moves_all_media_to_the_step(media: Visit) -> None:
    words = in_sight(media, "media-val/words")
    expect(words).to_contain_text("said at 20")
    media.page.get_by_label("Earlier step").click()
    expect(words).to_contain_text("said at 10")
    media.page.get_by_role("slider", name="Step").fill("0")
    expect(words).to_contain_text("said at 0")
    expect(media.part("media-val/cells").get_by_role("heading")).to_contain_text("step 0")
    eventually(lambda: "at=0" in media.page.evaluate("location.search"), "the step in the address")


def test_an_image_is_enlarged_with_what_lies_over_it(media: Visit) -> None:
    media.part("media-val/cells").get_by_role("button", name="Enlarge cells at 0.01").click()
    dialog = media.page.get_by_role("dialog", name="cells at 0.01")
    expect(dialog.locator("rect")).to_have_count(1)
    media.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_sound_and_video_are_read_by_the_browser(media: Visit) -> None:
    sound = in_sight(media, "media-val/beat").locator("audio")
    eventually(lambda: sound.evaluate("sound => sound.duration") == 0.5, "half a second of sound")
    film = in_sight(media, "media-val/clip").locator("img, video").first
    size = "film => film.naturalWidth || film.videoWidth"
    eventually(lambda: film.evaluate(size) == 64, "a decoded film")


def test_a_cloud_of_points_is_drawn_and_turns(media: Visit) -> None:
    canvas = in_sight(media, "media-val/cloud").locator("canvas")
    eventually(lambda: shown(canvas) > 500, "points on the canvas")
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    canvas.press("ArrowRight")
    eventually(lambda: canvas.evaluate("canvas => canvas.toDataURL()") != before, "a turn")


def test_a_plotly_figure_is_drawn_as_lines_and_bars(media: Visit) -> None:
    figure = in_sight(media, "media-val/plot")
    expect(figure.get_by_role("img", name="A figure: curve, counts")).to_be_visible()
    expect(figure.locator("polyline")).to_have_count(1)
    expect(figure.locator("svg rect")).to_have_count(3)


def test_runs_stand_side_by_side_at_the_same_step(dashboard: Site) -> None:
    with dashboard.visit() as visit:
        visit.open(f"/p/{PROJECT}?tab=media&at=10&c=cells")
        group = visit.part("media-val/cells")
        expect(group.locator(".media-column h3")).to_have_text(["bold", "careful"])
        for rate in RATES.values():
            decoded(group.get_by_role("img", name=f"cells at {rate}"))
        expect(group.locator("rect")).to_have_count(len(RATES))
        expect(visit.part("media-val/words")).to_have_count(0)  # filtered by the address


def test_html_runs_its_scripts_shut_off_from_the_dashboard(dashboard: Site) -> None:
    with dashboard.visit() as visit:
        visit.open_run("bold")
        visit.tab("media")
        for name, text in (("val/report", "made by a script"), ("val/hostile", "still here")):
            frame = in_sight(visit, f"media-{name}").locator("iframe")
            expect(frame.content_frame.get_by_text(text)).to_be_visible()
        refused = eventually(
            lambda: [fault for fault in visit.faults if "Blocked a frame" in fault]
        )
        visit.faults[:] = [fault for fault in visit.faults if fault not in refused]
        assert visit.page.title().endswith("bold · Pluto")


def test_a_click_on_the_heat_map_of_histograms_chooses_its_step(dashboard: Site) -> None:
    with dashboard.visit() as visit:
        visit.open_run("bold")
        visit.tab("data")
        panel = in_sight(visit, "data-weights")
        heat = panel.get_by_role("img", name="weights over all steps")
        heat.wait_for()
        box = heat.bounding_box()
        assert box
        for share, step in ((0.3, 0), (0.6, 10), (0.95, 20)):
            visit.page.mouse.click(box["x"] + share * box["width"], box["y"] + 40)
            expect(panel).to_contain_text(f"step {step}")
            expect(panel.get_by_role("img", name=f"weights at step {step}")).to_be_visible()


def test_tables_are_filtered_and_sorted(dashboard: Site) -> None:
    with dashboard.visit() as visit:
        visit.open_run("bold")
        visit.tab("data")
        table = in_sight(visit, "data-letters")
        table.get_by_label("Filter the rows").fill("vowel")
        expect(table.locator("tbody tr")).to_have_count(5)
        expect(table.get_by_role("status")).to_have_text("5 of 26 rows")
        for order in ("aeiou", "uoiea"):
            table.get_by_role("button", name="place").click()
            expect(table.locator("tbody tr td:first-child")).to_have_text(list(order))
        table.get_by_label("Filter the rows").fill("nothing")
        expect(table.locator("tbody tr")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_media_look_right_in_both_themes(dashboard: Site, theme: Theme) -> None:
    """What can be asserted is little; the pictures are there to be looked at."""
    with dashboard.visit(theme) as visit:
        visit.open(f"/p/{PROJECT}?tab=media&at=10")
        decoded(visit.part("media-val/cells").locator("img").first)
        visit.page.wait_for_timeout(300)
        assert (visit.screenshot(f"{theme}-side-by-side") > 128) == (theme == "light")
