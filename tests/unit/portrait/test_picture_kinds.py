import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from model.errors import PortraitError
from tasks.inputs.file_types import picture_fault
from tasks.portrait.colour_profile import ProfileError, profile_space, to_srgb
from tasks.portrait.picture import (
    portrait_sha256,
    read_picture,
    read_planned_portrait,
    read_portrait,
)

SKIN = np.full((40, 60, 3), (224, 172, 140), np.uint8)
P3_TO_XYZ = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
ADOBE_TO_XYZ = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
PROPHOTO_TO_XYZ = ((0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249))


def tag(kind: bytes, body: bytes) -> bytes:
    return kind + bytes(4) + body + bytes(-len(body) % 4)


def fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def rgb_profile(columns: tuple[tuple[float, ...], ...], gamma: float) -> bytes:
    """A matrix profile as the ICC specification describes it, version 2."""
    curve = tag(b"curv", struct.pack(">IH", 1, round(gamma * 256)))
    bodies = {
        b"desc": tag(b"desc", struct.pack(">I", 2) + b"x\0" + bytes(78)),
        b"cprt": tag(b"text", b"none\0"),
        b"wtpt": tag(b"XYZ ", fixed(0.9642, 1.0, 0.8249)),
        **{
            name: tag(b"XYZ ", fixed(*xyz))
            for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)
        },
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    return icc(b"RGB ", b"mntr", bodies)


def icc(space: bytes, kind: bytes, bodies: dict[bytes, bytes]) -> bytes:
    table, data = struct.pack(">I", len(bodies)), b""
    start = 128 + 4 + 12 * len(bodies)
    for name, body in bodies.items():
        table += name + struct.pack(">II", start + len(data), len(body))
        data += body
    size = struct.pack(">I", start + len(data))
    head = size + bytes(4) + b"\x02\x20\0\0" + kind + space + b"XYZ " + bytes(12) + b"acsp"
    return head + bytes(28) + fixed(0.9642, 1.0, 0.8249) + bytes(48) + table + data


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


P3 = rgb_profile(P3_TO_XYZ, 2.2)
ADOBE = rgb_profile(ADOBE_TO_XYZ, 2.2)
PROPHOTO = rgb_profile(PROPHOTO_TO_XYZ, 1.8)
GREY = icc(
    b"GRAY",
    b"mntr",
    {
        b"desc": tag(b"desc", struct.pack(">I", 2) + b"x\0" + bytes(78)),
        b"wtpt": tag(b"XYZ ", fixed(0.9642, 1.0, 0.8249)),
        b"kTRC": tag(b"curv", struct.pack(">IH", 1, round(1.0 * 256))),
    },
)


def written(path: Path, pixels: np.ndarray, profile: bytes | None, **more: object) -> Path:
    Image.fromarray(pixels).save(path, icc_profile=profile, **more)
    return path


# --- colour profiles ----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff", "avif"])
@pytest.mark.parametrize(
    ("profile", "least"), [(P3, 6), (ADOBE, 8), (PROPHOTO, 15)], ids=["p3", "adobe", "prophoto"]
)
def test_pictures_of_wider_colour_spaces_become_srgb(
    tmp_path: Path, suffix: str, profile: bytes, least: int
) -> None:
    path = written(tmp_path / f"a.{suffix}", SKIN, profile, quality=95)
    picture = read_picture(path)
    assert picture.notices == ()
    assert picture.unmanaged is not None
    assert np.abs(picture.unmanaged.astype(int) - SKIN).mean() < 3
    red, _, blue = picture.pixels.mean((0, 1))
    assert red - blue > 84 + least  # skin is more colourful than its numbers say
    assert np.abs(picture.pixels.astype(int) - to_srgb(SKIN, profile)).mean() < 4


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_profile_of_srgb_itself_changes_no_pixel(tmp_path: Path, suffix: str) -> None:
    plain = read_portrait(written(tmp_path / f"a.{suffix}", SKIN, None))
    picture = read_picture(written(tmp_path / f"b.{suffix}", SKIN, srgb_profile()))
    assert picture.unmanaged is None
    assert np.array_equal(picture.pixels, plain)


