import json
import re
import struct
import threading
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from preview_jobs import NAMES, PORTRAITS, landscape, portrait

from model.errors import PortraitError, StoppedError
from model.preview.features import parse_rig
from tasks.inputs.file_types import picture_fault
from tasks.portrait import picture
from tasks.portrait.memory_budget import MemoryBudget
from tasks.portrait.picture import (
    PortraitReader,
    exif_orientation,
    portrait_sha256,
    read_portrait,
)
from tasks.portrait.portrait import (
    PortraitLimits,
    check_portrait,
    draw_rig,
    read_rig,
    rig_path_of,
    write_rig,
)
from tasks.processes.stop_request import stop_asked_by

QUARTERS = np.zeros((20, 40, 3), np.uint8)
QUARTERS[:10, :20] = (250, 10, 10)
QUARTERS[:10, 20:] = (10, 250, 10)
QUARTERS[10:, :20] = (10, 10, 250)


def save(path: Path, rgb: np.ndarray) -> Path:
    """Write RGB, RGBA or grey pixels in the format of the name."""
    order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}
    pixels = rgb if rgb.ndim == 2 else rgb[..., order[rgb.shape[2]]]
    is_encoded, data = cv2.imencode(path.suffix, np.ascontiguousarray(pixels))
    assert is_encoded
    path.write_bytes(data.tobytes())
    return path


