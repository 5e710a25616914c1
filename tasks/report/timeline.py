"""What gates said of a finished video, and where its segments are, for the page. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.records import VideoReceipt

_LEAD_S = 1.0  # so long before a fault the player starts


@dataclass(frozen=True)
class GateFault:
    """One thing that a gate found.

    Attributes:
        gate: its name.
        second: where, from the video's start.
        is_held: whether the video is held for it; else it is only told.
        words: for people, without the time.
    """

    gate: str
    second: float
    is_held: bool
    words: str

    @property
    def clock(self) -> str:
        """Where, for people: ``0:14``."""
        minutes, seconds = divmod(int(self.second), 60)
        return f"{minutes}:{seconds:02}"


@dataclass(frozen=True)
class Stretch:
    """A segment on the timeline: its share of the video in percent, and its worst verdict."""

    start_s: float
    percent: float
    verdict: str


def gate_faults(receipt: Mapping[str, Any]) -> tuple[GateFault, ...]:
    """The verdicts in a video's receipt, the worst first; none where nothing was judged."""
    found = [
        GateFault(
            gate=str(each.get("gate", "")),
            second=float(each.get("second", 0.0)),
            is_held=bool(each.get("held", False)),
            words=str(each.get("words", "")),
        )
        for each in receipt.get("gates") or ()
    ]
    return tuple(sorted(found, key=lambda each: (not each.is_held, each.second)))


def stretches(receipt: VideoReceipt, faults: Sequence[GateFault]) -> tuple[Stretch, ...]:
    """The segments of a video in order; empty where an earlier release did not tell them."""
    start, found = 0, list[Stretch]()
    fps = receipt.num_frames / receipt.duration_s
    for segment in receipt.segments:
        end = start + segment.num_frames
        inside = [each for each in faults if start <= each.second * fps < end]
        verdict = "held" if any(each.is_held for each in inside) else "warn" if inside else "pass"
        share = 100 * segment.num_frames / receipt.num_frames
        found.append(Stretch(start / fps, round(share, 3), verdict))
        start = end
    return tuple(found)


def start_of(faults: Sequence[GateFault]) -> float:
    """Second at which the player starts: shortly before the worst fault."""
    return max(0.0, round(faults[0].second - _LEAD_S, 2)) if faults else 0.0
