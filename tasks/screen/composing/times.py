"""When things are seen: marks of a script placed in time, on the frame grid. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.reading.cleaning.screen_marks import ScreenMark
from tasks.speech_records import Cue

_WIDE_WEIGHT, _DIGIT_WEIGHT = 3, 3  # of the letters that are said in the same time
_ROUNDING_FRAMES = 1


class MarkTimeError(ValueError):
    """Marks that cannot be kept; ``faults`` are their texts, rules and ways out."""

    def __init__(self, faults: tuple[tuple[str, str, str], ...]) -> None:
        super().__init__(faults)
        self.faults = faults


@dataclass(frozen=True)
class Span:
    """Frames ``start <= i < end``."""

    start: int
    end: int


@dataclass(frozen=True)
class Times:
    """What is seen when.

    Attributes:
        images: number of a product picture, and when; they follow each other without overlap.
        presenter: when the presenter is alone in the whole frame.
        price: when the price is seen.
    """

    images: tuple[tuple[int, Span], ...]
    presenter: tuple[Span, ...]
    price: tuple[Span, ...]


@dataclass(frozen=True)
class Clock:
    """The length of a video in frames, and the captions of its speech in samples.

    Attributes:
        phone_starts: in samples of the speech too; empty: its clauses hold no pauses.
    """

    cues: Sequence[Cue]
    sample_rate_hz: int
    fps: int
    num_frames: int
    phone_starts: Sequence[float] = ()

    def frame_at(self, text: str, index: int) -> int:
        """The frame in which the word begins that stands at ``text[index]``.

        The words of a clause share its phones by their length, or its time where none are told.
        """
        told = sum(not sign.isspace() for sign in text[:index])
        for cue in self.cues:
            signs = [sign for sign in cue.text if not sign.isspace()]
            if told < len(signs):
                weights = [_weight(sign) for sign in signs]
                share = sum(weights[:told]) / max(sum(weights), 1)
                return int(self._sample_at(cue, share) * self.fps / self.sample_rate_hz)
            told -= len(signs)
        return self.num_frames

    def _sample_at(self, cue: Cue, share: float) -> float:
        """When so much of a clause has been said."""
        first = bisect_left(self.phone_starts, cue.start_sample)
        last = bisect_left(self.phone_starts, cue.end_sample)
        if share and last > first:
            return self.phone_starts[first + int(share * (last - first))]
        return cue.start_sample + share * (cue.end_sample - cue.start_sample)


def times_of(text: str, marks: Sequence[ScreenMark], images: Sequence[int], clock: Clock) -> Times:
    """Marks of a script without marks, in frames.

    The first picture is seen while no mark asks for another one, the price throughout where no
    mark asks for it. A mark without seconds lasts until the next one, or to the end.

    Raises:
        MarkTimeError: marks begin or end behind the end of the speech.
    """
    placed = [(mark, clock.frame_at(text, mark.index)) for mark in marks]
    faults: list[tuple[str, str, str]] = []
    shown: list[tuple[ScreenMark, Span]] = []
    for position, (mark, start) in enumerate(placed):
        following = [at for other, at in placed[position + 1 :] if _ends(mark, other)]
        end = following[0] if following else clock.num_frames
        if mark.seconds is not None:
            asked = start + max(1, round(mark.seconds * clock.fps))
            if asked > clock.num_frames + _ROUNDING_FRAMES:
                left_s = (clock.num_frames - start) / clock.fps
                rule = f"lasts {mark.seconds:g} s, and the video ends {left_s:.1f} s after it"
                faults.append((mark.written, rule, "give it less time, or leave the time out"))
            end = min(asked, end)
        if start >= clock.num_frames:
            rule = "stands behind the last word of the speech"
            faults.append((mark.written, rule, "put it before a word"))
        elif end > start:
            shown.append((mark, Span(start, min(end, clock.num_frames))))
    if faults:
        raise MarkTimeError(tuple(dict.fromkeys(faults)))
    prices = [span for mark, span in shown if mark.shown == "price"]
    has_price_marks = any(mark.shown == "price" for mark in marks)
    return Times(
        images=_images(shown, images, clock.num_frames),
        presenter=tuple(span for mark, span in shown if mark.shown == "presenter"),
        price=tuple(prices) if has_price_marks else (Span(0, clock.num_frames),),
    )


def _ends(mark: ScreenMark, other: ScreenMark) -> bool:
    """Whether a later mark ends an earlier one: what is seen instead, or the price anew."""
    is_price = mark.shown == "price"
    return (other.shown == "price") == is_price


def _images(
    shown: Sequence[tuple[ScreenMark, Span]], images: Sequence[int], num_frames: int
) -> tuple[tuple[int, Span], ...]:
    """Which picture is seen in which frames; the first one wherever no mark names another."""
    if not images:
        return ()
    found: list[tuple[int, Span]] = []
    at = 0
    for mark, span in shown:
        if mark.shown != "image":
            continue
        if span.start > at:
            found.append((images[0], Span(at, span.start)))
        found.append((mark.number, span))
        at = span.end
    if at < num_frames:
        found.append((images[0], Span(at, num_frames)))
    joined: list[tuple[int, Span]] = []
    for number, span in found:
        if joined and joined[-1][0] == number and joined[-1][1].end == span.start:
            joined[-1] = (number, Span(joined[-1][1].start, span.end))
        else:
            joined.append((number, span))
    return tuple(joined)


def _weight(sign: str) -> int:
    if "\u2e80" <= sign <= "\u9fff":
        return _WIDE_WEIGHT
    return _DIGIT_WEIGHT if sign.isdigit() else 1
