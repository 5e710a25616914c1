"""Segments shared by the media tests: encoding them is what takes time."""

from pathlib import Path

import pytest
from media_clips import Segments, encode_clips, write_noise

FIVE = (48, 12, 1, 24, 11)


@pytest.fixture(scope="session")
def five(tmp_path_factory: pytest.TempPathFactory) -> Segments:
    """Five segments, 96 frames in all; never changed by a test."""
    return encode_clips(tmp_path_factory.mktemp("five"), FIVE)


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """3.84 seconds of sound, as long as ``five``."""
    write_noise(tmp_path / "noise.wav", 3.84)
    return tmp_path / "noise.wav"
