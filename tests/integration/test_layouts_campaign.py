"""Films with a layout, from the command line to the pixels: what is shown when."""

import json
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.integration.campaigns import ROOT, receipts, video_digests, write_campaign

pytestmark = pytest.mark.integration

SIZE = "270x480"
SCRIPT = (
    "This is our lamp. [show image2 1s] It glows, [presenter full 1s] and here I am. [price] Now."
)


def branded(folder: Path) -> Path:
    """A campaign of one row with a brand, two pictures and marks; its manifest."""
    manifest = write_campaign(folder, 1, 1)
    header, row = manifest.read_text().splitlines()[:2]
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    cells |= {
        "script": f'"{SCRIPT}"',
        "deliver": SIZE,
        "product_image": "lamp.png",
        "product_image_2": "room.png",
        "headline": "A lamp",
        "price_text": "$49",
    }
    cells.pop("audio", None)
    manifest.write_text(f"{','.join(cells)}\n{','.join(cells.values())}\n")
    shutil.copy(ROOT / "manifests/products/lamp.png", folder / "lamp.png")
    shutil.copy(ROOT / "manifests/products/lamp-evening.png", folder / "room.png")
    (folder / "brand.toml").write_text(
        'layout = "beside"\ntransition = "cut"\n[palette]\nbackground = "#14302f"\n'
    )
    return manifest


def film(root: Path) -> np.ndarray:
    """Frames of the newest deliverable, ``(F, H, W, 3)`` uint8."""
    newest = max(root.glob("deliverables/*/*.mp4"), key=lambda path: path.stat().st_mtime_ns)
    with av.open(str(newest)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_a_film_shows_what_marks_say_and_another_price_renders_no_segment(nightshoot, tmp_path):
    manifest, root = branded(tmp_path / "in"), tmp_path / "campaign"
    done = nightshoot("render", manifest, "--out", tmp_path, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    plan = json.loads((root / "plans" / "v0.json").read_text())
    assert "[" not in plan["plan"]["title"]
    first, masters, segments = film(root), video_digests(root), receipts(root)
    speech = sorted(path.name for path in (root / "speech").iterdir())

    # the canvas is the brand's, beside the presenter, but where the presenter is alone
    corner = first[:, 20:40, 10:60].mean(axis=(1, 2))
    is_canvas = np.abs(corner - (0x14, 0x30, 0x2F)).max(axis=1) < 12
    alone = np.flatnonzero(~is_canvas)
    assert len(alone) == 25
    assert alone[-1] - alone[0] == 24
    # the second picture is seen for a second, before that
    product = first[:, 190:260, 160:225].mean(axis=(1, 2))
    changes = np.abs(np.diff(product, axis=0)).max(axis=1) > 12
    assert 10 < np.flatnonzero(changes)[0] < alone[0]

    manifest.write_text(manifest.read_text().replace("$49", "$59"))
    done = nightshoot("render", manifest, "--out", tmp_path, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)[0]["num_segments_rendered"] == 0
    assert (video_digests(root), receipts(root)) == (masters, segments)
    assert sorted(path.name for path in (root / "speech").iterdir()) == speech
    assert len(list(root.glob("deliverables/*/*.mp4"))) == 2
    other = film(root)
    changed = np.abs(other.astype(int) - first).max(axis=(1, 2, 3)) > 60
    assert changed[-1]
    assert not changed[: alone[-1]].any()

    before = {path: path.read_bytes() for path in root.glob("deliverables/*/*.mp4")}
    done = nightshoot("render", manifest, "--out", tmp_path, "--json")
    assert {path: path.read_bytes() for path in root.glob("deliverables/*/*.mp4")} == before


def write_clip(path: Path, colour: str, seconds: float) -> None:
    """A clip of another size and rate than any film's, without sound."""
    with av.open(str(path), "w") as container:
        track = container.add_stream("mpeg4", rate=30)
        track.width, track.height, track.pix_fmt = 64, 64, "yuv420p"
        picture = av.VideoFrame.from_image(Image.new("RGB", (64, 64), colour))
        for index in range(round(30 * seconds)):
            picture.pts = index
            container.mux(track.encode(picture))
        container.mux(track.encode())


# films with other clips are in tests/media/test_changed_clips.py, their captions in
# tests/media/test_intro_outro_media.py
@pytest.mark.sweep
def test_another_intro_makes_only_deliverables_anew_and_moves_their_captions(nightshoot, tmp_path):
    manifest, root = branded(tmp_path / "in"), tmp_path / "campaign"
    brand = tmp_path / "in" / "brand.toml"
    brand.write_text(brand.read_text() + '[intro]\nfile = "intro.mp4"\n')
    both = ("--captions", "both")
    found: list[np.ndarray] = []
    kept: list[object] = []
    for colour, seconds in (("red", 0.4), ("blue", 0.8)):
        write_clip(tmp_path / "in" / "intro.mp4", colour, seconds)
        done = nightshoot("render", manifest, "--out", tmp_path, "--json", *both)
        assert done.returncode == 0, done.stdout + done.stderr
        kept.append((video_digests(root), receipts(root)))
        found.append(film(root))

    assert kept[0] == kept[1]
    assert len(found[1]) == len(found[0]) + 10
    for frames, number in zip(found, (10, 20), strict=True):
        middle = frames[: number + 1, 240, 135].argmax(axis=1)
        assert set(middle[:number]) == {0 if number == 10 else 2}
    nightshoot("decide", "campaign", "v0", "--approve", "--as", "Ann", "--out", tmp_path)
    starts_ms: list[int] = []
    for name in ("v0.srt", f"v0_{SIZE}.en.srt"):
        clock = (root / "delivery" / name).read_text().splitlines()[1].split(" --> ")[0]
        assert clock.startswith("00:00:")
        starts_ms.append(int(clock[6:].replace(",", "")))
    assert starts_ms[1] == starts_ms[0] + 800


def test_words_that_do_not_fit_are_refused_before_anything_is_spoken(nightshoot, tmp_path):
    manifest = branded(tmp_path / "in")
    manifest.write_text(manifest.read_text().replace("A lamp", "A lamp that glows " * 12))
    done = nightshoot("plan", manifest, "--out", tmp_path)

    assert done.returncode == 2
    assert ':2: headline "A lamp that glows' in done.stderr
    assert f"in the layout beside at {SIZE}; write at most " in done.stderr
    assert not (tmp_path / "campaign" / "speech").exists()


def test_a_proof_shows_the_layout_small_whatever_its_marks_and_times_ask_for(nightshoot, tmp_path):
    manifest = branded(tmp_path / "in")
    header, row = manifest.read_text().splitlines()
    row = row.replace(SIZE, "1080x1920")
    manifest.write_text(f"{header},name\n{row},Mara Lind\n")
    done = nightshoot("proof", manifest, "--seconds", "1", "--out", tmp_path, "--json")
    assert done.returncode == 0, done.stdout + done.stderr

    root = tmp_path / "campaign-proof"
    (kept,) = (json.loads(path.read_text()) for path in root.glob("deliverables/*/*.json"))
    assert kept["size"] == [270, 480]
    shown = film(root)
    assert len(shown) == 25
    canvas = shown[:, 20:40, 10:60].mean(axis=(1, 2))
    assert np.abs(canvas - (0x14, 0x30, 0x2F)).max() < 12, "the presenter is not alone yet"
    third = shown[0, 350:382, 15:120].astype(int)
    assert np.ptp(third) > 100, "the lower third is seen from the beginning"
