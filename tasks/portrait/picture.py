"""Pictures of any kind -> upright RGB pixels.

What is decoded at the same time fits into one budget of memory, whoever asks for it, and a picture
that several threads ask for at once is decoded once.
"""

# pi_heif brings no type stubs
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import hashlib
import io
import json
import struct
import zlib
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO

import cv2
import numpy as np

from model.engine import Pixels
from model.errors import PortraitError
from tasks.portrait.colour_profile import ProfileError, profile_space, srgb_of_image, to_srgb
from tasks.portrait.jpeg_scans import scans_fault
from tasks.portrait.memory_budget import MemoryBudget
from tasks.portrait.picture_end import end_notices
from tasks.portrait.picture_header import (
    PICTURES,
    PictureHeader,
    is_heif,
    is_picture,
    picture_size_fault,
    read_picture_header,
)
from tasks.processes.decoder_chatter import decoders_silenced

if TYPE_CHECKING:
    from PIL import Image

MAX_SIDE = 2048
_MAX_FILE_BYTES = 512 << 20
_BUDGET = MemoryBudget(2 << 30)
# measured at the worst: sixteen-bit RGBA takes 15.3
_BYTES_PER_PIXEL = 16
_STRIP_PIXELS = 1 << 20
_PICTURES_KEPT = 8
_BACKGROUND = 200.0  # a neutral grey behind transparent pixels
_ORIENTATION_TAG = 0x0112
_JPEG_START = b"\xff\xd8"
_JPEG_END = b"\xff\xd9"
_PNG_START = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """A picture as it is shown.

    Attributes:
        pixels: ``(H, W, 3)`` uint8 RGB in sRGB: upright, opaque.
        unmanaged: the same without its colour profile, which older releases did not apply; None
            where the profile changes nothing.
        notices: what a person should know of the file.
    """

    pixels: Pixels
    unmanaged: Pixels | None = None
    notices: tuple[str, ...] = ()


def read_portrait(path: Path, max_side: int = MAX_SIDE) -> Pixels:
    """The picture as ``(H, W, 3)`` uint8 sRGB: upright, opaque, at most ``max_side`` long.

    Raises:
        PortraitError: the file cannot be read as a picture.
    """
    return read_picture(path, max_side).pixels


def read_planned_portrait(path: Path, sha256: str) -> Pixels | None:
    """The picture whose pixels have this digest, as this release reads it or as an older one did.

    Raises:
        PortraitError: the file cannot be read as a picture.
    """
    picture = read_picture(path)
    readings = (picture.pixels, picture.unmanaged)
    return next((p for p in readings if p is not None and portrait_sha256(p) == sha256), None)


def read_picture(path: Path, max_side: int = MAX_SIDE) -> Picture:
    """The picture and what is known of its colours, at most ``max_side`` long.

    Raises:
        PortraitError: the file cannot be read as a picture.
    """
    try:
        num_bytes = path.stat().st_size
        if num_bytes > _MAX_FILE_BYTES:
            raise PortraitError(
                f"{path}: {num_bytes >> 20} MiB; a portrait file may have at most "
                f"{_MAX_FILE_BYTES >> 20}; save it smaller"
            )
        with path.open("rb") as file:
            header = _checked_header(path, file)
        with _BUDGET.taken(header.num_pixels * _BYTES_PER_PIXEL + num_bytes):
            return _read(path, header, max_side)
    except OSError as error:
        raise PortraitError(f"{path}: cannot be read ({error.strerror}); check the path") from error


