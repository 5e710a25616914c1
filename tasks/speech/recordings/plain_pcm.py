"""Whether the 16-bit samples of a WAV are sound, or a coded stream that calls itself PCM.

ffmpeg looks for AC-3, DTS, MP3 and their like in the first samples of every such WAV, which costs
more than decoding a short recording. Where the samples cannot be a coded stream it is told not to.
"""

import struct
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

NO_CODED_STREAM: Final = ("-max_probe_packets", "1")
"""For ffmpeg, before ``-i`` of such a WAV: nothing is decoded otherwise for it, but sooner."""
_LOOKED_AT_BYTES = 32 * 4096  # ffmpeg's own search ends there
_QUIET_PEAK = 4096  # every coded frame has words above it, by its header or its data
_LEAST_CORRELATION = 0.5  # of neighbouring samples; of words of a coded stream it is 0
_PADDING_WORDS = 8  # encoders fill frames with one byte, which would correlate
_PCM, _EXTENSIBLE = 1, 0xFFFE


def is_plain_pcm(path: Path) -> bool:
    """Whether ``path`` is a WAV of 16 bits that surely holds samples; False for all else."""
    with path.open("rb") as file:
        start = file.read(12)
        if start[:4] != b"RIFF" or start[8:] != b"WAVE":
            return False
        num_channels = 0
        while len(header := file.read(8)) == 8:
            kind, size = struct.unpack("<4sI", header)
            if kind == b"data":
                return num_channels > 0 and _are_samples(file.read(_LOOKED_AT_BYTES), num_channels)
            body = file.read(16) if kind == b"fmt " and size >= 16 else b""
            if body:
                form, channels, bits = struct.unpack("<HH10xH", body.ljust(16, b"\0"))
                num_channels = channels if form in (_PCM, _EXTENSIBLE) and bits == 16 else 0
            file.seek(size + size % 2 - len(body), 1)
    return False


def _are_samples(data: bytes, num_channels: int) -> bool:
    num_samples = len(data) // (2 * num_channels)
    words = np.frombuffer(data, "<i2", num_samples * num_channels).reshape(-1, num_channels)
    if num_samples < 2:
        return False
    pcm = words.astype(np.float32)
    if float(np.abs(pcm).max()) < _QUIET_PEAK:
        return True
    alike = float(np.vdot(pcm[1:], pcm[:-1])) / float(np.vdot(pcm, pcm))
    return alike >= _LEAST_CORRELATION and not _is_padded(words.reshape(-1))


def _is_padded(words: NDArray[np.int16]) -> bool:
    """Whether a word that is heard follows itself often."""
    same = (words[1:] == words[:-1]) & (np.abs(words[1:].astype(np.int32)) >= _QUIET_PEAK)
    if np.count_nonzero(same) < _PADDING_WORDS:
        return False
    length = 1
    while length < _PADDING_WORDS:  # runs of 2, 4 and 8
        same = same[:-length] & same[length:]
        length *= 2
    return bool(same.any())
