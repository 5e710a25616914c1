"""Reading and checking 10,000 rows, each with a picture and a recording of its own.

.venv/bin/python benchmarks/manifest.py [--rows 10000]
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parents[1]))

from tasks.manifest.manifest import RowDefaults, read_manifest


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    count = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        assert cv2.imwrite(str(folder / "0.png"), np.zeros((8, 8, 3), np.uint8))
        soundfile.write(folder / "0.wav", np.zeros(160), 16_000)
        for number in range(1, count):
            (folder / f"{number}.png").write_bytes((folder / "0.png").read_bytes())
            (folder / f"{number}.wav").write_bytes((folder / "0.wav").read_bytes())
        rows = [f"v-{n},Line number {n}.,{n}.png,{n}.wav" for n in range(count)]
        path = folder / "many.csv"
        path.write_text("\n".join(["video_id,script,portrait,audio", *rows]))
        before, started, cpu = peak_mb(), time.perf_counter(), time.process_time()
        assert len(read_manifest(path, RowDefaults()).rows) == count
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    print("| rows | files | wall, s | CPU, s | more memory, MB |\n|---|---|---|---|---|")
    print(f"| {count} | {2 * count} | {wall:.1f} | {cpu:.1f} | {peak_mb() - before:.0f} |")


if __name__ == "__main__":
    main()
