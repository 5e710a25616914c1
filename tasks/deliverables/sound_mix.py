"""Music under speech: looped, faded, held down while somebody speaks, then levelled as a whole."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from model.errors import RowError
from tasks.errors import FfmpegError
from tasks.media.sound import AUDIO_RATE_HZ, measure_loudness
from tasks.processes.ffmpeg import run_ffmpeg, time_limit_s

_UNDER_SPEECH_LU = 12.0  # between speech, before it is held down
_LEAST_LUFS = -60.0  # quieter music is silence
_LEAST_S, _LONGEST_S = 2.0, 3600.0
_FADE_IN_S, _FADE_OUT_S = 1.0, 2.0
_CLIPPED_DBTP = 0.5
# held down by a factor of up to six where speech is above -34 dBFS, back within half a second
_DUCKING = "threshold=0.02:ratio=6:attack=20:release=500:knee=4"


@dataclass(frozen=True)
class Music:
    """What was measured of a file of music.

    Attributes:
        seconds: of it.
        loudness_lufs: of all of it.
        notices: what a person should know, in sentences.
    """

    seconds: float
    loudness_lufs: float
    notices: tuple[str, ...]


@lru_cache(maxsize=64)
def measured_music(path: Path, version: tuple[int, ...]) -> Music:
    """Of a file, once a version (see :func:`tasks.store.files.file_version`).

    Raises:
        RowError: it cannot be read, is silent, or is shorter than two seconds.
    """
    del version  # part of the cache's key
    try:
        heard = measure_loudness(path, None, seconds=_LONGEST_S)
        seconds = _seconds_of(path)
    except FfmpegError as error:
        raise RowError(f"music {path.name} cannot be read: {error}; save it as WAV") from error
    if seconds < _LEAST_S:
        raise RowError(
            f"music {path.name} has {seconds:.1f} s, at least {_LEAST_S:g} are needed to loop it; "
            "use a longer piece"
        )
    if heard.integrated_lufs <= _LEAST_LUFS:
        raise RowError(
            f"music {path.name} is silent ({heard.integrated_lufs:.0f} LUFS); name another file, "
            "or leave the cell empty"
        )
    told: list[str] = []
    if heard.true_peak_dbtp > _CLIPPED_DBTP:
        told.append(
            f"music {path.name} is clipped (true peak {heard.true_peak_dbtp:+.1f} dBTP); it is "
            "played much more softly, but may sound harsh"
        )
    return Music(seconds, heard.integrated_lufs, tuple(told))


def _seconds_of(path: Path) -> float:
    """By decoding it: what a header says of a compressed file may be wrong."""
    samples = run_ffmpeg(
        ["-i", f"file:{path}", "-map", "0:a:0", "-ac", "1", "-ar", "8000", "-f", "u8", "pipe:1"],
        timeout_s=time_limit_s(sound_s=_LONGEST_S),
    )
    return len(samples) / 8000


def mix_args(speech: Path, music: Path, gain_db: float, seconds: float, mix: Path) -> list[str]:
    """Ffmpeg's arguments to mix music under a film's sound into a WAV of 32-bit floats, stereo."""
    stereo = f"aresample={AUDIO_RATE_HZ},aformat=sample_fmts=fltp:channel_layouts=stereo"
    fade_out = min(_FADE_OUT_S, seconds / 2)
    fade_in = min(_FADE_IN_S, seconds / 2)
    graph = ";".join(
        (
            f"[0:a:0]{stereo},asplit=2[speech][key]",
            f"[1:a:0]{stereo},volume={gain_db:.2f}dB,atrim=end={seconds:.6f},"
            f"afade=t=in:d={fade_in:.3f},"
            f"afade=t=out:st={seconds - fade_out:.6f}:d={fade_out:.3f}[music]",
            f"[music][key]sidechaincompress={_DUCKING}[under]",
            "[speech][under]amix=inputs=2:duration=first:normalize=0[mix]",
        )
    )
    return [
        *("-i", f"file:{speech}", "-stream_loop", "-1", "-i", f"file:{music}"),
        *("-filter_complex", graph, "-map", "[mix]", "-map_metadata", "-1"),
        *("-fflags", "+bitexact", "-flags:a", "+bitexact", "-c:a", "pcm_f32le"),
        *("-t", f"{seconds:.6f}", "-y", f"file:{mix}"),
    ]


def write_mix(
    speech: Path, music: Path, measured: Music, *, seconds: float, target_lufs: int, mix: Path
) -> None:
    """Write the sound of a film with music under it, not levelled yet, as WAV.

    Args:
        speech: the master, or any sound of its length.
        music: a file of any length, rate and number of channels.
        measured: of it.
        seconds: of the film.
        target_lufs: of the film, below which the music is set.
        mix: to write.

    Raises:
        FfmpegError: ffmpeg failed.
    """
    gain_db = target_lufs - _UNDER_SPEECH_LU - measured.loudness_lufs
    run_ffmpeg(
        mix_args(speech, music, gain_db, seconds, mix), timeout_s=time_limit_s(sound_s=4 * seconds)
    )
