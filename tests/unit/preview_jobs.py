"""Portraits, speech-like sound and jobs for the tests of the preview engine."""

from pathlib import Path

import cv2
import numpy as np

from model.engine import Handoff, Phoneme, Pixels, SegmentJob
from model.preview.motion.curves import CONTEXT_SAMPLES

PORTRAITS = Path(__file__).parents[1] / "portraits"
NAMES = ("mara", "otto", "jun")
SAMPLES_PER_FRAME = 640


def portrait(name: str, side: int = 512) -> Pixels:
    """A presenter, ``(side, side, 3)`` RGB."""
    pixels = cv2.imread(str(PORTRAITS / f"{name}.png"), cv2.IMREAD_COLOR_RGB)
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def landscape(height: int = 240, width: int = 320) -> Pixels:
    """A picture without a face."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x % 256, y % 256, (x + y) % 256], -1).astype(np.uint8)


def speech(
    num_frames: int, start_s: float = 0.0, end_s: float = 1e9, is_sung: bool = False
) -> np.ndarray:
    """Voiced syllables, four a second, or one long vowel; int16, about -23 dBFS."""
    t = np.arange(num_frames * SAMPLES_PER_FRAME) / 16_000
    voice = np.zeros_like(t)
    for harmonic in range(1, 25):
        hertz = 120 * harmonic
        gain = np.exp(-(((hertz - 700) / 300) ** 2)) + 0.4 * np.exp(-(((hertz - 1300) / 400) ** 2))
        voice += gain * np.sin(2 * np.pi * hertz * t + harmonic)
    if not is_sung:
        voice *= np.clip(np.sin(2 * np.pi * 4 * t), 0, None)
    voice *= (t >= start_s) & (t < end_s)
    loud = np.abs(voice) > 1e-9
    level = np.sqrt((voice[loud] ** 2).mean()) if loud.any() else 1.0
    return np.clip(voice / level * 10 ** (-23 / 20) * 32768, -32768, 32767).astype(np.int16)


def job(
    pixels: Pixels,
    track: np.ndarray,
    start_frame: int,
    num_frames: int,
    size: tuple[int, int] = (192, 192),
    handoff: Handoff | None = None,
    rig: dict[str, object] | None = None,
    phonemes: tuple[Phoneme, ...] | None = None,
    seed: int = 3,
    on_no_face: str = "fail",
) -> SegmentJob:
    """The job of a stretch of ``track``, with full context; ``phonemes`` count from the track."""
    start = start_frame * SAMPLES_PER_FRAME - CONTEXT_SAMPLES
    end = (start_frame + num_frames) * SAMPLES_PER_FRAME + CONTEXT_SAMPLES
    pcm = np.zeros(end - start, np.int16)
    low, high = max(start, 0), min(end, len(track))
    if high > low:
        pcm[low - start : high - start] = track[low:high]
    if phonemes is not None:
        phonemes = tuple(
            Phoneme(p.symbol, p.start - start, p.end - start)
            for p in phonemes
            if p.end > start and p.start < end
        )
    return SegmentJob(
        key=f"{start_frame}+{num_frames}",
        portrait=pixels,
        rig=rig,
        handoff=handoff,
        pcm=pcm,
        left_context=CONTEXT_SAMPLES,
        right_context=CONTEXT_SAMPLES,
        phonemes=phonemes,
        prompt="",
        seed=seed,
        width=size[0],
        height=size[1],
        num_frames=num_frames,
        settings={"on_no_face": on_no_face},
    )
