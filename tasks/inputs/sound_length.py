"""How long a recording says it is, and whether that is so: WAV and MP3. Bytes alone are read.

Speech services, pipes and recorders that crashed leave WAV headers with a length that nobody knew
yet. Copies that were broken off leave compressed files that decode without a word of complaint.
"""

import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tasks.inputs.sound_ends import id3_bytes

_COPY_BYTES = 1 << 20
_SLACK_BYTES = 64  # programs that count their header, or forget it
_PLACEHOLDERS = (1 << 28, 1 << 29, 1 << 30, 1_000_000_000, 2_000_000_000)
_LEAST_PLACEHOLDER = 0x7FFF0000
_MULTIPLES = (2, 3, 4, 8)  # programs that count samples of another width, or of more channels
_RF64_SIZE = 0xFFFFFFFF
_MOST_RIFF_BYTES = 0xFFFFFFFE
_MPEG_RATES = (44_100, 48_000, 32_000)
_MPEG_SAMPLES = {3: 1152, 2: 576, 0: 576}  # of a frame of layer III, by version
_XING = (b"Xing", b"Info")


@dataclass(frozen=True)
class WrongLength:
    """A WAV whose header is wrong about how much sound follows; all of it is there.

    Attributes:
        declared_bytes: of sound, by the header.
        num_bytes: of sound, to the end of the file; of whole samples alone.
        start: of the sound, in bytes.
        sample_rate_hz: by the header.
        num_channels: by the header.
        bytes_a_second: by the header.
    """

    declared_bytes: int
    num_bytes: int
    start: int
    sample_rate_hz: int
    num_channels: int
    bytes_a_second: int

    @property
    def duration_s(self) -> float | None:
        """Of all that is there; None where the header gives no rate."""
        return self.num_bytes / self.bytes_a_second if self.bytes_a_second else None

    @property
    def is_longer(self) -> bool:
        """Whether there is more sound than the header says, but it does say something."""
        return 0 < self.declared_bytes < self.num_bytes

    @property
    def notice(self) -> str:
        """For the person who made the recording."""
        if not self.declared_bytes:
            return "its header was never finished; it was read to the end of the file"
        return (
            f"its header promises {self.declared_bytes} bytes of sound, there are "
            f"{self.num_bytes}; it was read to the end of the file"
        )


def wrong_wav_length(path: Path) -> WrongLength | None:
    """What a WAV gets wrong about its length; None for honest files, and for cut off ones."""
    with path.open("rb") as file:
        num_bytes = file.seek(0, 2)
        file.seek(0)
        start = file.read(12)
        if start[:4] not in (b"RIFF", b"RF64") or start[8:] != b"WAVE":
            return None
        rate = channels = bytes_a_second = block_bytes = large = 0
        while len(header := file.read(8)) == 8:
            kind, size = struct.unpack("<4sI", header)
            if kind == b"fmt ":
                fields = struct.unpack("<2xHIIH", file.read(14).ljust(14))
                channels, rate, bytes_a_second, block_bytes = fields
                file.seek(size + size % 2 - 14, 1)
            elif kind == b"ds64":
                (large,) = struct.unpack("<8xQ", file.read(16).ljust(16))
                file.seek(size + size % 2 - 16, 1)
            elif kind == b"data":
                at = file.tell()
                there = num_bytes - at
                if start[:4] == b"RF64" and size == _RF64_SIZE:
                    size = large
                if not _is_wrong(file, size, there):
                    return None
                there -= there % max(1, block_bytes)
                return WrongLength(size, there, at, rate, channels, bytes_a_second)
            else:
                file.seek(size + size % 2, 1)
    return None


def write_with_right_length(wrong: WrongLength, source: Path, path: Path) -> None:
    """A copy of a WAV whose header says how long it is.

    Raises:
        OSError: there is no room for it, say.
    """
    with source.open("rb") as file, path.open("wb") as out:
        header = bytearray(file.read(wrong.start))
        size = wrong.start + wrong.num_bytes - 8
        if size <= _MOST_RIFF_BYTES:
            header[:4], header[4:8] = b"RIFF", struct.pack("<I", size)
            header[-4:] = struct.pack("<I", wrong.num_bytes)
        else:  # to the end of the file, for the one program that reads it
            header[4:8] = header[-4:] = struct.pack("<I", _RF64_SIZE)
        out.write(header)
        shutil.copyfileobj(file, out, _COPY_BYTES)
        out.truncate(wrong.start + wrong.num_bytes)


def _is_wrong(file: BinaryIO, declared: int, there: int) -> bool:
    """Whether all that is there is sound; ``file`` stands where it begins."""
    if there <= 0:
        return False
    if declared > there:
        is_placeholder = declared >= _LEAST_PLACEHOLDER or any(
            abs(declared - each) <= _SLACK_BYTES for each in _PLACEHOLDERS
        )
        is_multiple = any(abs(declared - each * there) <= _SLACK_BYTES for each in _MULTIPLES)
        return is_placeholder or is_multiple or declared - there <= _SLACK_BYTES
    if not declared:
        return not _chunks_follow(file, there)
    # recorders that crashed may have written the length that they had come to
    rest = there - declared - declared % 2
    file.seek(declared + declared % 2, 1)
    return rest > _SLACK_BYTES and not _chunks_follow(file, rest)


def _chunks_follow(file: BinaryIO, there: int) -> bool:
    """Whether what lies in the place of the sound is padding, or chunks up to the file's end."""
    start, behind = file.tell(), 0
    while there - behind > 1:
        file.seek(start + behind)
        header = file.read(8)
        if header[:3] in (b"ID3", b"TAG", b"APE"):
            return True
        if len(header) < 8 or not header[:4].strip(b" ").isalnum():
            return there - behind <= _SLACK_BYTES and not header.strip(b"\0")
        behind += 8 + int.from_bytes(header[4:], "little")
        behind += behind % 2
    return behind <= there + _SLACK_BYTES


# --- MP3 ------------------------------------------------------------------------------------------


def promised_mp3_s(path: Path) -> float | None:
    """Seconds by the Xing or LAME header of an MP3; None where there is none."""
    with path.open("rb") as file:
        file.seek(id3_bytes(file.read(10)))
        frame = file.read(4096)
    while frame[:1] == b"\0":  # padding of the tag
        frame = frame[1:]
    if len(frame) < 64 or frame[0] != 0xFF or frame[1] & 0xE6 != 0xE2:
        return None
    version, rate_index = frame[1] >> 3 & 3, frame[2] >> 2 & 3
    if version == 1 or rate_index == 3:
        return None
    mark = next((frame.find(each, 0, 64) for each in _XING if each in frame[:64]), -1)
    if mark < 0 or len(frame) < mark + 12:
        return None
    flags, num_frames = struct.unpack(">II", frame[mark + 4 : mark + 12])
    if not flags & 1:
        return None
    rate = _MPEG_RATES[rate_index] / {3: 1, 2: 2, 0: 4}[version]
    return num_frames * _MPEG_SAMPLES[version] / rate
