"""Another intro or outro: the presenter's frames are copied, the same as in a fresh encode."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from tasks.deliver_records import DeliverRequest
from tasks.deliverables import encoding, final_encode
from tasks.deliverables.checks import DeliverableError
from tasks.deliverables.deliverable import make_deliverable
from tasks.deliverables.encoding import KeptParts
from tasks.deliverables.store import (
    deliverable_folder,
    discard_deliverable,
    find_earlier,
    keep_material,
)
from tasks.record import FileEntry
from tasks.screen.formats import format_name
from tasks.screen.kept_screens import screen_bytes, screen_name
from tasks.screen.lettering import plated
from tasks.screen.overlays import Overlay, Region, Screen
from tasks.store.campaign_folder import CampaignFolder
from tests.media.test_changed_music import music, packets
from tests.media.test_deliverables_media import PLAN, SHAPES, make_master
from tests.media.test_intro_outro_media import halves, tone, write_clip

pytestmark = pytest.mark.media

SIZE = (216, 384)
NONE_CHANGED = {"earlier_music": None, "earlier_intro": None, "earlier_outro": None}


def clip(folder: Path, name: str, seconds: float) -> FileEntry:
    picture = halves("320x180", "25", seconds, name, "gray")
    path = write_clip(folder / f"{name}.mp4", *picture, *tone(seconds, 0.1))
    return keep_material(CampaignFolder(folder), path)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is encoded, while a test runs."""
    names: list[str] = []
    run = encoding.run_ffmpeg

    def recorded(args: Sequence[str], **rest):
        names.extend([Path(args[-1]).stem] if "libx264" in args else [])
        return run(args, **rest)

    monkeypatch.setattr(encoding, "run_ffmpeg", recorded)
    return names


@pytest.mark.parametrize(
    "names",
    [
        ("another intro", "none of both", "music too"),
        pytest.param(("another outro", "no intro", "the first outro"), marks=pytest.mark.sweep),
    ],
    ids=["some", "others"],
)
def test_only_what_changed_is_encoded_and_the_file_is_that_of_a_fresh_encode(
    names: Sequence[str], tmp_path: Path, encoded: list[str]
):
    receipt = make_master(tmp_path, SHAPES["wide"], num_frames=60)
    folder = CampaignFolder(tmp_path)
    red, blue = clip(tmp_path, "red", 1), clip(tmp_path, "blue", 0.6)
    piece = music(tmp_path, "one", 220)
    plain = DeliverRequest(sizes=(SIZE,), label="AI-generated", teaser="webp")
    background = {"clip_background": "#14302f"}
    whole = plain.model_copy(
        update={"intro": red, "outro": red, "num_clip_frames": 50, **background}
    )
    kept_films = [make_deliverable(SIZE, each, PLAN, receipt, folder) for each in (plain, whole)]
    earlier = {"earlier_intro": red.sha256, "earlier_outro": red.sha256}
    had = {"earlier_clip_background": "#14302f"}
    changes: dict[str, tuple[DeliverRequest, dict[str, object], list[str]]] = {
        "another intro": (whole, {"intro": blue, "num_clip_frames": 40, **earlier}, ["intro"]),
        "another outro": (whole, {"outro": blue, "num_clip_frames": 40, **earlier}, ["outro"]),
        "no intro": (whole, {"intro": None, "num_clip_frames": 25, **earlier}, []),
        "none of both": (plain, {"label": "AI-generated", **earlier, **had}, []),
        "the first outro": (
            plain,
            {"outro": red, "num_clip_frames": 25, "earlier_outro": "", **background},
            ["outro"],
        ),
        "music too": (
            whole,
            {"intro": blue, "num_clip_frames": 40, "music": piece, "earlier_music": "", **earlier},
            ["intro"],
        ),
    }
    for name in names:
        request, update, expected = changes[name]
        asked = request.model_copy(update=update)
        fresh = make_deliverable(SIZE, asked.model_copy(update=NONE_CHANGED), PLAN, receipt, folder)
        pictures, sounds = packets(folder, fresh)
        file = (tmp_path / deliverable_folder(fresh.key) / fresh.file.name).read_bytes()
        discard_deliverable(folder, fresh.key)
        encoded.clear()
        copied = make_deliverable(SIZE, asked, PLAN, receipt, folder)

        assert encoded == expected, name
        assert copied.key == fresh.key, name
        assert packets(folder, copied) == (pictures, sounds), name
        kept = (tmp_path / deliverable_folder(copied.key) / copied.file.name).read_bytes()
        # the box of a film without clips names its encoder where it has just been encoded
        assert (kept == file) == (name != "none of both"), name
        assert copied.poster.sha256 == fresh.poster.sha256, name
        assert (copied.num_intro_frames, copied.num_outro_frames) == (
            fresh.num_intro_frames,
            fresh.num_outro_frames,
        ), name
        if copied.key not in {each.key for each in kept_films}:
            discard_deliverable(folder, copied.key)


