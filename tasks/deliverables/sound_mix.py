"""What is heard of a deliverable: its master's own sound, or that with music, intro and outro.

Music is looped, faded, and held down while somebody speaks; it is heard under the presenter alone.
Intro and outro are brought to the loudness of the film between them. A track that is made anew is
levelled once, as a whole.
"""

from dataclasses import dataclass
from pathlib import Path

from model.errors import RowError
from model.loading import loaded_once_each
from tasks.deliverables.clips import NO_CLIPS, Clip, Clips
from tasks.errors import FfmpegError
from tasks.media.sound import (
    AUDIO_RATE_HZ,
    DEFAULT_LUFS,
    encode_sound,
    measure_loudness,
    num_audio_samples,
)
from tasks.processes.ffmpeg import run_ffmpeg, time_limit_s
from tasks.records import SoundLoudness
from tasks.screen.brand.clips import MOST_S
from tasks.store.files import file_version

_UNDER_SPEECH_LU = 12.0  # between speech, before it is held down
_LEAST_LUFS = -60.0  # quieter music is silence
_LEAST_S, _LONGEST_S = 2.0, 12 * 3600.0
_TIMED_AS_S = 3600.0  # how long ffmpeg may take for a piece, however long it says it is
_COUNTED_HZ = 2_000  # counted in memory: 90 MB at most
_FADE_IN_S, _FADE_OUT_S = 1.0, 2.0
_CLIPPED_DBTP = 0.5
# held down by a factor of up to six where speech is above -34 dBFS, back within half a second
_DUCKING = "threshold=0.02:ratio=6:attack=20:release=500:knee=4"
# where one of its inputs ends, sidechaincompress drops what waits of the other: more or less of it,
# as threads happen to run. So both last longer than what is heard.
_LONGER = "apad=pad_dur=2"
_MOST_RAISED_DB = 20.0
_EDGE_S = 0.02  # in which a clip that is cut falls silent
_PLAIN = "aformat=sample_fmts=fltp:channel_layouts=stereo,asetpts=N/SR/TB"
_STEREO = (
    f"aresample={AUDIO_RATE_HZ}:async=1:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=stereo"
)


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


@loaded_once_each(most_kept=64)
def measured_music(path: Path, version: tuple[int, ...]) -> Music:
    """Of a file, once a version (see :func:`tasks.store.files.file_version`).

    Raises:
        RowError: it cannot be read, is silent, or is shorter than two seconds.
    """
    del version  # part of the cache's key
    try:
        seconds = _seconds_of(path)
        if seconds > _LONGEST_S:
            rule = f"music {path.name} is longer than {_LONGEST_S / 3600:g} h"
            raise RowError(f"{rule}; cut it: it is looped as long as a video needs it")
        heard = measure_loudness(path, None, seconds=_TIMED_AS_S)
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
            f"the music is clipped (true peak {heard.true_peak_dbtp:+.1f} dBTP); it is "
            "played much more softly, but may sound harsh"
        )
    return Music(seconds, heard.integrated_lufs, tuple(told))


def _seconds_of(path: Path) -> float:
    """By decoding it: what a header says of a compressed file may be wrong."""
    samples = run_ffmpeg(
        [
            *("-i", f"file:{path}", "-map", "0:a:0", "-ac", "1", "-ar", str(_COUNTED_HZ)),
            *("-t", str(_LONGEST_S + 1), "-f", "u8", "pipe:1"),
        ],
        timeout_s=time_limit_s(sound_s=_TIMED_AS_S),
    )
    return len(samples) / _COUNTED_HZ


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
            f"afade=t=out:st={seconds - fade_out:.6f}:d={fade_out:.3f},{_LONGER}[music]",
            f"[key]{_LONGER}[longer];[music][longer]sidechaincompress={_DUCKING}[under]",
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


# --- the film ---


@dataclass(frozen=True)
class ClipSound:
    """The sound of an intro or outro.

    Attributes:
        path: of the clip.
        num_samples: that are heard, at 48 kHz.
        gain_db: that brings it to the loudness of the film; None: it has no sound.
    """

    path: Path
    num_samples: int
    gain_db: float | None


@dataclass(frozen=True)
class FilmSound:
    """A file whose sound is copied into a deliverable; its loudness, where it is made anew."""

    path: Path
    loudness: SoundLoudness | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parts:
    """What a film is heard of, in frames of ``fps``.

    Attributes:
        master: file of the master.
        num_frames: of it.
        fps: of it.
        music: a file, looped under the master; None: no music.
        clips: what plays before and after it.
    """

    master: Path
    num_frames: int
    fps: int
    music: Path | None = None
    clips: Clips = NO_CLIPS


