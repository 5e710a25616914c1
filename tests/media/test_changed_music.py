"""Other music under a film: its picture is copied, packet by packet those of a fresh encode."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tasks.deliver_records import DeliverableReceipt, DeliverRequest
from tasks.deliverables import encoding
from tasks.deliverables.clips import MATERIALS
from tasks.deliverables.deliverable import make_deliverable
from tasks.deliverables.sound_mix import mix_args
from tasks.deliverables.store import deliverable_folder, discard_deliverable, keep_material
from tasks.media.mp4 import packet_md5s, read_mp4
from tasks.processes.ffmpeg import run_ffmpeg
from tasks.store.campaign_folder import CampaignFolder
from tests.media.test_deliverables_media import PLAN, SHAPES, make_master
from tests.media.test_intro_outro_media import halves, tone, write_clip

pytestmark = pytest.mark.media

SIZE = (216, 384)


def music(folder: Path, name: str, hertz: float):
    times = np.arange(3 * 24_000) / 24_000
    path = folder / f"{name}.wav"
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * hertz * times), 24_000)
    return keep_material(CampaignFolder(folder), path)


def packets(folder: CampaignFolder, made: DeliverableReceipt) -> tuple[tuple[str, ...], ...]:
    """Of its picture, and of its sound."""
    file = folder.root / deliverable_folder(made.key) / made.file.name
    movie = read_mp4(file)
    return packet_md5s(file, movie.track("vide")), packet_md5s(file, movie.track("soun"))


@pytest.mark.parametrize(
    "has_clips",
    [
        pytest.param(False, id="alone"),
        pytest.param(True, id="with clips", marks=pytest.mark.sweep),
    ],
)
def test_the_picture_is_copied_when_music_changes_and_its_packets_are_those_of_an_encode(
    tmp_path: Path, has_clips: bool, monkeypatch: pytest.MonkeyPatch
):
    receipt = make_master(tmp_path, SHAPES["wide"], num_frames=50)
    folder = CampaignFolder(tmp_path)
    one, two = music(tmp_path, "one", 220), music(tmp_path, "two", 330)
    plain = DeliverRequest(sizes=(SIZE,), label="AI-generated", teaser="webp")
    if has_clips:
        clip = write_clip(
            tmp_path / "clip.mp4", *halves("320x180", "25", 1, "red", "blue"), *tone(1, 0.1)
        )
        entry = keep_material(folder, clip)
        plain = plain.model_copy(update={"intro": entry, "outro": entry, "num_clip_frames": 50})
    first = make_deliverable(SIZE, plain.model_copy(update={"music": one}), PLAN, receipt, folder)

    encodes: list[Sequence[str]] = []
    run = encoding.run_ffmpeg

    def recorded(args: Sequence[str], **rest):
        encodes.extend([args] if "libx264" in args else [])
        return run(args, **rest)

    monkeypatch.setattr(encoding, "run_ffmpeg", recorded)
    changes = {"other": (two, one.sha256), "none": (None, one.sha256)}
    for piece, earlier in changes.values():
        asked = plain.model_copy(update={"music": piece, "earlier_music": earlier})
        copied = make_deliverable(SIZE, asked, PLAN, receipt, folder)
        assert not encodes, "the picture is copied"
        assert copied.key != first.key
        pictures, sounds = packets(folder, copied)
        assert pictures == packets(folder, first)[0]
        assert sounds != packets(folder, first)[1]
        discard_deliverable(folder, copied.key)
        fresh = make_deliverable(
            SIZE, asked.model_copy(update={"earlier_music": None}), PLAN, receipt, folder
        )
        assert encodes
        encodes.clear()
        assert fresh.key == copied.key
        assert packets(folder, fresh) == (pictures, sounds)
        assert (fresh.poster.sha256, fresh.teaser) == (copied.poster.sha256, copied.teaser)


def test_a_film_whose_earlier_one_is_gone_or_damaged_is_encoded(tmp_path: Path):
    receipt = make_master(tmp_path, SHAPES["wide"], num_frames=20)
    folder = CampaignFolder(tmp_path)
    one, two = music(tmp_path, "one", 220), music(tmp_path, "two", 330)
    request = DeliverRequest(sizes=(SIZE,), music=one)
    first = make_deliverable(SIZE, request, PLAN, receipt, folder)
    asked = DeliverRequest(sizes=(SIZE,), music=two, earlier_music=one.sha256)
    file = tmp_path / deliverable_folder(first.key) / first.file.name
    whole = make_deliverable(SIZE, asked, PLAN, receipt, folder)
    expected = packets(folder, whole)
    discard_deliverable(folder, whole.key)
    file.write_bytes(file.read_bytes()[:-100])
    again = make_deliverable(SIZE, asked, PLAN, receipt, folder)

    assert packets(folder, again) == expected


def test_a_mix_is_the_same_bytes_each_time_up_to_its_end(tmp_path: Path):
    make_master(tmp_path, SHAPES["wide"], num_frames=50)
    two = music(tmp_path, "two", 330)
    piece, mixes = tmp_path / MATERIALS / two.name, set[bytes]()
    for _ in range(8):  # before, one in three had lost the end of its music
        mix = tmp_path / "mix.wav"
        run_ffmpeg(mix_args(tmp_path / "videos/intro.mp4", piece, -20.0, 2.0, mix), timeout_s=60)
        mixes.add(mix.read_bytes())
    assert len(mixes) == 1
