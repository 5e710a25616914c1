"""How many scans a JPEG has: a few bytes each, and each makes its decoder pass over every pixel."""

import re

MOST_SCANS = 100
"""Encoders write one to fifteen; a hundred over the most pixels take about half a minute."""
_START = b"\xff\xd8"
_SCAN, _END = 0xDA, 0xD9
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
# inside a scan 0xFF is followed by 0, or by the number of a restart
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)


def num_scans(jpeg: bytes) -> int:
    """Scans of the first picture in a file; what is embedded in its segments does not count.

    One more than the most is not counted on.
    """
    position, count = len(_START), 0
    while count <= MOST_SCANS and (found := _MARKER.search(jpeg, position)):
        position, mark = found.end(), found[1][0]
        if mark == _END:
            break
        count += mark == _SCAN
        if mark not in _BARE:
            position += int.from_bytes(jpeg[position : position + 2], "big")
    return count


def scans_fault(picture: bytes) -> str:
    """Why decoding a picture would take too long; empty for every other kind than JPEG."""
    if not picture.startswith(_START) or num_scans(picture) <= MOST_SCANS:
        return ""
    return (
        f"the JPEG has more than {MOST_SCANS} scans, which would take very long to read; save it "
        'again, without "progressive" or as PNG'
    )