def test_a_film_that_is_a_copy_of_its_master_lends_no_frames(tmp_path: Path, encoded: list[str]):
    receipt = make_master(tmp_path, SHAPES["wide"], num_frames=30)
    folder = CampaignFolder(tmp_path)
    size, red = SHAPES["wide"], clip(tmp_path, "red", 1)
    plain = DeliverRequest(sizes=(size,))
    bare = make_deliverable(size, plain, PLAN, receipt, folder)
    assert bare.is_copy
    more = {"intro": red, "num_clip_frames": 25, "earlier_intro": ""}
    asked = plain.model_copy(update=more)
    assert find_earlier(asked, size, receipt, folder) is None
    with_intro = make_deliverable(size, asked, PLAN, receipt, folder)
    assert encoded == ["intro", "master"]

    discard_deliverable(folder, bare.key)
    gone = plain.model_copy(update={"earlier_intro": red.sha256})
    assert find_earlier(gone, size, receipt, folder) is not None
    again = make_deliverable(size, gone, PLAN, receipt, folder)
    assert again.is_copy
    assert packets(folder, again)[0] != packets(folder, with_intro)[0][25:]


def test_frames_that_do_not_begin_a_part_are_refused(tmp_path: Path):
    receipt = make_master(tmp_path, SHAPES["wide"], num_frames=60)
    folder = CampaignFolder(tmp_path)
    made = make_deliverable(SIZE, DeliverRequest(sizes=(SIZE,)), PLAN, receipt, folder)
    path = tmp_path / deliverable_folder(made.key) / made.file.name
    film = encoding.Film(path, 60, 25, PLAN.encode.timescale, sound=None)
    with pytest.raises(DeliverableError, match="what was copied is not frames 10 to 30 of"):
        encoding._cut_part(
            KeptParts(path, {"master": range(10, 30)}), "master", film, tmp_path, 60.0
        )


@pytest.mark.parametrize(
    ("has_clips", "label", "expected"),
    [
        (True, "Made by a computer", ["intro", "head"]),
        pytest.param(False, "Made by a computer", ["head"], marks=pytest.mark.sweep),
        pytest.param(False, "", ["head"], marks=pytest.mark.sweep),
    ],
)
def test_another_label_encodes_what_it_is_seen_in_and_copies_the_rest(
    tmp_path: Path, encoded: list[str], has_clips: bool, label: str, expected: list[str]
):
    # the label is seen in 75 frames, and the next key frame is 96
    receipt = make_master(tmp_path, SHAPES["wide"], num_frames=132)
    folder = CampaignFolder(tmp_path)
    before = DeliverRequest(sizes=(SIZE,), label="AI-generated")
    if has_clips:
        red = clip(tmp_path, "red", 0.4)
        clips = {"intro": red, "outro": red, "num_clip_frames": 20, "clip_background": "#14302f"}
        before = before.model_copy(update=clips)
    make_deliverable(SIZE, before, PLAN, receipt, folder)
    asked = before.model_copy(update={"label": label})
    fresh = make_deliverable(SIZE, asked, PLAN, receipt, folder)
    pictures, sounds = packets(folder, fresh)
    discard_deliverable(folder, fresh.key)
    encoded.clear()
    asked = asked.model_copy(update={"earlier_label": before.label})
    copied = make_deliverable(SIZE, asked, PLAN, receipt, folder)

    assert encoded == expected
    assert copied.key == fresh.key
    assert packets(folder, copied) == (pictures, sounds)
    assert copied.poster.sha256 == fresh.poster.sha256


def kept_screen(folder: CampaignFolder, *overlays: Overlay) -> dict[str, str]:
    data = screen_bytes(Screen(*SIZE, Region(0, 0, *SIZE), overlays=overlays))
    digest = sha256(data).hexdigest()
    folder.write_once(screen_name(digest), data)
    return {format_name(SIZE): digest}


def words(text: str, top: int, starts_s: float, ends_s: float) -> Overlay:
    return Overlay(plated(text, 20)[0], 20, top, starts_s, ends_s, 0.2)


@pytest.mark.sweep
def test_another_title_copies_what_is_seen_behind_it_unless_it_is_another_encoders(
    tmp_path: Path, encoded: list[str], monkeypatch: pytest.MonkeyPatch
):
    receipt = make_master(tmp_path, SHAPES["wide"], num_frames=132)
    folder = CampaignFolder(tmp_path)
    cta = words("Order today", 40, 3.5, 5.2)
    was = kept_screen(folder, words("Mara Lind", 200, 0.4, 1.8), cta)
    now = kept_screen(folder, words("Mara L. Lind, designer", 200, 0.4, 1.8), cta)
    request = DeliverRequest(sizes=(SIZE,), shown="a", screens=now)
    fresh = make_deliverable(SIZE, request, PLAN, receipt, folder)
    pictures = packets(folder, fresh)
    asked = request.model_copy(update={"earlier_screens": was})
    for crf, expected in ((final_encode.CRF, ["head"]), (30, ["head", "master"])):
        discard_deliverable(folder, fresh.key)
        with monkeypatch.context() as patch:
            patch.setattr(final_encode, "CRF", crf)
            plain = request.model_copy(update={"screens": was})
            before = make_deliverable(SIZE, plain, PLAN, receipt, folder)
        encoded.clear()
        copied = make_deliverable(SIZE, asked, PLAN, receipt, folder)

        assert encoded == expected
        assert (copied.key, packets(folder, copied)) == (fresh.key, pictures)
        discard_deliverable(folder, before.key)
