"""A program of the operator enlarges masters; what it writes is proved before it is used."""

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from model.errors import MachineError
from tasks.deliver_records import DeliverRequest
from tasks.deliverables.deliverable import make_deliverable
from tasks.deliverables.keys import deliverable_key
from tasks.deliverables.store import enlargements
from tasks.deliverables.upscaler import (
    COMMAND_VARIABLE,
    UpscalerError,
    enlarged_crop,
    enlarged_size,
    upscaler_of,
)
from tasks.processes.ffmpeg import ffmpeg_path
from tasks.records import VideoReceipt
from tasks.screen.overlays import Region
from tasks.store.campaign_folder import CampaignFolder
from tests.media.test_deliverables_media import PLAN, SHAPES, face_of, frames_of, is_green
from tests.media.test_deliverables_media import make_master as made_master

pytestmark = pytest.mark.media

SIZE = (384, 384)
SECRET = "token-4711-geheim"
_FFMPEG = f"{shlex.quote(ffmpeg_path())} -v error -y -i {{in}} "


def scaling(filters: str, codec: str = "-c:v libx264 -crf 1", out: str = "{out}") -> str:
    return f"{_FFMPEG} -vf {filters} {codec} -an {out}"


SCALE = "scale={width}:{height}:flags=neighbor"


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VideoReceipt]:
    folder = tmp_path_factory.mktemp("small")
    return folder, made_master(folder, SHAPES["square"], 12)


def made(master: tuple[Path, VideoReceipt], command: str, monkeypatch: pytest.MonkeyPatch):
    folder, receipt = master
    monkeypatch.setenv(COMMAND_VARIABLE, command)
    request = DeliverRequest(
        sizes=(SIZE,), face=face_of(SHAPES["square"]), upscaler=upscaler_of("nearest", "1")
    )
    return make_deliverable(SIZE, request, PLAN, receipt, CampaignFolder(folder))


def test_the_presenter_comes_from_the_enlarged_film_with_every_frame_in_its_colours(
    master: tuple[Path, VideoReceipt], monkeypatch: pytest.MonkeyPatch
):
    folder, receipt = master
    film = made(master, scaling(SCALE), monkeypatch)
    frames = frames_of(folder / "deliverables" / film.key[:2] / film.file.name)
    plain = make_deliverable(
        SIZE,
        DeliverRequest(sizes=(SIZE,), face=face_of(SHAPES["square"])),
        PLAN,
        receipt,
        CampaignFolder(folder),
    )
    usual = frames_of(folder / "deliverables" / plain.key[:2] / plain.file.name)

    assert frames.shape == (12, 384, 384, 3)
    took = film.enlargement
    assert took is not None
    assert (took.size, took.num_frames) == ((384, 384), 12)
    assert (took.num_bytes > 0, 0 < took.seconds < film.seconds) == (True, True)
    assert film.upscaler is not None
    store = CampaignFolder(folder)
    assert enlargements(store, film.upscaler) == [took]
    assert enlargements(store, film.upscaler.model_copy(update={"command": "another"})) == []
    assert film.key != plain.key
    assert film.upscaler is not None
    assert (plain.upscaler, film.upscaler.name) == (None, "nearest")
    middle = frames[6][is_green(frames[6])]
    assert np.abs(np.median(middle, 0) - np.median(usual[6][is_green(usual[6])], 0)).max() <= 2

    # the edges of the face are hard where each pixel was repeated, and soft by lanczos
    def sharpness(of: np.ndarray) -> int:
        return int(np.abs(np.diff(of[6].astype(int), axis=1)).max())

    assert sharpness(frames) > sharpness(usual)


