"""Deliverables hold every frame at its time, in exact sizes, with the face inside."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from model.errors import RowError
from tasks.deliver_records import DeliverRequest
from tasks.deliverables.checks import DeliverableError, Promise, verify_deliverable
from tasks.deliverables.deliverable import make_deliverable
from tasks.deliverables.encoding import Deliverable, encode_deliverable
from tasks.deliverables.sound_mix import Parts, film_sound, measured_music
from tasks.deliverables.store import find_deliverable, keep_material
from tasks.media.encode import encode_segment
from tasks.media.mp4 import packet_md5s, read_mp4
from tasks.media.sound import measure_loudness
from tasks.media.stitch import stitch_video
from tasks.records import EncodeProfile, VideoPlan, VideoReceipt
from tasks.screen.overlays import Overlay, Screen
from tasks.screen.placing import placing_of
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.entries import entry_of
from tasks.store.files import file_version

pytestmark = pytest.mark.media

PROFILE = EncodeProfile()
NUM_FRAMES = 30
SHAPES = {"wide": (192, 112), "tall": (112, 192), "square": (144, 144)}
SIZES = [(216, 384), (384, 216), (216, 216), (216, 270), (230, 410)]
GREEN = (40, 200, 60)
PLAN = VideoPlan.model_construct(video_id="intro", encode=PROFILE, fps=25)


def face_of(shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """A face off the middle, as large as faces are."""
    width, height = shape
    left, top = round(0.52 * width), round(0.3 * height)
    side = round(0.3 * min(shape))
    return left, top, left + side, top + side


def make_master(folder: Path, shape: tuple[int, int], num_frames: int = NUM_FRAMES) -> VideoReceipt:
    width, height = shape
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    frames = np.stack(
        [
            np.stack([60 + 100 * x / width, 90 + 60 * y / height, 120 + 0 * x + i % 50], -1)
            for i in range(num_frames)
        ]
    ).astype(np.uint8)
    left, top, right, bottom = face_of(shape)
    frames[:, top:bottom, left:right] = GREEN
    videos = folder / "videos"
    videos.mkdir(parents=True)
    encoded = encode_segment(
        [frames],
        width=width,
        height=height,
        num_frames=num_frames,
        profile=PROFILE,
        part=folder / "segment.mp4",
    )
    tone = 0.2 * np.sin(np.arange(num_frames * 960) / 8)
    soundfile.write(folder / "tone.wav", tone, 24_000)
    stitch_video(
        [(folder / "segment.mp4", encoded.media)],
        folder / "tone.wav",
        num_frames=num_frames,
        profile=PROFILE,
        output=videos / "intro.mp4",
        metadata={"title": "intro"},
        scratch=folder,
    )
    return VideoReceipt(
        video_id="intro",
        plan_sha256="p",
        segment_keys=(),
        file=entry_of(videos / "intro.mp4"),
        captions=(),
        num_frames=num_frames,
        duration_s=num_frames / 25,
        checks={},
        size=f"{width}x{height}",
    )


@pytest.fixture(scope="module")
def masters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, VideoReceipt]]:
    made: dict[str, tuple[Path, VideoReceipt]] = {}
    for name, shape in SHAPES.items():
        folder = tmp_path_factory.mktemp(name)
        made[name] = (folder, make_master(folder, shape))
    return made


def frames_of(path: Path) -> np.ndarray:
    """Decoded by another reader: (F, H, W, 3) RGB."""
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


def is_green(frame: np.ndarray) -> np.ndarray:
    return np.abs(frame.astype(int) - GREEN).max(-1) < 40


# each format of one shape, each shape in one or two formats; `make test-all` has them all
CASES = [
    pytest.param(
        shape,
        size,
        marks=() if (row + column) % len(SHAPES) == 0 else pytest.mark.sweep,
        id=f"{shape}-{size[0]}x{size[1]}",
    )
    for row, shape in enumerate(SHAPES)
    for column, size in enumerate(SIZES)
]


@pytest.mark.parametrize(("shape", "size"), CASES)
def test_every_format_of_every_shape_is_exact_and_shows_the_whole_face(
    masters: dict[str, tuple[Path, VideoReceipt]], shape: str, size: tuple[int, int], tmp_path: Path
):
    folder, receipt = masters[shape]
    request = DeliverRequest(sizes=(size,), face=face_of(SHAPES[shape]))
    made = make_deliverable(size, request, PLAN, receipt, CampaignFolder(folder))
    path = folder / "deliverables" / made.key[:2] / made.file.name
    frames = frames_of(path)

    assert frames.shape == (NUM_FRAMES, size[1], size[0], 3)
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert float(video.duration * video.time_base) == NUM_FRAMES / 25
        assert abs(float(audio.duration * audio.time_base) - NUM_FRAMES / 25) < 1 / 40
        assert (video.codec_context.color_range, video.codec_context.colorspace) == (1, 1)
    # the whole square is there: as large in both directions as it was, by one scale
    green = is_green(frames[NUM_FRAMES // 2])
    rows, columns = np.flatnonzero(green.any(1)), np.flatnonzero(green.any(0))
    left, top, right, bottom = face_of(SHAPES[shape])
    scale = made.presenter[2] / made.crop[2]
    for found, length in ((columns, right - left), (rows, bottom - top)):
        assert found[-1] - found[0] + 1 == pytest.approx(length * scale, abs=0.02 * max(size))
    # no bars: every edge shows the picture, or the canvas made of it
    frame = frames[0].astype(int)
    for edge in (frame[0], frame[-1], frame[:, 0], frame[:, -1]):
        assert edge.sum(-1).min() > 60


def test_the_colours_of_a_canvas_and_a_presenter_are_those_of_the_master(
    masters: dict[str, tuple[Path, VideoReceipt]],
):
    folder, receipt = masters["wide"]
    request = DeliverRequest(sizes=((216, 384),), face=face_of(SHAPES["wide"]))
    made = make_deliverable((216, 384), request, PLAN, receipt, CampaignFolder(folder))
    frame = frames_of(folder / "deliverables" / made.key[:2] / made.file.name)[3]
    green = frame[is_green(frame)]

    assert made.presenter[1] > 0, "this shape needs a canvas"
    assert np.abs(np.median(green, 0) - GREEN).max() <= 3


def test_a_deliverable_of_the_masters_size_is_a_copy_of_its_packets(
    masters: dict[str, tuple[Path, VideoReceipt]],
):
    folder, receipt = masters["square"]
    size = SHAPES["square"]
    made = make_deliverable(
        size, DeliverRequest(sizes=(size,)), PLAN, receipt, CampaignFolder(folder)
    )
    path = folder / "deliverables" / made.key[:2] / made.file.name

    assert made.is_copy
    assert made.encode == {}
    for kind in ("vide", "soun"):
        copy, master = (read_mp4(each).track(kind) for each in (path, folder / "videos/intro.mp4"))
        assert packet_md5s(path, copy) == packet_md5s(folder / "videos/intro.mp4", master)


def picture(width: int, height: int, colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_overlays_are_seen_in_their_frames_and_their_place_alone(
    masters: dict[str, tuple[Path, VideoReceipt]], tmp_path: Path
):
    folder, receipt = masters["square"]
    overlays = (
        Overlay(picture(41, 21, "red"), 11, 151, 0.2, 0.4),
        Overlay(picture(41, 21, "blue"), 11, 151, 0.4, 0.6),
        Overlay(picture(30, 30, "white"), 180, 180, 0.4, 1.2, fade_s=0.2),
    )

    def encoded(name: str, shown: tuple[Overlay, ...]) -> np.ndarray:
        placing = placing_of(SHAPES["square"], (216, 216), None)
        screen = Screen(216, 216, placing.presenter, overlays=shown)
        made = Deliverable(
            receipt, folder / "videos/intro.mp4", PROFILE, screen, placing.crop, {"title": name}
        )
        encode_deliverable(made, tmp_path / name)
        return frames_of(tmp_path / name).astype(int)

    without, with_them = encoded("without.mp4", ()), encoded("with.mp4", overlays)
    differs = np.abs(with_them - without).max(-1) > 24
    outside = differs.copy()
    outside[:, 148:176, 8:56] = outside[:, 176:214, 176:214] = False
    assert not outside.any()
    seen = {
        "red": (255, 0, 0),
        "blue": (0, 0, 255),
    }
    for colour, (first, end) in {"red": (5, 10), "blue": (10, 15)}.items():
        block = with_them[:, 154:168, 18:46]
        shown = np.abs(block - seen[colour]).max((1, 2, 3)) < 40
        assert [i for i in range(NUM_FRAMES) if shown[i]] == list(range(first, end)), colour
    white = with_them[:, 190:200, 190:200].mean((1, 2, 3)) - without[:, 190:200, 190:200].mean(
        (1, 2, 3)
    )
    assert white[9] < 4
    assert white[11] < white[13] < white[15]
    assert white[20] > 100
    assert white[29] < white[27] < white[25]


def test_a_file_that_lacks_a_frame_or_a_packet_is_refused(
    masters: dict[str, tuple[Path, VideoReceipt]],
):
    path = masters["square"][0] / "videos/intro.mp4"
    movie = read_mp4(path)
    right = Promise(
        size=SHAPES["square"],
        num_frames=NUM_FRAMES,
        sound_md5s=packet_md5s(path, movie.track("soun")),
        picture_md5s=packet_md5s(path, movie.track("vide")),
        profile=PROFILE,
        tags={"title": "intro"},
    )
    verify_deliverable(path, right)
    wrong = {
        "num_frames": NUM_FRAMES + 1,
        "size": (144, 146),
        "sound_md5s": right.sound_md5s[1:],
        "picture_md5s": (*right.picture_md5s[:-1], "0" * 32),
        "tags": {"title": "another"},
    }
    for name, value in wrong.items():
        with pytest.raises(DeliverableError):
            verify_deliverable(path, Promise(**(vars(right) | {name: value})))


def write_music(path: Path, seconds: float = 1.7) -> Path:
    """A chord in mono at 44.1 kHz, shorter than what it is played under, and louder."""
    times = np.arange(round(seconds * 44_100)) / 44_100
    chord = sum(np.sin(2 * np.pi * pitch * times) for pitch in (220, 277, 330))
    soundfile.write(path, 0.3 * chord, 44_100)
    return path


def levels_db(path: Path) -> np.ndarray:
    """Level of the left channel in every tenth of a second."""
    with av.open(str(path)) as container:
        pcm = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    blocks = pcm[: len(pcm) // 4_800 * 4_800].reshape(-1, 4_800)
    return 10 * np.log10(np.mean(blocks.astype(np.float64) ** 2, 1) + 1e-12)


def test_music_is_looped_faded_and_held_down_under_speech(tmp_path: Path):
    times = np.arange(24_000 * 24) / 24_000
    is_spoken = (times % 12 < 8) & (times % 1 < 0.7)
    speech = 0.25 * np.sin(2 * np.pi * 150 * times) * is_spoken
    soundfile.write(tmp_path / "speech.wav", speech, 24_000)
    music = write_music(tmp_path / "music.wav", 2.3)
    made = film_sound(Parts(tmp_path / "speech.wav", 600, 25, music), None, tmp_path)
    assert made.loudness is not None
    mix, told = made.path, made.loudness
    heard = measure_loudness(mix, None, seconds=24)
    levels = levels_db(mix)

    assert heard.integrated_lufs == pytest.approx(-16, abs=0.5)
    assert heard.true_peak_dbtp <= -1.5
    assert told.warnings == ()
    alone = np.median(levels[95:118])
    spoken = np.median(levels[20:78])
    assert 8 < spoken - alone < 18
    assert levels[210] == pytest.approx(alone, abs=2), "it goes on after ten rounds"
    gaps = levels[128:198].reshape(7, 10)[:, 0]  # between words the music is still held down
    assert np.median(gaps) < alone - 2
    assert levels[-1] < alone - 12
    assert len(levels) == 240


@pytest.mark.parametrize(
    ("pcm", "told"),
    [(np.zeros(44_100 * 4), "is silent"), (np.ones(4_410) * 0.1, "at least 2 are needed")],
)
def test_music_that_cannot_be_used_is_refused(tmp_path: Path, pcm: np.ndarray, told: str):
    soundfile.write(tmp_path / "m.wav", pcm, 44_100)
    with pytest.raises(RowError, match=told):
        measured_music(tmp_path / "m.wav", file_version(tmp_path / "m.wav"))
    (tmp_path / "no.wav").write_bytes(b"RIFF no sound at all")
    with pytest.raises(RowError, match="cannot be read"):
        measured_music(tmp_path / "no.wav", (1,))


def test_clipped_music_is_played_and_told(tmp_path: Path):
    noise = np.random.default_rng(1).normal(0, 3, 44_100 * 3)
    soundfile.write(tmp_path / "m.wav", np.clip(noise, -1, 1), 44_100)
    measured = measured_music(tmp_path / "m.wav", file_version(tmp_path / "m.wav"))

    assert "is clipped" in measured.notices[0]


def test_a_deliverable_with_music_has_a_sound_of_its_own_a_poster_and_a_teaser(
    masters: dict[str, tuple[Path, VideoReceipt]], tmp_path: Path
):
    folder, receipt = masters["square"]
    store = CampaignFolder(folder)
    size = SHAPES["square"]
    music = keep_material(store, write_music(tmp_path / "music.wav", 2.3))
    request = DeliverRequest(
        sizes=(size,), music=music, teaser="webp", label="AI生成", face=face_of(size)
    )
    made = make_deliverable(size, request, PLAN, receipt, store)
    place = folder / "deliverables" / made.key[:2]

    assert not made.is_copy, "it has a label"
    assert made.integrated_lufs is not None
    with Image.open(place / made.poster.name) as poster:
        assert (poster.format, poster.size) == ("JPEG", size)
    assert made.teaser is not None
    with Image.open(place / made.teaser.name) as teaser:
        assert (teaser.format, teaser.size) == ("WEBP", size)
        assert teaser.n_frames == pytest.approx(NUM_FRAMES / 25 * 10, abs=1)
    assert read_mp4(place / made.file.name).tags == {"title": "intro", "comment": "AI-generated"}
    assert find_deliverable(store, made.key) == made


MAKE = """
import sys
from pathlib import Path
from tasks.deliver_records import DeliverRequest
from tasks.deliverables.deliverable import make_deliverable
from tasks.records import EncodeProfile, VideoPlan, VideoReceipt
from tasks.store.campaign_folder import CampaignFolder

