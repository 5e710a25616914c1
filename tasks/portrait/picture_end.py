"""Whether a picture's pixels end before its header says, although the file has an end.

What is cut off is refused by the readers of headers. A file that was saved or closed all the same,
or whose rest was never written and is zeros, decodes to a picture whose lower part is filled in.
"""

import re

import cv2
import numpy as np

_JPEG_START, _JPEG_END = b"\xff\xd8", 0xD9
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
# inside a scan 0xFF is followed by 0, or by the number of a restart
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
_FILLINGS = (b"\x55" * 64, b"\xaa" * 64)
_MANY_ZEROS = 512
_MISSING = (
    "its data end before its last pixels, as in a file that was not copied to its end: its lower "
    "part is filled in; look at it, or copy it again"
)
_ZEROS = (
    "its file ends in {number:,} zero bytes: the picture is black there, or it was not copied to "
    "its end; look at it, or copy it again"
)


def end_notices(picture: bytes) -> tuple[str, ...]:
    """What a person should know of the end of a picture that could be decoded."""
    if picture.startswith(_JPEG_START):
        end = _jpeg_end(picture)
        if end is None:
            return _zeros_told(picture)
        return (_MISSING,) if _takes_more(picture, end) else ()
    if picture[:4] == b"RIFF":
        num_bytes = 8 + int.from_bytes(picture[4:8], "little")
        return _zeros_told(picture[:num_bytes])
    if picture[4:8] == b"ftyp":
        return _zeros_told(picture[: _media_end(picture)])
    return _zeros_told(picture) if picture.startswith((b"BM", b"II", b"MM")) else ()


def _zeros_told(picture: bytes) -> tuple[str, ...]:
    number = len(picture) - len(picture.rstrip(b"\x00"))
    return (_ZEROS.format(number=number),) if number >= _MANY_ZEROS else ()


def _jpeg_end(jpeg: bytes) -> int | None:
    """Where the end marker of the first picture is; what is embedded in segments does not count."""
    position = len(_JPEG_START)
    while found := _MARKER.search(jpeg, position):
        position, mark = found.end(), found[1][0]
        if mark == _JPEG_END:
            return found.start()
        if mark not in _BARE:
            position += int.from_bytes(jpeg[position : position + 2], "big")
    return None


def _takes_more(jpeg: bytes, end: int) -> bool:
    """Whether bytes that are put before the end become pixels."""
    one, other = (
        cv2.imdecode(
            np.frombuffer(jpeg[:end] + filling + b"\xff\xd9", np.uint8),
            cv2.IMREAD_REDUCED_GRAYSCALE_2,
        )
        for filling in _FILLINGS
    )
    return one is not None and other is not None and not np.array_equal(one, other)


def _media_end(picture: bytes) -> int:
    """The end of the last box of coded pixels; what programs write behind it does not count."""
    position, end = 0, 0
    while position + 8 <= len(picture):
        size = int.from_bytes(picture[position : position + 4], "big")
        kind = picture[position + 4 : position + 8]
        if size == 1:
            size = int.from_bytes(picture[position + 8 : position + 16], "big")
        size = size if size >= 8 else len(picture) - position  # 0: to the end of the file
        position = min(position + size, len(picture))
        end = position if kind == b"mdat" else end
    return end