@pytest.mark.parametrize(
    "codec", ["-c:v ffv1 -pix_fmt gbrp -f matroska", "-c:v libx264 -crf 1 -pix_fmt yuvj444p"]
)
def test_a_film_in_other_pixels_comes_out_in_the_same_colours(
    master: tuple[Path, VideoReceipt], codec: str, monkeypatch: pytest.MonkeyPatch
):
    folder, _ = master
    film = made(master, scaling(SCALE, codec), monkeypatch)
    frame = frames_of(folder / "deliverables" / film.key[:2] / film.file.name)[6]

    assert np.abs(np.median(frame[is_green(frame)], 0) - (40, 200, 60)).max() <= 4


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (scaling("scale={width}:-2,pad={width}:{height}+2"), "must have 384x384"),
        (scaling(f"{SCALE} -frames:v 7"), "it has 7 frames, must have 12"),
        (scaling(f"{SCALE},fps=50"), "frames, must have 12"),
        (scaling(f"{SCALE},setpts=PTS*2 -fps_mode passthrough"), "not 25 a second"),
        (f"{sys.executable} -c pass {{in}} {{out}} {{width}} {{height}}", "wrote no {out}"),
        (f"{sys.executable} -c 'open(\"{{out}}\",\"w\").write(\"no\")' {{in}} {{width}} {{height}}",
         "no film that can be decoded"),
    ],
    ids=["sides", "frames", "rate", "times", "nothing", "no film"],
)  # fmt: skip
def test_what_is_not_the_master_enlarged_is_refused_and_nothing_is_kept(
    master: tuple[Path, VideoReceipt], command: str, told: str, monkeypatch: pytest.MonkeyPatch
):
    folder, _ = master
    before = sorted(folder.rglob("*.mp4"))
    with pytest.raises(UpscalerError, match=told.replace("{", r"\{")):
        made(master, command, monkeypatch)
    assert sorted(folder.rglob("*.mp4")) == before


def test_a_failing_program_is_told_without_its_arguments(
    master: tuple[Path, VideoReceipt], monkeypatch: pytest.MonkeyPatch
):
    script = "import sys; sys.exit(f'no licence for {sys.argv[1]}')"
    places = "{in} {out} {width} {height}"
    command = f"{sys.executable} -c {shlex.quote(script)} {SECRET} {places}"
    with pytest.raises(UpscalerError) as caught:
        made(master, command, monkeypatch)
    told = str(caught.value)

    assert "exit code 1" in told
    assert "licence" in told or "..." in told
    assert SECRET not in told


def test_another_command_is_another_film_and_a_worker_with_another_one_makes_none(
    master: tuple[Path, VideoReceipt], monkeypatch: pytest.MonkeyPatch
):
    folder, receipt = master
    monkeypatch.setenv(COMMAND_VARIABLE, scaling(SCALE))
    keys = set[str]()
    request = DeliverRequest(sizes=(SIZE,))
    for version in ("1", "2"):
        asked = request.model_copy(update={"upscaler": upscaler_of("nearest", version)})
        keys.add(deliverable_key(asked, SIZE, receipt))
    monkeypatch.setenv(COMMAND_VARIABLE, scaling(SCALE, "-c:v libx264 -crf 2"))
    other = request.model_copy(update={"upscaler": upscaler_of("nearest", "1")})
    keys.add(deliverable_key(other, SIZE, receipt))
    assert len(keys) == 3
    whole = SHAPES["square"]
    assert deliverable_key(other, whole, receipt) == deliverable_key(request, whole, receipt), (
        "a film of the master's own size is enlarged by nobody"
    )

    monkeypatch.setenv(COMMAND_VARIABLE, "another {in} {out} {width} {height}")
    with pytest.raises(MachineError, match="is not the one with which this film was planned"):
        make_deliverable(SIZE, other, PLAN, receipt, CampaignFolder(folder))


def test_a_missing_command_and_one_without_its_places_are_told_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.delenv(COMMAND_VARIABLE, raising=False)
    with pytest.raises(UpscalerError, match=rf'name "esrgan": no command.*set {COMMAND_VARIABLE}'):
        upscaler_of("esrgan", "4")
    monkeypatch.setenv(COMMAND_VARIABLE, "esrgan {in} --key abcdefg")
    with pytest.raises(UpscalerError, match=r"`esrgan \.\.\.` lacks \{out\} and"):
        upscaler_of("esrgan", "4")


def test_a_master_is_enlarged_as_far_as_its_parts_need_and_they_stay_where_they_are():
    crop = Region(176, 0, 216, 384)
    size = enlarged_size((704, 384), [(crop, (1080, 1920))])
    assert size == (3520, 1920)
    assert enlarged_crop(crop, (704, 384), size) == Region(880, 0, 1080, 1920)
    assert enlarged_size((704, 384), [(crop, (108, 192))]) is None
