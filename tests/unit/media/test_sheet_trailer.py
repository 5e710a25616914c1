"""A contact sheet proves that it is whole and whose it is: no changed byte is taken for a sheet."""

import tempfile
from pathlib import Path

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.media.contact_sheets import NUM_TILES, read_sheet, sheet_trailer

VIDEO = "ab" * 32
JPEG = cv2.imencode(
    ".jpg", np.random.default_rng(0).integers(0, 255, (20, 20 * NUM_TILES, 3)).astype(np.uint8)
)[1].tobytes()
WHOLE = JPEG + sheet_trailer(JPEG, VIDEO)
MARK = sheet_trailer(JPEG, VIDEO)[:-64]


def is_sheet(data: bytes, video_sha256: str = VIDEO) -> bool:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "sheet.jpg"
        path.write_bytes(data)
        return read_sheet(path, NUM_TILES, video_sha256) is not None


def test_a_whole_sheet_is_read_and_another_videos_is_not() -> None:
    assert is_sheet(WHOLE)
    assert not is_sheet(WHOLE, "cd" * 32)


@settings(deadline=None)
@given(st.integers(0, len(JPEG) - 1), st.integers(1, 255))
def test_a_changed_byte_of_the_picture_is_found(place: int, change: int) -> None:
    assert not is_sheet(WHOLE[:place] + bytes([WHOLE[place] ^ change]) + WHOLE[place + 1 :])


@settings(deadline=None)
@given(st.integers(0, 63), st.integers(1, 255))
def test_a_changed_byte_of_the_digest_is_found(place: int, change: int) -> None:
    place += len(WHOLE) - 64
    assert not is_sheet(WHOLE[:place] + bytes([WHOLE[place] ^ change]) + WHOLE[place + 1 :])


@settings(deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_whatever_follows_or_stands_before_a_mark_is_no_sheet(before: bytes, after: bytes) -> None:
    assert not is_sheet(before + MARK + after)
    assert not is_sheet(WHOLE + b"x" + after)
    assert not is_sheet(WHOLE + MARK + after)
