"""Copies of several recordings in one file, and the same cut apart again.

ffmpeg has two threads for each file that it writes and wakes them for every few milliseconds of
sound, which costs more than decoding a short recording does. So copies of one kind are written
one behind the other, with a mark behind each. A mark is a fixed row of samples, found again byte by
byte; where it is not found just as often as it was put, and the last time at the very end, nothing
that was cut is used.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_MARK_S = 0.004
_PRIME, _SQUARE, _LINE = 65_521, 12_345, 6_789  # a row that no recording comes near by chance
_FULL_SCALE = 1 << 15
_DTYPES = {"s16": "<i2", "flt": "<f4"}
_CODECS = {"s16": "pcm_s16le", "flt": "pcm_f32le"}
_LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True)
class Join:
    """Copies that are alike in all but their sound.

    Attributes:
        name: one letter, other than that of each other join of the same start of ffmpeg.
        path: of the file that holds them all.
        streams: of ffmpeg's filter graph, in their order.
        copies: the files that they are to become.
        sample_rate_hz: of all of them.
        num_channels: of all of them, one or two.
        sample_format: ``s16`` or ``flt``.
    """

    name: str
    path: Path
    streams: tuple[str, ...]
    copies: tuple[Path, ...]
    sample_rate_hz: int
    num_channels: int
    sample_format: str

    @property
    def graphs(self) -> tuple[str, str]:
        """Filters that make the marks, and that put streams and marks behind one another."""
        layout, count = _LAYOUTS[self.num_channels], len(self.streams)
        place = f"(n*n*{_SQUARE}+n*{_LINE})"
        wave = f"({place}-{_PRIME}*floor({place}/{_PRIME})-{_PRIME // 2})/{_FULL_SCALE}"
        waves = "|".join([wave] * self.num_channels)
        marks = [f"[{self.name}k{index}]" for index in range(count)]
        pairs = "".join(f"{stream}{mark}" for stream, mark in zip(self.streams, marks, strict=True))
        return (
            f"aevalsrc=exprs={waves}:s={self.sample_rate_hz}:d={_MARK_S}:c={layout},"
            f"aformat=sample_fmts={self.sample_format},asplit={count}{''.join(marks)}",
            f"{pairs}concat=n={2 * count}:v=0:a=1[{self.name}]",
        )

    @property
    def codec(self) -> str:
        """The encoder for the samples, as ffmpeg calls it."""
        return _CODECS[self.sample_format]

    @property
    def mark(self) -> bytes:
        """What stands behind each copy."""
        place = np.arange(round(_MARK_S * self.sample_rate_hz))
        samples = (place * place * _SQUARE + place * _LINE) % _PRIME - _PRIME // 2
        dtype = _DTYPES[self.sample_format]
        scaled = samples / _FULL_SCALE if self.sample_format == "flt" else samples
        return np.repeat(scaled.astype(dtype), self.num_channels).tobytes()


def cut_apart(join: Join) -> bool:
    """Write each copy as ffmpeg writes it alone; False if the marks are not where they were put.

    Raises:
        OSError: a copy cannot be written.
    """
    data = join.path.read_bytes()
    start = _start_of_sound(data)
    bounds = _bounds(data, start, join) if start else None
    if start is None or bounds is None:
        return False
    for copy, (first, end) in zip(join.copies, bounds, strict=True):
        header = _header_for(data[:start], end - first, join)
        with copy.open("wb") as file:
            file.write(header)
            file.write(memoryview(data)[first:end])
    return True


def _bounds(data: bytes, start: int, join: Join) -> Sequence[tuple[int, int]] | None:
    mark, bounds = join.mark, list[tuple[int, int]]()
    for _ in join.copies:
        end = data.find(mark, start)
        if end <= start or (end - start) % _bytes_of(join):
            return None  # of a recording without sound ffmpeg makes no copy
        bounds.append((start, end))
        start = end + len(mark)
    return bounds if start == len(data) else None


def _bytes_of(join: Join) -> int:
    """Of one sample of all channels."""
    return join.num_channels * np.dtype(_DTYPES[join.sample_format]).itemsize


def _start_of_sound(data: bytes) -> int | None:
    """Where the samples of a WAV begin; None where it is none."""
    at = 12
    while data[:4] == b"RIFF" and at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if kind == b"data":
            return at
        at += size + size % 2
    return None


def _header_for(header: bytes, num_bytes: int, join: Join) -> bytes:
    """The header of the joined file, with the lengths of one copy."""
    changed, at = bytearray(header), 12
    struct.pack_into("<I", changed, 4, len(header) - 8 + num_bytes)
    while at < len(header):
        kind, size = struct.unpack_from("<4sI", header, at)
        if kind == b"fact":
            struct.pack_into("<I", changed, at + 8, num_bytes // _bytes_of(join))
        if kind == b"data":
            struct.pack_into("<I", changed, at + 4, num_bytes)
            break
        at += 8 + size + size % 2
    return bytes(changed)
