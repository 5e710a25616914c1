"""The report page as people open it: from disk, in a browser, on a desktop and on a phone."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from report_campaign import done, make_video

from tasks.engines.gpu_summary import GpuSummary, MachineFigures, SlowSegment
from tasks.records import SegmentFigures, VideoOutcome
from tasks.report.report import write_report
from tasks.speech_records import ReadWords

pytestmark = pytest.mark.browser

HOSTILE = (
    "</script><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
)
VTT = (
    "WEBVTT\n\n00:00.000 --> 00:01.000\n欢迎来到\n\n"
    "00:01.000 --> 00:01.500\nمرحبا\n\n00:01.500 --> 00:02.000\nbye\n"
)
SLOW = SegmentFigures(
    num_frames=48, engine_seconds=24.0, cpu_seconds=31.2, gpu_percents={"0": 31}, host="node-1"
)
MACHINES = MachineFigures(
    gpus=(
        GpuSummary("node-1", 0, "NVIDIA H200", 7.94, 96.4, 104_448, 71),
        GpuSummary("node-1", 1, "NVIDIA A100 <i>MIG</i> 3g.20gb", 0.5, None, 20_000, None),
    ),
    slow=(SlowSegment("wide", 2, 10.5, SLOW),),
)
READINGS = {
    "wide": (
        ReadWords(written="$1,999", spoken="one thousand nine hundred ninety-nine dollars"),
        ReadWords(
            written="03/04/2026",
            spoken="March fourth, twenty twenty-six",
            doubt="day and month could be swapped",
        ),
        ReadWords(written="™", spoken=""),
    ),
    "broken": (ReadWords(written=HOSTILE, spoken=HOSTILE * 3, doubt=HOSTILE),),
    "later": (ReadWords(written="￥299", spoken="二百九十九元"),),
}
ARABIC = "مرحبا بكم في مجموعة الربيع."


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("50 % #1 ü")
    wide, tall = make_video(folder, "wide"), make_video(folder, "tall", size="192x320")
    wide.with_suffix(".vtt").write_text(VTT, "utf-8")
    wide.with_suffix(".srt").write_text("1\n", "utf-8")
    cells = {
        "wide": {"script": "Welcome to the spring collection", "video_id": "wide"},
        "broken": {"script": HOSTILE, "video_id": "broken"},
        "tall": {"script": ARABIC, "video_id": "tall"},
        "later": {"script": "欢迎" * 200, "video_id": "later"},
    }
    outcomes = [
        done(wide, 2, warnings=("the recording is noisy",), words=READINGS["wide"]),
        VideoOutcome(
            video_id="broken",
            line=3,
            status="failed",
            error=f"{HOSTILE} {'/a/very/long/path' * 40}",
            way_out="choose another portrait",
            words=READINGS["broken"],
        ),
        done(tall, 4),
        VideoOutcome(
            video_id="later", line=5, status="pending", num_segments=3, words=READINGS["later"]
        ),
    ]
    return write_report(
        folder,
        title=f"spring-{'x' * 80}",
        columns=["video_id", "script"],
        cells=cells,
        outcomes=outcomes,
        facts={"engine": "preview", "manifest": f"{'y' * 90}.csv"},
        notices=["preset standard: sample_steps is not used"],
        machines=MACHINES,
    )


@pytest.fixture
def page(browser: Browser, report: Path):
    with browser.new_context() as context:
        page = context.new_page()
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("file:", "data:"))
                else troubles.append(f"asked for {request.url}")
            ),
        )
        page.goto(report.as_uri())
        yield page
        assert troubles == []


def test_a_video_tells_how_its_script_was_read(page: Page):
    read = page.locator("#v-wide details.read")
    expect(read.locator("summary")).to_have_text("Read as: 3 places, 1 to check")
    expect(read.locator("table")).to_be_hidden()
    read.locator("summary").click()
    cells = read.locator("tbody td").all_inner_texts()
    assert cells[:2] == ["$1,999", "one thousand nine hundred ninety-nine dollars"]
    assert cells[3].split("\n") == [
        "March fourth, twenty twenty-six",
        "Check: day and month could be swapped",
    ]
    assert cells[5] == "(silence)"
    assert read.locator("tr.doubt").count() == 1
    expect(page.locator("#v-later details.read summary")).to_have_text("Read as: 1 place")
    assert page.locator("#v-tall details.read").count() == 0


@pytest.mark.parametrize("width", [390, 1280])
def test_long_readings_stay_inside_their_card(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 900})
    page.locator("#v-broken details.read summary").click()
    table = page.locator("#v-broken table.words")
    assert table.evaluate("e => e.scrollWidth <= e.closest('.about').clientWidth + 1")
    expect(table).to_contain_text(HOSTILE)
    assert page.title() != "run"


def visible_cards(page: Page) -> list[str]:
    return page.locator("#cards > article:visible").evaluate_all("all => all.map(e => e.id)")


def test_hostile_texts_are_shown_as_texts(page: Page):
    expect(page.locator("#v-broken .excerpt")).to_have_text(HOSTILE)
    expect(page.locator("#v-broken .error")).to_contain_text(HOSTILE)
    assert page.title() != "run"


def test_a_video_plays_with_its_captions(page: Page):
    video = page.locator("#v-wide video")
    video.scroll_into_view_if_needed()
    assert video.evaluate("video => video.preload") == "none"
    video.evaluate("video => { video.muted = true; return video.play(); }")
    page.wait_for_function("document.querySelector('#v-wide video').currentTime > 0.2")
    assert video.evaluate("video => video.duration") == pytest.approx(2, abs=0.05)
    assert video.evaluate("video => [video.videoWidth, video.videoHeight]") == [320, 192]
    cues = video.evaluate("video => [...video.textTracks[0].cues].map(cue => cue.text)")
    assert cues == ["欢迎来到", "مرحبا", "bye"]


def test_a_second_video_stops_the_first(page: Page):
    play = "video => { video.muted = true; video.loop = true; return video.play(); }"
    page.locator("#v-wide video").evaluate(play)
    page.locator("#v-tall video").evaluate(play)
    page.wait_for_function("document.querySelector('#v-wide video').paused")
    assert not page.locator("#v-tall video").evaluate("video => video.paused")


def test_the_poster_is_the_sheets_first_frame(page: Page):
    page.locator("#v-tall").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#v-tall video').poster")
    level, size = page.evaluate(
        """async () => {
          const picture = new Image();
          picture.src = document.querySelector("#v-tall video").poster;
          await picture.decode();
          const canvas = document.createElement("canvas");
          const drawing = canvas.getContext("2d");
          drawing.drawImage(picture, 0, 0);
          return [drawing.getImageData(9, 9, 1, 1).data[0], [picture.width, picture.height]];
        }"""
    )
    assert level < 24  # the clips begin black and end white
    assert size == [144, 240]


def test_the_filter_shows_one_status_and_then_all(page: Page):
    page.get_by_role("button", name="failed").click()
    assert visible_cards(page) == ["v-broken"]
    expect(page.get_by_role("status")).to_have_text("1 of 4 videos")
    page.get_by_role("button", name="with warnings").click()
    assert visible_cards(page) == ["v-wide"]
    page.get_by_role("button", name="All").click()
    assert len(visible_cards(page)) == 4


def test_the_search_finds_words_of_any_language_and_says_when_there_are_none(page: Page):
    search = page.get_by_role("searchbox")
    search.fill("SPRING collection")
    assert visible_cards(page) == ["v-wide"]
    search.fill("مرحبا")
    assert visible_cards(page) == ["v-tall"]
    search.fill("nowhere to be found")
    assert visible_cards(page) == []
    expect(page.get_by_role("status")).to_contain_text("No video matches")


def test_the_table_lists_every_row_and_leads_to_its_card(page: Page):
    page.get_by_role("button", name="Table").click()
    assert page.locator("#rows tbody tr:visible").count() == 4
    assert visible_cards(page) == []
    page.locator("#rows").get_by_role("link", name="later").click()
    expect(page.locator("#v-later")).to_be_in_viewport()


def test_everything_is_reached_by_keyboard(page: Page):
    page.get_by_role("button", name="All").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Approved")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert visible_cards(page) == ["v-broken"]
    focus = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(focus) == "solid"


def test_right_to_left_text_runs_from_right_to_left(page: Page):
    excerpt = page.locator("#v-tall .excerpt")
    assert excerpt.evaluate("e => getComputedStyle(e).direction") == "rtl"
    other = page.locator("#v-wide .excerpt")
    assert other.evaluate("e => getComputedStyle(e).direction") == "ltr"


def test_gpus_and_slow_segments_are_told(page: Page):
    gpus = page.get_by_role("region", name="GPUs while segments were rendered")
    expect(gpus.locator("tbody tr").first).to_have_text(
        "node-1 0 · NVIDIA H200 7.94 96 % 102.0 GiB 71 °C", use_inner_text=True
    )
    expect(gpus.locator("tbody tr").last).to_contain_text("<i>MIG</i>")
    slow = page.get_by_role("region", name="1 slow segment: more than twice the usual time")
    expect(slow.get_by_role("listitem")).to_have_text(
        "wide segment 2: 24.0 s on node-1, 2.3 times the 10.5 s of similar segments; "
        "GPU 0 31 %, CPU 130 % of a core"
    )
    slow.get_by_role("link", name="wide").click()
    expect(page.locator("#v-wide")).to_be_in_viewport()


@pytest.mark.parametrize("view", ["Cards", "Table"])
def test_nothing_hangs_over_the_side(page: Page, view: str):
    for width in (320, 375, 768, 1440):
        page.set_viewport_size({"width": width, "height": 812})
        page.get_by_role("button", name=view).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(page: Page, scheme: str):
    page.emulate_media(color_scheme=scheme)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground[4:-1].split(","))) < 384) == (scheme == "dark")
    pairs = page.evaluate(
        """() => [".badge.done", ".badge.failed", ".badge.pending", ".badge.is-preview", ".error",
                  ".warnings", ".note.preview", "button[aria-pressed=true]", "#help"]
          .map((name) => {
            const style = getComputedStyle(document.querySelector(name));
            return [name, style.color, style.backgroundColor];
          })"""
    )
    too_faint = [(n, round(contrast(a, b), 1)) for n, a, b in pairs if contrast(a, b) < 4.5]
    assert too_faint == []  # WCAG 2.2, level AA


def contrast(one: str, other: str) -> float:
    """WCAG contrast of two CSS colours ``rgb(r, g, b)``."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    shares = [int(part) / 255 for part in colour[4:-1].split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
