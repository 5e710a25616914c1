"""HEIC as phones write it.

Nothing that may be imported here writes it: ffmpeg makes the coded picture, and the few boxes
around it are written by hand.
"""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.errors import PortraitError
from tasks.inputs.file_types import picture_fault
from tasks.portrait.picture import read_portrait
from tasks.processes.ffmpeg import run_ffmpeg

pytestmark = pytest.mark.media
WIDTH, HEIGHT = 320, 256


def box(kind: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def found(data: bytes, kind: bytes) -> bytes:
    """The body of the first box of a kind, wherever it lies."""
    at = data.index(kind)
    (size,) = struct.unpack(">I", data[at - 4 : at])
    return data[at + 4 : at - 4 + size]


def heic_of(pixels: np.ndarray, folder: Path, *, turns: int = 0) -> bytes:
    """One picture, turned anticlockwise by ``turns`` quarters when it is shown."""
    assert cv2.imwrite(str(folder / "in.png"), pixels[..., ::-1])
    run_ffmpeg(
        [
            *("-v", "error", "-y", "-i", str(folder / "in.png"), "-frames:v", "1"),
            *("-c:v", "libx265", "-x265-params", "log-level=none:keyint=1:crf=4:info=0"),
            *("-pix_fmt", "yuv420p", "-tag:v", "hvc1", "-vf", "scale=out_range=pc"),
            *("-color_range", "pc", str(folder / "out.mp4")),
        ],
        timeout_s=30,
    )
    movie = (folder / "out.mp4").read_bytes()
    coded, settings = found(movie, b"mdat"), box(b"hvcC", found(movie, b"hvcC"))
    extent = box(b"ispe", bytes(4), struct.pack(">II", pixels.shape[1], pixels.shape[0]))
    colours = box(b"colr", b"nclx", struct.pack(">HHHB", 1, 13, 5, 0x80))
    turn = box(b"irot", bytes([turns]))
    uses = struct.pack(">IHB4B", 1, 1, 4, 0x81, 2, 3, 0x84)
    head = box(b"ftyp", b"heic", bytes(4), b"mif1heic")

    def meta(start: int) -> bytes:
        entry = box(b"infe", b"\x02\0\0\0", struct.pack(">HH", 1, 0), b"hvc1", b"\0")
        place = struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, start, len(coded))
        return box(
            b"meta",
            bytes(4),
            box(b"hdlr", bytes(8), b"pict", bytes(13)),
            box(b"pitm", bytes(4), struct.pack(">H", 1)),
            box(b"iloc", bytes(4), place),
            box(b"iinf", bytes(4), struct.pack(">H", 1), entry),
            box(
                b"iprp",
                box(b"ipco", settings, extent, colours, turn),
                box(b"ipma", bytes(4), uses),
            ),
        )

    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", coded)


def quarters() -> np.ndarray:
    pixels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    pixels[: HEIGHT // 2, WIDTH // 2 :] = (220, 160, 130)
    pixels[HEIGHT // 2 :, : WIDTH // 2] = (20, 60, 160)
    return pixels


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_heic_is_read_upright(tmp_path: Path, turns: int) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(heic_of(quarters(), tmp_path, turns=turns))
    assert picture_fault(path) == ""
    shown = read_portrait(path).astype(int)
    expected = np.rot90(quarters(), turns)
    assert shown.shape == expected.shape
    assert np.abs(shown - expected).mean() < 6


def test_what_a_phone_writes_behind_a_heic_is_not_looked_at(tmp_path: Path) -> None:
    data = heic_of(quarters(), tmp_path)
    (tmp_path / "a.heic").write_bytes(data + b"SEFT and more notes")
    assert np.abs(read_portrait(tmp_path / "a.heic").astype(int) - quarters()).mean() < 6


@pytest.mark.parametrize("share", [0.2, 0.7, 0.97])
def test_a_heic_that_is_cut_off_is_refused(
    tmp_path: Path, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    data = heic_of(quarters(), tmp_path)
    (tmp_path / "a.heic").write_bytes(data[: round(share * len(data))])
    assert picture_fault(tmp_path / "a.heic") == "the picture is damaged or cut short"
    with pytest.raises(PortraitError, match=r"a\.heic: "):
        read_portrait(tmp_path / "a.heic")
    assert capfd.readouterr() == ("", "")
