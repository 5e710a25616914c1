import unicodedata
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from flows.cli.main import cli
from model.errors import CampaignError
from tasks.manifest.manifest import ManifestError, RowDefaults, read_manifest
from tasks.manifest.recordings import manifest_from_recordings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert cv2.imwrite(str(tmp_path / "a.png"), np.full((300, 300, 3), 128, np.uint8))
    (tmp_path / "recordings").mkdir()
    return tmp_path


def recording(path: Path) -> None:
    soundfile.write(path, np.zeros(160), 16_000, format="WAV")


def test_a_folder_of_recordings_becomes_a_manifest_in_natural_order(folder: Path) -> None:
    for name in ("Take 10.wav", "Take 2.wav", "take-2.wav", "notes.txt", "录音.wav"):
        recording(folder / "recordings" / name)
    out = folder / "made.csv"
    made = manifest_from_recordings(folder / "recordings", folder / "a.png", out)
    out.write_text(made.text, encoding="utf-8")
    rows = read_manifest(out, RowDefaults()).rows
    assert [(row.video_id, row.audio_path and row.audio_path.name) for row in rows] == [
        ("take-2", "Take 2.wav"),
        ("take-10", "Take 10.wav"),
        ("take-2-2", "take-2.wav"),
        ("recording-4", "录音.wav"),
    ]
    assert made.left_out == ("notes.txt: its name is not that of a recording",)


def test_what_the_system_wrote_and_what_is_damaged_is_left_out_and_named(folder: Path) -> None:
    place = folder / "recordings"
    recording(place / "Take 1.wav")
    for name in ("._Take 1.wav", ".DS_Store", "Thumbs.db", "desktop.ini", "~$Take 1.wav"):
        (place / name).write_bytes(b"\x00\x05\x16\x07")
    (place / "empty.mp3").touch()
    (place / "more").mkdir()
    made = manifest_from_recordings(place, folder / "a.png")
    assert [line.split(",")[0] for line in made.text.splitlines()] == ["video_id", "take-1"]
    assert made.left_out == (
        "._Take 1.wav: a hidden file of the system",
        ".DS_Store: a hidden file of the system",
        "desktop.ini: a hidden file of the system",
        "empty.mp3: the file is empty",
        "more: a folder; name it as --audio-dir to read what is in it",
        "Thumbs.db: a hidden file of the system",
        "~$Take 1.wav: a hidden file of the system",
    )


def test_everything_that_the_audio_column_reads_has_a_row() -> None:
    folder = Path(__file__).parents[3].parent / "shared" / "reports" / "folder-of-recordings"
    if not folder.is_dir():
        pytest.skip("the reports are not beside this checkout")
    made = manifest_from_recordings(folder, folder / "portrait.jpg")
    assert [line.split(",")[0] for line in made.text.splitlines()] == [
        *("video_id", "memo", "phone", "take-1"),
    ]
    assert made.left_out == (
        "._Take 1.mp3: a hidden file of the system",
        "README: its name is not that of a recording",
    )


def test_a_folder_without_recordings_is_refused_with_what_is_in_it(folder: Path) -> None:
    (folder / "recordings" / "notes.txt").write_text("x")
    told = r"there are no recordings in this folder; supported types are (?s:.*)notes\.txt: its"
    with pytest.raises(CampaignError, match=told):
        manifest_from_recordings(folder / "recordings", folder / "a.png")


def test_the_command_names_what_it_left_out_and_overwrites_nothing_unasked(folder: Path) -> None:
    recording(folder / "recordings" / "one.wav")
    (folder / "recordings" / "notes.txt").write_text("x")
    out = folder / "made.csv"
    args = ["manifest", "--audio-dir", str(folder / "recordings"), "--portrait"]
    args += [str(folder / "a.png"), "--out", str(out)]
    out.write_text("mine")

    refused = CliRunner().invoke(cli, args)
    assert refused.exit_code == 2
    assert "exists already; name another file, or add --force" in refused.stderr
    assert out.read_text() == "mine"

    made = CliRunner().invoke(cli, [*args, "--force"], standalone_mode=False)
    assert made.return_value == 0
    assert made.stderr == "left out: notes.txt: its name is not that of a recording\n"
    assert out.read_text().splitlines()[1].startswith("one,recordings/one.wav,a.png")


# --- names of files -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Bücher-Größe", "Ärger", "カバ", "한국어", "é à la carte"])
@pytest.mark.parametrize(("on_disk", "in_cell"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_a_name_is_found_in_either_form_of_unicode(
    folder: Path, name: str, on_disk: str, in_cell: str
) -> None:
    place = folder / unicodedata.normalize(on_disk, f"Ordner {name}")
    place.mkdir()
    (folder / "a.png").rename(place / unicodedata.normalize(on_disk, f"{name}.png"))
    cell = unicodedata.normalize(in_cell, f"Ordner {name}/{name}.png")
    (folder / "m.csv").write_text(f"video_id,script,portrait\na,Hi.,{cell}\n", encoding="utf-8")
    (row,) = read_manifest(folder / "m.csv", RowDefaults()).rows
    assert row.portrait_path.is_file()


def test_two_files_that_differ_only_in_the_form_of_unicode(folder: Path) -> None:
    data = (folder / "a.png").read_bytes()
    forms = [unicodedata.normalize(form, "Ångström.png") for form in ("NFC", "NFD")]
    for form in forms:
        (folder / form).write_bytes(data)
    manifest = folder / "m.csv"
    for form in forms:  # the cell names one of them exactly
        manifest.write_text(f"video_id,script,portrait\na,Hi.,{form}\n", encoding="utf-8")
        assert read_manifest(manifest, RowDefaults()).rows[0].portrait_path.name == form
    other = forms[0][0] + forms[1][2:]  # the first letter in one form, the rest in the other
    manifest.write_text(f"video_id,script,portrait\na,Hi.,{other}\n", encoding="utf-8")
    with pytest.raises(ManifestError, match=r"2 files in the folder.*; rename all but one"):
        read_manifest(manifest, RowDefaults())


def test_a_name_that_is_not_there_in_any_form_is_missing(folder: Path) -> None:
    (folder / "m.csv").write_text("video_id,script,portrait\na,Hi.,Bücher/ä.png\n", "utf-8")
    with pytest.raises(ManifestError, match=r'there is no folder "Bücher" either'):
        read_manifest(folder / "m.csv", RowDefaults())
