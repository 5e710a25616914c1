"""What is heard of a deliverable: its master's own sound, or that with music, intro and outro.

A track that is made anew is levelled once, as a whole. Intro and outro are brought to the loudness
of the film before that, and music is heard under the presenter alone.
"""

from dataclasses import dataclass
from pathlib import Path

from tasks.deliverables.clips import NO_CLIPS, Clip, Clips
from tasks.deliverables.sound_mix import measured_music, write_mix
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

_SILENT_LUFS = -60.0  # what is quieter stays as it is
_MOST_RAISED_DB = 20.0
_EDGE_S = 0.02  # in which a clip that is cut falls silent
_PLAIN = "aformat=sample_fmts=fltp:channel_layouts=stereo,asetpts=N/SR/TB"
_STEREO = (
    f"aresample={AUDIO_RATE_HZ}:async=1:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=stereo"
)


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
    gain_db = 0.0 if heard <= _SILENT_LUFS else min(target_lufs - heard, _MOST_RAISED_DB)
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
        if around_lufs <= _SILENT_LUFS:
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
