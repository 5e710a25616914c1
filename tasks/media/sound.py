"""What viewers hear: measured, brought to its loudness, encoded once, and measured again.

Loudness is that of ITU-R BS.1770 and EBU R 128, as ffmpeg's ``ebur128`` measures it; the gain is
one number for the whole video. Peaks that it would raise too far are held down by a limiter that
works at 192 kHz, so that it sees what lies between samples too. It takes loudness away again, and
AAC may overshoot: the encoded sound is measured, and where it misses, it is encoded again, from
the speech and at most twice.
"""

# soundfile brings no type stubs
# pyright: reportMissingTypeStubs=false

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from tasks.errors import FfmpegError, ProgramError
from tasks.processes.ffmpeg import (
    confined,
    ffmpeg_builder,
    ffmpeg_path,
    run_ffmpeg,
    time_limit_s,
)
from tasks.processes.programs import run_program
from tasks.records import Loudness, SoundLoudness
from tasks.speech.k_weighting import LUFS_OF_FULL_POWER, KWeighting
from tasks.speech.loudness import (
    FLOOR_DB,
    FRAMES_PER_SECOND,
    Levels,
    active_frames,
    active_level_db,
    frame_levels,
)

AUDIO_RATE_HZ = 48_000
AUDIO_BITRATE_BPS = 128_000
DEFAULT_LUFS = -16
MOST_TRUE_PEAK_DBTP = -1.5
MOST_OFF_LU = 1.0
MOST_GAIN_DB = 20.0
LEAST_SPEECH_S = 3.0
"""Less speech has no steady integrated loudness."""
_GATE_LU = 10.0  # what is that much quieter than the rest has no part in integrated loudness
SPEECH_OVER_INTEGRATED_LU = 1.0
"""Loudness of speech without its gaps over that of the whole, where both are steady."""
_CEILING_DBTP = -2.0
_WELL_WITHIN_LU = 0.35
_MOST_TRIES = 3
_SPARE_DB = 0.2
_LEAST_STEP_DB = 0.1
_LEAST_SLOPE = 0.25
_SLOPE_LOST = 0.75  # the more a limiter holds down, the less it lets through of the next decibel
_LIMITER_RATE_HZ = 4 * AUDIO_RATE_HZ
_SILENT_LUFS = -70.0
_NO_PEAK_DBTP = -120.0
_BLOCK_FRAMES = 1_000


@dataclass(frozen=True)
class Heard:
    """How loud a sound is, by ``ebur128``: -70 LUFS is silence, or too short to be measured."""

    integrated_lufs: float
    true_peak_dbtp: float


@dataclass(frozen=True)
class Spoken:
    """How much of a sound is speech, and the loudness of that speech without its gaps.

    A background that is within 10 LU of the speech counts as much as it in every measure of
    loudness: ``speech_s`` includes it.
    """

    speech_s: float
    speech_lufs: float


@dataclass(frozen=True)
class Levelling:
    """What is done to a sound. ``ceiling_dbtp`` is None where no peak comes near the limit."""

    gain_db: float
    ceiling_dbtp: float | None


@dataclass(frozen=True)
class Try:
    """What was done to a sound, and how loud that made it."""

    levelling: Levelling
    reached: Heard


# --- decisions ----------------------------------------------------------------------------------


def target_lufs(asked: Loudness | None) -> int | None:
    """The loudness of a video that is planned anew; None: as it was spoken or recorded."""
    if asked is None:
        return DEFAULT_LUFS
    return None if asked == "off" else int(asked)


def keeps_loudness(planned_lufs: int | None, asked: Loudness | None) -> bool:
    """Whether a video stays as it was planned: it does where nobody asked for another loudness.

    So do videos that were planned before there was a choice.
    """
    return asked is None or planned_lufs == target_lufs(asked)


def first_levelling(target_lufs: int, heard: Heard, spoken: Spoken) -> Levelling:
    """The gain that brings a sound to ``target_lufs``; 0 for silence, at most 20 dB.

    Less than 3 s of speech are judged by the loudness of that speech without its gaps instead.
    """
    loudness = loudness_lufs(heard, spoken)
    if loudness is None:
        return Levelling(0.0, None)
    return _levelling(target_lufs - loudness, heard.true_peak_dbtp, _CEILING_DBTP)