folder, receipt = Path(sys.argv[1]), VideoReceipt.model_validate_json(sys.argv[2])
plan = VideoPlan.model_construct(video_id="intro", encode=EncodeProfile(), fps=25)
print("begun", flush=True)
request = DeliverRequest(sizes=((432, 768),))
make_deliverable((432, 768), request, plan, receipt, CampaignFolder(folder))
"""


@pytest.mark.sweep  # a film with clips is killed by test_clips_killed.py
@pytest.mark.parametrize("moments", [(0.35, 0.8), tuple(i / 10 for i in range(10))])
def test_a_deliverable_killed_at_any_moment_is_made_whole_and_the_same(
    tmp_path: Path, moments: tuple[float, ...]
):
    receipt = make_master(tmp_path, SHAPES["wide"], num_frames=100)
    folder = CampaignFolder(tmp_path)
    request = DeliverRequest(sizes=((432, 768),))
    began = time.perf_counter()
    whole = make_deliverable((432, 768), request, PLAN, receipt, folder)
    seconds = time.perf_counter() - began
    place = tmp_path / "deliverables" / whole.key[:2]
    for moment in moments:
        for path in place.iterdir():
            path.unlink()
        child = subprocess.Popen(
            [sys.executable, "-c", MAKE, str(tmp_path), receipt.model_dump_json()],
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        with child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(seconds * moment)
            child.send_signal(signal.SIGKILL)
        found = find_deliverable(folder, whole.key)
        assert found is None or found.file == whole.file
        assert {path.name for path in place.glob("*.json")} <= {f"{whole.key}.json"}
        assert make_deliverable((432, 768), request, PLAN, receipt, folder).file == whole.file
