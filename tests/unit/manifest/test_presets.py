"""Presets and the sizes they give."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import CampaignError
from tasks.manifest.presets import Preset, load_presets, size_for

PRESET = """
[mine]
width = 688
height = 368
sample_steps = 4
segment_clips = 3
crf = 17
"""


def test_the_shipped_presets_are_those_of_the_design() -> None:
    presets = load_presets()
    sizes = {name: (p.width, p.height, p.sample_steps) for name, p in presets.items()}
    assert sizes == {
        "quick": (384, 256, 2),
        "draft": (384, 256, 3),
        "standard": (688, 368, 4),
        "hd": (704, 384, 4),
        "long": (688, 368, 4),
    }
    assert {p.infer_frames for p in presets.values()} == {48}
    assert presets.pop("long").segment_clips == 10
    assert {p.segment_clips for p in presets.values()} == {None}


@given(st.integers(1, 12_000), st.integers(1, 12_000), st.sampled_from(sorted(load_presets())))
def test_a_size_is_on_the_grid_within_the_area_and_near_the_portraits_aspect(
    portrait_width: int, portrait_height: int, name: str
) -> None:
    preset = load_presets()[name]
    width, height = size_for(preset, portrait_width, portrait_height)
    assert width % 16 == height % 16 == 0
    assert 0.8 * preset.area <= width * height <= preset.area
    wanted = min(max(portrait_width / portrait_height, 0.5), 2.0)
    assert width / height == pytest.approx(wanted, rel=0.1)


def test_a_portrait_of_the_presets_own_aspect_gets_exactly_its_size() -> None:
    for preset in load_presets().values():
        assert size_for(preset, preset.width * 3, preset.height * 3) == (
            preset.width,
            preset.height,
        )
        turned = size_for(preset, preset.height * 3, preset.width * 3)
        assert turned == (preset.height, preset.width)


def test_a_tiny_area_still_gives_a_frame() -> None:
    preset = Preset(width=16, height=16, sample_steps=1, segment_clips=1, crf=20)
    assert size_for(preset, 4000, 1000) == (16, 16)


@given(st.integers(1, 12_000), st.integers(1, 12_000), st.sampled_from([16, 24, 64, 200]))
def test_no_side_is_shorter_than_an_engine_needs(width: int, height: int, least: int) -> None:
    preset = Preset(width=256, height=208, sample_steps=1, crf=20)
    size = size_for(preset, width, height, least)
    assert min(size) >= least
    assert size[0] * size[1] <= preset.area
    assert size[0] % 16 == size[1] % 16 == 0


def test_an_area_without_room_for_the_shortest_side_is_refused() -> None:
    with pytest.raises(ValueError, match="96x32 is too small for sides of 64"):
        size_for(Preset(width=96, height=32, sample_steps=1, crf=20), 100, 100, 64)


@pytest.mark.parametrize(
    ("portrait", "size"),
    [((512, 512), (512, 512)), ((1920, 1080), (688, 384)), ((1080, 1920), (384, 688))],
)
def test_square_wide_and_tall_portraits_keep_their_aspect(
    portrait: tuple[int, int], size: tuple[int, int]
) -> None:
    assert size_for(load_presets()["hd"], *portrait, 64) == size


def test_a_portrait_without_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="got 0x5"):
        size_for(load_presets()["quick"], 0, 5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PRESET + "sampel_steps = 3\n", 'setting; did you mean "sample_steps"'),
        (PRESET + "zzz = 3\n", "zzz is not a preset's setting; remove it"),
        (PRESET.replace("crf = 17", "crf = 99"), "crf = 99"),
        (PRESET.replace("width = 688", "width = 690"), "multiple of 16"),
        (PRESET.replace("crf = 17\n", ""), r"\[mine\] crf is missing"),
        (PRESET + "infer_frames = 481\n", "infer_frames = 481"),
        ("width = 3\n", "width = 3 is outside"),
        ("", "there is no preset in this file"),
        ("[mine", "this is not a TOML file"),
    ],
)
def test_a_wrong_preset_file_says_where_and_what(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "presets.toml"
    path.write_text(text)
    with pytest.raises(CampaignError, match=words) as caught:
        load_presets(path)
    assert str(path) in str(caught.value)


def test_a_missing_preset_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="cannot be read"):
        load_presets(tmp_path / "none.toml")


def test_a_preset_file_of_ones_own_replaces_the_shipped_ones(tmp_path: Path) -> None:
    path = tmp_path / "presets.toml"
    path.write_text(PRESET, encoding="utf-8-sig")
    assert list(load_presets(path)) == ["mine"]


def test_a_presets_file_that_is_nested_or_long_without_end_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("a = " + "[" * 100_000 + "]" * 100_000)
    with pytest.raises(CampaignError, match=r"mine\.toml: .*(nested too deeply|not a TOML file)"):
        load_presets(path)
    path.write_text("#" * 1_100_000)
    with pytest.raises(CampaignError, match=r"mine\.toml: the file is larger than 1024 KiB"):
        load_presets(path)