def exif(orientation: int) -> bytes:
    """A block that holds nothing but an orientation."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def with_exif(path: Path, orientation: int) -> Path:
    """Put an orientation into a JPEG or PNG file."""
    data, block = path.read_bytes(), exif(orientation)
    if path.suffix == ".jpg":
        block = b"Exif\0\0" + block
        data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]
    else:
        chunk = struct.pack(">I", len(block)) + b"eXIf" + block
        data = data[:33] + chunk + struct.pack(">I", zlib.crc32(chunk[4:])) + data[33:]
    path.write_bytes(data)
    return path


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """What a viewer shows of ``pixels`` stored with ``orientation``, by the Exif standard."""
    shown = {
        1: lambda p: p,
        2: np.fliplr,
        3: lambda p: np.rot90(p, 2),
        4: np.flipud,
        5: lambda p: np.fliplr(np.rot90(p, -1)),
        6: lambda p: np.rot90(p, -1),
        7: lambda p: np.flipud(np.rot90(p, -1)),
        8: np.rot90,
    }
    return shown[orientation](pixels)


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff", ".bmp"])
def test_lossless_pictures_are_read_as_they_are(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"a{suffix}", QUARTERS)
    # webp is written with loss by default
    assert np.abs(read_portrait(path).astype(int) - QUARTERS).mean() < (6 if "w" in suffix else 1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "png with alpha"])
def test_pictures_are_turned_upright(tmp_path: Path, kind: str, orientation: int) -> None:
    pixels = QUARTERS
    if "alpha" in kind:
        pixels = np.dstack([QUARTERS, np.full((20, 40), 255, np.uint8)])
    path = with_exif(save(tmp_path / f"a.{kind[:3]}", pixels), orientation)
    found = read_portrait(path).astype(int)
    expected = turned(QUARTERS, orientation)
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < 12  # JPEG's loss at the edges


def test_a_broken_orientation_is_upright() -> None:
    assert exif_orientation(b"") == 1
    assert exif_orientation(exif(9)) == 1
    assert exif_orientation(exif(6)[:12]) == 1
    assert exif_orientation(exif(6)) == 6


def test_transparency_becomes_a_neutral_grey(tmp_path: Path) -> None:
    pixels = np.dstack([QUARTERS, np.zeros((20, 40), np.uint8)])
    pixels[:, :20, 3] = 255
    found = read_portrait(save(tmp_path / "a.png", pixels))
    assert np.array_equal(found[:, :20], QUARTERS[:, :20])
    assert (found[:, 20:] == 200).all()


def test_sixteen_bits_and_grey_become_eight_bit_rgb(tmp_path: Path) -> None:
    deep = QUARTERS.astype(np.uint16) * 257
    assert np.array_equal(read_portrait(save(tmp_path / "a.png", deep)), QUARTERS)
    alpha = np.dstack([deep, np.full((20, 40), 65535, np.uint16)])
    assert np.array_equal(read_portrait(save(tmp_path / "b.png", alpha)), QUARTERS)
    grey = read_portrait(save(tmp_path / "c.png", QUARTERS[..., 0]))
    assert np.array_equal(grey, np.dstack([QUARTERS[..., 0]] * 3))


def test_a_hundred_megapixels_are_reduced(tmp_path: Path) -> None:
    path = save(tmp_path / "huge.bmp", np.full((10_000, 10_000), 77, np.uint8))
    found = read_portrait(path)
    assert found.shape == (2048, 2048, 3)
    assert (found == 77).all()


def test_a_long_strip_keeps_its_shape(tmp_path: Path) -> None:
    found = read_portrait(save(tmp_path / "a.png", np.full((300, 5000, 3), 9, np.uint8)))
    assert found.shape == (123, 2048, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"not a picture at all, just text", "save it as PNG, JPEG"),
        (b"\xff\xd8\xff\xe0 cut off", "damaged or cut off"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "damaged or cut off"),
    ],
)
def test_what_is_no_picture_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(PortraitError, match=rf"a\.png: .*{message}"):
        read_portrait(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_picture_that_is_cut_off_is_refused_quietly(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], suffix: str, share: float
) -> None:
    path = save(tmp_path / f"a{suffix}", portrait("jun", 128))
    data = path.read_bytes()
    path.write_bytes(data[: round(share * len(data))])
    with pytest.raises(PortraitError, match=r"damaged or cut off|no.* a picture"):
        read_portrait(path)
    assert capfd.readouterr() == ("", "")


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PortraitError, match=r"gone\.png: cannot be read \(No such file"):
        read_portrait(tmp_path / "gone.png")


def test_a_folder_is_no_portrait(tmp_path: Path) -> None:
    with pytest.raises(PortraitError, match="cannot be read"):
        read_portrait(tmp_path)


# --- pictures that promise more than can be read ------------------------------------------------


def png_chunk(kind: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


def png_of(width: int, height: int, *more: bytes) -> bytes:
    """A whole PNG of black pixels, one bit each."""
    row = b"\0" + bytes(-(-width // 8))
    packed = zlib.compressobj(1)
    body = b"".join(packed.compress(row * 100) for _ in range(-(-height // 100)))
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    data = png_chunk(b"IDAT", body + packed.flush())
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + data + png_chunk(b"IEND", b"")


def jpeg_of(width: int, height: int) -> bytes:
    size = struct.pack(">BBHBHHB", 0xFF, 0xC0, 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8\xff\xe0\x00\x04ab" + size + b"\xff\xd9"


def webp_of(width: int, height: int, num_frames: int) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + canvas
    body += (b"ANMF" + struct.pack("<I", 16) + bytes(16)) * num_frames
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def bmp_of(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IIIIii", 54, 0, 54, 40, width, height) + bytes(28)


def tiff_of(order: str, tags: dict[int, int], num_pages: int = 1) -> bytes:
    data = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    for page in range(num_pages):
        data += struct.pack(f"{order}H", len(tags))
        data += b"".join(struct.pack(f"{order}HHII", tag, 4, 1, v) for tag, v in tags.items())
        data += struct.pack(f"{order}I", 0 if page == num_pages - 1 else len(data) + 4)
    return data


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (png_of(30_000, 30_000), "30000x30000 pixels,"),
        (
            png_of(4_000, 4_000, png_chunk(b"acTL", struct.pack(">II", 9, 0))),
            "4000x4000 pixels in 9",
        ),
        (jpeg_of(65_500, 65_500), "65500x65500 pixels,"),
        (webp_of(16_384, 16_384, 0), "16384x16384 pixels,"),
        (webp_of(1_000, 1_000, 200), "1000x1000 pixels in 200 frames,"),
        (bmp_of(40_000, -40_000), "40000x40000 pixels,"),
        (tiff_of("<", {256: 20_000, 257: 20_000}), "20000x20000 pixels,"),
        (tiff_of(">", {256: 10, 257: 10, 322: 65_536, 323: 65_536}), "65536x65536 pixels,"),
        (tiff_of("<", {256: 2_000, 257: 2_000}, 40), "2000x2000 pixels in 40 frames,"),
    ],
    ids=["png", "apng", "jpeg", "webp", "webp-moving", "bmp", "tiff", "tiff-tile", "tiff-pages"],
)
def test_a_small_file_that_promises_a_huge_picture_is_refused_by_its_header(
    tmp_path: Path, data: bytes, size: str
) -> None:
    path = tmp_path / "bomb.bin"
    path.write_bytes(data)
    assert len(data) < 3_000_000
    rule = rf"the picture has {size}.* at most 128 million are read"
    tracemalloc.start()
    with pytest.raises(PortraitError, match=rf"bomb\.bin: {rule}; save it smaller"):
        read_portrait(path)
    assert re.search(rule, picture_fault(path))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 3_000_000


@pytest.mark.parametrize("kind", [".gif", ".ppm"])
def test_kinds_whose_size_is_not_known_beforehand_are_not_decoded(
    tmp_path: Path, kind: str
) -> None:
    is_encoded, data = cv2.imencode(kind, QUARTERS)
    assert is_encoded
    (tmp_path / "a.png").write_bytes(data.tobytes())
    with pytest.raises(PortraitError, match="save it as PNG, JPEG, WebP, AVIF, HEIC, BMP or TIFF"):
        read_portrait(tmp_path / "a.png")


def test_animations_and_pages_show_their_first_picture(tmp_path: Path) -> None:
    path = tmp_path / "pages.tiff"
    assert cv2.imwritemulti(str(path), [QUARTERS[..., ::-1].copy(), QUARTERS * 0])
    assert np.array_equal(read_portrait(path), QUARTERS)


def test_a_picture_that_many_ask_for_at_once_is_decoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "a.png", np.full((3000, 3000, 3), 7, np.uint8))
    num_decoded, decode = [], picture._decoded
    monkeypatch.setattr(picture, "_decoded", lambda data: num_decoded.append(1) or decode(data))
    reader = PortraitReader()
    with ThreadPoolExecutor(8) as pool:
        pictures = list(pool.map(lambda _: reader.read(path, (1,)), range(8)))
    assert len(num_decoded) == 1
    assert all(each is pictures[0] for each in pictures)
    with pytest.raises(ValueError, match="read-only"):
        pictures[0].pixels[0, 0] = 0
    reader.read(path, (2,))  # the file is another one
    assert len(num_decoded) == 2


def test_a_bad_picture_is_told_to_all_who_asked_for_it(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture")
    reader = PortraitReader()
    for _ in range(2):
        with pytest.raises(PortraitError, match="not a picture"):
            reader.read(path, (1,))


def test_decoding_at_the_same_time_stays_within_the_budget() -> None:
    budget, held, most = MemoryBudget(100), [0], [0]
    lock = threading.Lock()

    def work(num_bytes: int) -> None:
        with budget.taken(num_bytes):
            with lock:
                held[0] += min(num_bytes, 100)
                most[0] = max(most[0], held[0])
            time.sleep(0.005)
            with lock:
                held[0] -= min(num_bytes, 100)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [40, 30, 60, 10_000, 50, 25, 25, 90] * 3))
    assert held == [0]
    assert 50 < most[0] <= 100


def test_who_waits_for_memory_looks_at_a_request_to_stop() -> None:
    budget = MemoryBudget(10)
    with (
        budget.taken(10),
        stop_asked_by(lambda: True),
        pytest.raises(StoppedError),
        budget.taken(1),
    ):
        pass


def test_the_hash_knows_pixels_and_shape() -> None:
    hashes = {
        portrait_sha256(QUARTERS),
        portrait_sha256(QUARTERS.reshape(40, 20, 3)),
        portrait_sha256(QUARTERS[::-1]),
    }
    assert len(hashes) == 3
    assert portrait_sha256(QUARTERS) == portrait_sha256(QUARTERS.copy())


# --- checking -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("has_rig", [False, True])
def test_the_presenters_pass_without_a_warning(name: str, has_rig: bool) -> None:
    rig = read_rig(PORTRAITS / f"{name}.rig.json") if has_rig else None
    report = check_portrait(read_portrait(PORTRAITS / f"{name}.png"), rig, 704, 384)
    assert (report.errors, report.warnings, report.has_face) == ((), (), True)


def test_a_picture_without_a_face_is_refused_with_ways_out() -> None:
    report = check_portrait(landscape(600, 800), None, 704, 384)
    assert not report.has_face
    assert len(report.errors) == 1
    assert "nightshoot rig" in report.errors[0]
    assert "--on-no-face still" in report.errors[0]


def test_small_portraits_warn_and_tiny_ones_are_refused() -> None:
    assert (
        "short side is 400 pixels"
        in check_portrait(portrait("jun", 400), None, 512, 512).warnings[0]
    )
    assert "at least 256" in check_portrait(portrait("jun", 200), None, 512, 512).errors[0]


def test_a_face_too_small_in_the_video_is_refused() -> None:
    canvas = np.full((1000, 1600, 3), 190, np.uint8)
    canvas[300:600, 700:1000] = portrait("jun", 300)
    report = check_portrait(canvas, None, 384, 256)
    assert any("the face is" in e and "at least 48 are needed" in e for e in report.errors)


def test_dark_and_blurred_faces_are_refused_by_number() -> None:
    pixels = cv2.GaussianBlur(portrait("jun", 600), (0, 0), 9)
    report = check_portrait(
        (pixels * 0.15).astype(np.uint8), read_rig(PORTRAITS / "jun.rig.json"), 512, 512
    )
    assert any("blurred" in error for error in report.errors)
    assert any("brightness" in error for error in report.errors)


def test_a_tilted_head_is_warned_about() -> None:
    matrix = cv2.getRotationMatrix2D((300, 300), 30, 1)
    tilted = cv2.warpAffine(portrait("jun", 600), matrix, (600, 600), borderValue=(190, 190, 190))
    report = check_portrait(np.asarray(tilted, np.uint8), None, 512, 512)
    assert any("tilted by" in warning for warning in report.warnings)


def test_a_second_face_is_warned_about() -> None:
    canvas = np.concatenate([portrait("mara", 600), portrait("otto", 600)], 1)
    report = check_portrait(canvas, None, 704, 384)
    assert any("2 faces were found" in warning for warning in report.warnings)


def test_limits_are_settings() -> None:
    strict = PortraitLimits(good_face_width=4000, good_jitter=0)
    report = check_portrait(portrait("jun", 600), None, 512, 512, limits=strict)
    assert len(report.warnings) == 2


# --- rigs ---------------------------------------------------------------------------------------


def test_a_rig_is_beside_its_portrait() -> None:
    assert rig_path_of(Path("a/b.c.png")) == Path("a/b.c.rig.json")


def test_a_rig_is_written_with_a_picture_of_it(tmp_path: Path) -> None:
    path = save(tmp_path / "jun.png", portrait("jun", 600))
    written = write_rig(path)
    assert written.origin == "found"
    assert written.rig_path == tmp_path / "jun.rig.json"
    rig = read_rig(written.rig_path)
    assert parse_rig(rig).size == (600, 600)
    picture = read_portrait(written.picture_path)
    assert max(picture.shape[:2]) == 900


def test_a_corrected_rig_is_kept_and_drawn_again(tmp_path: Path) -> None:
    path = save(tmp_path / "jun.png", portrait("jun", 600))
    first = write_rig(path)
    before = first.picture_path.read_bytes()
    corrected = read_rig(first.rig_path) | {"chin": [300, 420]}
    first.rig_path.write_text(json.dumps(corrected))
    again = write_rig(path)
    assert again.origin == "kept"
    assert read_rig(again.rig_path) == corrected
    assert again.picture_path.read_bytes() != before


def test_without_a_face_a_rig_is_guessed_to_be_moved_into_place(tmp_path: Path) -> None:
    folder = tmp_path / "rigs"
    written = write_rig(save(tmp_path / "a.png", landscape()), folder)
    assert written.origin == "guessed"
    assert written.rig_path == folder / "a.rig.json"
    assert check_portrait(landscape(), read_rig(written.rig_path), 256, 256).has_face


def test_every_part_of_a_rig_is_drawn_in_its_colour() -> None:
    pixels = portrait("jun", 600)
    drawn = draw_rig(pixels, read_rig(PORTRAITS / "jun.rig.json"))
    for colour in ((255, 80, 80), (255, 220, 0), (255, 0, 255), (0, 255, 255)):
        assert (drawn == colour).all(2).sum() > 20, colour


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"a\.rig\.json: is not valid JSON"),
        ("[1]", r"a\.rig\.json: must hold one JSON object"),
        ("{}", r'a\.rig\.json: the rig cannot be used: "size" is None'),
    ],
)
def test_a_broken_rig_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "a.rig.json"
    path.write_text(content)
    with pytest.raises(PortraitError, match=message):
        read_rig(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a":' + "[" * 200_000 + "]" * 200_000 + "}", "brackets are nested too deeply for a rig"),
        ('{"size":' + "[" * 900 + "]" * 900 + "}", "must be a list of 2 numbers|nested"),
        ('{"chin": [' + "1, " * 300_000 + "1]}", "must be a list of 2 numbers"),
        ('{"upper_lip": 1' + "0" * 400 + "}", "must be a number"),
        ('{"upper_lip": 1' + "0" * 9_000 + "}", "is not valid JSON"),
        ("{" + ",".join(f'"n{i}": 1' for i in range(50_000)) + "}", '"n0" is unknown'),
        (" " * 1_100_000 + "{}", "larger than 1024 KiB"),
    ],
    ids=["nested", "less nested", "long list", "large", "huge", "many names", "long"],
)
def test_a_rig_that_was_made_to_harm_is_a_fault_of_its_row_in_few_words(
    tmp_path: Path, content: str, message: str
) -> None:
    rig = tmp_path / "a.rig.json"
    rig.write_text(content)
    with pytest.raises(PortraitError, match=message) as caught:
        read_rig(rig)
    assert len(str(caught.value)) < 3_000


def test_a_missing_rig_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PortraitError, match=r"a\.rig\.json: cannot be read"):
        read_rig(tmp_path / "a.rig.json")
