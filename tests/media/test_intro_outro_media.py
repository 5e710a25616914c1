"""Intro and outro clips of any kind play before and after the master, frame by frame."""

import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from tasks.deliver_records import DeliverRequest
from tasks.deliverables.clips import Clip, Clips
from tasks.deliverables.deliverable import make_deliverable
from tasks.deliverables.sound_mix import Parts, film_sound
from tasks.deliverables.store import keep_material
from tasks.media.mp4 import read_mp4
from tasks.media.sound import measure_loudness
from tasks.media.stitch import stitch_video
from tasks.processes.ffmpeg import ffmpeg_path
from tasks.record import FileEntry
from tasks.records import EncodeProfile, VideoPlan, VideoReceipt
from tasks.screen.brand.clips import ClipError, ClipFacts, check_clip
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.entries import entry_of
from tests.media.media_clips import encode_clips

pytestmark = pytest.mark.media

PROFILE = EncodeProfile()
NUM_FRAMES = 24
SIZE = (90, 160)
PLAN = VideoPlan.model_construct(video_id="intro", encode=PROFILE, fps=25)
BRAND = "#14302f"


def write_clip(path: Path, *args: str, turned: int = 0) -> Path:
    """A clip that ffmpeg makes of `args`; with `turned`, its metadata turn it by degrees."""
    raw = path.with_suffix(f".raw{path.suffix}") if turned else path
    quiet = [ffmpeg_path(), "-v", "error", "-y"]
    subprocess.run([*quiet, *args, str(raw)], check=True)
    if turned:
        turn = ["-display_rotation", str(turned), "-i", str(raw), "-c", "copy", str(path)]
        subprocess.run([*quiet, *turn], check=True)
    return path


def halves(size: str, rate: str, seconds: float, left: str, right: str) -> list[str]:
    """A picture whose left half has one colour and whose right half another."""
    width, height = (int(side) for side in size.split("x"))
    half = f"color=c={right}:s={width // 2}x{height}:r={rate}:d={seconds}"
    whole = f"color=c={left}:s={size}:r={rate}:d={seconds}"
    return ["-f", "lavfi", "-i", f"{whole}[a];{half}[b];[a][b]overlay=x={width // 2}"]


def tone(seconds: float, level: float, *shape: str) -> list[str]:
    return ["-f", "lavfi", "-i", f"aevalsrc={level}*sin(1500*t):d={seconds}:s=44100", *shape]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VideoReceipt]:
    """A store with a master of 64x48, whose frames tell their numbers, and its captions."""
    folder = tmp_path_factory.mktemp("film")
    (folder / "videos").mkdir()
    sound = 0.2 * np.sin(np.arange(NUM_FRAMES * 960) / 8)
    soundfile.write(folder / "tone.wav", sound, 24_000)
    stitch_video(
        encode_clips(folder, [NUM_FRAMES]),
        folder / "tone.wav",
        num_frames=NUM_FRAMES,
        profile=PROFILE,
        output=folder / "videos" / "intro.mp4",
        metadata={"title": "intro"},
        scratch=folder,
    )
    srt, vtt = folder / "videos" / "intro.srt", folder / "videos" / "intro.vtt"
    srt.write_text("1\n00:00:00,100 --> 00:00:00,900\nIt is 00:00:01,000 -> now\n\n")
    vtt.write_text("WEBVTT\n\n00:00:00.100 --> 00:00:00.900\nHello\n\n")
    receipt = VideoReceipt(
        video_id="intro",
        plan_sha256="p",
        segment_keys=(),
        file=entry_of(folder / "videos" / "intro.mp4"),
        captions=(entry_of(srt), entry_of(vtt)),
        num_frames=NUM_FRAMES,
        duration_s=NUM_FRAMES / 25,
        checks={},
        size="64x48",
    )
    return folder, receipt


