"""What a file of sound says of itself: rate, channels and length, without decoding it."""

# soundfile brings no type stubs
# pyright: reportMissingTypeStubs=false

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import soundfile

from tasks.errors import ProgramError, ProgramHungError
from tasks.inputs.sound_length import wrong_wav_length
from tasks.processes.decoder_chatter import decoders_silenced
from tasks.processes.ffmpeg import confined, ffmpeg_path, time_limit_s
from tasks.processes.programs import run_program
from tasks.speech.recordings.compressed_header import compressed_header


@dataclass(frozen=True)
class SoundHeader:
    """What a recording says of itself; ``duration_s`` is None where it does not say."""

    sample_rate_hz: int
    num_channels: int
    duration_s: float | None


def read_sound_header(source: Path) -> SoundHeader | None:
    """What the first sound track of a file says of itself, undecoded; None if there is none.

    Raises:
        ProgramHungError: the header cannot be read in time.
    """
    return _plain_header(source) or _compressed_header(source) or _header_by_ffmpeg(source)


def _plain_header(source: Path) -> SoundHeader | None:
    """Of a WAV, FLAC or OGG, without starting a program; None for anything else."""
    with source.open("rb") as file:
        start = file.read(12)
    wrong = wrong_wav_length(source)
    if wrong:
        return SoundHeader(wrong.sample_rate_hz, wrong.num_channels, wrong.duration_s)
    # libsndfile knows MP3 too, but complains of odd tags on the terminal
    if not start.startswith((b"RIFF", b"fLaC", b"OggS")):
        return None
    with (
        decoders_silenced(),
        suppress(soundfile.LibsndfileError),
        soundfile.SoundFile(source) as file,
    ):
        rate_hz, num_channels = int(file.samplerate), int(file.channels)
        return SoundHeader(rate_hz, num_channels, file.frames / rate_hz)
    return None


def _compressed_header(source: Path) -> SoundHeader | None:
    """Of most MP3 and M4A files, without starting a program either."""
    told = compressed_header(source)
    if told is None:
        return None
    return SoundHeader(told.sample_rate_hz, told.num_channels, told.duration_s)


def _header_by_ffmpeg(source: Path) -> SoundHeader | None:
    command = [ffmpeg_path(), "-nostdin", "-hide_banner", *confined(["-i", f"file:{source}"])]
    words = ""
    try:
        run_program(command, timeout_s=time_limit_s())
    except ProgramHungError:
        raise
    except ProgramError as error:  # always: no output is asked for
        words = error.stderr
    track = _TRACK.search(words)
    if track is None:
        return None
    length = _DURATION.search(words)
    seconds = (
        None if length is None else sum(60 ** (2 - i) * float(length[i + 1]) for i in range(3))
    )
    layout = track["channels"] or {"mono": "1", "stereo": "2"}.get(track["layout"], "2")
    return SoundHeader(int(track["rate"]), int(layout), seconds)


# tags are indented further: nobody can write such a line into one
_DURATION = re.compile(r"^  Duration: (\d+):(\d+):(\d+(?:\.\d+)?)", re.MULTILINE)
_TRACK = re.compile(
    r"^  Stream #0:\d+[^\n]*?: Audio: [^\n]*?(?P<rate>\d+) Hz, "
    r"(?:(?P<channels>\d+) channels|(?P<layout>[^,\n]+))",
    re.MULTILINE,
)
