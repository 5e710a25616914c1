"""The loudness of a campaign's videos, from the command line to the finished files."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tasks.media.sound import measure_loudness
from tests.integration.campaigns import receipts, video_digests, write_portrait

pytestmark = pytest.mark.integration
SCRIPT = "Good evening. Tonight we look at three small changes. First, write down what is done."


@pytest.fixture
def manifest(tmp_path) -> Path:
    """A voice, and a recording much louder than it, in stereo."""
    folder = tmp_path / "in"
    folder.mkdir()
    write_portrait(folder / "face.png")
    times = np.arange(5 * 24_000) / 24_000
    tone = np.sin(2 * np.pi * 220 * times) * (0.6 + 0.4 * np.cos(2 * np.pi * 3 * times))
    pcm = 0.5 * tone * (times > 0.5) + 1e-4 * np.random.default_rng(1).standard_normal(len(times))
    soundfile.write(folder / "loud.wav", np.stack([pcm, 0.8 * pcm], axis=1), 24_000)
    (folder / "talk.csv").write_text(
        "video_id,script,audio,portrait,engine,size,voice\n"
        f'voice,"{SCRIPT}",,face.png,null,96x64,hibari\n'
        "recording,,loud.wav,face.png,null,96x64,\n"
    )
    return folder / "talk.csv"


def rendered(nightshoot, manifest: Path, out: Path, *options: str) -> dict[str, dict]:
    done = nightshoot("render", manifest, "--out", out, "--json", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return {each["video_id"]: each for each in json.loads(done.stdout)}


def assert_heard_at(root: Path, lufs: int) -> None:
    with (root / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["video_id"]: row for row in csv.DictReader(file)}
    for name in ("voice", "recording"):
        heard = measure_loudness(root / "videos" / f"{name}.mp4", None, seconds=20)
        assert heard.integrated_lufs == pytest.approx(lufs, abs=1.0)
        assert heard.true_peak_dbtp <= -1.5
        told = json.loads((root / "videos" / f"{name}.json").read_text())["loudness"]
        assert told["target_lufs"] == lufs
        assert float(rows[name]["loudness_lufs"]) == told["integrated_lufs"]
        assert float(rows[name]["true_peak_dbtp"]) == told["true_peak_dbtp"]
        assert (told["integrated_lufs"], told["true_peak_dbtp"]) == pytest.approx(
            (heard.integrated_lufs, heard.true_peak_dbtp), abs=0.11
        )
    assert f"{heard.integrated_lufs:.1f}</b> LUFS" in (root / "report/index.html").read_text()


@pytest.mark.sweep
def test_every_video_is_heard_at_the_loudness_asked_for_and_rendered_once(
    nightshoot, manifest, tmp_path
):
    root = tmp_path / "talk"
    first = rendered(nightshoot, manifest, tmp_path)
    assert all(each["num_segments_rendered"] for each in first.values())
    assert_heard_at(root, -16)
    made, segments = video_digests(root), receipts(root)

    rendered(nightshoot, manifest, tmp_path)
    rendered(nightshoot, manifest, tmp_path, "--loudness", "-16")
    assert video_digests(root) == made

    softer = rendered(nightshoot, manifest, tmp_path, "--loudness", "-23")
    assert [each["num_segments_rendered"] for each in softer.values()] == [0, 0]
    assert_heard_at(root, -23)
    assert receipts(root) == segments

    rendered(nightshoot, manifest, tmp_path)
    assert_heard_at(root, -23)  # nobody asked for another

    rendered(nightshoot, manifest, tmp_path, "--loudness", "-16")
    assert video_digests(root) == made, "the same video, the same bytes"


def test_a_loudness_that_there_is_not_is_refused(nightshoot, manifest, tmp_path):
    refused = nightshoot("render", manifest, "--out", tmp_path, "--loudness", "-20")
    assert refused.returncode == 2
    assert "'-20' is not one of '-14', '-16', '-23', 'off'" in refused.stderr + refused.stdout
