"""Curves, stills and two versions on the report page, and what axe says of all of it."""

from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from report_campaign import make_video
from test_review_page import ON_A_PHONE, ONE_WIDTH, press_all, write_review

from tasks.media.earlier_video import keep_earlier
from tasks.store.campaign_folder import CampaignFolder

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("versions")
    before = make_video(folder, "late", num_frames=60)
    keep_earlier(CampaignFolder(folder), "late", "another plan")
    before.unlink()  # its bytes live on under the earlier name
    return write_review(folder)


@pytest.fixture(params=[390, 1400])
def page(request, browser: Browser, report: Path):
    size = {"width": request.param, "height": 844}
    with browser.new_context(viewport=size, locale="en-GB") as context:
        page = context.new_page()
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(report.as_uri())
        yield page
        assert troubles == []


@ON_A_PHONE
def test_the_curves_of_a_held_video_are_open_and_told_in_words(page: Page):
    curves = page.locator("#v-late details.curves")
    expect(curves.locator("figcaption")).to_have_text(
        [
            "Lip sync: lowest 0.30 at 0:00",
            "Likeness: lowest 0.95 at 0:01",
            "Colour drift: highest 0.9 grey levels at 0:01",
        ]
    )
    assert curves.locator("svg").count() == 3
    assert curves.locator("svg .limit").count() == 3
    box = curves.locator("svg").first.bounding_box()
    assert box is not None
    assert box["width"] > 200
    press_all(page)
    expect(page.locator("#v-plain details.curves figure").first).to_be_hidden()


@ONE_WIDTH
def test_a_click_into_a_curve_plays_from_a_second_before(page: Page):
    video = page.locator("#v-late video").first
    # slowly: it has not gone far when a busy machine comes to look
    video.evaluate("video => { video.muted = true; video.playbackRate = 0.0625; }")
    svg = page.locator("#v-late details.curves svg").first
    box = svg.bounding_box()
    assert box is not None
    svg.click(position={"x": 0.9 * box["width"], "y": 9})
    page.wait_for_function("document.querySelector('#v-late video').currentTime >= 0.8")
    assert video.evaluate("video => video.currentTime") < 1.9


@ONE_WIDTH
def test_the_worst_second_is_shown_as_stills(page: Page):
    stills = page.locator("#v-late .stills img")
    stills.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#v-late .stills img').naturalWidth > 0")
    # every fifth frame from 1.2 s to the last one at 2 s, each of 240 x 144
    assert stills.evaluate("img => [img.naturalWidth, img.naturalHeight]") == [5 * 240, 144]
    expect(page.locator("#v-late .stills figcaption")).to_have_text("The worst second, from 0:01")
    press_all(page)
    assert page.locator("#v-plain .stills").count() == 0


@ONE_WIDTH
def test_two_versions_play_together_and_one_is_heard(page: Page):
    versions = page.locator("#v-late details.versions")
    assert versions.locator("video").count() == 0, "nothing is loaded before somebody asks"
    versions.locator("summary").click()
    page.wait_for_function(
        "[...document.querySelectorAll('#v-late .pair video')].every((v) => v.readyState > 0)"
    )
    before, now = versions.locator("video").all()
    assert round(before.evaluate("v => v.duration"), 1) == 2.4
    assert round(now.evaluate("v => v.duration"), 1) == 2.0
    assert [each.evaluate("v => v.muted") for each in (before, now)] == [True, False]
    versions.get_by_role("button", name="Hear the version before").click()
    assert [each.evaluate("v => v.muted") for each in (before, now)] == [False, True]
    versions.get_by_label("Position of both").fill("1")
    assert [each.evaluate("v => v.currentTime") for each in (before, now)] == [1, 1]
    # slowly: neither has ended when a busy machine comes to look
    versions.locator("video").evaluate_all("all => { for (const v of all) v.playbackRate = 0.25; }")
    versions.get_by_role("button", name="Play both").click()
    page.wait_for_function("document.querySelectorAll('#v-late .pair video')[1].currentTime > 1.1")
    expect(versions.get_by_role("button", name="Pause both")).to_be_visible()
    apart = page.evaluate(
        """() => { const [a, b] = document.querySelectorAll("#v-late .pair video");
                   return [a.paused, b.paused, Math.abs(a.currentTime - b.currentTime)]; }"""
    )
    assert apart[:2] == [False, False]
    assert apart[2] < 0.4  # a busy machine draws both late
    versions.get_by_role("button", name="Pause both").click()
    page.wait_for_function(
        "[...document.querySelectorAll('#v-late .pair video')].every((v) => v.paused)"
    )
    press_all(page)
    assert page.locator("#v-plain details.versions").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


AXE = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => [each.id, each.nodes.map((node) => node.html.slice(0, 200))]);
}"""


# the contrast of both schemes is looked at in test_review_page.py and test_report_page.py as well
VIEWS = [(390, "dark", "zh")]


@pytest.mark.parametrize(
    ("page", "scheme", "language"),
    [
        pytest.param(*view, marks=() if view in VIEWS else pytest.mark.sweep)
        for view in product((390, 1400), ("light", "dark"), ("en", "zh"))
    ],
    indirect=["page"],
)
def test_axe_has_no_serious_finding(page: Page, scheme: str, language: str):
    spec = find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        pytest.skip("no axe-core here; pip install axe-playwright-python")
    page.emulate_media(color_scheme=scheme)
    if language == "zh":
        page.get_by_role("button", name="中文").click()
    page.locator("[data-filter='']").click()
    page.locator("#v-late details.versions summary").click()
    page.locator("#v-doubtful details.read summary").click()
    page.add_script_tag(path=Path(spec.origin).with_name("axe.min.js"))
    assert page.evaluate(AXE) == []
    page.locator("[data-view=rows]").click()
    assert page.evaluate(AXE) == []
    page.locator("#help").click()
    assert page.evaluate(AXE) == []