def test_the_first_reports_pictures_look_like_their_srgb_one() -> None:
    folder = Path(__file__).parents[3].parent / "shared" / "reports" / "icc-profiles"
    if not folder.is_dir():
        pytest.skip("the reports are not beside this checkout")
    wanted = read_portrait(folder / "srgb.jpg").astype(int)
    for name in ("a98.jpg", "p3.jpg"):
        found = read_portrait(folder / name).astype(int)
        assert np.abs(found - wanted).mean() < 1.5, name


def test_grey_and_printing_colours_are_read_through_their_profile(tmp_path: Path) -> None:
    grey = np.full((40, 60), 55, np.uint8)  # linear light: a middle grey
    found = read_picture(written(tmp_path / "a.jpg", grey, GREY))
    assert abs(int(found.pixels[20, 30, 0]) - 127) <= 3
    assert found.unmanaged is not None
    assert abs(int(found.unmanaged[20, 30, 0]) - 55) <= 1


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        (b"no profile at all", "it is damaged"),
        (P3[:90], "it is damaged"),
        (P3[:200] + bytes(40), "it is damaged"),
        (P3[:16] + b"RG\x80 " + P3[20:], "it is damaged"),
        (GREY, "it is one of GRAY colours"),
    ],
)
def test_a_profile_that_cannot_be_used_is_a_notice(
    tmp_path: Path, profile: bytes, why: str
) -> None:
    picture = read_picture(written(tmp_path / "a.png", SKIN, profile))
    assert np.array_equal(picture.pixels, SKIN)
    (notice,) = picture.notices
    assert notice == f"its colour profile is not used: {why}; its colours are taken as sRGB"


