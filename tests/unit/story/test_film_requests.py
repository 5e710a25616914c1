"""What a row with a brand asks to be made of its video: captions, clips and music."""

import shutil
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from flows.prepare import prepare_row
from flows.rows.settings import PrepareSettings
from tasks.deliver_records import DeliverRequest
from tasks.manifest.manifest import RowDefaults, read_manifest
from tasks.manifest.presets import load_presets
from tasks.portrait.portrait import PortraitLimits
from tasks.records import ManifestRow, StoredPlan
from tasks.screen.kept_screens import screen_name, screen_of_bytes
from tasks.speech.voices import VoiceSettings
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import open_campaign

ROOT = Path(__file__).parents[3]
SETTINGS = PrepareSettings(
    presets=load_presets(),
    engine_settings={},
    voice_settings=VoiceSettings(),
    portrait_limits=PortraitLimits(),
    ffmpeg_version="ffmpeg version 7",
)


def row_of(folder: Path, **cells: str) -> ManifestRow:
    cells = {
        "video_id": "lamp",
        "script": "This is our lamp.",
        "portrait": "mara.png",
        "deliver": "270x480",
        "headline": "A lamp",
        **cells,
    }
    shutil.copy(ROOT / "manifests" / "portraits" / "mara.png", folder / "mara.png")
    (folder / "m.csv").write_text(f"{','.join(cells)}\n{','.join(cells.values())}\n")
    return read_manifest(folder / "m.csv", RowDefaults()).rows[0]


def prepared(row: ManifestRow, folder: CampaignFolder) -> StoredPlan:
    with folder.lock():
        found = prepare_row(row, SETTINGS, folder, print).stored
    assert found is not None
    return found


def asked(row: ManifestRow, folder: CampaignFolder) -> DeliverRequest:
    deliver = prepared(row, folder).deliver
    assert deliver is not None
    return deliver


def captions_of(request: DeliverRequest, folder: CampaignFolder) -> object:
    data = folder.read_bytes(screen_name(request.screens["270x480"]))
    assert data is not None
    return screen_of_bytes(data).captions


def write_clip(path: Path, colour: str) -> None:
    with av.open(str(path), "w") as container:
        track = container.add_stream("mpeg4", rate=30)
        track.width, track.height, track.pix_fmt = 64, 64, "yuv420p"
        for _ in range(30):
            picture = Image.new("RGB", (64, 64), colour)
            container.mux(track.encode(av.VideoFrame.from_image(picture)))
        container.mux(track.encode())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "brand.toml").write_text('layout = "beside"\n')
    return tmp_path


def test_captions_are_burned_into_tall_films_with_a_layout_unless_they_lay_beside_before(home):
    folder = open_campaign(home / "out", "june")
    first = asked(row_of(home), folder)
    assert first.captions is None
    assert captions_of(first, folder) is not None

    # as a release left it that had no place for captions in any layout
    stored = prepared(row_of(home), folder)
    older = first.model_copy(update={"captions": "beside"})
    folder.write_plan(stored.model_copy(update={"deliver": older}))
    assert asked(row_of(home), folder) == older, "a finished film stays as it is"
    burned = asked(row_of(home, captions="burned"), folder)
    assert burned.captions == "burned"
    assert captions_of(burned, folder) is not None
    beside = asked(row_of(home, captions="beside"), folder)
    assert captions_of(beside, folder) is None


def test_a_brand_lends_its_clips_and_its_music_and_a_row_can_go_without_the_music(home):
    tone = 0.1 * np.sin(np.arange(3 * 8_000) / 4)
    soundfile.write(home / "calm.wav", tone, 8_000)
    write_clip(home / "intro.mp4", "black")
    brand = home / "brand.toml"
    brand.write_text(brand.read_text() + '[intro]\nfile="intro.mp4"\n[music]\nfile="calm.wav"\n')
    brand.write_text(brand.read_text() + '[label]\nen = "Made with AI"\n')
    folder = open_campaign(home / "out", "june")
    request = asked(row_of(home), folder)

    assert request.intro is not None
    assert request.music is not None
    assert (request.outro, request.num_clip_frames) == (None, 25)
    assert request.clip_background == "#14202b"
    for entry in (request.intro, request.music):
        folder.check_kept("materials", entry)
    assert request.label == "", "in English nobody asks for it"
    quiet = asked(row_of(home, music="off", ai_label="on"), folder)
    changed = {"music": None, "earlier_music": request.music.sha256, "label": "Made with AI"}
    changed["earlier_label"] = ""
    assert quiet == request.model_copy(update=changed)


def test_a_row_whose_music_changes_remembers_what_its_films_had(home):
    folder = open_campaign(home / "out", "june")
    for name, hertz in (("one", 220), ("two", 330)):
        soundfile.write(home / f"{name}.wav", np.sin(np.arange(72_000) * hertz / 4000), 24_000)
    first = asked(row_of(home), folder)
    with_one = asked(row_of(home, music="one.wav"), folder)
    again = asked(row_of(home, music="one.wav", headline="Our lamp"), folder)
    with_two = asked(row_of(home, music="two.wav"), folder)

    assert (first.music, first.earlier_music) == (None, None)
    assert with_one.music is not None
    assert (with_one.earlier_music, again.earlier_music) == ("", "")
    assert with_two.earlier_music == with_one.music.sha256


def test_a_row_whose_clips_change_remembers_what_its_films_had(home):
    for name in ("red", "blue"):
        write_clip(home / f"{name}.mp4", name)
    brand = home / "brand.toml"
    plain = brand.read_text()
    folder = open_campaign(home / "out", "june")
    first = asked(row_of(home), folder)
    brand.write_text(plain + '[intro]\nfile="red.mp4"\n')
    red = asked(row_of(home), folder)
    brand.write_text(plain + '[intro]\nfile="blue.mp4"\n')
    blue, again = asked(row_of(home), folder), asked(row_of(home), folder)
    brand.write_text(plain)
    gone = asked(row_of(home), folder)

    assert (first.earlier_intro, first.earlier_outro) == (None, None)
    assert (red.earlier_intro, red.earlier_outro) == ("", None)
    assert red.intro is not None
    assert blue.earlier_intro == red.intro.sha256
    assert again == blue, "a plan that is as before is not written again"
    assert blue.intro is not None
    assert (gone.intro, gone.earlier_intro) == (None, blue.intro.sha256)
    assert (gone.clip_background, gone.earlier_clip_background) == ("", blue.clip_background)


def test_a_row_whose_label_and_screen_change_remembers_what_its_films_had(home):
    folder = open_campaign(home / "out", "june")
    first = asked(row_of(home, name="Mara"), folder)
    labelled = asked(row_of(home, name="Mara", ai_label="on"), folder)
    renamed = asked(row_of(home, name="Mara Lind", ai_label="on"), folder)
    again = asked(row_of(home, name="Mara Lind", ai_label="on"), folder)

    assert (first.earlier_label, first.earlier_screens) == (None, {})
    assert (labelled.earlier_label, labelled.earlier_screens) == ("", {})
    assert renamed.earlier_screens == labelled.screens != renamed.screens
    assert again == renamed, "a plan that is as before is not written again"