def next_levelling(
    target_lufs: int, heard: Heard, spoken: Spoken, tries: Sequence[Try]
) -> Levelling | None:
    """What to do instead of the last of ``tries``; None where it is near enough."""
    last = tries[-1]
    over_db = last.reached.true_peak_dbtp - MOST_TRUE_PEAK_DBTP
    missing_lu = target_lufs - last.reached.integrated_lufs
    is_steady = spoken.speech_s >= LEAST_SPEECH_S and loudness_lufs(heard, spoken) is not None
    can_rise = missing_lu < 0 or last.levelling.gain_db < MOST_GAIN_DB
    is_off = is_steady and abs(missing_lu) > _WELL_WITHIN_LU and can_rise
    if over_db <= 0 and not is_off:
        return None
    gain_db = last.levelling.gain_db
    if is_off:
        gain_db += missing_lu / (_SLOPE_LOST * _slope(heard, tries))
    ceiling_dbtp = last.levelling.ceiling_dbtp or _CEILING_DBTP
    if over_db > 0:
        ceiling_dbtp -= over_db + _SPARE_DB
    return _levelling(gain_db, heard.true_peak_dbtp, ceiling_dbtp)


def _slope(heard: Heard, tries: Sequence[Try]) -> float:
    """Loudness won by 1 dB of gain: between the last two tries, or since the limiter began."""
    last = tries[-1]
    if len(tries) > 1:
        before = tries[-2].levelling.gain_db, tries[-2].reached.integrated_lufs
    else:
        knee_db = min(last.levelling.gain_db, _CEILING_DBTP - heard.true_peak_dbtp)
        before = knee_db, heard.integrated_lufs + knee_db
    gained_db = last.levelling.gain_db - before[0]
    if abs(gained_db) < _LEAST_STEP_DB:
        return 1.0
    return min(1.0, max(_LEAST_SLOPE, (last.reached.integrated_lufs - before[1]) / gained_db))


def _levelling(gain_db: float, true_peak_dbtp: float, ceiling_dbtp: float) -> Levelling:
    gain_db = round(min(gain_db, MOST_GAIN_DB), 2)
    is_limited = true_peak_dbtp + gain_db > ceiling_dbtp
    return Levelling(gain_db, round(ceiling_dbtp, 2) if is_limited else None)


def loudness_lufs(heard: Heard, spoken: Spoken) -> float | None:
    """The loudness by which a sound is judged; None for silence."""
    if heard.integrated_lufs > _SILENT_LUFS and spoken.speech_s >= LEAST_SPEECH_S:
        return heard.integrated_lufs
    loudness = spoken.speech_lufs - SPEECH_OVER_INTEGRATED_LU
    return loudness if loudness > _SILENT_LUFS else None


def loudness_warnings(
    target_lufs: int | None, done: Levelling, reached: Heard, spoken: Spoken
) -> tuple[str, ...]:
    """What a person should know of the sound of a finished video."""
    if target_lufs is None:
        return ()
    if loudness_lufs(reached, spoken) is None and done.gain_db == 0:
        return (
            f"viewers hear nothing: the sound is silent, and was not brought to {target_lufs} LUFS",
        )
    off_lu = reached.integrated_lufs - target_lufs
    told: list[str] = []
    if spoken.speech_s >= LEAST_SPEECH_S and abs(off_lu) > MOST_OFF_LU:
        why = (
            f"it was raised by {MOST_GAIN_DB:.0f} dB, the most that is allowed; record it louder"
            if done.gain_db >= MOST_GAIN_DB
            else "its peaks stand too far out of it; look for clicks and bangs in the recording"
        )
        told.append(
            f"viewers hear it at {reached.integrated_lufs:.1f} LUFS instead of {target_lufs}: {why}"
        )
    elif spoken.speech_s < LEAST_SPEECH_S and done.gain_db >= MOST_GAIN_DB:
        told.append(
            f"the speech was raised by {MOST_GAIN_DB:.0f} dB, the most that is allowed, and is "
            f"still quieter than {target_lufs} LUFS; record it louder"
        )
    if reached.true_peak_dbtp > MOST_TRUE_PEAK_DBTP:
        told.append(
            f"its peaks reach {reached.true_peak_dbtp:.1f} dBTP, at most {MOST_TRUE_PEAK_DBTP} "
            "should be; players may distort them"
        )
    return tuple(told)


