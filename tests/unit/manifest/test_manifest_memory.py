"""What a row of a long manifest costs in memory."""

import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import soundfile

from tasks.manifest.manifest import RowDefaults, read_manifest

PORTRAIT = Path(__file__).parents[3] / "manifests" / "portraits" / "mara.png"
FEW, MANY = 100, 400


def bytes_of_reading(folder: Path, num_rows: int) -> tuple[int, int]:
    """Held by the rows that were read, and at the most while they were."""
    lines = ["video_id,script,portrait,audio,engine,size"]
    lines += [f"v{i},Hello {i}.,face.png,talk.wav,null,384x256" for i in range(num_rows)]
    path = folder / "rows.csv"
    path.write_text("\n".join(lines) + "\n")
    tracemalloc.start()
    try:
        manifest = read_manifest(path, RowDefaults())
        assert len(manifest.rows) == num_rows
        return tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


def test_a_row_takes_few_kilobytes(tmp_path: Path) -> None:
    shutil.copy(PORTRAIT, tmp_path / "face.png")
    soundfile.write(tmp_path / "talk.wav", np.zeros(4800), 24_000)
    bytes_of_reading(tmp_path, 1)  # imports, dictionaries
    few, many = bytes_of_reading(tmp_path, FEW), bytes_of_reading(tmp_path, MANY)
    held, peak = ((b - a) / (MANY - FEW) for a, b in zip(few, many, strict=True))
    # a campaign takes 2.4 and 5.0 kB a row; it was 4.0 and 8.5 (7.7 here before the collector runs)
    # while readers kept how cells are read, and rows a note of each field with nothing in it
    assert held < 3300
    assert peak < 6800
