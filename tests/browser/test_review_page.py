"""Deciding on the page: what is shown first, every action and key, what is exported."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from report_campaign import CURVES, done, make_video
from test_report_page import VTT, contrast

from tasks.records import CommentNote, VideoOutcome
from tasks.report.report import write_report
from tasks.speech_records import ReadWords
from tests.integration.servers import wait_until

pytestmark = pytest.mark.browser

# of what does not hang on it; `make test-all` opens the other width too
ONE_WIDTH = pytest.mark.parametrize(
    "page", [1400, pytest.param(390, marks=pytest.mark.sweep)], indirect=True
)
# of what is tighter on a phone, where a desk has room for it
ON_A_PHONE = pytest.mark.parametrize(
    "page", [390, pytest.param(1400, marks=pytest.mark.sweep)], indirect=True
)

LATE = {
    "gate": "sync",
    "second": 1.2,
    "value": 3.0,
    "limit": 2.0,
    "held": True,
    "words": "mouth late",
}
BLUR = {
    "gate": "sharpness",
    "second": 0.4,
    "value": 3.0,
    "limit": 2.0,
    "held": False,
    "words": "a little soft",
}


def outcome(folder: Path, name: str, line: int, *, size: str = "320x192", **fields: object):
    video = make_video(folder, name, size=size)
    receipt = json.loads(video.with_suffix(".json").read_text())
    receipt["size"] = size
    segment = {"engine_seconds": 1.0, "cpu_seconds": 1.0, "gpu_percents": {}, "host": "h"}
    receipt["segments"] = [segment | {"num_frames": frames} for frames in (24, 26)]
    receipt["gates"] = [BLUR, LATE] if fields.get("status") == "held" else []
    receipt["curves"] = json.loads(CURVES.model_dump_json())
    video.with_suffix(".json").write_text(json.dumps(receipt))
    video.with_suffix(".vtt").write_text(VTT, "utf-8")
    video.with_suffix(".srt").write_text("1\n", "utf-8")
    made = done(video, line, **{k: v for k, v in fields.items() if k != "status"})
    sha256 = receipt["file"]["sha256"]
    return made.model_copy(
        update={"looked_at": sha256, "status": fields.get("status", "done"), "is_preview": False}
    )


def write_review(folder: Path) -> Path:
    """A morning: one video held, one approved, one with a comment, one tall, one failed."""
    comment = CommentNote(
        id="c" * 16, by="Bo", at="2026-11-29T08:00:00+00:00", text="logo cut off", second=1.0
    )
    outcomes = [
        outcome(folder, "plain", 2),
        outcome(
            folder,
            "passed",
            3,
            verdict="approved",
            decided_by="Ann",
            decided_at="2026-11-29T08:30:00.000+00:00",
        ),
        outcome(
            folder,
            "doubtful",
            4,
            comments=(comment,),
            words=(ReadWords(written="3/4", spoken="March fourth", doubt="a fraction?"),),
        ),
        outcome(folder, "tall", 5, size="192x320"),
        outcome(folder, "late", 6, status="held"),
        VideoOutcome(
            video_id="broken",
            line=7,
            status="failed",
            error="no face was found",
            way_out="choose another portrait",
            looked_at="d" * 64,
        ),
    ]
    scripts = {each.video_id: f"The script of {each.video_id}." for each in outcomes}
    return write_report(
        folder,
        title="june",
        columns=["video_id", "script"],
        cells={name: {"video_id": name, "script": text} for name, text in scripts.items()},
        outcomes=outcomes,
        facts={"engine": "preview", "finished": "2026-11-29 06:10 UTC"},
        notices=[],
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_review(tmp_path_factory.mktemp("review"))


@pytest.fixture(params=[390, 1400])
def page(request, browser: Browser, report: Path):
    size = {"width": request.param, "height": 844}
    with browser.new_context(viewport=size, locale="en-GB", accept_downloads=True) as context:
        page = context.new_page()
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(report.as_uri())
        yield page
        assert troubles == []


def shown(page: Page) -> list[str]:
    return page.locator("#cards > article:visible").evaluate_all(
        "all => all.map(e => e.id.slice(2))"
    )


def press_all(page: Page) -> None:
    page.get_by_role("button", name="All", exact=False).first.click()


def reload_until(page: Page, is_so: Callable[[], bool], what: str) -> None:
    """Open the page anew; Chromium may tell it a moment later what it kept before."""

    def shown_anew() -> bool:
        page.reload()
        return is_so()

    wait_until(shown_anew, 60, what)


def exported(page: Page) -> list[dict[str, str]]:
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export decisions").click()
    assert waiting.value.suggested_filename == "decisions.csv"
    text = Path(waiting.value.path()).read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@ON_A_PHONE
def test_the_morning_begins_with_what_is_held_and_the_first_video_is_on_the_screen(page: Page):
    assert shown(page) == ["late"]
    expect(page.locator("#v-late video")).to_be_in_viewport(ratio=0.9)
    expect(page.get_by_role("list", name="What the checks found")).to_have_text(
        "0:01 mouth late 0:00 a little soft", use_inner_text=True
    )
    assert page.locator("#v-late .line i").evaluate_all("all => all.map(e => e.className)") == [
        "warn",
        "held",
    ]
    press_all(page)
    assert shown(page) == ["late", "broken", "doubtful", "plain", "tall", "passed"]
    page.get_by_role("button", name="Uncertain words").click()
    assert shown(page) == ["doubtful"]
    page.get_by_role("button", name="Approved").click()
    assert shown(page) == ["passed"]


@ON_A_PHONE
def test_the_player_starts_before_the_fault_with_captions_below_the_picture(page: Page):
    video = page.locator("#v-late video")
    assert video.get_attribute("data-poster").startswith("posters/late-")
    page.wait_for_function("document.querySelector('#v-late video').poster")
    video.evaluate("video => { video.muted = true; return video.play(); }")
    page.wait_for_function("document.querySelector('#v-late video').currentTime > 0.25")
    assert video.evaluate("video => video.textTracks[0].mode") == "hidden"
    expect(page.locator("#v-late .heard")).not_to_be_empty()
    below = "document.querySelector('#v-late .heard').getBoundingClientRect().top"
    assert page.evaluate(below) >= video.bounding_box()["y"] + video.bounding_box()["height"] - 1


@ONE_WIDTH
def test_everything_is_decided_by_key_and_exported(page: Page):
    page.get_by_label("Your name").fill("Ann, 安")
    press_all(page)
    page.locator("h1").click()
    page.keyboard.press("r")
    page.get_by_label("Reason").fill('=late, "very"')
    page.get_by_role("button", name="OK").click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#v-doubtful")).to_be_focused()
    page.keyboard.press("c")
    page.get_by_label("Comment", exact=True).fill("line one\nline two")
    page.get_by_label("At second").fill("1.5")
    page.get_by_role("button", name="OK").click()
    page.keyboard.press("n")
    page.get_by_label("From segment").fill("2")
    page.get_by_role("button", name="OK").click()
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("#v-plain [data-act=approve]")).to_have_attribute("aria-pressed", "true")

    rows = exported(page)

    assert [(row["video_id"], row["action"]) for row in rows] == [
        ("late", "reject"),
        ("doubtful", "comment"),
        ("doubtful", "seed"),
        ("plain", "approve"),
    ]
    assert {row["by"] for row in rows} == {"Ann, 安"}
    assert (rows[0]["text"], rows[1]["text"]) == ('\'=late, "very"', "line one\nline two")
    assert (rows[1]["second"], rows[2]["segment"]) == ("1.5", "2")
    assert all(len(row["file_sha256"]) == 64 and row["at"].endswith("Z") for row in rows)
    reload_until(page, lambda: shown(page) != ["late"], "what is decided is not held any more")
    assert [row["video_id"] for row in exported(page)] == ["late", "doubtful", "doubtful", "plain"]
    press_all(page)
    page.locator("#v-plain").get_by_role("button", name="Undo").click()
    assert len(exported(page)) == 3


@ONE_WIDTH
def test_who_goes_on_before_a_dialog_is_told_to_be_closed_loses_no_decision(page: Page):
    page.get_by_label("Your name").fill("Ann")
    page.locator("h1").click()
    page.keyboard.press("c")
    page.get_by_label("Comment", exact=True).fill("too dark")
    page.evaluate(
        """async () => {
          document.querySelector("#ask button[value=ok]").click();
          for (let i = 0; i < 9; i++) await null;  // the event "close" comes after all of these
          document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "n", bubbles: true }));
        }"""
    )
    page.get_by_label("From segment").fill("2")
    page.get_by_role("button", name="OK").click()

    assert [(row["action"], row["text"], row["segment"]) for row in exported(page)] == [
        ("comment", "too dark", ""),
        ("seed", "", "2"),
    ]


@ONE_WIDTH
def test_space_plays_slash_searches_and_a_question_mark_tells_the_keys(page: Page):
    page.locator("#v-late video").evaluate("video => { video.muted = true; }")
    page.locator("h1").click()
    page.keyboard.press("Space")
    page.wait_for_function("!document.querySelector('#v-late video').paused")
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('#v-late video').paused")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("a")
    expect(page.get_by_label("Your name")).to_be_focused()


@ONE_WIDTH
def test_the_rest_is_approved_as_sampled_with_what_was_watched(page: Page):
    page.get_by_label("Your name").fill("Ann")
    page.get_by_role("button", name="Sample").click()
    page.get_by_role("button", name="Approve the rest").click()
    expect(page.get_by_role("status")).to_contain_text("Watch some of the sample")
    page.locator("#v-plain video").evaluate(
        "video => { video.muted = true; video.playbackRate = 4; return video.play(); }"
    )
    expect(page.locator("#v-plain .watched")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Approve the rest").click()
    rows = exported(page)
    assert {row["video_id"]: row["sample"] for row in rows} == {
        "plain": "",
        "doubtful": "plain",
        "tall": "plain",
    }


@ONE_WIDTH
def test_the_table_is_sorted_by_its_heads(page: Page):
    press_all(page)
    page.get_by_role("button", name="Table").click()
    page.get_by_role("button", name="Video", exact=True).click()
    names = page.locator("#rows tbody th").all_inner_texts()
    assert names == sorted(names)
    page.get_by_role("button", name="Video", exact=True).click()
    assert page.locator("#rows tbody th").all_inner_texts() == names[::-1]
    assert page.locator("#rows th[aria-sort]").get_attribute("aria-sort") == "descending"


@ON_A_PHONE
def test_a_tall_video_is_never_taller_than_the_screen_and_nothing_hangs_over(page: Page):
    press_all(page)
    assert page.locator("#v-tall video").bounding_box()["height"] <= 0.63 * 844
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    for button in page.locator("button:visible").all():
        assert button.bounding_box()["height"] >= 24, button.inner_text()  # WCAG 2.5.8


@ONE_WIDTH
def test_the_page_speaks_chinese_too(page: Page):
    page.get_by_role("button", name="中文").click()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    expect(page.locator("#v-late [data-act=approve]")).to_contain_text("通过")
    expect(page.get_by_role("list", name="质检发现的问题")).to_be_visible()
    name = page.get_by_label("您的姓名")
    reload_until(page, name.is_visible, "the page remembers its language")
    page.get_by_role("button", name="English").click()
    expect(page.locator("#v-late [data-act=approve]")).to_contain_text("Approve")


@ONE_WIDTH
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_new_has_enough_contrast_and_a_name(page: Page, scheme: str):
    page.emulate_media(color_scheme=scheme)
    pairs = page.evaluate(
        """() => [".badge.held", ".found .held button", ".found li:not(.held) button", "#export",
                  ".badge.approved", ".heard", ".said li"]
          .flatMap((name) => [...document.querySelectorAll(name)].slice(0, 1).map((element) => {
            const style = getComputedStyle(element);
            return [name, style.color, style.backgroundColor];
          }))"""
    )
    assert [(n, a, b) for n, a, b in pairs if contrast(a, b) < 4.5] == []
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, video, dialog, [role=group]")]
          .filter((e) => !(e.textContent.trim() || e.getAttribute("aria-label") ||
                           e.getAttribute("aria-labelledby"))).map((e) => e.outerHTML)"""
    )
    assert nameless == []
    twice = page.evaluate(
        """() => { const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
                   return ids.filter((id, i) => ids.indexOf(id) !== i); }"""
    )
    assert twice == []
