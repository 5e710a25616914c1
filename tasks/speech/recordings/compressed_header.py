"""What an MP3 or an M4A says of itself, read here: a start of ffmpeg costs more than decoding it.

Only files in which all is as it usually is are read; of any other nothing is said, and ffmpeg is
asked.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tasks.inputs.sound_ends import id3_bytes

_MOST_BYTES = 4 << 20
_MOST_SECONDS = 3600.0

# --- MP3 ------------------------------------------------------------------------------------------

_MPEG_1, _MPEG_2, _MPEG_2_5 = 3, 2, 0
_LAYER_3, _MONO = 1, 3
_RATES = {
    _MPEG_1: (44_100, 48_000, 32_000),
    _MPEG_2: (22_050, 24_000, 16_000),
    _MPEG_2_5: (11_025, 12_000, 8_000),
}
_KBITS_1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_ID3V1_BYTES = 128


@dataclass(frozen=True)
class CompressedHeader:
    """Rate, channels and length."""

    sample_rate_hz: int
    num_channels: int
    duration_s: float


def compressed_header(path: Path) -> CompressedHeader | None:
    """Of a short MP3 or M4A without anything unusual in it; None for all else."""
    if path.stat().st_size > _MOST_BYTES:
        return None
    data = path.read_bytes()
    if data[4:8] == b"ftyp":
        return _of_m4a(data)
    return _of_mp3(data) if data[:3] == b"ID3" or data[:1] == b"\xff" else None


def _of_mp3(data: bytes) -> CompressedHeader | None:
    """Told by all of its frames, which must be alike and fill the file."""
    at, end = id3_bytes(data[:10]), len(data)
    if data[end - _ID3V1_BYTES : end - _ID3V1_BYTES + 3] == b"TAG":
        end -= _ID3V1_BYTES
    first: tuple[int, int, bool] | None = None
    num_frames = 0
    while at < end:
        frame = _frame(data[at : at + 4])
        if frame is None or (first is not None and frame[:3] != first):
            return None
        first = frame[:3]
        at += frame[3]
        num_frames += 1
    if first is None or at != end:
        return None
    version, rate, is_mono = first
    num_samples = num_frames * (1152 if version == _MPEG_1 else 576)
    return CompressedHeader(rate, 1 if is_mono else 2, num_samples / rate)


def _frame(header: bytes) -> tuple[int, int, bool, int] | None:
    """Version, rate, whether it is mono, and bytes of a frame of layer III."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bits, rate_index, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version not in _RATES or layer != _LAYER_3 or bits in (0, 15) or rate_index == 3:
        return None
    rate = _RATES[version][rate_index]
    kbits = (_KBITS_1 if version == _MPEG_1 else _KBITS_2)[bits - 1]
    num_bytes = (144_000 if version == _MPEG_1 else 72_000) * kbits // rate + padding
    return version, rate, header[3] >> 6 == _MONO, num_bytes


# --- M4A ------------------------------------------------------------------------------------------

_AAC_RATES = (
    *(96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000),
    *(22_050, 16_000, 12_000, 11_025, 8_000, 7_350),
)
_AAC_LC = 2
_MPEG_4_AUDIO = 0x40
_DESCRIPTOR, _DECODER, _DECODER_SETTINGS = 3, 4, 5


def _of_m4a(data: bytes) -> CompressedHeader | None:
    """Of plain AAC in the only track of the file; channels are what its encoder was told."""
    try:
        moov = dict(_boxes(data))[b"moov"]
        tracks = [body for kind, body in _boxes(moov) if kind == b"trak"]
        media = dict(_boxes(dict(_boxes(tracks[0]))[b"mdia"]))
        tables = dict(_boxes(dict(_boxes(media[b"minf"]))[b"stbl"]))
        entries = list(_boxes(tables[b"stsd"][8:]))
        is_plain = len(tracks) == len(entries) == 1 and media[b"hdlr"][8:12] == b"soun"
        if not is_plain or entries[0][0] != b"mp4a" or entries[0][1][8:10] != b"\0\0":
            return None
        told = _aac(dict(_boxes(entries[0][1][28:]))[b"esds"])
        seconds = _seconds(media[b"mdhd"])
    except (KeyError, IndexError, struct.error, ValueError, ZeroDivisionError):
        return None
    if told is None or not 0 < seconds < _MOST_SECONDS:
        return None
    return CompressedHeader(*told, seconds)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each box.

    Raises:
        ValueError: one does not end where it says.
    """
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > len(data):
            raise ValueError(f"a box of {size} bytes at {at} of {len(data)}")
        yield kind, data[at + 8 : at + size]
        at += size


def _seconds(mdhd: bytes) -> float:
    place = 20 if mdhd[0] == 1 else 12
    (scale,) = struct.unpack_from(">I", mdhd, place)
    (length,) = struct.unpack_from(">Q" if mdhd[0] == 1 else ">I", mdhd, place + 4)
    return length / scale


def _aac(esds: bytes) -> tuple[int, int] | None:
    """Rate and channels that the decoder is told; None where it is no plain AAC."""
    body = _descriptor(esds[4:], _DESCRIPTOR)
    if body[2]:  # flags: what follows them differs
        return None
    body = _descriptor(body[3:], _DECODER)
    if body[0] != _MPEG_4_AUDIO:
        return None
    settings = _descriptor(body[13:], _DECODER_SETTINGS)
    kind, rate_index = settings[0] >> 3, (settings[0] & 7) << 1 | settings[1] >> 7
    num_channels = settings[1] >> 3 & 15
    if kind != _AAC_LC or num_channels not in (1, 2):
        return None
    return _AAC_RATES[rate_index], num_channels


def _descriptor(data: bytes, tag: int) -> bytes:
    """The content of the descriptor that ``data`` begins with.

    Raises:
        ValueError: it is another one.
    """
    if data[0] != tag:
        raise ValueError(f"descriptor {data[0]} in place of {tag}")
    size, at = 0, 1
    while True:
        size = size << 7 | data[at] & 0x7F
        at += 1
        if data[at - 1] < 0x80:
            return data[at : at + size]
