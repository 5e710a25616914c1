"""Finished videos of the preview engine pass, and each defect put into one is found."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from flows.cli.judge import judge_all, judgement_table
from model.engine import ENGINE_SAMPLE_RATE_HZ, Handoff, Pixels, SegmentJob
from model.preview.engine import SETTINGS, PreviewEngine
from tasks.errors import (
    FfmpegError,
)
from tasks.media.encode import encode_segment
from tasks.media.stitch import stitch_video
from tasks.plan.audio_window import EngineTrack
from tasks.portrait.picture import read_portrait
from tasks.portrait.portrait import read_rig, rig_path_of
from tasks.processes.ffmpeg import read_ffmpeg, run_ffmpeg
from tasks.quality.judgement import judge_video
from tasks.quality.seam_watch import RawSeam
from tasks.records import EncodeProfile, SegmentMedia
from tasks.speech.speech import SpeechRequest, make_speech

pytestmark = pytest.mark.media

MANIFESTS = Path(__file__).parents[2] / "manifests"
PORTRAITS = Path(__file__).parents[1] / "portraits"
MARA, JUN = (PORTRAITS / f"{name}.png" for name in ("mara", "jun"))
SIZE = 256
LENGTHS = (60, 144, 48)
SEAMS = (60, 204)  # in pauses, where the planner cuts


@dataclass(frozen=True)
class Clip:
    """Raw frames of three chained segments, ``(F, H, W, 3)``, and the sound they speak."""

    segments: tuple[Pixels, ...]
    wav: Path

    def raw_seams(self) -> dict[int, RawSeam]:
        pairs = zip(SEAMS, self.segments, self.segments[1:], strict=False)
        return {seam: RawSeam(before[-1], after[0]) for seam, before, after in pairs}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = tmp_path_factory.mktemp("clip")
    recording = MANIFESTS / "recordings" / "otto-welcome.wav"
    speech = make_speech(SpeechRequest(audio_path=recording), folder)
    track = EngineTrack(folder / f"{speech.speech_id}.16k.wav", speech.phonemes)
    engine = PreviewEngine()
    handoff: Handoff | None = None
    start = 0
    segments: list[Pixels] = []
    for length in LENGTHS:
        window = track.window(start, start + length, engine.identity)
        job = SegmentJob(
            key=str(start),
            portrait=read_portrait(MARA),
            rig=read_rig(rig_path_of(MARA)),
            handoff=handoff,
            pcm=window.pcm,
            left_context=window.left_context,
            right_context=window.right_context,
            phonemes=None,
            prompt="",
            seed=1,
            width=SIZE,
            height=SIZE,
            num_frames=length,
            settings=dict(SETTINGS),
        )
        rendering = engine.render(job)
        segments.append(np.concatenate(list(rendering)))
        handoff = rendering.handoff
        start += length
    return Clip(tuple(segments), folder / f"{speech.speech_id}.wav")


@pytest.fixture(scope="module")
def video(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip as it is delivered; never changed by a test."""
    return stitch(clip.segments, clip.wav, tmp_path_factory.mktemp("video"))


def stitch(segments: tuple[Pixels, ...], wav: Path, folder: Path) -> Path:
    encoded: list[tuple[Path, SegmentMedia]] = []
    for index, frames in enumerate(segments):
        part = folder / f"{index}.mp4"
        done = encode_segment(
            [frames],
            width=SIZE,
            height=SIZE,
            num_frames=len(frames),
            profile=EncodeProfile(),
            part=part,
        )
        encoded.append((part, done.media))
    output = folder / "finished.mp4"
    stitch_video(
        encoded,
        wav,
        num_frames=sum(len(frames) for frames in segments),
        profile=EncodeProfile(),
        output=output,
        metadata={},
        scratch=folder,
        loudness_lufs=-16,
    )
    return output


def with_sound(video: Path, folder: Path, change: Callable[[np.ndarray], np.ndarray]) -> Path:
    """The same pictures with changed sound, ``(S,)`` mono at 16 kHz."""
    args = ["-i", str(video), "-ac", "1", "-ar", str(ENGINE_SAMPLE_RATE_HZ), "-f", "s16le"]
    sound = np.frombuffer(run_ffmpeg([*args, "pipe:1"], timeout_s=60), "<i2")
    soundfile.write(folder / "changed.wav", change(sound), ENGINE_SAMPLE_RATE_HZ)
    output = folder / "changed.mp4"
    args = ["-i", str(video), "-i", str(folder / "changed.wav"), "-map", "0:v", "-map", "1:a"]
    run_ffmpeg(
        [*args, "-c:v", "copy", "-c:a", "aac", "-movflags", "+faststart", str(output)], timeout_s=60
    )
    return output


def test_a_stitched_preview_passes_and_its_seams_do_not_show(clip, video):
    judged = judge_video(video, portrait=MARA, boundaries=SEAMS, raw_seams=clip.raw_seams())
    assert (judged.verdict, judged.reasons) == ("pass", ())
    assert (judged.num_frames, judged.duration_s, judged.seen) == (252, 10.08, 1.0)
    assert judged.lip_sync is not None
    assert judged.lip_sync.lag_ms == pytest.approx(-30, abs=20)  # ahead by 30 ms, by design
    assert judged.identity is not None
    assert judged.identity.reference == "portrait"
    assert abs(judged.identity.drift_per_minute) < 0.2
    assert [seam.frame for seam in judged.seams] == list(SEAMS)
    for seam in judged.seams:
        assert seam.shown_share == pytest.approx(1, abs=0.2)