def film(home: tuple[Path, VideoReceipt], **asked: FileEntry | str | None):
    """A deliverable: its receipt, its frames, its path."""
    folder, receipt = home
    request = DeliverRequest(sizes=(SIZE,), captions="beside", clip_background=BRAND, **asked)
    made = make_deliverable(SIZE, request, PLAN, receipt, CampaignFolder(folder))
    path = folder / "deliverables" / made.key[:2] / made.file.name
    with av.open(str(path)) as container:
        frames = np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])
    return made, frames.astype(int), path


def kept(home: tuple[Path, VideoReceipt], path: Path) -> FileEntry:
    return keep_material(CampaignFolder(home[0]), path)


def test_a_turned_clip_of_another_rate_and_sound_plays_before_and_a_silent_one_after(
    home: tuple[Path, VideoReceipt], tmp_path: Path
):
    # 96x54 at 23.976 frames a second, mono at 44.1 kHz and nearly silent, turned to stand upright
    quiet = tone(1.001, 0.004, "-ac", "1")
    wide = halves("96x54", "24000/1001", 1.001, "red", "blue")
    codecs = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    intro = write_clip(tmp_path / "intro.mp4", *wide, *quiet, *codecs, turned=90)
    odd = halves("101x35", "50", 0.6, "white", "white")
    outro = write_clip(tmp_path / "outro.mkv", *odd, "-c:v", "ffv1", "-pix_fmt", "gbrp")
    made, frames, path = film(home, intro=kept(home, intro), outro=kept(home, outro))

    assert (made.num_intro_frames, made.num_outro_frames, made.is_copy) == (25, 15, False)
    assert (made.num_frames, len(frames)) == (64, 64)
    assert made.duration_s == pytest.approx(2.56)
    for stream in ("video", "audio"):
        with av.open(str(path)) as container:
            track = getattr(container.streams, stream)[0]
            assert float(track.duration * track.time_base) == pytest.approx(2.56, abs=0.03)
    # turned by its metadata: what was on its sides is above and below, and fills the frame
    upper, lower = frames[10, 20:60], frames[10, 100:140]
    ends = {tuple((part.mean((0, 1)) > 128).tolist()) for part in (upper, lower)}
    assert ends == {(True, False, False), (False, False, True)}
    assert (frames[24, 20:60].mean((0, 1)) > 128).tolist() == (upper.mean((0, 1)) > 128).tolist()
    # the wide outro stands whole on the brand's colour
    assert frames[60, 80, 45].tolist() == pytest.approx([255, 255, 255], abs=6)
    assert frames[60, 10, 45].tolist() == pytest.approx([0x14, 0x30, 0x2F], abs=6)
    assert frames[48, 10, 45].tolist() != pytest.approx([0x14, 0x30, 0x2F], abs=12)
    assert frames[49, 10, 45].tolist() == pytest.approx([0x14, 0x30, 0x2F], abs=6)
    # nothing of the master is lost or doubled
    _, alone, _ = film(home)
    assert np.abs(frames[25:49] - alone).mean((1, 2, 3)).max() < 2

    levels = levels_db(path)
    assert levels[:19].min() > -40
    assert levels[21:].max() < -60, "the outro has no sound"


def test_a_film_with_clips_is_as_loud_as_one_without_and_each_part_begins_with_its_picture(
    tmp_path: Path,
):
    times = np.arange(4 * 24_000) / 24_000
    soundfile.write(tmp_path / "speech.wav", 0.1 * np.sin(2 * np.pi * 300 * times), 24_000)
    faint = write_clip(tmp_path / "faint.wav", *tone(3, 0.02, "-ac", "1"))
    loud = write_clip(tmp_path / "loud.wav", *tone(1, 0.9))
    facts = ClipFacts(2, 2, 50, has_sound=True, matrix="auto")
    clips = Clips(Clip(faint, facts), Clip(loud, facts))
    parts = Parts(tmp_path / "speech.wav", 100, 25, clips=clips)
    made = film_sound(parts, -18, tmp_path)

    heard = measure_loudness(made.path, None, seconds=8)
    assert heard.integrated_lufs == pytest.approx(-18, abs=0.5)
    assert heard.true_peak_dbtp <= -1.4
    assert made.loudness is not None
    assert made.loudness.integrated_lufs == pytest.approx(heard.integrated_lufs, abs=0.2)
    levels = levels_db(made.path)
    assert len(levels) == 80
    for first, end in ((1, 19), (21, 59), (61, 69)):  # the last clip's sound ends a second early
        assert np.median(levels[first:end]) == pytest.approx(np.median(levels[21:59]), abs=3)
    assert levels[71:].max() < -60