def test_a_profile_of_which_a_part_is_missing_is_a_notice(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg", SKIN, P3)
    data = path.read_bytes()
    at = data.index(b"ICC_PROFILE\0")
    path.write_bytes(data[: at + 13] + b"\x03" + data[at + 14 :])  # one part of three
    (notice,) = read_picture(path).notices
    assert "parts of it are missing" in notice


def test_a_plan_of_an_older_release_finds_the_pixels_it_was_made_with(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png", SKIN, P3)
    managed, former = portrait_sha256(to_srgb(SKIN, P3)), portrait_sha256(SKIN)
    old, new = (read_planned_portrait(path, sha256) for sha256 in (former, managed))
    assert old is not None
    assert new is not None
    assert np.array_equal(old, SKIN)
    assert not np.array_equal(new, SKIN)
    assert read_planned_portrait(path, "another") is None


def test_profiles_name_their_colour_space() -> None:
    assert [profile_space(each) for each in (P3, GREY)] == ["RGB", "GRAY"]
    with pytest.raises(ProfileError, match="damaged"):
        profile_space(b"")


# --- what lies behind a picture -----------------------------------------------------------------


def jpeg(**more: object) -> bytes:
    rng = np.random.default_rng(5)
    pixels = cv2.resize(rng.integers(0, 255, (30, 40, 3), np.uint8), (320, 240))
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92, **more)
    return buffer.getvalue()


@pytest.mark.parametrize("num_bytes", [1, 1000, 70_000, 5_000_000])
def test_a_video_behind_a_jpeg_is_not_looked_at(
    tmp_path: Path, num_bytes: int, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plain.jpg").write_bytes(jpeg())
    video = b"\0\0\0\x18ftypmp42" + np.random.default_rng(1).integers(0, 255, num_bytes).astype(
        np.uint8
    ).tobytes().replace(b"\xff\xd9", b"\xff\x00")
    (tmp_path / "motion.jpg").write_bytes(jpeg() + video)
    assert picture_fault(tmp_path / "motion.jpg") == ""
    found, plain = (read_portrait(tmp_path / f"{name}.jpg") for name in ("motion", "plain"))
    assert np.array_equal(found, plain)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("behind", [b"", b"\xff", bytes(3000), b"notes of a camera" * 200])
def test_a_jpeg_with_all_its_pixels_needs_no_end_marker(
    tmp_path: Path, behind: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plain.jpg").write_bytes(jpeg())
    (tmp_path / "open.jpg").write_bytes(jpeg()[:-2] + behind)
    found, plain = (read_portrait(tmp_path / f"{name}.jpg") for name in ("open", "plain"))
    assert np.abs(found.astype(int) - plain).mean() < 0.5
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_lacks_pixels_is_cut_short(
    tmp_path: Path, share: float, progressive: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    data = jpeg(progressive=progressive)
    (tmp_path / "cut.jpg").write_bytes(data[: round(share * len(data))].replace(b"\xff\xd9", b""))
    with pytest.raises(PortraitError, match=r"cut\.jpg: the picture is damaged or cut off"):
        read_portrait(tmp_path / "cut.jpg")
    assert capfd.readouterr() == ("", "")


def test_a_png_with_a_video_behind_it_is_read_and_a_cut_one_is_not(tmp_path: Path) -> None:
    data = written(tmp_path / "a.png", SKIN, None).read_bytes()
    (tmp_path / "b.png").write_bytes(data + bytes(200_000))
    assert picture_fault(tmp_path / "b.png") == ""
    assert np.array_equal(read_portrait(tmp_path / "b.png"), SKIN)
    (tmp_path / "c.png").write_bytes(data[:-12] + bytes(200_000))
    assert picture_fault(tmp_path / "c.png") == "the picture is damaged or cut short"


# --- AVIF ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_avif_is_read_upright(tmp_path: Path, orientation: int) -> None:
    halves = np.zeros((40, 64, 3), np.uint8)
    halves[:, 32:] = (200, 80, 20)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = written(tmp_path / "a.avif", halves, None, exif=exif.tobytes(), quality=95)
    turns = {1: 0, 3: 2, 6: -1, 8: 1}[orientation]
    found = read_portrait(path).astype(int)
    assert picture_fault(path) == ""
    assert np.abs(found - np.rot90(halves, turns)).mean() < 4


def test_a_transparent_avif_lies_on_the_neutral_background(tmp_path: Path) -> None:
    clear = np.dstack([SKIN, np.zeros((40, 60), np.uint8)])
    found = read_portrait(written(tmp_path / "a.avif", clear, None))
    assert np.abs(found.astype(int) - 200).max() <= 3


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_an_avif_that_is_cut_off_is_refused(
    tmp_path: Path, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "a.avif", SKIN, None)
    data = path.read_bytes()
    path.write_bytes(data[: round(share * len(data))])
    assert picture_fault(path) == "the picture is damaged or cut short"
    with pytest.raises(PortraitError, match=r"a\.avif: "):
        read_portrait(path)
    assert capfd.readouterr() == ("", "")


def test_an_avif_that_promises_a_huge_picture_is_refused_by_its_header(tmp_path: Path) -> None:
    path = written(tmp_path / "a.avif", SKIN, None)
    data = path.read_bytes()
    at = data.index(b"ispe") + 8
    path.write_bytes(data[:at] + struct.pack(">II", 40_000, 40_000) + data[at + 8 :])
    assert "40000x40000 pixels, at most 128 million are read" in picture_fault(path)


def test_a_video_is_no_portrait(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(100))
    assert picture_fault(path).startswith("the file is a video, not PNG, JPEG")


def test_a_png_whose_profile_is_not_packed_right_is_still_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png", SKIN, None)
    data = path.read_bytes()
    body = b"name\0\0" + b"this is not deflated"
    chunk = struct.pack(">I", len(body)) + b"iCCP" + body
    chunk += struct.pack(">I", zlib.crc32(b"iCCP" + body))
    path.write_bytes(data[:33] + chunk + data[33:])
    assert np.array_equal(read_portrait(path), SKIN)
