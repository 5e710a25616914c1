"""Generated clips for the media tests: every frame carries its number, every sound is its own.

A frame is a soft moving pattern under a barcode of 16 blocks, its number in binary, which
survives encoding and is read back from the decoded picture.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
import soundfile

from tasks.media.encode import EncodedSegment, encode_segment
from tasks.records import EncodeProfile, SegmentMedia

WIDTH, HEIGHT = 64, 48
_BLOCK = 4
_BITS = 16

Segments = list[tuple[Path, SegmentMedia]]


def barcode_frames(start: int, end: int) -> np.ndarray:
    """Frames ``start <= i < end``, ``(F, H, W, 3)`` uint8."""
    index = np.arange(start, end)[:, None, None]
    x, y = np.arange(WIDTH)[None, None, :], np.arange(HEIGHT)[None, :, None]
    wave = 128 + 60 * np.sin((x + 0.5 * index) / 9) * np.cos((y - 0.3 * index) / 11)
    frames = np.stack([wave, 0.8 * wave + 20, 0.6 * wave + 60], axis=-1).round().astype(np.uint8)
    for bit in range(_BITS):
        is_on = (index[:, 0, 0] >> bit) & 1
        frames[:, :_BLOCK, bit * _BLOCK : (bit + 1) * _BLOCK] = (235 * is_on)[:, None, None, None]
    return frames


def read_barcode(frame: np.ndarray) -> int:
    """The number burnt into a decoded RGB frame."""
    middle = frame[1:3, :, :].mean(axis=(0, 2)).reshape(_BITS, _BLOCK)[:, 1:3].mean(axis=1)
    return int(sum(1 << bit for bit in range(_BITS) if middle[bit] > 118))


def encode_clip(
    folder: Path, name: str, start: int, end: int, profile: EncodeProfile | None = None
) -> tuple[Path, EncodedSegment]:
    """Encode frames ``start <= i < end`` into ``folder/name``."""
    path = folder / name
    encoded = encode_segment(
        [barcode_frames(start, end)],
        width=WIDTH,
        height=HEIGHT,
        num_frames=end - start,
        profile=profile or EncodeProfile(),
        part=path,
    )
    return path, encoded


def encode_clips(
    folder: Path, lengths: Sequence[int], profile: EncodeProfile | None = None
) -> Segments:
    """One segment for each length, one after the other."""
    ends = list(accumulate(lengths))

    def encode(index: int) -> tuple[Path, SegmentMedia]:
        start = ends[index] - lengths[index]
        path, encoded = encode_clip(folder, f"{index:04}.mp4", start, ends[index], profile)
        return path, encoded.media

    # short clips are all start and end of ffmpeg
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(encode, range(len(lengths))))


def write_noise(path: Path, seconds: float, rate_hz: int = 24_000, channels: int = 1) -> np.ndarray:
    """Noise that never repeats; its samples ``(S, C)``."""
    rng = np.random.default_rng(7)
    sound = rng.normal(0, 0.12, (round(seconds * rate_hz), channels))
    sound = np.apply_along_axis(lambda x: np.convolve(x, np.ones(4) / 2, "same"), 0, sound)
    soundfile.write(path, sound, rate_hz, subtype="PCM_16")
    return sound


@dataclass(frozen=True)
class Decoded:
    """What an independent reader (PyAV) makes of a finished video."""

    barcodes: list[int]
    pts: list[int]
    sound: np.ndarray
    sound_rate_hz: int
    sound_start_s: float


def decode(path: Path) -> Decoded:
    """Decode a video wholly."""
    barcodes: list[int] = []
    pts: list[int] = []
    for frame in _frames(path, "video"):
        barcodes.append(read_barcode(frame.to_ndarray(format="rgb24")))
        pts.append(frame.pts)
    pieces = list(_frames(path, "audio"))
    if not pieces:
        return Decoded(barcodes, pts, np.zeros(0), 0, 0.0)
    sound = np.concatenate([piece.to_ndarray()[0] for piece in pieces])
    start = float(pieces[0].pts * pieces[0].time_base)
    return Decoded(barcodes, pts, sound, pieces[0].sample_rate, start)


def _frames(path: Path, kind: str) -> Iterator[av.VideoFrame | av.AudioFrame]:
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        if streams:
            yield from container.decode(streams[0])
