"""How large a picture is, by its header alone: a small file can promise gigabytes of pixels."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

PICTURES = "PNG, JPEG, WebP, AVIF, HEIC, BMP or TIFF"
MAX_PIXELS = 128_000_000
_TAIL_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 20
_MAX_BOXES = 10_000
_MAX_CHUNKS = 1_000_000
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_HEIF_BRANDS = frozenset({b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})
_MAX_META_BYTES = 1 << 20
_TIFF_SIDES = (256, 257, 322, 323)  # width and height, of the picture and of its tiles


@dataclass(frozen=True)
class PictureHeader:
    """What a picture says of itself; ``num_frames`` are those of an animation, or pages.

    A JPEG without its end marker may be whole all the same: ``has_end`` says which ones to prove.
    """

    width: int
    height: int
    num_frames: int = 1
    has_end: bool = True

    @property
    def num_pixels(self) -> int:
        """Of all frames together."""
        return self.width * self.height * self.num_frames


def is_picture(start: bytes) -> bool:
    """Whether a file that begins so is of a kind that can be a portrait; 32 bytes are enough."""
    return any(is_it(start) for is_it, _ in _READERS)


def read_picture_header(file: BinaryIO) -> PictureHeader:
    """The header of a file for which :func:`is_picture` holds.

    Raises:
        ValueError: it is damaged or cut short.
    """
    file.seek(0)
    start = file.read(32)
    reader = next(read for is_it, read in _READERS if is_it(start))
    try:
        return reader(file, start)
    except struct.error as error:
        raise ValueError("cut short") from error


def picture_size_fault(header: PictureHeader) -> str:
    """Why a picture of this size cannot be a portrait; empty if nothing speaks against it."""
    if min(header.width, header.height, header.num_frames) < 1:
        return "the picture has no pixels"
    if header.num_pixels > MAX_PIXELS:
        frames = f" in {header.num_frames} frames" if header.num_frames > 1 else ""
        return (
            f"the picture has {header.width}x{header.height} pixels{frames}, at most "
            f"{MAX_PIXELS // 1_000_000} million are read"
        )
    return ""


def _png(file: BinaryIO, start: bytes) -> PictureHeader:
    if start[12:16] != b"IHDR":
        raise ValueError("no header")
    _require_png_end(file)
    width, height = struct.unpack(">II", start[16:24])
    num_frames = 1
    file.seek(8)
    for _ in range(_MAX_BOXES):  # an animation says so before the first pixels
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"acTL":
            (num_frames,) = struct.unpack(">I", file.read(4))
        if kind in (b"acTL", b"IDAT"):
            break
        file.seek(length + 4, 1)
    return PictureHeader(width, height, num_frames)


def _jpeg(file: BinaryIO, start: bytes) -> PictureHeader:
    del start
    file.seek(2)
    for _ in range(_MAX_BOXES):
        mark = file.read(2)
        while mark == b"\xff\xff":  # fill bytes
            mark = mark[1:] + file.read(1)
        if len(mark) < 2 or mark[0] != 0xFF:
            raise ValueError("no marker")
        if mark[1] in _JPEG_BARE:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if mark[1] in _JPEG_SIZES:
            height, width = struct.unpack(">xHH", file.read(5))
            has_end = _has_jpeg_end(file)
            if not has_end and mark[1] in _JPEG_PROGRESSIVE:  # whole scans may be missing
                raise ValueError("no end")
            return PictureHeader(width, height, has_end=has_end)
        file.seek(length - 2, 1)
    raise ValueError("too many markers")


def _has_jpeg_end(file: BinaryIO) -> bool:
    """Whether an end marker follows; phones and cameras write a video or notes behind it."""
    behind_header = file.tell()
    num_bytes = file.seek(0, 2)
    file.seek(max(behind_header, num_bytes - _TAIL_BYTES))
    if b"\xff\xd9" in file.read():
        return True
    file.seek(behind_header)
    previous = b""
    while chunk := file.read(_CHUNK_BYTES):
        if b"\xff\xd9" in previous + chunk:
            return True
        previous = chunk[-1:]
    return False


def _require_png_end(file: BinaryIO) -> None:
    """The end chunk is there; phones and programs write other things behind it."""
    num_bytes = file.seek(0, 2)
    file.seek(max(0, num_bytes - _TAIL_BYTES))
    if b"IEND" in file.read():
        return
    position, kind = 8, b""
    for _ in range(_MAX_CHUNKS):
        file.seek(position)
        length, kind = struct.unpack(">I4s", file.read(8))
        position += 12 + length
        if kind == b"IEND" or position > num_bytes:
            break
    if kind != b"IEND" or position > num_bytes:
        raise ValueError("no end")


def _webp(file: BinaryIO, start: bytes) -> PictureHeader:
    (num_bytes,) = struct.unpack("<I", start[4:8])
    if file.seek(0, 2) < num_bytes + 8:
        raise ValueError("cut short")
    if start[12:16] == b"VP8X":
        width = 1 + int.from_bytes(start[24:27], "little")
        height = 1 + int.from_bytes(start[27:30], "little")
        return PictureHeader(width, height, _num_webp_frames(file))
    if start[12:16] == b"VP8L":
        (bits,) = struct.unpack("<I", start[21:25])
        return PictureHeader(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    width, height = struct.unpack("<HH", start[26:30])
    return PictureHeader(width & 0x3FFF, height & 0x3FFF)


def _num_webp_frames(file: BinaryIO) -> int:
    num_frames = 0
    file.seek(12)
    for _ in range(_MAX_BOXES):
        head = file.read(8)
        if len(head) < 8:
            return max(1, num_frames)
        kind, length = struct.unpack("<4sI", head)
        num_frames += kind == b"ANMF"
        file.seek(length + length % 2, 1)
    raise ValueError("too many chunks")


def _bmp(file: BinaryIO, start: bytes) -> PictureHeader:
    num_bytes, head_bytes = struct.unpack("<2xI8xI", start[:18])
    if file.seek(0, 2) < num_bytes:
        raise ValueError("cut short")
    width, height = struct.unpack(
        "<HH" if head_bytes == 12 else "<ii", start[18:][: 4 if head_bytes == 12 else 8]
    )
    return PictureHeader(width, abs(height))


def is_heif(start: bytes) -> bool:
    """Whether a file that begins so is AVIF or HEIC."""
    if start[4:8] != b"ftyp":
        return False
    brands = start[8:12] + start[16:32]
    return any(brands[at : at + 4] in _HEIF_BRANDS for at in range(0, len(brands), 4))


def _heif(file: BinaryIO, start: bytes) -> PictureHeader:
    """The largest of the pictures and tiles whose extent (``ispe``) the file states."""
    del start
    meta = _box(iter(_boxes_of_heif(file)), b"meta")[4:]
    properties = _box(_boxes_in(_box(_boxes_in(meta), b"iprp")), b"ipco")
    extents = [
        struct.unpack(">4xII", body[:12]) for kind, body in _boxes_in(properties) if kind == b"ispe"
    ]
    if not extents:
        raise ValueError("no extent")
    width, height = max(extents, key=lambda extent: extent[0] * extent[1])
    return PictureHeader(width, height)


def _box(boxes: Iterator[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    found = next((body for kind, body in boxes if kind == wanted), None)
    if found is None:
        raise ValueError(f"no {wanted.decode()}")
    return found


def _boxes_of_heif(file: BinaryIO) -> list[tuple[bytes, bytes]]:
    """The top boxes up to descriptions and pixels, whole; the body of ``meta`` alone is read."""
    num_bytes = file.seek(0, 2)
    boxes: list[tuple[bytes, bytes]] = []
    position = 0
    # phones write more behind the pixels, which need not be boxes
    while not {b"meta", b"mdat"} <= {kind for kind, _ in boxes} and len(boxes) < _MAX_BOXES:
        file.seek(position)
        head = file.read(16)
        size, kind = struct.unpack(">I4s", head[:8])
        head_bytes = 8
        if size == 1:
            (size,), head_bytes = struct.unpack(">Q", head[8:]), 16
        size = size or num_bytes - position
        if size < head_bytes or position + size > num_bytes:
            raise ValueError("cut short")
        file.seek(position + head_bytes)
        body = file.read(min(size - head_bytes, _MAX_META_BYTES)) if kind == b"meta" else b""
        boxes.append((kind, body))
        position += size
    return boxes


def _boxes_in(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position < len(body):
        size, kind = struct.unpack(">I4s", body[position : position + 8])
        if size < 8 or position + size > len(body):
            raise ValueError("cut short")
        yield kind, body[position + 8 : position + size]
        position += size


def _tiff(file: BinaryIO, start: bytes) -> PictureHeader:
    order = "<" if start[:2] == b"II" else ">"
    (offset,) = struct.unpack(f"{order}I", start[4:8])
    sides: dict[int, int] = {}
    for num_pages in range(1, _MAX_BOXES):
        file.seek(offset)
        (num_tags,) = struct.unpack(f"{order}H", file.read(2))
        entries = file.read(12 * num_tags)
        for index in range(num_tags):
            entry = entries[12 * index :]
            tag, kind = struct.unpack(f"{order}HH", entry[:4])
            if tag in _TIFF_SIDES:
                short = kind == 3
                (side,) = struct.unpack(
                    f"{order}{'H' if short else 'I'}", entry[8:][: 2 if short else 4]
                )
                sides[tag] = max(side, sides.get(tag, 0))
        (offset,) = struct.unpack(f"{order}I", file.read(4))
        if not offset:
            width, height, tile_width, tile_height = (sides.get(tag, 0) for tag in _TIFF_SIDES)
            if not (width and height):
                return PictureHeader(0, 0)
            # a tile may be larger than the picture it is a part of; it is decoded whole
            return PictureHeader(max(width, tile_width), max(height, tile_height), num_pages)
    raise ValueError("too many pages")


_Reader = Callable[[BinaryIO, bytes], PictureHeader]
_READERS: tuple[tuple[Callable[[bytes], bool], _Reader], ...] = (
    (lambda start: start.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda start: start.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda start: start[:4] == b"RIFF" and start[8:12] == b"WEBP", _webp),
    (lambda start: start.startswith(b"BM"), _bmp),
    (lambda start: start[:4] in (b"II*\x00", b"MM\x00*"), _tiff),
    (is_heif, _heif),
)
