"""A report of many videos shows a hundred at a time, and searches all of them."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from test_report_page import HOSTILE, visible_cards

from tasks.records import VideoOutcome
from tasks.report.report import PAGE_CARDS, write_report

pytestmark = pytest.mark.browser
NUM_VIDEOS = 250


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = [f"n{number}" for number in range(1, NUM_VIDEOS + 1)]
    outcomes = [
        VideoOutcome(
            video_id=name,
            line=line,
            status="failed" if name == "n201" else "pending",
            error=HOSTILE if name == "n201" else "",
            warnings=("noisy",) if line % 2 else (),
        )
        for line, name in enumerate(names, 2)
    ]
    return write_report(
        tmp_path_factory.mktemp("many"),
        title="many",
        columns=["video_id", "script"],
        cells={name: {"video_id": name, "script": f"Story {name[1:]} 故事."} for name in names},
        outcomes=outcomes,
        facts={},
        notices=[],
    )


@pytest.fixture
def page(browser: Browser, report: Path):
    with browser.new_context() as context:
        page = context.new_page()
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(report.as_uri())
        yield page
        assert troubles == []


def cards_from(first: int, last: int) -> list[str]:
    return [f"v-n{number}" for number in range(first, last + 1)]


def test_a_hundred_cards_are_shown_at_a_time_and_buttons_turn_the_pages(page: Page):
    assert PAGE_CARDS == 100
    assert visible_cards(page)[:2] == ["v-n201", "v-n1"], "what failed comes first"
    status = page.get_by_role("status")
    following = page.get_by_role("button", name="Next page")
    assert visible_cards(page)[1:] == cards_from(1, 99)
    expect(status).to_have_text("All 250 videos, 1 to 100 on this page")
    following.first.click()
    following.last.click()
    assert visible_cards(page) == ["v-n200", *cards_from(202, 250)]
    expect(status).to_have_text("All 250 videos, 201 to 250 on this page")
    expect(status).to_be_in_viewport()
    expect(following.first).to_have_attribute("aria-disabled", "true")
    following.first.click(force=True)
    assert visible_cards(page) == ["v-n200", *cards_from(202, 250)]
    page.get_by_role("button", name="Previous page").first.click()
    assert visible_cards(page) == cards_from(100, 199)


def test_pages_are_turned_by_keyboard_and_the_button_keeps_the_focus(page: Page):
    button = page.get_by_role("button", name="Next page").first
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert visible_cards(page) == ["v-n200", *cards_from(202, 250)]
    expect(button).to_be_focused()
    expect(page.get_by_role("navigation", name="Pages of videos", exact=True)).to_contain_text(
        "Page 3 of 3"
    )


def test_search_and_filters_look_into_every_page(page: Page):
    page.get_by_role("searchbox").fill("story 233")
    assert visible_cards(page) == ["v-n233"]
    expect(page.get_by_role("status")).to_have_text("1 of 250 videos")
    expect(page.get_by_role("button", name="Next page")).to_have_count(0)
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="with warnings").click()
    assert len(visible_cards(page)) == 100
    expect(page.get_by_role("status")).to_have_text("125 of 250 videos, 1 to 100 on this page")
    page.get_by_role("button", name="Next page").first.click()
    assert len(visible_cards(page)) == 25


def test_the_table_has_every_row_and_no_pages(page: Page):
    page.get_by_role("button", name="Table").click()
    assert page.locator("#rows tbody tr:visible").count() == NUM_VIDEOS
    expect(page.get_by_role("button", name="Next page")).to_have_count(0)
    expect(page.get_by_role("status")).to_have_text("All 250 videos")


def test_a_link_to_a_card_on_another_page_leads_there(page: Page):
    page.get_by_role("button", name="Table").click()
    page.locator("#rows").get_by_role("link", name="n201", exact=True).click()
    expect(page.locator("#v-n201")).to_be_in_viewport()
    expect(page.locator("#v-n201 .error")).to_contain_text(HOSTILE)
    assert page.title() != "run"


def test_an_address_that_names_a_card_opens_its_page(browser: Browser, report: Path):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{report.as_uri()}#v-n150")
        expect(page.locator("#v-n150")).to_be_in_viewport()
        page.goto(f"{report.as_uri()}#v-n222")  # the same page, another place
        expect(page.locator("#v-n222")).to_be_in_viewport()


def test_without_scripts_all_cards_are_there(browser: Browser, report: Path):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(report.as_uri())
        assert page.locator("article.card:visible").count() == NUM_VIDEOS


@pytest.mark.parametrize("width", [320, 1440])
def test_nothing_hangs_over_the_side_of_a_page_with_buttons(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 812})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
