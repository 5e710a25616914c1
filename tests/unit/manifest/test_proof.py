"""Proofs: what of a row they show, and that they share what they speak with the render."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.manifest.personal.proof import PRESET, proof_row, small_format
from tasks.media.proof_mark import marked
from tasks.plan.plan import KeyParts, plan_segments
from tasks.records import EncodeProfile, ManifestRow
from tasks.speech.request import SpeechRequest, request_sha256
from tasks.speech.spoken_script import spoken_script

SENTENCE = "This is a short sentence about a lamp that lights by itself at night. "


def row(**fields: object) -> ManifestRow:
    given = {"line": 2, "video_id": "a", "portrait_path": Path("a.png"), "script": "Hello."}
    return ManifestRow.model_validate(given | fields)


@given(st.integers(1, 60), st.integers(1, 60), st.floats(1, 19))
@settings(deadline=None)
def test_a_proof_is_one_small_clip_in_the_rows_aspect(
    width: int, height: int, seconds: float
) -> None:
    wide = row(width=16 * width, height=16 * height, engine="live-avatar", num_clip=7)
    made = proof_row(wide, seconds)
    assert made.width is not None
    assert made.height is not None
    assert made.width * made.height <= PRESET.area
    assert (made.width > made.height) <= (width >= height)
    assert (made.engine, made.num_clip) == ("preview", 1)
    assert made.settings["infer_frames"] == round(seconds * 25)


def test_a_row_without_a_size_keeps_the_aspect_of_its_portrait() -> None:
    assert (proof_row(row(), 4).width, proof_row(row(), 4).height) == (None, None)


def test_formats_of_a_proof_are_small_and_keep_their_shape() -> None:
    asked = ((1080, 1920), (1920, 1080), (1080, 1080), (96, 64), (4096, 64))
    small = ((270, 480), (480, 270), (480, 480), (96, 64), (480, 64))
    assert tuple(map(small_format, asked)) == small
    assert proof_row(row(deliver=(*asked, (2160, 3840))), 4).deliver == small


def test_a_proof_has_no_more_than_one_clip_can_hold() -> None:
    with pytest.raises(ValueError, match="from 1 to 19 seconds"):
        proof_row(row(), 20)


@pytest.mark.parametrize(
    ("voice", "text"), [("bf_emma", SENTENCE), ("zf_xiaoxiao", "你好，欢迎光临。")]
)
def test_a_proof_speaks_the_first_clauses_exactly_as_the_render_does(voice: str, text: str) -> None:
    language = "zh" if voice.startswith("z") else "en"
    whole = SpeechRequest.model_validate({"text": text * 20, "voice": voice, "language": language})
    first = whole.model_copy(update={"first_s": 4.0})
    spoken, all_spoken = spoken_script(first).spoken, spoken_script(whole).spoken
    assert 0 < len(spoken) < len(all_spoken) / 2
    assert spoken == all_spoken[: len(spoken)]
    assert request_sha256(first) != request_sha256(whole)


@pytest.mark.parametrize("shade", [0, 90, 255])
def test_every_frame_of_a_proof_is_marked_and_keeps_its_picture(shade: int) -> None:
    frames = np.full((3, 160, 256, 3), shade, np.uint8)
    (block,) = marked([frames])
    assert block.shape == frames.shape
    assert block.dtype == np.uint8
    is_changed = (block != frames).any(axis=(0, 3))
    assert 0.005 < is_changed.mean() < 0.2
    assert not is_changed[:80].any()
    assert (block[0] == block[2]).all()


def test_a_marked_segment_has_a_key_of_its_own() -> None:
    parts = KeyParts(
        engine="e",
        engine_version=1,
        weights_id="w",
        settings={},
        portrait_sha256="p",
        rig=None,
        prompt="",
        seed=0,
        width=64,
        height=64,
        fps=25,
        encode=EncodeProfile(),
    )
    plain, proof = (
        plan_segments((0, 48), parts, lambda start, end: f"{start} {end}", is_proof=is_proof)
        for is_proof in (False, True)
    )
    assert plain[0].key != proof[0].key
