"""CPU seconds to stitch and verify a minute of video: `python benchmarks/stitch.py`.

The segments are a portrait-sized picture that sways and flickers, encoded by the product at its
default profile; a few are encoded and then listed again and again, as reading does not care.
"""

import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from model.engine import Pixels
from tasks.media.encode import encode_segment
from tasks.media.stitch import check_segments, stitch_video
from tasks.processes.ffmpeg import ffmpeg_version
from tasks.records import EncodeProfile, SegmentMedia

WIDTH, HEIGHT, FRAMES, FPS = 704, 384, 120, 25
NUM_DISTINCT = 4
MINUTES = (1, 10, 30)
REPEATS = 2
Segments = list[tuple[Path, SegmentMedia]]


def main() -> None:
    """Measure and print one table."""
    print(ffmpeg_version())
    with tempfile.TemporaryDirectory() as folder:
        distinct, encode_cpu_s = encode_some(Path(folder))
        num_bytes = sum(path.stat().st_size for path, _ in distinct)
        bits = num_bytes * 8 * FPS / FRAMES / NUM_DISTINCT
        per_frame = encode_cpu_s / FRAMES / NUM_DISTINCT
        print(f"{WIDTH}x{HEIGHT}, {FRAMES} frames a segment, {bits / 1e6:.2f} Mbit/s; encoding")
        print(f"with its commit checks {1e3 * per_frame:.1f} ms CPU a frame\n")
        print("| minutes | segments | CPU s | CPU s a minute | wall s | of it the gate, CPU s |")
        print("|---|---|---|---|---|---|")
        for minutes in MINUTES:
            print(row(distinct, minutes, Path(folder)))


def cpu_s() -> float:
    """CPU seconds of this process and of its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def frames(segment: int) -> Pixels:
    """A swaying pattern with a little noise, ``(F, H, W, 3)``."""
    rng = np.random.default_rng(segment)
    texture = rng.normal(128, 30, (HEIGHT // 8, WIDTH // 8, 3)).repeat(8, 0).repeat(8, 1)
    index = np.arange(FRAMES)
    moved = np.stack([np.roll(texture, round(6 * np.sin(i / 9)), axis=1) for i in index])
    moved += rng.normal(0, 1.5, moved.shape).astype(np.float32)
    return moved.clip(0, 255).round().astype(np.uint8)


def encode_some(folder: Path) -> tuple[Segments, float]:
    """A few distinct segments, and the CPU seconds of encoding them."""
    segments: Segments = []
    used = 0.0
    for index in range(NUM_DISTINCT):
        path, made = folder / f"{index}.mp4", frames(index)
        before = cpu_s()
        encoded = encode_segment(
            [made],
            width=WIDTH,
            height=HEIGHT,
            num_frames=FRAMES,
            profile=EncodeProfile(),
            part=path,
        )
        used += cpu_s() - before
        segments.append((path, encoded.media))
    return segments, used


def row(distinct: Segments, minutes: int, folder: Path) -> str:
    """The table's line for a video of ``minutes``: medians of the repeats."""
    num_segments = minutes * 60 * FPS // FRAMES
    segments = [distinct[index % NUM_DISTINCT] for index in range(num_segments)]
    write_speech(folder / "speech.wav", minutes * 60)
    figures = np.array([measure(segments, folder) for _ in range(REPEATS)])
    cpu, wall, gate = np.median(figures, axis=0)
    spread = np.ptp(figures[:, 0])
    return (
        f"| {minutes} | {num_segments} | {cpu:.2f} (spread {spread:.2f}) | {cpu / minutes:.2f} "
        f"| {wall:.2f} | {gate:.2f} |"
    )


def write_speech(path: Path, seconds: int) -> None:
    """Noise in syllables, 24 kHz mono, a second at a time."""
    rng = np.random.default_rng(0)
    envelope = np.abs(np.sin(np.arange(24_000) / 24_000 * 4 * np.pi))
    with soundfile.SoundFile(path, "w", 24_000, 1, "PCM_16") as file:
        for _ in range(seconds):
            file.write(rng.normal(0, 0.1, 24_000) * envelope)


def measure(segments: Segments, folder: Path) -> tuple[float, float, float]:
    """CPU and wall seconds of one stitch, and the CPU seconds of its gate alone."""
    num_frames = len(segments) * FRAMES
    before = cpu_s()
    check_segments(segments, num_frames=num_frames, profile=EncodeProfile())
    gate = cpu_s() - before
    before, started = cpu_s(), time.perf_counter()
    stitch_video(
        segments,
        folder / "speech.wav",
        num_frames=num_frames,
        profile=EncodeProfile(),
        output=folder / "out.mp4",
        metadata={"title": "A benchmark"},
        scratch=folder,
    )
    return cpu_s() - before, time.perf_counter() - started, gate


if __name__ == "__main__":
    main()
