"""What it costs to prepare rows with recordings: new ones, and the same ones again.

Every row has a recording of its own, three seconds at 24 kHz, and they share one portrait. CPU time
is counted with that of all programs that were started.

    .venv/bin/python benchmarks/planning.py [--rows 300] [--kinds wav flac mp3 m4a] [--watch 1000]

``--watch``: after so many rows, each time, a line with the memory held then.
"""

import argparse
import resource
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from flows.session import Request, Session
from tasks.manifest.manifest import RowDefaults
from tasks.processes.ffmpeg import run_ffmpeg

PORTRAIT = Path(__file__).parents[1] / "manifests" / "portraits" / "mara.png"
RATE_HZ, SECONDS = 24_000, 3


def write_rows(folder: Path, count: int, kind: str) -> Path:
    """A manifest whose recordings all differ: bursts of a tone over noise."""
    shutil.copy(PORTRAIT, folder / "face.png")
    random = np.random.default_rng(1)
    time_s = np.arange(SECONDS * RATE_HZ) / RATE_HZ
    lines = ["video_id,script,portrait,audio,engine,size"]
    for number in range(count):
        tone = 0.3 * np.sin(2 * np.pi * (120 + number % 200) * time_s) * (time_s % 1.0 < 0.7)
        noise = 1e-4 * random.standard_normal(len(time_s))
        _write_sound(folder / f"{number}.{kind}", tone + noise)
        lines.append(f"v{number},Number {number}. And so on.,face.png,{number}.{kind},null,384x256")
    manifest = folder / "rows.csv"
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


def _write_sound(path: Path, sound: NDArray[np.float64]) -> None:
    plain = path if path.suffix != ".m4a" else path.with_name("plain.wav")
    soundfile.write(plain, sound, RATE_HZ)
    if plain != path:
        run_ffmpeg(["-y", "-i", f"file:{plain}", "-c:a", "aac", str(path)], timeout_s=60)


def cpu_s() -> tuple[float, float]:
    """Of this process, and of those it started."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    own, programs = (resource.getrusage(each) for each in whose)
    return own.ru_utime + own.ru_stime, programs.ru_utime + programs.ru_stime


def resident_mb() -> float:
    """Memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def prepared(manifest: Path, out: Path, watch: int | None = None) -> tuple[float, float]:
    """CPU seconds of reading and preparing every row: our own, our programs'."""
    before = cpu_s()
    request = Request(
        manifest=manifest, out=out, campaign="rows", defaults=RowDefaults(), workers=2
    )
    for number, each in enumerate(Session(request).prepare(print), 1):
        if each.error:
            raise each.error
        if watch and number % watch == 0:
            spent = (1e3 * (now - then) / number for then, now in zip(before, cpu_s(), strict=True))
            told = " + ".join(f"{ms:.1f}" for ms in spent)
            print(f"after {number}: {told} ms a row, {resident_mb():.0f} MB", flush=True)
    after = cpu_s()
    return after[0] - before[0], after[1] - before[1]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[300])
    parser.add_argument("--kinds", nargs="+", default=["wav", "flac", "mp3"])
    parser.add_argument("--watch", type=int)
    options = parser.parse_args()
    print("| recordings | rows | CPU ms a row, Python | programs | peak memory, MB |")
    print("|---|---|---|---|---|")
    for kind in options.kinds:
        for count in options.rows:
            with tempfile.TemporaryDirectory() as name:
                manifest = write_rows(Path(name), count, kind)
                for what in ("new", "known"):
                    seconds = prepared(manifest, Path(name), options.watch)
                    own, programs = (1e3 * s / count for s in seconds)
                    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                    row = f"| {what}, {kind} | {count} | {own:.1f} | {programs:.1f} "
                    print(f"{row}| {peak_mb:.0f} |", flush=True)


if __name__ == "__main__":
    main()