class PortraitReader:
    """:func:`read_picture` for many threads: who asks for a picture that is being decoded waits.

    The last few pictures are kept, by the version of their files; their pixels cannot be changed.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._pictures: OrderedDict[tuple[Path, tuple[int, ...]], Future[Picture]] = OrderedDict()

    def read(self, path: Path, version: tuple[int, ...]) -> Picture:
        """The picture; ``version`` is another one where the file has changed.

        Raises:
            PortraitError: the file cannot be read as a picture.
        """
        key = (path, version)
        with self._lock:
            picture = self._pictures.get(key)
            is_mine = picture is None
            if picture is None:
                picture = self._pictures[key] = Future()
                if len(self._pictures) > _PICTURES_KEPT:
                    self._pictures.popitem(last=False)
            self._pictures.move_to_end(key)
        if is_mine:
            try:
                read = read_picture(path)
                read.pixels.flags.writeable = False
                picture.set_result(read)
            except PortraitError as error:
                picture.set_exception(error)
            finally:
                if not picture.done():  # something unforeseen flies: nobody waits for ever
                    picture.cancel()
        return picture.result()


def _checked_header(path: Path, file: BinaryIO) -> PictureHeader:
    start = file.read(32)
    if not is_picture(start):
        raise PortraitError(f"{path}: {_not_a_picture(start)}")
    try:
        header = read_picture_header(file)
    except ValueError as error:
        raise PortraitError(f"{path}: {_not_a_picture(start)}") from error
    fault = picture_size_fault(header)
    if fault:
        raise PortraitError(f"{path}: {fault}; save it smaller")
    return header


def _read(path: Path, header: PictureHeader, max_side: int) -> Picture:
    data = path.read_bytes()
    if _checked_header(path, io.BytesIO(data)) != header:
        raise PortraitError(f"{path}: the file changed while it was read; run the command again")
    if fault := scans_fault(data):
        raise PortraitError(f"{path}: {fault}")
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # the error below says it
    try:
        with decoders_silenced():
            pixels = _decoded_open_end(data) if not header.has_end else _decoded(data)
            notices = () if pixels is None else end_notices(data)
    except cv2.error as error:
        raise PortraitError(f"{path}: {_not_a_picture(data)}") from error
    finally:
        cv2.utils.logging.setLogLevel(level)
    if pixels is None:
        raise PortraitError(f"{path}: {_not_a_picture(data)}")
    picture = _colour_managed(_bounded(pixels, max_side), data, max_side)
    return replace(picture, notices=picture.notices + notices) if notices else picture


def _colour_managed(pixels: Pixels, data: bytes, max_side: int) -> Picture:
    """The decoded ``pixels`` of the file ``data`` in sRGB."""
    try:
        profile = _profile_of(data)
        if profile is None:
            return Picture(pixels)
        if profile_space(profile) == "RGB":
            managed = to_srgb(pixels, profile)
        else:
            managed = _bounded(_converted_by_profile(data, profile), max_side)
    except ProfileError as error:
        return Picture(
            pixels,
            notices=(f"its colour profile is not used: {error}; its colours are taken as sRGB",),
        )
    return Picture(managed, None if managed is pixels else pixels)


def _profile_of(data: bytes) -> bytes | None:
    """The colour profile embedded in a picture file.

    Raises:
        ProfileError: there is one, but parts of it are missing.
    """
    try:
        with _opened(data) as image:
            if "icc_profile" not in image.info:
                return None
            profile = image.info["icc_profile"]
    except (OSError, ValueError, SyntaxError, struct.error):
        return None  # a kind that only OpenCV reads
    if not isinstance(profile, bytes):
        raise ProfileError("parts of it are missing")
    return profile or None


def _converted_by_profile(data: bytes, profile: bytes) -> Pixels:
    """Of a picture in grey or printing colours, whose values only the profile explains."""
    from PIL import ImageOps

    modes = {"GRAY": "L", "CMYK": "CMYK"}
    with _opened(data) as image:
        mode = modes.get(profile_space(profile))
        if mode is None or image.mode != mode:
            raise ProfileError(f"it is one of {profile_space(profile)} colours")
        upright = ImageOps.exif_transpose(image)
        return srgb_of_image(upright, profile)


def _opened(data: bytes) -> "Image.Image":
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the size was checked before, by a rule of ours
    if is_heif(data[:32]):
        import pi_heif

        pi_heif.register_heif_opener()
    return Image.open(io.BytesIO(data))


def _decoded_by_pillow(data: bytes) -> Pixels | None:
    """RGB pixels, upright and opaque, of what OpenCV cannot read; None if ``data`` is damaged."""
    from PIL import ImageOps

    try:
        with _opened(data) as image:
            upright = ImageOps.exif_transpose(image)
            if upright.has_transparency_data:
                return _flattened(np.asarray(upright.convert("RGBA"))[..., [2, 1, 0, 3]])
            return np.asarray(upright.convert("RGB"), np.uint8)
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError):
        return None


def _decoded_open_end(data: bytes) -> Pixels | None:
    """A JPEG without an end marker; None where pixels are missing.

    What follows the last pixel is not read, so that different bytes there change nothing; where
    pixels are missing, they are taken for pixels.
    """
    endings = (b"\x55" * 64 + _JPEG_END, b"\xaa" * 64 + _JPEG_END)
    # OpenCV's decoder writes about such files on the terminal
    one, other = (_decoded_by_pillow(data.rstrip(b"\xff") + ending) for ending in endings)
    if one is None or other is None or not np.array_equal(one, other):
        return None
    return one


def portrait_sha256(pixels: Pixels) -> str:
    """Hex digest of a portrait's pixels and shape."""
    digest = hashlib.sha256(json.dumps(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def _not_a_picture(data: bytes) -> str:
    if not data:
        return "the file is empty; save the picture again"
    if data.startswith((_JPEG_START, _PNG_START)):
        return "the picture is damaged or cut off; save or copy it again"
    return f"this is not a picture that can be read; save it as {PICTURES}"


def _decoded(data: bytes) -> Pixels | None:
    """RGB pixels, upright and opaque; None if ``data`` is no picture."""
    if not data or (data.startswith(_PNG_START) and not _is_whole_png(data)):
        return None
    if is_heif(data[:32]):
        return _decoded_by_pillow(data)
    buffer = np.frombuffer(data, np.uint8)
    if not data.startswith(_JPEG_START):
        raw, kinds, blobs = cv2.imdecodeWithMetadata(buffer, flags=cv2.IMREAD_UNCHANGED)
        if _is_nothing(raw):
            return None
        if raw.ndim == 3 and raw.shape[2] == 4:
            if not np.issubdtype(raw.dtype, np.integer):
                return None
            found = dict(zip([int(kind) for kind in kinds], blobs, strict=True))
            exif = found.get(int(cv2.IMAGE_METADATA_EXIF))
            orientation = 1 if exif is None else exif_orientation(np.asarray(exif).tobytes())
            return np.ascontiguousarray(_upright(_flattened(np.asarray(raw)), orientation))
        del raw  # before the same picture is decoded in another way
    # orientation is applied, grey becomes RGB and sixteen bits become eight
    decoded = cv2.imdecode(buffer, cv2.IMREAD_COLOR_RGB)
    return None if _is_nothing(decoded) else np.asarray(decoded, np.uint8)


def _is_whole_png(data: bytes) -> bool:
    """Every chunk is there and has its checksum: libpng would complain on the terminal."""
    start, kind = len(_PNG_START), b""
    while kind != b"IEND":
        length = int.from_bytes(data[start : start + 4], "big")
        kind, body = data[start + 4 : start + 8], data[start + 4 : start + 8 + length]
        checksum = data[start + 8 + length : start + 12 + length]
        if len(checksum) < 4 or zlib.crc32(body) != int.from_bytes(checksum, "big"):
            return False
        start += 12 + length
    return True


def _is_nothing(decoded: object) -> bool:
    # the library's types leave out that it answers None when it cannot decode
    return decoded is None


def _flattened(raw: np.ndarray[Any, Any]) -> Pixels:
    """BGRA of eight or sixteen bits over the neutral background, a strip at a time."""
    height, width = raw.shape[:2]
    full = float(np.iinfo(raw.dtype).max)
    flat = np.empty((height, width, 3), np.uint8)
    step = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, step):
        strip = raw[top : top + step]
        alpha = strip[..., 3:].astype(np.float32) / full
        colour = strip[..., 2::-1].astype(np.float32) * (255 / full)
        flat[top : top + step] = np.rint(colour * alpha + _BACKGROUND * (1 - alpha))
    return flat


def exif_orientation(exif: bytes) -> int:
    """The orientation of a picture, 1 to 8 as in Exif; 1 where the block does not say."""
    start = exif.find(b"MM\x00*") if b"MM\x00*" in exif else exif.find(b"II*\x00")
    if start < 0:
        return 1
    order = "big" if exif[start : start + 2] == b"MM" else "little"

    def number(offset: int, size: int) -> int:
        return int.from_bytes(exif[start + offset : start + offset + size], order)

    directory = number(4, 4)
    for index in range(number(directory, 2)):
        entry = directory + 2 + 12 * index
        if number(entry, 2) == _ORIENTATION_TAG:
            value = number(entry + 8, 2)
            return value if 1 <= value <= 8 else 1
    return 1


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def _bounded(pixels: Pixels, max_side: int) -> Pixels:
    height, width = pixels.shape[:2]
    scale = max_side / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