# --- command lines ------------------------------------------------------------------------------


def num_audio_samples(num_frames: int, fps: int) -> int:
    """Samples at 48 kHz up to the last frame's end, rounded up."""
    return -(-num_frames * AUDIO_RATE_HZ // fps)


def audio_args(
    audio_wav: Path, num_samples: int, output: Path, levelling: Levelling | None = None
) -> list[str]:
    """Ffmpeg's arguments to encode the speech once, to exactly ``num_samples`` at 48 kHz.

    ``.m4a`` and not ADTS: the edit list keeps the encoder's priming out of the timeline. The fast
    coder: on recorded speech as true as the default one at 160 kbit/s (51 dB), for half the time.
    """
    builder = ffmpeg_builder()
    filters = [
        f"aresample={AUDIO_RATE_HZ}",
        *(level_filters(levelling) if levelling else ()),
        f"apad=whole_len={num_samples}",
        f"atrim=end_sample={num_samples}",
    ]
    options: dict[str, str | int] = {
        "af": ",".join(filters),
        "c:a": "aac",
        "aac_coder": "fast",
        "b:a": AUDIO_BITRATE_BPS,
        "ar": AUDIO_RATE_HZ,
        "map_metadata": -1,
        "fflags": "+bitexact",
        "flags:a": "+bitexact",
        "threads": 1,
        "movie_timescale": AUDIO_RATE_HZ,
        "format": "mp4",
    }
    source = builder.input(f"file:{audio_wav}")
    return list(builder.output(source, f"file:{output}", vn=None, **options).get_args())


def level_filters(levelling: Levelling) -> tuple[str, ...]:
    """Ffmpeg's filters, at 48 kHz: without what is below 20 Hz, with the gain, within the ceiling.

    An offset would use up the room for the peaks. ``latency=1`` takes the limiter's look-ahead out
    of the time of the sound; ``level=0`` keeps it from raising what it does not hold down.
    """
    gain = (_below_hearing(), f"volume={levelling.gain_db:.2f}dB")
    if levelling.ceiling_dbtp is None:
        return gain
    limit = 10 ** (levelling.ceiling_dbtp / 20)
    return (
        *gain,
        f"aresample={_LIMITER_RATE_HZ}",
        f"alimiter=level=0:latency=1:attack=5:release=50:limit={limit:.6f}",
        f"aresample={AUDIO_RATE_HZ}",
    )


def _below_hearing() -> str:
    return "highpass=f=20:r=f64"


def measure_args(sound: Path, num_samples: int | None, *, is_levelled: bool) -> list[str]:
    """Ffmpeg's arguments to measure the first ``num_samples`` at 48 kHz of a sound."""
    filters = [f"aresample={AUDIO_RATE_HZ}"]
    filters += [] if num_samples is None else [f"atrim=end_sample={num_samples}"]
    filters += [] if is_levelled else [_below_hearing()]
    filters += ["ebur128=peak=true:framelog=quiet"]
    args = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "info", "-xerror"]
    args += ["-i", f"file:{sound}", "-map", "0:a:0", "-af", ",".join(filters)]
    return [*args, "-f", "null", "-"]


def read_summary(words: str) -> Heard:
    """The figures at the end of what ``ebur128`` says.

    Raises:
        ValueError: they are not there.
    """
    loudness, peaks = _INTEGRATED.findall(words), _PEAK.findall(words)
    if not loudness or not peaks:
        raise ValueError(f"no summary of loudness in {words[-200:]!r}")
    integrated, peak = float(loudness[-1]), float(peaks[-1])
    return Heard(
        integrated if math.isfinite(integrated) else _SILENT_LUFS,
        peak if math.isfinite(peak) else _NO_PEAK_DBTP,
    )


_NUMBER = r"(-?(?:\d+\.\d+|inf|nan))"
# lines of their own, as no tag's are: ffmpeg indents those with a name and a colon
_INTEGRATED = re.compile(rf"^    I: +{_NUMBER} LUFS$", re.MULTILINE)
_PEAK = re.compile(rf"^    Peak: +{_NUMBER} dBFS$", re.MULTILINE)


# --- files --------------------------------------------------------------------------------------


