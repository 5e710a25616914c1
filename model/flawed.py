"""The preview engine with a fault put in, for tests of what follows one: gates, new seeds, holds.

A fault of the picture shows in frames ``at_frame <= i < at_frame + num_frames`` of the video; one
of the mouth in every segment that holds such a frame. With ``only_seed`` it shows under that seed
alone, so that another try is clean.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import cv2
import numpy as np

from model.engine import (
    EngineIdentity,
    Handoff,
    Pixels,
    Rendering,
    SegmentJob,
    Setting,
    SingleProcess,
    check_settings,
)
from model.numbered import frame_numbers
from model.preview.engine import SETTINGS as PREVIEW_SETTINGS
from model.preview.engine import PreviewEngine

PICTURE_FLAWS = ("frozen", "doubled", "black", "noise", "blur", "colour", "jump", "face", "second")
MOUTH_FLAWS = ("late", "dead")
EVERY_SEED = -1
SETTINGS: Mapping[str, Setting] = {
    **PREVIEW_SETTINGS,
    "flaw": "",
    "at_frame": 0,
    "num_frames": 25,
    "only_seed": EVERY_SEED,
}
_LATE_SAMPLES = 16_000 * 160 // 1000


class FlawedEngine(SingleProcess):
    """See the module."""

    def __init__(self) -> None:
        self._preview = PreviewEngine()

    @property
    def identity(self) -> EngineIdentity:
        """The preview engine's, under another name and with more settings."""
        return replace(self._preview.identity, name="flawed", settings=SETTINGS)

    def setting_fault(self, name: str, value: Setting) -> str:
        """See :class:`model.engine.Engine`."""
        if name == "flaw" and value not in ("", *PICTURE_FLAWS, *MOUTH_FLAWS):
            return f"must be empty or one of {(*PICTURE_FLAWS, *MOUTH_FLAWS)}"
        return self._preview.setting_fault(name, value)

    def load(self) -> None:
        """See the preview engine."""
        self._preview.load()

    def render(self, job: SegmentJob) -> Rendering:
        """Start rendering ``job``.

        Raises:
            ValueError: a setting or the job breaks a rule of this or the preview engine.
            PortraitError: see the preview engine.
        """
        check_settings(self, job.settings)
        flaw, at = str(job.settings["flaw"]), int(job.settings["at_frame"])
        only = int(job.settings["only_seed"])
        numbers = frame_numbers(job)
        hit = range(max(at, numbers.start), min(at + int(job.settings["num_frames"]), numbers.stop))
        is_flawed = bool(hit) and only in (EVERY_SEED, job.seed)
        asked = replace(job, settings={name: job.settings[name] for name in PREVIEW_SETTINGS})
        if is_flawed and flaw in MOUTH_FLAWS:
            heard = np.roll(job.pcm, _LATE_SAMPLES) if flaw == "late" else np.zeros_like(job.pcm)
            asked = replace(asked, pcm=heard, phonemes=None)
        frames = self._preview.render(asked)
        if not is_flawed or flaw not in PICTURE_FLAWS:
            return frames
        return _FlawedFrames(frames, flaw, hit, numbers.start)


class _FlawedFrames:
    """A rendering with a fault in the frames ``hit``; the handoff shows what was shown."""

    def __init__(self, frames: Rendering, flaw: str, hit: range, first: int) -> None:
        self._frames, self._flaw, self._hit = frames, flaw, hit
        self._number = first
        self._last: Pixels | None = None

    def __iter__(self) -> Iterator[Pixels]:
        return self

    def __next__(self) -> Pixels:
        chunk = next(self._frames).copy()
        for frame in chunk:
            if self._number in self._hit:
                frame[:] = _flawed(frame, self._last, self._flaw, self._number - self._hit.start)
            self._last = frame.copy()
            self._number += 1
        return chunk

    @property
    def handoff(self) -> Handoff:
        """The preview's state with the frame that was shown last."""
        handoff = self._frames.handoff
        assert self._last is not None
        return Handoff(self._last, handoff.state)


def _flawed(frame: Pixels, last: Pixels | None, flaw: str, index: int) -> Pixels:
    """``frame`` ``(H, W, 3)`` with a fault, its ``index``-th from 0."""
    height, width = frame.shape[:2]
    if flaw == "frozen" or (flaw == "doubled" and index == 0):
        return frame if last is None else last
    if flaw == "black":
        return np.zeros_like(frame)
    if flaw == "noise":
        return np.random.default_rng(index).integers(0, 256, frame.shape, np.uint8)
    if flaw == "blur":
        return np.asarray(cv2.GaussianBlur(frame, (0, 0), max(2.0, width / 150)), np.uint8)
    if flaw == "colour":
        return np.clip(frame + np.array([9, 0, -7], np.int16), 0, 255).astype(np.uint8)
    if flaw == "jump":
        return np.roll(frame, max(4, width // 80), 1)
    if flaw == "face":
        return _stretched(frame)
    if flaw == "second":
        side = min(height, width)
        left = (width - side) // 2
        small = cv2.resize(frame[:side, left : left + side], (side * 2 // 5, side * 2 // 5))
        copy = frame.copy()
        copy[: small.shape[0], : small.shape[1]] = small
        return copy
    return frame


def _stretched(frame: Pixels) -> Pixels:
    """Another person: a head a third narrower and longer."""
    height, width = frame.shape[:2]
    matrix = np.array([[0.72, 0, 0.14 * width], [0, 1.3, -0.15 * height]])
    return np.asarray(
        cv2.warpAffine(frame, matrix, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8
    )
