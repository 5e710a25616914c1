"""A JPEG of a few kilobytes can make its decoder pass over all its pixels thousands of times."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import PortraitError
from tasks.portrait.jpeg_scans import MOST_SCANS, num_scans, scans_fault
from tasks.portrait.picture import read_portrait


def jpeg(*options: int, side: int = 64) -> bytes:
    picture = np.random.default_rng(0).integers(0, 255, (side, side, 3)).astype(np.uint8)
    return cv2.imencode(".jpg", picture, options)[1].tobytes()


PROGRESSIVE = jpeg(cv2.IMWRITE_JPEG_PROGRESSIVE, 1)


def with_scans(number: int, side: int = 64) -> bytes:
    """A grey progressive picture whose last scan, of a few bytes, is repeated."""
    grey = np.full((side, side, 3), 128, np.uint8)
    data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * (number - num_scans(data)) + b"\xff\xd9"


def test_the_scans_of_usual_pictures_are_counted() -> None:
    assert num_scans(jpeg()) == 1
    assert num_scans(jpeg(cv2.IMWRITE_JPEG_RST_INTERVAL, 1)) == 1
    assert num_scans(PROGRESSIVE) == 10
    assert num_scans(with_scans(57)) == 57


def test_a_thumbnail_and_what_follows_the_end_do_not_count() -> None:
    inside = b"\xff\xda" * 300
    segment = b"\xff\xe1" + (2 + len(inside)).to_bytes(2, "big") + inside
    assert num_scans(PROGRESSIVE[:2] + segment + PROGRESSIVE[2:] + inside) == 10


def test_a_picture_with_the_most_scans_is_read(tmp_path: Path) -> None:
    path = tmp_path / "face.jpg"
    path.write_bytes(with_scans(MOST_SCANS))
    assert read_portrait(path).shape == (64, 64, 3)


def test_thousands_of_scans_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    path = tmp_path / "face.jpg"
    path.write_bytes(with_scans(5_000, side=4_000))  # decoding it takes minutes
    began = time.process_time()
    with pytest.raises(PortraitError) as refused:
        read_portrait(path)
    assert time.process_time() - began < 20
    assert str(refused.value) == (
        f"{path}: the JPEG has more than 100 scans, which would take very long to read; save it "
        'again, without "progressive" or as PNG'
    )


def test_another_kind_of_picture_has_no_scans_to_count() -> None:
    assert scans_fault(b"\x89PNG" + b"\xff\xda\x00\x02" * 5_000) == ""


@given(st.binary(max_size=4_000), st.integers(0, len(PROGRESSIVE)))
def test_counting_ends_for_whatever_bytes_there_are(noise: bytes, place: int) -> None:
    assert 0 <= num_scans(PROGRESSIVE[:place] + noise) <= MOST_SCANS + 1
