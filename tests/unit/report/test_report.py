"""report.csv for spreadsheets and the page's text: order, escaping, protection. No ffmpeg."""

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.media.contact_sheets import NUM_TILES, sheet_args, sheet_frames
from tasks.records import Status, VideoOutcome
from tasks.report.cards import STATUS_ORDER, excerpt_of
from tasks.report.report import clock, report_csv, write_report
from tasks.tables.spreadsheet_cells import REPORT_COLUMNS, protected, unprotected

COLUMNS = ["video_id", "script", "seed"]
HOSTILE = "</script><script>boom()</script><img src=x onerror=boom()> & \"quoted\" 'too'"


class Page(HTMLParser):
    """Tags and texts of a page; scripts and styles apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def failed(video_id: str, line: int, **fields: object) -> VideoOutcome:
    return VideoOutcome(video_id=video_id, line=line, status="failed", **fields)  # type: ignore[arg-type]


def written(folder: Path, outcomes: list[VideoOutcome], **script: str) -> Page:
    cells = {o.video_id: {"video_id": o.video_id} for o in outcomes}
    for video_id, text in script.items():
        cells[video_id]["script"] = text
    path = write_report(
        folder,
        title=HOSTILE,
        columns=COLUMNS,
        cells=cells,
        outcomes=outcomes,
        facts={"engine": HOSTILE},
        notices=[HOSTILE],
    )
    return Page(path.read_text("utf-8"))


def table(folder: Path) -> list[list[str]]:
    text = (folder / "report.csv").read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


# --- report.csv ---------------------------------------------------------------------------------


def test_the_table_has_the_manifests_columns_first_and_its_rows_in_order(tmp_path):
    outcomes = [failed("b", 3, error="no face"), failed("a", 2, error="no voice")]
    cells = {"a": {"video_id": "a", "script": "你好"}, "b": {"video_id": "b", "seed": "7"}}
    write_report(
        tmp_path, title="t", columns=COLUMNS, cells=cells, outcomes=outcomes, facts={}, notices=[]
    )
    head, first, second = table(tmp_path)
    assert head == [*COLUMNS, *REPORT_COLUMNS]
    assert first[:4] == ["a", "你好", "", "failed"]
    assert second[:4] == ["b", "", "7", "failed"]


def test_the_table_starts_with_a_byte_order_mark_so_that_excel_shows_chinese(tmp_path):
    written(tmp_path, [failed("a", 2)], a="欢迎")
    data = (tmp_path / "report.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfvideo_id,")
    assert "欢迎".encode() in data


def test_paths_in_the_table_are_relative_to_it():
    outcome = VideoOutcome(
        video_id="a", line=2, status="done", path="renders/demo/videos/a.mp4", duration_s=12.48
    )
    text = report_csv(Path("renders/demo"), ["video_id"], {"a": {"video_id": "a"}}, [outcome])
    assert text.splitlines()[1].startswith("a,done,videos/a.mp4,12.48,")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝", "＠"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(sign):
    assert protected(f"{sign}HYPERLINK(1)") == f"'{sign}HYPERLINK(1)"


def test_every_text_of_the_table_is_protected_and_numbers_stay_numbers(tmp_path):
    outcome = failed(
        "a", 2, error="=1+1", way_out="@x", warnings=("-w", "v"), duration_s=1.5, num_frames=37
    )
    written(tmp_path, [outcome], a="+cmd|' /C calc'!A0")
    row = dict(zip(*table(tmp_path), strict=True))
    assert row["script"] == "'+cmd|' /C calc'!A0"
    assert (row["error"], row["way_out"], row["warnings"]) == ("'=1+1", "'@x", "'-w; v")
    assert (row["duration_s"], row["frames"]) == ("1.5", "37")


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("Hello;=1+1", ["Hello", "'=1+1"]),
        ("Hello; =1+1", ["Hello", " '=1+1"]),
        ("a;b\n=1+1", ["a", "b", "'=1+1"]),
        ('say "=1";"=1+1"', ['say "=1"', '"\'=1+1"']),
        ("a\t@SUM(A1)", ["a", "'@SUM(A1)"]),
        ("- one\n- two", ["'- one", "'- two"]),
        ("3-4; 5 = 5", ["3-4", " 5 = 5"]),
    ],
)
def test_no_cell_is_a_formula_where_semicolons_tabs_or_lines_separate(text, cells):
    assert re.split("[;\t\n]", protected(text)) == cells


def test_a_spreadsheet_that_splits_at_semicolons_finds_no_formula(tmp_path):
    """As German Excel does: a quote within a cell quotes nothing."""
    nasty = 'Hi;=1+1,"x"\n=2+2;\t@A1\n"=3"'
    written(tmp_path, [failed("a", 2, error="no; =4+4")], a=nasty)
    text = (tmp_path / "report.csv").read_text("utf-8-sig")
    for cell in re.split(r"[;\t\r\n]", text):
        assert not cell.lstrip(' "').startswith(("=", "+", "-", "@"))


@given(st.text(st.sampled_from("=+-@＝＠'\"; \t\r\nx,")) | st.text())
def test_what_is_protected_comes_back_as_it_was(text):
    assert unprotected(protected(text)) == text
    for cell in re.split("[;\t\r\n]", protected(text)):
        assert not cell.lstrip().lstrip('"').startswith(("=", "+", "-", "@", "＝", "＠"))


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_script_comes_back_from_the_table_as_it_was(script):
    text = report_csv(Path(), ["script"], {"a": {"script": script}}, [failed("a", 2)])
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == 2
    assert rows[1][0] == protected(script)


def test_outcomes_of_other_rows_are_refused(tmp_path):
    with pytest.raises(ValueError, match="do not match"):
        write_report(
            tmp_path,
            title="t",
            columns=[],
            cells={"a": {}},
            outcomes=[failed("b", 2)],
            facts={},
            notices=[],
        )


# --- the page -----------------------------------------------------------------------------------


def test_hostile_texts_are_shown_and_never_run(tmp_path):
    outcome = failed("a", 2, error=HOSTILE, way_out=HOSTILE, warnings=(HOSTILE,))
    page = written(tmp_path, [outcome], a=HOSTILE)
    assert len(page.named("script")) == 1
    assert page.named("img") == []
    # title twice, fact, notice; error, way out and warning in the card and the table;
    # script as cell, and as excerpt in both
    assert "".join(page.texts).count(HOSTILE) == 2 + 1 + 1 + 3 * 2 + 3


def test_what_failed_comes_before_everything_else(tmp_path):
    done_later = VideoOutcome(video_id="a", line=2, status="pending")
    page = written(tmp_path, [done_later, failed("b", 3, error="first of all")])
    text = "".join(page.texts)
    assert text.index("first of all") < text.index("Not finished yet")


def test_the_page_asks_nothing_of_the_network(tmp_path):
    page = written(tmp_path, [failed("a", 2)])
    addresses = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "href", "poster", "srcset", "action") and value
    ]
    assert addresses
    assert [a for a in addresses if not a.startswith(("data:", "#", "../"))] == []


def test_texts_of_people_choose_their_own_direction(tmp_path):
    page = written(tmp_path, [failed("a", 2)], a="مرحبا بكم")
    assert {"class": "excerpt", "dir": "auto"} in page.named("p")
    assert {"dir": "auto"} in page.named("dd")


def test_only_previews_carry_the_badge(tmp_path):
    outcomes = [failed("a", 2, is_preview=True), failed("b", 3)]
    page = written(tmp_path, outcomes)
    badges = [a for a in page.named("span") if a.get("class") == "badge is-preview"]
    assert len(badges) == 2  # a's card and a's row
    assert not any(
        a.get("class") == "note preview" for a in written(tmp_path, outcomes[1:]).named("p")
    )


def test_a_file_name_that_is_no_text_does_not_stop_the_report(tmp_path):
    page = written(tmp_path, [failed("a", 2, error="portr\udce9.png: unreadable")])
    assert "portr\\udce9.png: unreadable" in "".join(page.texts)


def test_a_campaign_without_rows_has_a_page(tmp_path):
    assert "0" in written(tmp_path, []).texts


def test_every_status_has_its_place():
    assert set(STATUS_ORDER) == set(get_args(Status))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(8.34, "8.3 s"), (59.94, "59.9 s"), (59.96, "1:00"), (65, "1:05"), (7207.4, "2:00:07")],
)
def test_lengths_are_written_for_people(seconds, text):
    assert clock(seconds) == text


def test_a_long_script_is_shown_by_its_beginning_on_one_line():
    assert excerpt_of("one\n two") == "one two"
    assert len(excerpt_of("word " * 200)) <= 220
    assert excerpt_of("word " * 200).endswith("word…")


# --- contact sheets -----------------------------------------------------------------------------


@given(st.integers(1, 300_000))
def test_a_sheet_shows_the_first_frame_the_last_and_some_between(num_frames):
    frames = sheet_frames(num_frames)
    assert frames[0] == 0
    assert frames[-1] == num_frames - 1
    assert frames == sorted(set(frames))
    assert len(frames) == min(NUM_TILES, num_frames)


def test_a_sheet_of_no_frames_is_refused():
    with pytest.raises(ValueError, match="at least 1 frame"):
        sheet_frames(0)


def test_each_tile_is_sought_half_a_frame_early():
    args = sheet_args(Path("/out/-odd %d name.mp4"), 2, 25.0)
    assert args[:8] == [
        *("-ss", "0.000000", "-i", "file:/out/-odd %d name.mp4"),
        *("-ss", "0.020000", "-i", "file:/out/-odd %d name.mp4"),
    ]
    assert args[-5:] == ["-q:v", "7", "-f", "image2pipe", "pipe:1"]
