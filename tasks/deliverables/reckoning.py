"""What deliverables will cost: encodes, room on the disk, seconds of a core. Pure.

At one quality an enlarged picture needs bits for its edges: they grow with the root of its area.
Key frames, a blurred canvas and burned captions need more. Fitted to films of the preview engine,
3 to 14 s, of 360x360 to 1080x1920 (`benchmarks/results/deliverables-xeon-2026-11.md`).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import Field

from tasks.deliver_records import DeliverableReceipt, Size
from tasks.deliverables.final_encode import KEYFRAME_EVERY
from tasks.deliverables.store import files_of
from tasks.errors import counted
from tasks.media.sound import AUDIO_BITRATE_BPS
from tasks.record import Record

CALIBRATED = "2026-11-29"
"""When the figures below were measured: on 2 cores of a shared machine, 24 GB."""
_DETAIL = 0.55  # bits of a picture grow with this power of its area
_KEY_BITS, _KEY_CANVAS_BITS = 275, 0.072  # of a key frame: the presenter; each blurred pixel
_BITS, _CANVAS_BITS, _CAPTION_BITS = 21.5, 0.032, 0.0098  # of any other; captions: of the screen's
_BOXED_BITS = 0.0009  # captions in a box on a layout's still ground, of the screen's pixels
_POSTER_BITS = 930  # for the root of its area
# between those of a quiet machine and of a crowded one, which differ by a quarter
_FILM_CORE_S = 0.61
_SCREEN_CORE_S, _PRESENTER_CORE_S = 10.4e-9, 11.9e-9  # of a pixel of each frame
_FLAT_CORE_S = 11.5e-9  # of a pixel of the screen, where its canvas is flat
_BLURRED_CORE_S = 20.2e-9  # of a pixel of a blurred canvas


@dataclass(frozen=True)
class FilmAhead:
    """A film that is still to be made.

    Attributes:
        size: width and height.
        presenter: width and height of what the master fills on it.
        num_frames, fps: of the film.
        is_blurred: whether what the master leaves free is its own picture, blurred.
        has_captions: whether captions are burned into it.
        has_layout: whether they stand on a layout's still ground, and not on the moving picture.
    """

    size: Size
    presenter: Size
    num_frames: int
    fps: int
    is_blurred: bool = False
    has_captions: bool = False
    has_layout: bool = False


class DeliverablesQuote(Record):
    """What is still to be made of masters, finished ones and those to come."""

    num_encodes: int = Field(description="Films; those of their master's size are among them.")
    num_bytes: int
    core_s: float = Field(description="Seconds of computing, on one core.")


def reckoned(films: Iterable[FilmAhead]) -> DeliverablesQuote:
    """All films together."""
    each = [(_bytes_of(film), core_s_of(film)) for film in films]
    return DeliverablesQuote(
        num_encodes=len(each),
        num_bytes=round(sum(num_bytes for num_bytes, _ in each)),
        core_s=sum(core_s for _, core_s in each),
    )


def told_beside(quote: DeliverablesQuote, made: Sequence[DeliverableReceipt]) -> str:
    """What was reckoned, and what a run made; for the report."""
    num_bytes = sum(entry.num_bytes for each in made for entry in files_of(each).values())
    told = (
        f"{counted(quote.num_encodes, 'film')}, {quote.num_bytes / 1e6:.1f} MB, "
        f"{quote.core_s:.0f} s of computing; this run made {len(made)}"
    )
    if len(made) != quote.num_encodes:
        return told
    off = num_bytes / quote.num_bytes - 1
    seconds = sum(each.seconds for each in made)
    return f"{told}, {num_bytes / 1e6:.1f} MB ({off:+.0%}), in {seconds:.0f} s of its workers"


def core_s_of(film: FilmAhead) -> float:
    """Seconds of one core to make a film and read it back."""
    screen, presenter, blurred = _areas(film)
    is_flat = presenter < screen and not film.is_blurred
    pixel_s = screen * (_SCREEN_CORE_S + _FLAT_CORE_S * is_flat)
    pixel_s += presenter * _PRESENTER_CORE_S + blurred * _BLURRED_CORE_S
    return _FILM_CORE_S + film.num_frames * pixel_s


def _bytes_of(film: FilmAhead) -> float:
    """Of a film and its poster."""
    screen, presenter, canvas = _areas(film)
    detail = presenter**_DETAIL
    num_keys = math.ceil(film.num_frames / KEYFRAME_EVERY)
    key_bits = _KEY_BITS * detail + _KEY_CANVAS_BITS * canvas
    caption_bits = _BOXED_BITS if film.has_layout else _CAPTION_BITS
    bits = _BITS * detail + _CANVAS_BITS * canvas + caption_bits * screen * film.has_captions
    picture = num_keys * key_bits + (film.num_frames - num_keys) * bits
    sound = AUDIO_BITRATE_BPS * film.num_frames / film.fps
    return (picture + sound + _POSTER_BITS * presenter**0.5) / 8


def _areas(film: FilmAhead) -> tuple[int, int, int]:
    """Pixels of the screen, of the presenter on it, and of a blurred canvas around him."""
    screen, presenter = (width * height for width, height in (film.size, film.presenter))
    return screen, presenter, (screen - presenter) * film.is_blurred
