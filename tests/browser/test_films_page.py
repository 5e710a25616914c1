"""The films of a video on the report page: posters, links, sizes and captions, small and large."""

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from report_campaign import done, make_video
from test_report_page import VTT

from tasks.deliver_records import DeliverableReceipt, DeliverRequest, Size
from tasks.deliverables.keys import deliverable_key
from tasks.deliverables.store import deliverable_folder, receipt_name
from tasks.record import FileEntry
from tasks.records import StoredPlan, VideoReceipt
from tasks.report.report import write_report
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.record_json import record_bytes
from tests.unit.plans import video_plan

pytestmark = pytest.mark.browser

SIZES: tuple[Size, ...] = ((1080, 1920), (1080, 1080), (1920, 1080), (1080, 1350), (720, 400))


def entry(folder: Path, name: str, data: bytes) -> FileEntry:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return FileEntry(name=path.name, sha256=hashlib.sha256(data).hexdigest(), num_bytes=len(data))


def make_films(folder: Path, video: Path) -> None:
    """What is made of a finished video: captions in the tall film, beside the others, a label."""
    store = CampaignFolder(folder)
    receipt = VideoReceipt.model_validate_json(video.with_suffix(".json").read_bytes())
    captions = (
        entry(folder, f"videos/{video.stem}.srt", b"1\n"),
        entry(folder, f"videos/{video.stem}.vtt", VTT.encode()),
    )
    master = receipt.model_copy(update={"captions": captions})
    video.with_suffix(".json").write_text(master.model_dump_json())
    request = DeliverRequest(sizes=SIZES, label="AI-generated", teaser="webp")
    plan = video_plan(video_id=video.stem)
    store.write_plan(
        StoredPlan(plan=plan, line=2, sha256="0" * 64, request_sha256="r", deliver=request)
    )
    film = video.read_bytes()
    for size in SIZES[:-1]:  # the last is still to be made
        key = deliverable_key(request, size, master)
        poster = io.BytesIO()
        Image.new("RGB", size, "#2f6f6b").save(poster, "JPEG")
        place = deliverable_folder(key)
        made = DeliverableReceipt(
            key=key,
            video_id=video.stem,
            master_sha256=master.file.sha256,
            size=size,
            file=entry(folder, f"{place}/{key}.mp4", film),
            poster=entry(folder, f"{place}/{key}.jpg", poster.getvalue()),
            teaser=entry(folder, f"{place}/{key}.webp", b"x") if size == SIZES[0] else None,
            is_copy=False,
            presenter=(0, 0, *size),
            crop=(0, 0, 96, 64),
            num_frames=50,
            duration_s=2,
            checks={},
            caption_place=(40, 1500, 1600) if size == SIZES[0] else None,
            label=request.label,
            encode={},
            seconds=1,
            versions={},
        )
        store.write_text(receipt_name(key), record_bytes(made))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    kettle, plain = make_video(folder, "kettle"), make_video(folder, "plain")
    make_films(folder, kettle)
    return write_report(
        folder,
        title="films",
        columns=["video_id"],
        cells={"kettle": {"video_id": "kettle"}, "plain": {"video_id": "plain"}},
        outcomes=[done(kettle, 2), done(plain, 3)],
        facts={},
        notices=[],
    )


# a phone is tighter
@pytest.fixture(params=[390, pytest.param(1400, marks=pytest.mark.sweep)])
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


def test_a_card_shows_each_film_that_is_made_and_leads_to_it(page: Page, report: Path):
    films = page.locator("#v-kettle .films li")
    expect(films).to_have_count(4)
    assert page.locator("#v-plain .films").count() == 0
    told = [" ".join(text.split()) for text in films.all_inner_texts()]
    assert told[0] == "9:16 1080x1920 · 0.0 MB captions in the picture · AI-generated · teaser"
    assert told[1] == "1:1 1080x1080 · 0.0 MB captions: SRT VTT · AI-generated"
    assert [text.split()[0] for text in told] == ["9:16", "1:1", "16:9", "4:5"]
    for link in films.locator("a").evaluate_all("all => all.map(a => a.href)"):
        assert link.startswith("file:")
        assert (report.parent / link.removeprefix("file://")).is_file(), link


def test_posters_keep_their_shape_and_stay_inside_the_card(page: Page):
    pictures = page.locator("#v-kettle .films img")
    for index, (width, height) in enumerate(SIZES[:-1]):
        picture = pictures.nth(index)
        picture.scroll_into_view_if_needed()
        page.wait_for_function("e => e.complete", arg=picture.element_handle())
        assert picture.evaluate("e => [e.naturalWidth, e.naturalHeight]") == [width, height]
        box = picture.evaluate("e => [e.clientWidth, e.clientHeight]")
        assert box[0] / box[1] == pytest.approx(width / height, rel=0.03)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def test_films_are_told_in_chinese_too(page: Page):
    page.get_by_role("button", name="中文").click()
    expect(page.locator("#v-kettle h4")).to_have_text("成片")
    expect(page.locator("#v-kettle .films li").first).to_contain_text("字幕在画面里")
