"""WAV files of speech: the bytes and levels that libsndfile and a reading of the file give."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tasks.speech.loudness import grid_levels, grid_levels_of
from tasks.speech.wav_files import write_wav


def _blocks(lengths: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(sum(lengths))
    return [rng.integers(-32767, 32768, length).astype(np.int16) for length in lengths]


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 48_000])
@pytest.mark.parametrize("lengths", [(7680,), (7680, 15_360, 23_040), (1,), (0, 5)])
def test_a_file_has_the_bytes_that_libsndfile_writes(
    lengths: tuple[int, ...], rate: int, tmp_path: Path
) -> None:
    blocks = _blocks(lengths)
    with soundfile.SoundFile(tmp_path / "a.wav", "w", rate, 1, "PCM_16", format="WAV") as file:
        for block in blocks:
            file.write(block)

    sha256 = write_wav(tmp_path / "b.wav", blocks, rate)

    data = (tmp_path / "b.wav").read_bytes()
    assert data == (tmp_path / "a.wav").read_bytes()
    assert sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("lengths", [(7680,), (7680,) * 300, (7680, 15_360, 100), (50,)])
def test_levels_from_memory_are_those_of_the_file(lengths: tuple[int, ...], tmp_path: Path) -> None:
    blocks = [block // 7 if index % 2 else block for index, block in enumerate(_blocks(lengths))]
    blocks[0][:] = 0 if len(blocks) > 1 else blocks[0]

    write_wav(tmp_path / "a.wav", blocks, 16_000)

    assert grid_levels_of(np.concatenate(blocks)) == grid_levels(tmp_path / "a.wav")
