"""Columns of deliverables: what they take, and that they are a team's own without `deliver`."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from model.errors import CampaignError
from tasks.deliver_records import CaptionStyle
from tasks.manifest.manifest import Manifest, ManifestError, RowDefaults, read_manifest


def read(folder: Path, header: str, cells: str, **defaults: str) -> Manifest:
    Image.new("RGB", (300, 300), "gray").save(folder / "a.png")
    path = folder / "m.csv"
    path.write_text(f"video_id,script,portrait,{header}\nv1,Hello there.,a.png,{cells}\n")
    return read_manifest(path, RowDefaults(**defaults))


def test_a_row_says_what_is_made_of_it_and_the_option_says_it_for_the_others(tmp_path: Path):
    given = '"9:16, 64x64",burned,on'
    (row,) = read(tmp_path, "deliver,captions,ai_label", given, deliver="1:1").rows
    assert row.deliver == ((1080, 1920), (64, 64))
    assert (row.captions, row.ai_label) == ("burned", True)

    (row,) = read(tmp_path, "deliver,captions,ai_label", ",,", deliver="1:1", ai_label="off").rows
    assert row.deliver == ((1080, 1080),)
    assert (row.captions, row.ai_label) == (None, False)


def test_a_row_can_go_without_the_music_of_its_brand(tmp_path: Path):
    (row,) = read(tmp_path, "deliver,music", "1:1,Off").rows
    assert (row.music_path, row.has_music) == (None, False)
    (row,) = read(tmp_path, "deliver,music", "1:1,").rows
    assert (row.music_path, row.has_music) == (None, True)
    with pytest.raises(ManifestError, match='music "of": the file does not exist'):
        read(tmp_path, "deliver,music", "1:1,of")


def test_what_breaks_a_rule_is_told_all_at_once(tmp_path: Path):
    with pytest.raises(ManifestError) as caught:
        read(tmp_path, "deliver,captions,ai_label", "9:17,under,perhaps")
    told = str(caught.value)

    assert 'deliver "9:17"' in told
    assert 'captions "under": must be one of burned, beside, both, off' in told
    assert 'ai_label "perhaps": must be on or off; try "on"' in told


def test_without_deliver_such_columns_are_what_the_team_writes_into_them(tmp_path: Path):
    manifest = read(tmp_path, "captions,ai_label,delivery", "see the folder,n/a,soon")

    assert manifest.rows[0].captions is None
    assert "line 2: captions is not used, because the row has no deliver" in manifest.notices
    assert manifest.cells["v1"]["captions"] == "see the folder"


def test_a_row_says_how_its_captions_look_the_option_the_rest_and_the_brand_what_both_leave_out(
    tmp_path: Path,
):
    rows = read(tmp_path, "deliver,caption_style", '1:1,"top, box"', caption_style="middle").rows
    assert rows[0].caption_style == CaptionStyle(position="top", backdrop="box")
    rows = read(tmp_path, "deliver,caption_style", "1:1,", caption_style="middle").rows
    assert rows[0].caption_style == CaptionStyle(position="middle")
    assert read(tmp_path, "deliver", "1:1").rows[0].caption_style is None
    with pytest.raises(ManifestError, match=r'caption_style "topp".*try "top"'):
        read(tmp_path, "deliver,caption_style", "1:1,topp")


def test_a_style_that_nobody_could_read_is_told_with_that_of_its_brand(tmp_path: Path):
    (tmp_path / "brand.toml").write_text('[captions]\nbackground = "#ffe0a0"\ntext = "#202020"\n')
    with pytest.raises(ManifestError, match=r"text: #ffffff on #ffe0a0 cannot be read"):
        read(tmp_path, "deliver,caption_style", "1:1,text=#ffffff")
    assert read(tmp_path, "deliver,caption_style", "1:1,text=#303030").rows[0].caption_style


def test_words_of_a_chinese_row_are_not_highlighted_which_is_told(tmp_path: Path):
    with pytest.raises(ManifestError, match="words are highlighted in English alone"):
        read(tmp_path, "deliver,caption_style,language", "1:1,highlight=#ffd400,zh")


def test_a_row_and_the_option_name_sets_of_the_brand(tmp_path: Path):
    (tmp_path / "brand.toml").write_text('[sets]\nsocial = ["9:16", "1:1"]\n')
    both = ((1080, 1920), (1080, 1080))
    assert read(tmp_path, "deliver", "social").rows[0].deliver == both
    assert read(tmp_path, "deliver", ",", deliver="social").rows[0].deliver == both
    with pytest.raises(ManifestError, match=r'deliver "socal".*try "social"'):
        read(tmp_path, "deliver", "socal")
    with pytest.raises(CampaignError, match=r'--.*deliver "socal".*try "social"'):
        read(tmp_path, "deliver", ",", deliver="socal")


def test_a_set_that_the_brand_of_a_row_has_not_is_a_fault_of_the_row(tmp_path: Path):
    (tmp_path / "a.toml").write_text('[sets]\nsocial = ["9:16"]\n')
    (tmp_path / "b.toml").write_text("")
    assert read(tmp_path, "brand", "a.toml", deliver="social").rows[0].deliver == ((1080, 1920),)
    with pytest.raises(
        ManifestError, match=r'line 2.*deliver "social": "social" is no format|m.csv:2'
    ):
        read(tmp_path, "brand", "b.toml", deliver="social")
