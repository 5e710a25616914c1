"""Small files of every kind that rows name, cut into the parts that their formats know, and harmed.

A part is a RIFF or PNG chunk, an MP4 box, an Ogg page, an MPEG frame, a JPEG segment, a file of a
zip archive or a line of text. Harm is done to whole parts as well as to bytes, and checksums are
put right again where a reader would stop at them.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import soundfile
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tasks.processes.ffmpeg import run_ffmpeg
from tests.media.test_heic import heic_of

NUMBERS = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF)
NUMBERS = (*NUMBERS, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
DEEDS = ("cut", "drop", "double", "swap", "number", "flip", "insert", "fill", "empty")
TEXT = (b'"', b",", b"\n", b"\r\n", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"=1+1", b"\x1a", b"\v")
XML = (b"<c><v>1e999</v></c>", b'<row r="4294967296">', b"&a;", b'r="XFE9999999"', b"]]>", b"-")

Parts = list[bytes]


@dataclass(frozen=True)
class Harm:
    """``deed`` done to the part, and at the byte in it, that ``where`` falls on."""

    deed: str
    where: int
    number: int
    data: bytes


@dataclass(frozen=True)
class Format:
    """How files of a kind are cut into parts, and put together again."""

    name: str
    suffix: str
    seeds: tuple[bytes, ...]
    split: Callable[[bytes], Parts]
    join: Callable[[Parts], bytes] = b"".join
    words: tuple[bytes, ...] = ()


def harms(kind: Format) -> st.SearchStrategy[tuple[bytes, list[Harm]]]:
    """A seed of a kind, and what is done to it."""
    data = st.binary(min_size=1, max_size=24)
    harm = st.builds(
        Harm,
        st.sampled_from(DEEDS),
        st.integers(0, (1 << 32) - 1),
        st.sampled_from(NUMBERS) | st.integers(0, (1 << 32) - 1),
        (st.sampled_from(kind.words) | data) if kind.words else data,
    )
    return st.tuples(st.sampled_from(kind.seeds), st.lists(harm, min_size=1, max_size=6))


def harmed(kind: Format, seed: bytes, done: list[Harm]) -> bytes:
    """The file after all harm; what is cut off last, is cut off the file itself."""
    parts = kind.split(seed)
    for each in done:
        if not parts:
            break
        _harm(parts, each)
    data = kind.join(parts)
    last = done[-1]
    return data[: last.where % (len(data) + 1)] if last.deed == "cut" else data


def _harm(parts: Parts, harm: Harm) -> None:
    index = harm.where % len(parts)
    part = bytearray(parts[index])
    at = harm.where // len(parts) % max(1, len(part))
    other = harm.number % len(parts)
    match harm.deed:
        case "drop":
            del parts[index]
            return
        case "double":
            parts.insert(other, parts[index])
            return
        case "swap":
            parts[index], parts[other] = parts[other], parts[index]
            return
        case "number":
            order = ">" if harm.where & 1 else "<"
            part[at : at + 4] = struct.pack(f"{order}I", harm.number)
        case "flip":
            part[at : at + 1] = bytes([part[at] ^ (harm.number & 0xFF or 1)]) if part else b""
        case "insert":
            part[at:at] = harm.data
        case "fill":
            part[at : at + len(harm.data) * 8] = harm.data * 8
        case "empty":
            part[8:-4] = b""
        case _:
            pass
    parts[index] = bytes(part)


# --- cutting --------------------------------------------------------------------------------------


def riff_chunks(data: bytes) -> Parts:
    """The head of 12 bytes, then each chunk."""
    return [data[:12], *_sized(data, 12, lambda at: 8 + _le(data, at + 4) + _le(data, at + 4) % 2)]


def png_chunks(data: bytes) -> Parts:
    return [data[:8], *_sized(data, 8, lambda at: 12 + _be(data, at))]


def with_checksums(parts: Parts) -> bytes:
    """PNG chunks; all but the shortest get the checksum of what is in them."""
    head, *chunks = parts
    return head + b"".join(
        each[:-4] + struct.pack(">I", zlib.crc32(each[4:-4])) if len(each) > 12 else each
        for each in chunks
    )


def boxes(data: bytes) -> Parts:
    """Boxes of an MP4, one level down where there is one: their heads are parts of their own."""
    parts: Parts = []
    for box in _sized(data, 0, lambda at: _be(data, at)):
        head = 12 if box[4:8] == b"meta" else 8
        if box[4:8] in (b"moov", b"trak", b"mdia", b"meta", b"iprp", b"ipco"):
            parts += [box[:head], *boxes(box[head:])]
        else:
            parts.append(box)
    return parts


def ogg_pages(data: bytes) -> Parts:
    starts = _finds(data, b"OggS")
    return [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]


def with_page_checksums(parts: Parts) -> bytes:
    pages = []
    for part in parts:
        page = bytearray(part)
        if page[:4] == b"OggS" and len(page) > 27:
            page[22:26] = bytes(4)
            page[22:26] = struct.pack("<I", _ogg_crc(page))
        pages.append(bytes(page))
    return b"".join(pages)


def jpeg_segments(data: bytes) -> Parts:
    parts, at = [data[:2]], 2
    while at < len(data) and data[at + 1] != 0xDA:
        size = 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        parts.append(data[at : at + size])
        at += size
    return [*parts, data[at : at + 14], data[at + 14 : -2], data[-2:]]


def blocks(data: bytes) -> Parts:
    """Of what has no parts that can be told apart: a head, then equal blocks."""
    size = max(64, len(data) // 12)
    return [data[:64], *(data[at : at + size] for at in range(64, len(data), size))]


def mpeg_frames(data: bytes) -> Parts:
    """Cut at what looks like the start of a frame."""
    starts = [at for at in _finds(data, b"\xff") if data[at + 1 : at + 2] >= b"\xe0"]
    starts = sorted({0, *starts})
    return [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]


def lines(data: bytes) -> Parts:
    return data.splitlines(keepends=True)


def zip_entries(data: bytes) -> Parts:
    """Every file of an archive: its name, a zero byte, what is in it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [name.encode() + b"\0" + archive.read(name) for name in archive.namelist()]


