"""What deliverables will cost: encodes, room on the disk, seconds of a core. Pure.

Measured on films of the preview engine in 1080x1920 (2026-11-29, 2 cores of a shared machine,
24 GB).
"""

from collections.abc import Iterable

from pydantic import Field

from tasks.deliver_records import Size
from tasks.media.sound import AUDIO_BITRATE_BPS
from tasks.record import Record

_CORE_SECONDS_PER_PIXEL = 0.022e-6  # to encode a film, read it back and decode it
_BITS_PER_PIXEL = 0.044
_POSTER_BITS_PER_PIXEL = 1.0


class DeliverablesQuote(Record):
    """What is still to be made of masters, finished ones and those to come."""

    num_encodes: int = Field(description="Films; those of their master's size are among them.")
    num_bytes: int
    core_s: float = Field(description="Seconds of computing, on one core.")


def reckoned(films: Iterable[tuple[Size, int, int]]) -> DeliverablesQuote:
    """Of films, each with its size, its number of frames and its frames per second."""
    num_films, num_bytes, core_s = 0, 0.0, 0.0
    for (width, height), num_frames, fps in films:
        pixels = width * height * num_frames
        num_films += 1
        core_s += pixels * _CORE_SECONDS_PER_PIXEL
        num_bytes += pixels * _BITS_PER_PIXEL / 8
        num_bytes += AUDIO_BITRATE_BPS / 8 * num_frames / fps
        num_bytes += width * height * _POSTER_BITS_PER_PIXEL / 8
    return DeliverablesQuote(num_encodes=num_films, num_bytes=round(num_bytes), core_s=core_s)
