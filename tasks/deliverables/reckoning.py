"""What deliverables will cost: encodes, room on the disk, seconds of a core. Pure.

At one quality an enlarged picture needs bits for its edges: they grow less than its area.
Key frames, a blurred canvas and burned captions need more. Fitted to films of the preview engine,
3 to 14 s, of 360x360 to 1080x1920 (`benchmarks/results/deliverables-xeon-2026-11.md`).
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pydantic import Field

from tasks.deliver_records import DeliverableReceipt, Enlargement, Size, Upscaler
from tasks.deliverables.final_encode import KEYFRAME_EVERY
from tasks.deliverables.store import files_of
from tasks.deliverables.upscaler import most_enlarged_bytes
from tasks.errors import counted
from tasks.media.sound import AUDIO_BITRATE_BPS
from tasks.plan.estimate import Pace, Timing, pace_of
from tasks.record import Record

CALIBRATED = "2026-11-30"
"""When the figures below were measured: on 2 cores of a shared machine, 24 GB."""
_DETAIL = 0.6  # bits of a picture grow with this power of its area,
_TALL = 0.4  # and with this power of its height in widths: a face fills more of a tall one
_KEY_BITS, _KEY_CANVAS_BITS = 174, 0.088  # of a key frame: the presenter; each blurred pixel
_BITS, _CANVAS_BITS, _CAPTION_BITS = 8.65, 0.0322, 0.0016  # of any other; captions: of the screen's
_BOXED_BITS = 0.0009  # captions in a box on a layout's still ground, of the screen's pixels
_POSTER_BITS = 930  # for the root of its area
# a machine that is crowded takes a third more for short films, a quiet one a tenth less for long
_FILM_CORE_S = 1.07
_SCREEN_CORE_S, _PRESENTER_CORE_S = 12.4e-9, 3.5e-9  # of a pixel of each frame
_LAYOUT_CORE_S = 10.5e-9  # of a pixel of the screen, where a layout's pictures are laid over it
_BLURRED_CORE_S = 9.1e-9  # of a pixel of a blurred canvas
_COPIED_CORE_S = 5.2e-9  # of a pixel of the screen whose packet is copied, and read back

_UNKNOWN = "how long was not known before"


@dataclass(frozen=True)
class FilmAhead:
    """A film that is still to be made.

    Attributes:
        size: width and height.
        presenter: width and height of what the master fills on it.
        num_frames, fps: of the film.
        is_blurred: whether what the master leaves free is its own picture, blurred.
        has_captions: whether captions are burned into it.
        has_layout: whether a layout's pictures are laid over it; captions then stand on its still
            ground, and not on the moving picture.
        num_copied_frames: of them, those whose packets an earlier film has.
        upscaler: that enlarges its master first; None: nothing does.
        enlarged: width and height of the enlarged master.
        num_enlarged_frames: of the master.
    """

    size: Size
    presenter: Size
    num_frames: int
    fps: int
    is_blurred: bool = False
    has_captions: bool = False
    has_layout: bool = False
    num_copied_frames: int = 0
    upscaler: Upscaler | None = None
    enlarged: Size = (0, 0)
    num_enlarged_frames: int = 0


class DeliverablesQuote(Record):
    """What is still to be made of masters, finished ones and those to come."""

    num_encodes: int = Field(description="Films; those of their master's size are among them.")
    num_bytes: int
    core_s: float = Field(description="Seconds of computing, on one core; upscalers come beside.")
    num_enlarged: int = Field(default=0, description="Films whose master is enlarged first.")
    enlarging_s: float | None = Field(
        default=0.0,
        description="Seconds of upscalers, one film after the other, as they took them before; "
        "None: unknown, because none of the output's films tells it yet.",
    )
    enlarging_bytes: int = Field(
        default=0, description="Room for temporary files that the largest enlarged master needs."
    )


def reckoned(
    films: Iterable[FilmAhead], pace_of_upscaler: Callable[[Upscaler], Pace | None] = lambda _: None
) -> DeliverablesQuote:
    """All films together; ``pace_of_upscaler`` as for :func:`enlarging_s`."""
    ahead = list(films)
    enlarged = [film for film in ahead if film.upscaler is not None]
    return DeliverablesQuote(
        num_encodes=len(ahead),
        num_bytes=round(sum(map(_bytes_of, ahead))),
        core_s=sum(map(core_s_of, ahead)),
        num_enlarged=len(enlarged),
        enlarging_s=enlarging_s(enlarged, pace_of_upscaler),
        enlarging_bytes=max(
            (most_enlarged_bytes(film.enlarged, film.num_enlarged_frames) for film in enlarged),
            default=0,
        ),
    )


def enlarging_s(
    films: Iterable[FilmAhead], pace_of_upscaler: Callable[[Upscaler], Pace | None]
) -> float | None:
    """Seconds that upscalers take for films, one after the other; None: one is not known yet.

    ``pace_of_upscaler`` tells the pace of each, see :func:`upscaler_pace`.
    """
    whole_s = 0.0
    for film in films:
        if film.upscaler is None:
            continue
        pace = pace_of_upscaler(film.upscaler)
        if pace is None:
            return None
        pixels = film.enlarged[0] * film.enlarged[1] * film.num_enlarged_frames
        whole_s += pace.work_s(pixels, 1)
    return whole_s


def upscaler_pace(measured: Sequence[Enlargement]) -> Pace | None:
    """What earlier films say of an upscaler: its start, and each pixel; None: there are none."""
    if not measured:
        return None
    by_pixels = sorted(
        (each.size[0] * each.size[1] * each.num_frames, each.seconds) for each in measured
    )
    half = (len(by_pixels) + 1) // 2
    short, long = by_pixels[:half], by_pixels[-half:]
    return pace_of(_mean(short), _mean(long), 0.0)


def _mean(timings: Sequence[tuple[int, float]]) -> Timing:
    pixels, seconds = (sum(each) / len(timings) for each in zip(*timings, strict=True))
    return Timing(round(pixels), seconds)


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
    told = f"{told}, {num_bytes / 1e6:.1f} MB ({off:+.0%}), in {seconds:.0f} s of its workers"
    if not quote.num_enlarged:
        return told
    took_s = sum(each.enlargement.seconds for each in made if each.enlargement)
    known = f"{quote.enlarging_s:.0f} s reckoned" if quote.enlarging_s is not None else _UNKNOWN
    return f"{told}; of these {took_s:.0f} s were the upscaler's ({known})"


def core_s_of(film: FilmAhead) -> float:
    """Seconds of one core to make a film and read it back."""
    screen, presenter, blurred = _areas(film)
    pixel_s = screen * (_SCREEN_CORE_S + _LAYOUT_CORE_S * film.has_layout)
    pixel_s += presenter * _PRESENTER_CORE_S + blurred * _BLURRED_CORE_S
    num_encoded = film.num_frames - film.num_copied_frames
    copied_s = film.num_copied_frames * screen * _COPIED_CORE_S
    return _FILM_CORE_S + num_encoded * pixel_s + copied_s


def _bytes_of(film: FilmAhead) -> float:
    """Of a film and its poster."""
    screen, presenter, canvas = _areas(film)
    detail = presenter**_DETAIL * (film.presenter[1] / film.presenter[0]) ** _TALL
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