def measure_loudness(
    sound: Path, num_samples: int | None, *, seconds: float, is_levelled: bool = True
) -> Heard:
    """How loud a sound file, or a video's sound, is.

    Args:
        sound: its file.
        num_samples: at 48 kHz from its start; None: all of it.
        seconds: about how long it is.
        is_levelled: what is below hearing was taken out already, or is to count.

    Raises:
        FfmpegError: it cannot be decoded.
    """
    args = measure_args(sound, num_samples, is_levelled=is_levelled)
    command = [ffmpeg_path(), *confined(args)]
    try:
        words = run_program(command, timeout_s=time_limit_s(sound_s=seconds)).stderr
    except ProgramError as error:
        raise FfmpegError(error.command, error.returncode, error.stderr) from error
    try:
        return read_summary(words)
    except ValueError as error:
        raise FfmpegError(command, 0, str(error)) from error


def measure_speech(audio_wav: Path, seconds: float) -> Spoken:
    """How much of the first ``seconds`` of a WAV is speech, and its loudness over all channels.

    In bounded memory.
    """
    parts: list[Levels] = []
    with soundfile.SoundFile(audio_wav) as file:
        rate = int(file.samplerate)
        filters = [KWeighting(rate) for _ in range(int(file.channels))]
        hop = rate // FRAMES_PER_SECOND
        left = int(seconds * rate)
        while left > 0 and len(read := file.read(min(_BLOCK_FRAMES * hop, left), "float32")):
            pcm = np.asarray(read, np.float32).reshape(len(read), -1)
            left -= len(pcm)
            power = [
                10 ** (frame_levels(each(pcm[:, index]), rate) / 10)
                for index, each in enumerate(filters)
            ]
            parts.append(10 * np.log10(np.sum(power, axis=0)))
    levels = np.concatenate(parts) if parts else np.zeros(0)
    speech_db = active_level_db(levels)
    # where nothing but speech is near speech, these are among the active frames
    is_counted = active_frames(levels) | (levels > max(speech_db - _GATE_LU, FLOOR_DB))
    return Spoken(
        float(np.count_nonzero(is_counted)) / FRAMES_PER_SECOND, speech_db + LUFS_OF_FULL_POWER
    )


def encode_sound(
    audio_wav: Path, output: Path, *, num_frames: int, fps: int, target_lufs: int | None
) -> SoundLoudness:
    """Encode what is heard of ``audio_wav`` into ``output``; says how loud it has become.

    Args:
        audio_wav: the speech, which may be shorter or longer than the video.
        output: an ``.m4a``.
        num_frames: of the video.
        fps: its frames per second.
        target_lufs: its loudness; None: as it was spoken or recorded.

    Raises:
        FfmpegError: ffmpeg failed.
    """
    num_samples, seconds = num_audio_samples(num_frames, fps), num_frames / fps

    def encode(levelling: Levelling | None) -> Heard:
        run_ffmpeg(
            audio_args(audio_wav, num_samples, output, levelling),
            timeout_s=time_limit_s(sound_s=seconds),
        )
        return measure_loudness(output, num_samples, seconds=seconds)

    if target_lufs is None:
        reached = encode(None)
        return _told(None, Levelling(0.0, None), reached, ())
    heard = measure_loudness(audio_wav, num_samples, seconds=seconds, is_levelled=False)
    spoken = measure_speech(audio_wav, seconds)
    levelling: Levelling | None = first_levelling(target_lufs, heard, spoken)
    tries: list[Try] = []
    while levelling is not None and len(tries) < _MOST_TRIES:
        output.unlink(missing_ok=True)
        tries.append(Try(levelling, encode(levelling)))
        levelling = next_levelling(target_lufs, heard, spoken, tries)
    done, reached = tries[-1].levelling, tries[-1].reached
    return _told(target_lufs, done, reached, loudness_warnings(target_lufs, done, reached, spoken))


def _told(
    target_lufs: int | None, done: Levelling, reached: Heard, warnings: tuple[str, ...]
) -> SoundLoudness:
    return SoundLoudness(
        target_lufs=target_lufs,
        integrated_lufs=reached.integrated_lufs,
        true_peak_dbtp=reached.true_peak_dbtp,
        gain_db=done.gain_db,
        is_limited=done.ceiling_dbtp is not None,
        warnings=warnings,
    )