def clip_sound(clip: Clip, fps: int, target_lufs: float) -> ClipSound:
    """The sound of a clip, brought to ``target_lufs`` where it is no silence.

    Raises:
        FfmpegError: it cannot be decoded.
    """
    num_samples = num_audio_samples(clip.num_frames, fps)
    if not clip.facts.has_sound:
        return ClipSound(clip.path, num_samples, None)
    heard = measure_loudness(clip.path, num_samples, seconds=MOST_S).integrated_lufs
    gain_db = 0.0 if heard <= _LEAST_LUFS else min(target_lufs - heard, _MOST_RAISED_DB)
    return ClipSound(clip.path, num_samples, gain_db)


def film_sound(parts: Parts, target_lufs: int | None, scratch: Path) -> FilmSound:
    """The sound of a film: its master's, as it is, where neither music nor clips are asked for.

    Args:
        parts: what it is made of.
        target_lufs: of all of it; None: -16.
        scratch: a folder for what is made on the way.

    Raises:
        RowError: the music cannot be used.
        FfmpegError: ffmpeg failed.
    """
    has_clips = parts.clips.num_frames > 0
    if parts.music is None and not has_clips:
        return FilmSound(parts.master)
    target = DEFAULT_LUFS if target_lufs is None else target_lufs
    seconds = parts.num_frames / parts.fps
    heard, notices = parts.master, ()
    if parts.music is not None:
        measured = measured_music(parts.music, file_version(parts.music))
        mix, notices = scratch / "mix.wav", measured.notices
        write_mix(heard, parts.music, measured, seconds=seconds, target_lufs=target, mix=mix)
        heard = mix
    num_frames = parts.num_frames + parts.clips.num_frames
    if has_clips:
        joined = scratch / "joined.wav"
        master = ClipSound(heard, num_audio_samples(parts.num_frames, parts.fps), 0.0)
        around_lufs = measure_loudness(heard, None, seconds=seconds).integrated_lufs
        if around_lufs <= _LEAST_LUFS:
            around_lufs = float(target)
        intro, outro = (
            clip_sound(clip, parts.fps, around_lufs) if clip else None
            for clip in (parts.clips.intro, parts.clips.outro)
        )
        run_ffmpeg(
            joined_args(master, intro, outro, joined),
            timeout_s=time_limit_s(sound_s=2 * num_frames / parts.fps),
        )
        heard = joined
    output = scratch / "film.m4a"
    loudness = encode_sound(heard, output, num_frames=num_frames, fps=parts.fps, target_lufs=target)
    for name in ("mix.wav", "joined.wav"):
        (scratch / name).unlink(missing_ok=True)
    return FilmSound(output, loudness, (*notices, *loudness.warnings))


def joined_args(
    master: ClipSound, intro: ClipSound | None, outro: ClipSound | None, joined: Path
) -> list[str]:
    """Ffmpeg's arguments to write intro, master and outro one after the other as one WAV, stereo.

    Each is exactly as long as its picture, at 48 kHz.
    """
    inputs: list[str] = []
    graph: list[str] = []
    heard = [part for part in (intro, master, outro) if part is not None]
    num_inputs = 0
    for number, part in enumerate(heard):
        cut = f"apad=whole_len={part.num_samples},atrim=end_sample={part.num_samples}"
        if part.gain_db is None:
            graph.append(f"anullsrc=r={AUDIO_RATE_HZ}:cl=stereo,{cut},{_PLAIN}[part{number}]")
            continue
        inputs += ["-i", f"file:{part.path}"]
        level = f"volume={part.gain_db:.2f}dB,"
        if part is not master:
            at = max(0.0, part.num_samples / AUDIO_RATE_HZ - _EDGE_S)
            level += f"afade=t=out:st={at:.6f}:d={_EDGE_S},"
        graph.append(f"[{num_inputs}:a:0]{_STEREO},{level}{cut},{_PLAIN}[part{number}]")
        num_inputs += 1
    labels = "".join(f"[part{number}]" for number in range(len(heard)))
    graph.append(f"{labels}concat=n={len(heard)}:v=0:a=1[film]")
    return [
        *inputs,
        *("-filter_complex", ";".join(graph), "-map", "[film]", "-map_metadata", "-1"),
        *("-fflags", "+bitexact", "-flags:a", "+bitexact", "-c:a", "pcm_f32le"),
        *("-y", f"file:{joined}"),
    ]
