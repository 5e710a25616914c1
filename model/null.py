"""The null engine: the portrait with a frame counter burnt in, for tests of everything around it.

The counter is a row of 24 black and white cells at the top of the frame, most significant first;
:func:`read_counter` reads it back, also from an encoded video.
"""

import os
import time
from collections.abc import Callable, Mapping

import numpy as np

from model.engine import (
    FPS,
    FRAME_MULTIPLE,
    EngineIdentity,
    Pixels,
    Rendering,
    SegmentJob,
    Setting,
    SingleProcess,
    check_settings,
)
from model.errors import MachineError, ResourceError, RowError, Rung
from model.numbered import NumberedFrames, frame_numbers
from model.picture import cover

NUM_BITS = 24
CRASH_EXIT_CODE = 70
SETTINGS: Mapping[str, Setting] = {"delay_ms": 0, "fail": ""}
FAILURES = ("", "row", "resource", "resource-pixels", "machine", "unknown", "crash")

_CELL_HEIGHT = 16


class NullEngine(SingleProcess):
    """Draws next to nothing, very fast; ``fail`` makes it fail after its first frames."""

    @property
    def identity(self) -> EngineIdentity:
        """Name, version and settings; it hears nothing and knows no faces."""
        return EngineIdentity(
            name="null",
            version=1,
            weights_id="none",
            fps=FPS,
            frame_multiple=FRAME_MULTIPLE,
            left_context=0,
            right_context=0,
            settings=SETTINGS,
            needs_face=False,
            is_preview=True,
            uses_seed=False,
        )

    def setting_fault(self, name: str, value: Setting) -> str:
        """See :class:`model.engine.Engine`."""
        if name == "delay_ms" and isinstance(value, int) and value < 0:
            return "must be at least 0"
        if name == "fail" and value not in FAILURES:
            return f"must be one of {FAILURES}"
        return ""

    def load(self) -> None:
        """There is nothing to load."""

    def render(self, job: SegmentJob) -> Rendering:
        """Start rendering ``job``.

        Raises:
            ValueError: a setting, the frame's width or the handoff breaks the engine's rules.
        """
        check_settings(self, job.settings)
        delay_ms, failure = int(job.settings["delay_ms"]), str(job.settings["fail"])
        if job.width < 2 * NUM_BITS:
            raise ValueError(f"width must be at least {2 * NUM_BITS}, got {job.width}")
        picture = cover(job.portrait, job.width, job.height)

        def draw(numbers: range) -> Pixels:
            time.sleep(delay_ms / 1000 * len(numbers))
            pixels = np.repeat(picture[None], len(numbers), 0)
            for frame, number in zip(pixels, numbers, strict=True):
                _burn_counter(frame, number)
            return pixels

        return _FailingFrames(draw, frame_numbers(job), failure)


class _FailingFrames(NumberedFrames):
    """A rendering that fails as asked after its first batch."""

    def __init__(self, draw: Callable[[range], Pixels], numbers: range, failure: str) -> None:
        super().__init__(draw, numbers)
        self._failure = failure

    def __next__(self) -> Pixels:
        if self.num_done:
            _fail(self._failure)
        return super().__next__()


def read_counter(frame: Pixels) -> int:
    """The number burnt into ``frame`` ``(H, W, 3)``, modulo 2**24."""
    cell = frame.shape[1] // NUM_BITS
    row = frame[:_CELL_HEIGHT, : cell * NUM_BITS].mean((0, 2))
    bits = row.reshape(NUM_BITS, cell).mean(1) > 127
    return int(sum(1 << (NUM_BITS - 1 - i) for i, bit in enumerate(bits) if bit))


def _burn_counter(frame: Pixels, number: int) -> None:
    cell = frame.shape[1] // NUM_BITS
    bits = [(number >> (NUM_BITS - 1 - i)) & 1 for i in range(NUM_BITS)]
    row = np.repeat(np.array(bits, np.uint8) * np.uint8(235) + np.uint8(10), cell)
    frame[:_CELL_HEIGHT, : cell * NUM_BITS] = row[None, :, None]


def _fail(failure: str) -> None:
    if failure == "row":
        raise RowError("the null engine was asked to fail as if the row were at fault")
    if failure in ("resource", "resource-pixels"):
        rung = Rung(settings=(("fail", ""),), changes_pixels=failure == "resource-pixels")
        raise ResourceError("the null engine was asked to run out of a resource", (rung,))
    if failure == "unknown":
        raise ValueError("the null engine was asked to fail without a known reason")
    if failure == "machine":
        raise MachineError("the null engine was asked to fail as if this machine were at fault")
    if failure == "crash":
        os._exit(CRASH_EXIT_CODE)