def levels_db(path: Path) -> np.ndarray:
    """Level of the left channel in every tenth of a second."""
    with av.open(str(path)) as container:
        assert container.streams.audio[0].rate == 48_000
        assert container.streams.audio[0].channels == 2
        pcm = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    blocks = pcm[: len(pcm) // 4_800 * 4_800].reshape(-1, 4_800)
    return 10 * np.log10(np.mean(blocks.astype(np.float64) ** 2, 1) + 1e-12)


def test_captions_and_posters_and_labels_follow_an_intro(
    home: tuple[Path, VideoReceipt], tmp_path: Path
):
    intro = write_clip(
        tmp_path / "i.mp4", *halves("90x160", "25", 4.0, "lime", "lime"), "-c:v", "mpeg4"
    )
    folder = home[0]
    both = {"intro": kept(home, intro), "outro": kept(home, intro)}
    made, frames, path = film(home, **both, label="AI-generated")
    place = folder / "deliverables" / made.key[:2]

    assert (made.num_intro_frames, made.num_outro_frames, len(frames)) == (100, 100, 224)
    assert np.abs(frames[204] - frames[90]).mean() < 2
    assert made.srt is not None
    assert made.vtt is not None
    srt = (place / made.srt.name).read_text()
    assert srt == "1\n00:00:04,100 --> 00:00:04,900\nIt is 00:00:01,000 -> now\n\n"
    vtt = (place / made.vtt.name).read_text()
    assert vtt == "WEBVTT\n\n00:00:04.100 --> 00:00:04.900\nHello\n\n"
    with av.open(str(place / made.poster.name)) as container:
        poster = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert np.abs(poster - frames[100:112]).mean((1, 2, 3)).min() < 3
    assert np.abs(poster - frames[50]).mean() > 30
    is_marked = np.abs(frames[:100, 14:30, 4:80] - frames[90, 14:30, 4:80]).max((1, 2, 3)) > 60
    assert np.flatnonzero(is_marked).tolist() == list(range(75)), "three seconds, at the start"
    _, bare, _ = film(home)
    again = np.abs(frames[100:124] - bare).max((1, 2, 3)) > 60
    assert again.all(), "and where the presenter appears"
    assert read_mp4(path).tags["comment"] == "AI-generated"


def test_clips_that_cannot_be_played_are_refused_with_the_way_out(tmp_path: Path):
    long = write_clip(
        tmp_path / "long.mp4", *halves("32x32", "5", 31, "red", "red"), "-c:v", "mpeg4"
    )
    with pytest.raises(ClipError, match=r"31 s long, it must be from 0.2 to 30 s"):
        check_clip(long)
    both = [*halves("32x32", "25", 1, "red", "red"), *tone(6, 0.1)]
    torn = write_clip(tmp_path / "torn.mp4", *both, "-c:v", "mpeg4", "-c:a", "aac")
    with pytest.raises(ClipError, match=r"of 6 s of the clip, only 1 s of picture are there"):
        check_clip(torn)
    (tmp_path / "text.mp4").write_text("no clip")
    with pytest.raises(ClipError, match="no video that can be read"):
        check_clip(tmp_path / "text.mp4")


def test_what_a_file_says_of_its_picture_is_what_is_seen(tmp_path: Path):
    anamorphic = [*halves("72x57", "30", 0.5, "red", "red"), "-vf", "setsar=16/11"]
    clip = write_clip(tmp_path / "pal.mp4", *anamorphic, "-c:v", "mpeg4", "-pix_fmt", "yuv420p")
    facts = check_clip(clip)

    assert (facts.width, facts.height) == (round(72 * 16 / 11), 57)
    assert (facts.num_frames, facts.has_sound, facts.matrix) == (13, False, "bt601")
