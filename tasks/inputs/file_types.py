"""Cheap looks at pictures and recordings: by their first bytes, without decoding them."""

# soundfile brings no type stubs
# pyright: reportMissingTypeStubs=false

from pathlib import Path

import soundfile

from tasks.inputs.sound_ends import adts_fault, is_adts, mp4_fault, ogg_end, size_fault
from tasks.inputs.sound_length import promised_mp3_s, wrong_wav_length
from tasks.portrait.picture_header import (
    PICTURES,
    is_picture,
    picture_size_fault,
    read_picture_header,
)
from tasks.processes.decoder_chatter import decoders_silenced

RECORDINGS = "WAV, FLAC, MP3, M4A or OGG"
_OTHER_PICTURES = (
    (b"GIF8", "a GIF"),
    (b"%PDF", "a PDF"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an SVG drawing"),
    (b"8BPS", "a Photoshop file"),
)
_SOUND_STARTS = (b"fLaC", b"OggS", b"ID3", b"FORM", b".snd")
_OTHER_SOUNDS = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"\x30\x26\xb2\x75",  # Windows Media
    b"#!AMR",
    b"caff",
)


def picture_fault(path: Path) -> str:
    """Why the file at ``path`` cannot be a portrait; empty if nothing speaks against it."""
    with path.open("rb") as file:
        start = file.read(32)
        if not start:
            return "the file is empty"
        for magic, what in _OTHER_PICTURES:
            if start.startswith(magic):
                return f"the file is {what}, not {PICTURES}"
        if start[4:8] == b"ftyp" and not is_picture(start):
            return f"the file is a video, not {PICTURES}"
        if not is_picture(start):
            return f"the file is not {PICTURES}"
        try:
            header = read_picture_header(file)
        except ValueError:
            return "the picture is damaged or cut short"
    return picture_size_fault(header)


def sound_fault(path: Path) -> str:
    """Why the file at ``path`` cannot be a recording; empty if nothing speaks against it."""
    with path.open("rb") as file:
        start = file.read(16)
        if not start:
            return "the file is empty"
        if start[4:8] == b"ftyp":
            return mp4_fault(file)
    if is_adts(path):
        return adts_fault(path)
    if fault := size_fault(path):
        return fault
    if start.startswith(_OTHER_SOUNDS):
        return ""  # what it holds is only known once ffmpeg has read it
    is_wave = start[:4] in (b"RIFF", b"RF64", b"RIFX") and start[8:12] == b"WAVE"
    if not (is_wave or start.startswith(_SOUND_STARTS) or _is_mpeg_audio(start)):
        return f"the file is not {RECORDINGS}"
    if is_wave and wrong_wav_length(path):
        return ""
    if promised_mp3_s(path) is not None:
        return ""  # how much of it is there is known once it has been decoded
    is_ogg = start.startswith(b"OggS")
    if is_ogg and ogg_end(path) == "cut":
        return "the recording is cut short: its last page is not whole"
    return _fault_by_library(path, is_ogg=is_ogg)


def _fault_by_library(path: Path, *, is_ogg: bool) -> str:
    """What libsndfile says against a file; of some kinds of OGG ffmpeg knows more."""
    try:
        with decoders_silenced():
            info = soundfile.info(path)
    except soundfile.LibsndfileError as error:
        said = error.error_string.strip(". ")
        if is_ogg:
            return ""
        # what the library says of MPEG sound that it cannot read; the file is there
        reason = "" if said.startswith("File does not exist") else f" ({said})"
        return f"the recording is damaged or of an unknown type{reason}"
    return "" if info.frames > 0 else "the recording contains no sound"


def _is_mpeg_audio(start: bytes) -> bool:
    return len(start) > 1 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0
