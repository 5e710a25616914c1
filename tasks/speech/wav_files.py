"""WAV files of 16 bits: written in one go and hashed as they are written."""

import hashlib
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_FORM_BYTES, _PCM, _MONO, _BYTES = 16, 1, 1, 2
_LONGEST_BYTES = 0xFFFFFFFF - _HEADER.size


def write_wav(path: Path, blocks: Iterable[NDArray[np.int16]], sample_rate_hz: int) -> str:
    """Write mono sound, byte by byte what libsndfile writes for it.

    Args:
        path: of the file.
        blocks: ``(S,)`` each, in order.
        sample_rate_hz: of the sound.

    Returns:
        The file's sha256.

    Raises:
        ValueError: the sound is too long for a WAV file.
        OSError: it cannot be written.
    """
    parts = [np.ascontiguousarray(block, "<i2") for block in blocks]
    num_bytes = sum(part.nbytes for part in parts)
    if num_bytes > _LONGEST_BYTES:
        raise ValueError(f"{num_bytes} bytes of sound are more than a WAV file holds")
    header = _HEADER.pack(
        *(b"RIFF", _HEADER.size - 8 + num_bytes, b"WAVE"),
        *(b"fmt ", _FORM_BYTES, _PCM, _MONO, sample_rate_hz, sample_rate_hz * _BYTES),
        *(_BYTES, 8 * _BYTES, b"data", num_bytes),
    )
    digest = hashlib.sha256(header)
    with path.open("wb") as file:
        file.write(header)
        for part in parts:
            digest.update(part.data)
            file.write(part.data)
    return digest.hexdigest()
