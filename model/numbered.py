"""Renderings whose frames are drawn by their number, counted from the start of the video's chain.

The counter is all that such an engine hands on, so blinks, zooms and counters go on over a seam.
"""

from collections.abc import Callable, Iterator

import numpy as np

from model.engine import Handoff, Pixels, SegmentJob

_BATCH_FRAMES = 12
_STATE = "next_frame"


def frame_numbers(job: SegmentJob) -> range:
    """The numbers of a job's frames: on from its predecessor's, or from 0.

    Raises:
        ValueError: the handoff is of another engine or another frame size.
    """
    first = 0
    if job.handoff is not None:
        first = _next_frame(job.handoff, (job.height, job.width, 3))
    return range(first, first + job.num_frames)


def _next_frame(handoff: Handoff, shape: tuple[int, int, int]) -> int:
    if handoff.last_frame.shape != shape:
        raise ValueError(
            f"the handoff's frame is {handoff.last_frame.shape}, but the job's are {shape}"
        )
    state = handoff.state.get(_STATE)
    if state is None or state.shape != (1,):
        raise ValueError(
            f'the handoff has no "{_STATE}" of one number; it has '
            f"{sorted(handoff.state)}: it comes from another engine"
        )
    return int(state[0])


class NumberedFrames:
    """A rendering: frames in batches, then the handoff; see :class:`model.engine.Rendering`."""

    def __init__(self, draw: Callable[[range], Pixels], numbers: range) -> None:
        """Keep ``draw``, which makes ``(F, H, W, 3)`` uint8 of F consecutive numbers."""
        self._draw, self._numbers = draw, numbers
        self.num_done = 0
        self._last: Pixels | None = None

    def __iter__(self) -> Iterator[Pixels]:
        return self

    def __next__(self) -> Pixels:
        batch = self._numbers[self.num_done : self.num_done + _BATCH_FRAMES]
        if not batch:
            raise StopIteration
        pixels = self._draw(batch)
        self.num_done += len(batch)
        self._last = pixels[-1].copy()
        return pixels

    @property
    def handoff(self) -> Handoff:
        """The last frame and the number of the next.

        Raises:
            ValueError: frames are still to come.
        """
        if self._last is None or self.num_done < len(self._numbers):
            raise ValueError(
                f"the handoff is known after {len(self._numbers)} frames, "
                f"but only {self.num_done} have been taken"
            )
        return Handoff(self._last, {_STATE: np.array([self._numbers.stop], np.int64)})
