"""Pictures of any kind -> upright RGB pixels."""

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from model.engine import Pixels
from model.errors import PortraitError

MAX_SIDE = 2048
_MAX_FILE_BYTES = 512 << 20
_BACKGROUND = 200.0  # a neutral grey behind transparent pixels
_ORIENTATION_TAG = 0x0112
_JPEG_START = b"\xff\xd8"
_PNG_START = b"\x89PNG\r\n\x1a\n"


def read_portrait(path: Path, max_side: int = MAX_SIDE) -> Pixels:
    """The picture as ``(H, W, 3)`` uint8 RGB: upright, opaque, at most ``max_side`` long.

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
        data = path.read_bytes()
    except OSError as error:
        raise PortraitError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # the error below says it
    try:
        pixels = _decoded(data)
    except cv2.error as error:
        raise PortraitError(f"{path}: {_not_a_picture(data)}") from error
    finally:
        cv2.utils.logging.setLogLevel(level)
    if pixels is None:
        raise PortraitError(f"{path}: {_not_a_picture(data)}")
    return _bounded(pixels, max_side)


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
    return "this is not a picture that can be read; save it as PNG, JPEG, WebP or TIFF"


def _decoded(data: bytes) -> Pixels | None:
    """RGB pixels, upright and opaque; None if ``data`` is no picture."""
    if not data or (data.startswith(_PNG_START) and not _is_whole_png(data)):
        return None
    buffer = np.frombuffer(data, np.uint8)
    if not data.startswith(_JPEG_START):
        raw, kinds, blobs = cv2.imdecodeWithMetadata(buffer, flags=cv2.IMREAD_UNCHANGED)
        if _is_nothing(raw):
            return None
        if raw.ndim == 3 and raw.shape[2] == 4:
            found = dict(zip([int(kind) for kind in kinds], blobs, strict=True))
            exif = found.get(int(cv2.IMAGE_METADATA_EXIF))
            orientation = 1 if exif is None else exif_orientation(np.asarray(exif).tobytes())
            return np.ascontiguousarray(_upright(_flattened(np.asarray(raw)), orientation))
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
    """BGRA of eight or sixteen bits over the neutral background."""
    full = float(np.iinfo(raw.dtype).max)
    alpha = raw[..., 3:].astype(np.float32) / full
    colour = raw[..., 2::-1].astype(np.float32) * (255 / full)
    return np.rint(colour * alpha + _BACKGROUND * (1 - alpha)).astype(np.uint8)


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
