"""Seams as they pass: the frames around each boundary are measured, and no others are kept."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from model.engine import Pixels
from tasks.quality.findings import Seam
from tasks.quality.seams import (
    SIDE,
    Luma,
    luma_of,
    reduced,
    shown_share,
    unexplained_beside,
    unexplained_step,
)

_SEAM_REACH = 2 * SIDE  # frames on either side of a seam that are looked at


@dataclass(frozen=True)
class RawSeam:
    """The raw frames beside a seam, before they were encoded: ``(H, W, 3)`` uint8 RGB."""

    before: Pixels
    after: Pixels


class SeamWatch:
    """Measures every seam from the frames around it, and keeps no more than those."""

    def __init__(self, boundaries: Sequence[int], raw_seams: Mapping[int, RawSeam]) -> None:
        self._open = deque(sorted(set(boundaries)))
        self._raw = raw_seams
        self._num_frames = 0
        self._near: dict[int, tuple[Luma, float]] = {}
        self._shares: dict[int, float] = {}
        self._found: list[Seam] = []

    def look(self, frame: Pixels) -> None:
        """Take the next frame."""
        index = self._num_frames
        self._num_frames += 1
        if any(seam - _SEAM_REACH <= index < seam + _SEAM_REACH for seam in self._soon()):
            luma = luma_of(frame)
            self._near[index] = reduced(luma), float(luma.mean())
            if index in self._raw:
                raw = self._raw[index]
                self._shares[index] = shown_share(frame, raw.before, raw.after)
        while self._open and index >= self._open[0] + _SEAM_REACH - 1:
            self._close(self._open.popleft())

    def found(self) -> tuple[Seam, ...]:
        """All seams; called when the video has ended."""
        while self._open:
            self._close(self._open.popleft())
        return tuple(self._found)

    def _soon(self) -> list[int]:
        return list(islice(self._open, 2 * _SEAM_REACH + 1))

    def _close(self, seam: int) -> None:
        before = [self._near[k][0] for k in range(seam - _SEAM_REACH, seam) if k in self._near]
        after = [self._near[k][0] for k in range(seam, seam + _SEAM_REACH) if k in self._near]
        share = self._shares.pop(seam, None)
        self._found.append(
            Seam(
                frame=seam,
                unexplained_step=round(unexplained_step(before[-SIDE:], after[:SIDE]), 3),
                unexplained_beside=round(unexplained_beside(before, after), 3),
                mean_step=round(self._near[seam][1] - self._near[seam - 1][1], 3),
                shown_share=None if share is None else round(share, 3),
            )
        )
        first = self._open[0] if self._open else self._num_frames + _SEAM_REACH
        for index in [k for k in self._near if k < first - _SEAM_REACH]:
            del self._near[index]