@pytest.mark.sweep
def test_without_a_portrait_the_first_frame_is_the_reference(video):
    (judged,) = judge_all([video], None)
    assert judged.identity is not None
    assert judged.identity.reference == "first frame"
    assert judged.identity.p5 > 0.8
    assert judged.seams == ()
    assert len(judgement_table([judged]).renderables) == 5  # three tables, with lines between


def test_the_face_of_another_presenter_fails(video):
    (judged,) = judge_all([video], JUN)
    assert judged.verdict == "fail"
    assert judged.identity is not None
    assert judged.identity.p5 < 0.8
    assert any("unlike the portrait" in reason for reason in judged.reasons)


def test_a_mouth_that_speaks_other_words_fails(video, tmp_path):
    judged = judge_video(with_sound(video, tmp_path, lambda sound: sound[::-1]), portrait=MARA)
    assert judged.verdict == "fail"
    assert judged.lip_sync is not None
    assert judged.lip_sync.z <= 2.5
    assert any("no better than chance" in reason for reason in judged.reasons)


# tests/media/test_gates_media.py finds both directions in frames
@pytest.mark.parametrize("shift_ms", [-200, 200])
@pytest.mark.sweep
def test_sound_that_is_out_of_step_is_found_and_measured(video, tmp_path, shift_ms):
    shift = -shift_ms * ENGINE_SAMPLE_RATE_HZ // 1000  # the mouth is late if the sound is early
    judged = judge_video(with_sound(video, tmp_path, lambda sound: np.roll(sound, shift)))
    assert judged.verdict == "fail"
    assert judged.lip_sync is not None
    assert judged.lip_sync.lag_ms == pytest.approx(shift_ms - 30, abs=25)
    side = "behind" if shift_ms > 0 else "ahead of"
    assert any(f"ms {side} the sound" in reason for reason in judged.reasons)


def jumped(before: Pixels, after: Pixels) -> Pixels:
    return np.roll(after, 3, axis=2)


def repeated(before: Pixels, after: Pixels) -> Pixels:
    return np.concatenate([before[-1:], after[:-1]])


def lighter_by_two(before: Pixels, after: Pixels) -> Pixels:
    return np.clip(after.astype(np.int16) + 2, 0, 255).astype(np.uint8)


def recoloured(before: Pixels, after: Pixels) -> Pixels:
    return np.clip(after + np.array([4, 2, -2]), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (jumped, "the picture jumps at frame 48"),
        (repeated, "shows -0.0|shows 0.0"),
        (recoloured, "the brightness steps by +"),
        # a smaller step of the same kind
        pytest.param(lighter_by_two, "the brightness steps by +", marks=pytest.mark.sweep),
    ],
)
def test_a_defect_at_a_seam_is_found(clip, tmp_path, spoil, words):
    before, after = clip.segments[0][-48:], clip.segments[1][:24]
    raw = {48: RawSeam(before[-1], after[0])}
    video = stitch((before, spoil(before, after)), clip.wav, tmp_path)
    judged = judge_video(video, boundaries=(48,), raw_seams=raw)
    assert judged.verdict == "fail"
    assert any(word in reason for word in words.split("|") for reason in judged.reasons)


def test_a_clip_with_little_speech_warns_and_has_no_lip_sync_figure(clip, tmp_path):
    video = stitch((clip.segments[0][:48],), clip.wav, tmp_path)
    judged = judge_video(video, portrait=MARA)
    assert judged.verdict == "warn"
    assert judged.lip_sync is None
    assert "at least 3 s are needed" in judged.reasons[0]


def test_a_video_without_sound_or_face_fails(clip, tmp_path):
    grey = tmp_path / "grey.mp4"
    frames = np.full((12, SIZE, SIZE, 3), 128, np.uint8)
    encode_segment(
        [frames], width=SIZE, height=SIZE, num_frames=12, profile=EncodeProfile(), part=grey
    )
    judged = judge_video(grey)
    assert judged.verdict == "fail"
    assert (judged.seen, judged.lip_sync, judged.identity) == (0, None, None)
    assert "only 0% of the frames show a face" in judged.reasons[0]
    assert judged.reasons[1] == "the video has no sound"


def test_boundaries_outside_the_video_are_refused(video):
    with pytest.raises(ValueError, match="must be 1 to 251"):
        judge_video(video, boundaries=(252,))
    with pytest.raises(ValueError, match="not boundaries"):
        judge_video(video, repeated=(12,))


def test_output_of_ffmpeg_is_read_in_whole_chunks(tmp_path):
    args = ["-f", "lavfi", "-i", "testsrc=size=16x16:rate=25:duration=1", "-pix_fmt", "gray"]
    args += ["-f", "rawvideo", "pipe:1"]
    assert [len(chunk) for chunk in read_ffmpeg(args, 256)] == [256] * 25
    with pytest.raises(FfmpegError, match="ends in 400 of 1000 bytes"):
        list(read_ffmpeg(args, 1000))
    with closing(read_ffmpeg(args, 256)) as chunks:  # a reader that stops early ends it quietly
        assert len(next(chunks)) == 256
    with pytest.raises(FfmpegError, match="No such file"):
        list(read_ffmpeg(["-i", str(tmp_path / "none.mp4"), "-f", "rawvideo", "pipe:1"], 256))
