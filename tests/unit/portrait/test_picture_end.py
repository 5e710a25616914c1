"""Pictures whose pixels end early although the file is whole are read, and people are told."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tasks.portrait.picture import read_picture

PIXELS = np.random.default_rng(0).integers(1, 255, (128, 96, 3)).astype(np.uint8)
END = b"\xff\xd9"
CUT = "its data end before its last pixels"


def encoded(kind: str, *options: int) -> bytes:
    return cv2.imencode(kind, PIXELS, options)[1].tobytes()


def told(tmp_path: Path, kind: str, data: bytes) -> tuple[str, ...]:
    path = tmp_path / f"face{kind}"
    path.write_bytes(data)
    return read_picture(path).notices


@pytest.mark.parametrize(
    "options",
    [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 4)],
    ids=["baseline", "progressive", "restarts"],
)
@pytest.mark.parametrize("share", [0.4, 0.97])
def test_a_jpeg_that_ends_before_its_pixels_do_is_told(tmp_path: Path, options, share) -> None:
    data = encoded(".jpg", *options)
    assert told(tmp_path, ".jpg", data) == ()
    assert told(tmp_path, ".jpg", data + b"a video, or notes" + END) == ()
    cut = data[: int(len(data) * share)].rstrip(b"\xff") + END
    (notice,) = told(tmp_path, ".jpg", cut)
    assert notice.startswith(CUT)
    assert notice.endswith("look at it, or copy it again")


def test_the_end_of_a_thumbnail_is_not_that_of_the_picture(tmp_path: Path) -> None:
    data = encoded(".jpg")
    thumbnail = b"\xff\xe1" + (2 + len(data) // 4 + 2).to_bytes(2, "big")
    thumbnail += data[: len(data) // 4] + END
    assert told(tmp_path, ".jpg", data[:2] + thumbnail + data[2:]) == ()
    cut = data[2 : len(data) // 2].rstrip(b"\xff") + END
    (notice,) = told(tmp_path, ".jpg", data[:2] + thumbnail + cut)
    assert notice.startswith(CUT)


@pytest.mark.parametrize("kind", [".webp", ".bmp", ".tiff", ".avif"])
def test_a_picture_whose_rest_was_never_written_is_told(tmp_path: Path, kind: str) -> None:
    buffer = io.BytesIO()  # OpenCV writes what a TIFF says of itself behind its pixels
    Image.fromarray(PIXELS).save(buffer, "TIFF")
    data = buffer.getvalue() if kind == ".tiff" else encoded(kind)
    assert told(tmp_path, kind, data) == ()
    number = len(data) // 3
    assert number > 600
    (notice,) = told(tmp_path, kind, data[:-number] + bytes(number))
    assert "zero bytes: the picture is black there, or it was not copied to its end" in notice


def test_zeros_behind_a_picture_are_not_told(tmp_path: Path) -> None:
    for kind in (".webp", ".avif", ".jpg"):
        data = encoded(kind)
        behind = b"\x00\x00\x10\x08free" if kind == ".avif" else b""
        assert told(tmp_path, kind, data + behind + bytes(4096)) == ()
