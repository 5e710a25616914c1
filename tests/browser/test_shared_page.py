"""A page for a client: opened from an unpacked ZIP, without anything of the house in it."""

import shutil
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from report_campaign import done, make_video
from test_films_page import make_films
from test_review_page import exported, outcome

from tasks.records import CommentNote, VideoReceipt
from tasks.report.share import SharedVideo, for_client, share_page
from tasks.store.campaign_folder import CampaignFolder

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("share")
    secret = CommentNote(id="c", by="Bo", at="2026-11-29T08:00:00+00:00", text="SECRET note")
    made = [
        outcome(folder, "wide", 2, comments=(secret,), warnings=("SECRET warning",)),
        outcome(folder, "tall", 3, size="192x320", status="held"),
    ]
    videos = [
        SharedVideo(
            each,
            VideoReceipt.model_validate_json(
                (folder / "videos" / f"{each.video_id}.json").read_text(), extra="ignore"
            ),
            f"The script of {each.video_id}.",
        )
        for each in made
    ]
    file = folder / "out" / "client.zip"
    share_page(CampaignFolder(folder), file, title="june", videos=videos)
    assert [each.name for each in file.parent.iterdir()] == ["client.zip"]
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder / "at the client")
    return folder / "at the client"


def test_nothing_of_the_house_is_in_it(packed: Path):
    text = (packed / "index.html").read_text("utf-8")

    assert "SECRET" not in text
    assert "mouth late" not in text
    names = sorted(path.relative_to(packed).as_posix() for path in packed.rglob("*.*"))
    assert [name.split("-")[0] for name in names] == [
        "index.html",
        "posters/tall",
        "posters/wide",
        "videos/tall.mp4",
        "videos/wide.mp4",
    ]


def test_a_client_watches_comments_and_approves_and_no_more(browser: Browser, packed: Path):
    with browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB") as context:
        page = context.new_page()
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto((packed / "index.html").as_uri())
        acts = page.locator("#v-wide [data-act]").evaluate_all("all => all.map(e => e.dataset.act)")
        assert acts == ["approve", "comment"]
        page.get_by_label("Your name").fill("Client")
        page.locator("h1").click()
        for key in ("r", "n", "a"):
            page.keyboard.press(key)
        page.locator("#v-tall [data-act=comment]").click()
        page.get_by_label("Comment", exact=True).fill("lovely")
        page.get_by_role("button", name="OK").click()
        rows = exported(page)
        assert [(row["video_id"], row["action"]) for row in rows] == [
            ("wide", "approve"),
            ("tall", "comment"),
        ]
        assert all(len(row["file_sha256"]) == 64 for row in rows)
        page.locator("#v-wide video").evaluate("v => { v.muted = true; return v.play(); }")
        page.wait_for_function("document.querySelector('#v-wide video').currentTime > 0.2")
        expect(page.locator("#v-wide .found")).to_have_count(0)
        assert troubles == []


def test_a_client_learns_which_file_it_is_and_not_what_the_house_thinks(tmp_path: Path):
    made = outcome(tmp_path, "v0", 2, status="held", verdict="rejected", decided_by="Ann")

    told = for_client(made)

    assert (told.status, told.verdict, told.decided_by) == ("done", "", "")
    assert told.looked_at == made.looked_at


def test_a_client_plays_each_film_of_a_video(browser: Browser, tmp_path: Path):
    video = make_video(tmp_path, "kettle")
    make_films(tmp_path, video)
    receipt = VideoReceipt.model_validate_json(video.with_suffix(".json").read_text())
    file = tmp_path / "out" / "client.zip"
    shared = SharedVideo(done(video, 2), receipt, "A kettle.")
    share_page(CampaignFolder(tmp_path), file, title="june", videos=[shared])
    unpacked = tmp_path / "at the client"
    with zipfile.ZipFile(file) as archive:
        archive.extractall(unpacked)
    shutil.rmtree(tmp_path / "deliverables")
    shutil.rmtree(tmp_path / "videos")
    with browser.new_context(locale="en-GB") as context:
        page = context.new_page()
        page.goto((unpacked / "index.html").as_uri())
        links = page.locator(".films a").evaluate_all("them => them.map(each => each.href)")
        posters = page.locator(".films img")
        films = [each for each in links if each.endswith(".mp4")]

        assert len(films) == posters.count() == 4
        assert len([each for each in links if each.endswith((".srt", ".vtt"))]) == 6
        assert len(links) == 10, "no teaser, and nothing that lies in the store"
        for index in range(4):
            posters.nth(index).scroll_into_view_if_needed()
            expect(posters.nth(index)).to_have_js_property("complete", True)
            assert posters.nth(index).evaluate("each => each.naturalWidth") > 0
        for link in films:
            played = page.evaluate(
                """link => new Promise(done => {
                    const film = document.createElement("video");
                    film.onloadeddata = () => done(film.duration);
                    film.onerror = () => done(-1);
                    film.src = link;
                })""",
                link,
            )
            assert played > 0, link
        for link in links:
            assert link.startswith(unpacked.as_uri())