def zipped(parts: Parts) -> bytes:
    buffer, names = io.BytesIO(), set[str]()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            name, _, content = part.partition(b"\0")
            told = name.decode("latin-1") or "empty"
            if told not in names:
                names.add(told)
                archive.writestr(told[:200], content)
    return buffer.getvalue()


def _sized(data: bytes, at: int, size_at: Callable[[int], int]) -> Parts:
    parts: Parts = []
    while at < len(data):
        size = max(8, size_at(at))
        parts.append(data[at : at + size])
        at += size
    return parts


def _le(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _be(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _finds(data: bytes, mark: bytes) -> list[int]:
    found, at = [], data.find(mark)
    while at >= 0:
        found.append(at)
        at = data.find(mark, at + 1)
    return found


def _ogg_crc(page: bytes) -> int:
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


# --- seeds ----------------------------------------------------------------------------------------


def _sound(**how: object) -> bytes:
    rng = np.random.default_rng(5)
    envelope = np.repeat(rng.random(16) > 0.4, 400)
    buffer = io.BytesIO()
    soundfile.write(buffer, 0.2 * rng.standard_normal(6400) * envelope, 16_000, **how)
    return buffer.getvalue()


def _pixels() -> np.ndarray:
    small = np.random.default_rng(6).integers(0, 255, (8, 10, 3), np.uint8)
    return cv2.resize(small, (80, 64), interpolation=cv2.INTER_CUBIC)


def _picture(kind: str, **how: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(_pixels()).save(buffer, kind, **how)
    return buffer.getvalue()


def _transparent_png() -> bytes:
    alpha = np.full((64, 80, 1), 90, np.uint8)
    return cv2.imencode(".png", np.concatenate([_pixels(), alpha], axis=2))[1].tobytes()


def _by_ffmpeg(folder: Path, name: str, *how: str) -> bytes:
    (folder / "in.wav").write_bytes(_sound(format="WAV"))
    args = ["-v", "error", "-y", "-i", str(folder / "in.wav"), *how, str(folder / name)]
    run_ffmpeg(args, timeout_s=60)
    return (folder / name).read_bytes()


def _workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["video_id", "script", "portrait", "priority", "notes"])
    sheet.append(["a", "Hello there.", "a.png", 3, 0.25])
    sheet.append(["b", "_x000D_ Hi & bye.", "a.png", 1, "x"])
    sheet["E2"].number_format = "0%"
    sheet.merge_cells("D2:D3")
    book.create_sheet("other")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


CSV = """video_id,script,portrait,seed,notes
a,"Hello, there.",a.png,3,x
b,"Two
lines ""quoted"" – and 你好",a.png,,
c,Last.,missing.png,-1,=1+1
"""


def all_formats(folder: Path) -> dict[str, Format]:
    """Every kind of file, by its name; ``folder`` is for what ffmpeg writes."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wavs = (_sound(format="WAV"), _sound(format="WAV", subtype="FLOAT"), _sound(format="RF64"))
    encodings = ("utf-8", "utf-16", "gb18030", "utf-8-sig")
    kinds = (
        Format("wav", ".wav", wavs, riff_chunks),
        Format("flac", ".flac", (_sound(format="FLAC"),), blocks),
        Format("mp3", ".mp3", (_sound(format="MP3"),), mpeg_frames),
        Format(
            "ogg",
            ".ogg",
            (_sound(format="OGG", subtype="VORBIS"), _sound(format="OGG", subtype="OPUS")),
            ogg_pages,
            with_page_checksums,
        ),
        Format("m4a", ".m4a", (_by_ffmpeg(folder, "a.m4a", "-c:a", "aac"),), boxes),
        Format("aac", ".aac", (_by_ffmpeg(folder, "a.aac", "-c:a", "aac"),), mpeg_frames),
        Format(
            "jpeg",
            ".jpg",
            (_picture("JPEG", icc_profile=profile), _picture("JPEG", progressive=True)),
            jpeg_segments,
        ),
        Format(
            "png",
            ".png",
            (_picture("PNG", icc_profile=profile), _transparent_png()),
            png_chunks,
            with_checksums,
        ),
        Format("webp", ".webp", (_picture("WEBP"), _picture("WEBP", exif=b"II*\0")), riff_chunks),
        Format("avif", ".avif", (_picture("AVIF"),), boxes),
        Format("heic", ".heic", (heic_of(_pixels(), folder),), boxes),
        Format("tiff", ".tif", (_picture("TIFF"),), blocks),
        Format("bmp", ".bmp", (_picture("BMP"),), blocks),
        Format(
            "csv", ".csv", tuple(CSV.encode(each) for each in encodings), lines, words=TEXT
        ),
        Format("xlsx", ".xlsx", (_workbook(),), zip_entries, zipped, words=XML),
    )  # fmt: skip
    return {kind.name: kind for kind in kinds}
