"""Contact sheets of real videos: the right frames, made once, and honest where there is none."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))
from report_campaign import FPS, done, make_video, write_receipt

from tasks.errors import (
    DamagedError,
)
from tasks.media.contact_sheets import NUM_TILES, contact_sheet
from tasks.records import VideoOutcome
from tasks.report.report import write_report

pytestmark = pytest.mark.media


def report(folder: Path, *outcomes: VideoOutcome) -> str:
    path = write_report(
        folder,
        title="t",
        columns=["video_id"],
        cells={o.video_id: {"video_id": o.video_id} for o in outcomes},
        outcomes=outcomes,
        facts={},
        notices=[],
    )
    return path.read_text("utf-8")


def sheets(folder: Path) -> list[Path]:
    return sorted((folder / "report" / "sheets").iterdir())


@pytest.mark.parametrize(
    ("size", "tile"), [("320x192", (240, 144)), ("192x320", (144, 240)), ("64x48", (240, 180))]
)
def test_a_sheet_shows_frames_from_first_to_last_in_their_shape(tmp_path, size, tile):
    video = make_video(tmp_path, "a", size=size)
    path, sheet = contact_sheet(video, tmp_path / "sheets", num_frames=50, fps=FPS)
    assert (sheet.tile_width, sheet.tile_height, sheet.num_tiles) == (*tile, NUM_TILES)
    pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    levels = [float(tile.mean()) for tile in np.hsplit(pixels, NUM_TILES)]
    # frames 0, 9, 19, 29, 39, 49 of 50, as `make_video` lights them; limited-range black is 16
    expected = [255 * frame / 50 for frame in (0, 9, 19, 29, 39, 49)]
    assert np.abs(np.subtract(levels, expected)).max() < 24
    assert levels == sorted(levels)


def test_a_video_of_one_frame_has_a_sheet_of_one(tmp_path):
    video = make_video(tmp_path, "a", num_frames=1)
    assert contact_sheet(video, tmp_path / "s", num_frames=1, fps=FPS)[1].num_tiles == 1


def test_a_rerun_makes_no_sheet_and_the_same_page(tmp_path):
    outcome = done(make_video(tmp_path, "a"), 2)
    first = report(tmp_path, outcome)
    before = [(path, path.stat().st_mtime_ns) for path in sheets(tmp_path)]
    assert report(tmp_path, outcome) == first
    assert [(path, path.stat().st_mtime_ns) for path in sheets(tmp_path)] == before
    assert len(before) == 1


def test_another_video_under_the_same_name_gets_another_sheet_and_the_old_one_goes(tmp_path):
    outcome = done(make_video(tmp_path, "a"), 2)
    report(tmp_path, outcome)
    before = sheets(tmp_path)
    make_video(tmp_path, "a", size="192x320")
    report(tmp_path, outcome)
    assert len(sheets(tmp_path)) == 1
    assert sheets(tmp_path) != before


def test_a_damaged_sheet_is_made_anew(tmp_path):
    outcome = done(make_video(tmp_path, "a"), 2)
    first = report(tmp_path, outcome)
    (sheet,) = sheets(tmp_path)
    sheet.write_bytes(b"")
    assert report(tmp_path, outcome) == first
    assert sheet.stat().st_size > 0


def test_a_sheet_with_a_changed_byte_or_of_another_video_is_made_anew(tmp_path):
    video, turned = make_video(tmp_path, "a"), make_video(tmp_path, "b", size="192x320")
    outcomes = [done(video, 2), done(turned, 3)]
    first = report(tmp_path, *outcomes)
    whole = {path: path.read_bytes() for path in sheets(tmp_path)}
    one, other = whole
    assert whole[one] != whole[other]
    changed = bytearray(whole[one])
    changed[len(changed) // 2] ^= 1
    one.write_bytes(changed)
    assert report(tmp_path, *outcomes) == first
    assert one.read_bytes() == whole[one]

    one.write_bytes(whole[other])

    report(tmp_path, *outcomes)
    assert one.read_bytes() == whole[one]


def test_a_sheet_of_an_earlier_release_is_kept(tmp_path):
    outcome = done(make_video(tmp_path, "a"), 2)
    first = report(tmp_path, outcome)
    (sheet,) = sheets(tmp_path)
    jpeg = sheet.read_bytes().partition(b"\nnightshoot")[0]
    sheet.write_bytes(jpeg)

    assert report(tmp_path, outcome) == first
    assert sheet.read_bytes() == jpeg


def test_a_video_that_cannot_be_read_is_said_so_and_the_report_is_written(tmp_path):
    good, bad = make_video(tmp_path, "good"), make_video(tmp_path, "bad")
    bad.write_bytes(b"no video at all")
    write_receipt(bad, 50)
    text = report(tmp_path, done(good, 2), done(bad, 3))
    assert text.count("No contact sheet: ") == 1
    assert text.count('class="sheet"') == 1


def test_a_video_without_a_receipt_has_no_sheet(tmp_path):
    video = make_video(tmp_path, "a")
    video.with_suffix(".json").unlink()
    with pytest.raises(DamagedError, match=r"a\.json: the video's receipt is missing"):
        contact_sheet(video, tmp_path / "s", num_frames=50, fps=FPS)


def test_odd_names_of_folders_do_no_harm(tmp_path):
    folder = tmp_path / "50 % off: #1 'it’s'"
    assert "No contact sheet" not in report(folder, done(make_video(folder, "a"), 2))
