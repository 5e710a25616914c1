"""What is wrong with a script is a fault of its cell, before anything is rendered."""

import csv
import io
import time
from pathlib import Path

import pytest
from PIL import Image

from tasks.manifest.manifest import Manifest, ManifestError, RowDefaults, read_manifest

WAYS_OUT = (
    'give a recording of it in the column "audio", or a voice of your own: "http:<voice>" with '
    '--voice-url, or "command:<voice>" with --voice-command'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    return tmp_path


def read(folder: Path, *rows: dict[str, str], **defaults: str) -> Manifest:
    columns = {"video_id", "portrait"}.union(*rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, sorted(columns), lineterminator="\n")
    writer.writeheader()
    for index, row in enumerate(rows):
        writer.writerow({"video_id": f"v{index}", "portrait": "a.png"} | row)
    (folder / "june.csv").write_text(text.getvalue(), encoding="utf-8")
    return read_manifest(folder / "june.csv", RowDefaults.model_validate(defaults))


def faults(folder: Path, *rows: dict[str, str]) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read(folder, *rows)
    return str(caught.value).replace(f"{folder / 'june.csv'}:", "").split("\n")


def test_every_flaw_of_every_script_is_told_with_its_line(folder: Path) -> None:
    assert faults(
        folder,
        {"script": "Hi {name}, it is [Date]."},
        {"script": "Hello."},
        {"script": "Itâ€™s new."},
    ) == [
        '2: script "{name}": this is a placeholder that was not filled in (character 4); '
        "fill it in; if these words are to be spoken, write them without the braces",
        '2: script "[Date]": looks like a placeholder that was not filled in (character 18); '
        "fill it in; if these words are to be spoken, write them without the brackets",
        '4: script "Itâ€™s new.": the script was garbled when it was saved or opened in another '
        'encoding; it probably was "It’s new.": open the original and save it as UTF-8 '
        '("CSV UTF-8" in Excel), or type the text again',
    ]


def test_garbled_bytes_without_a_sign_are_told_as_garbled_text(folder: Path) -> None:
    (told,) = faults(folder, {"script": "å\x85¬å\x8f¸"})
    assert 'it probably was "公司"' in told


def test_a_subtitle_file_is_no_script(folder: Path) -> None:
    (folder / "a.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nHello there.\n")
    assert faults(folder, {"script_file": "a.srt"}) == [
        '2: script_file "00:00:00,000 --> 00:00": these are subtitles, not a script '
        "(line 2, character 1); keep the words, without numbers and times"
    ]


def test_a_script_in_another_language_is_refused_with_the_ways_out(folder: Path) -> None:
    assert faults(
        folder,
        {"script": "こんにちは、マラです。", "language": "en"},
        {"script": "Bonjour tout le monde.", "voice": "zf_xiaoxiao"},
    ) == [
        '2: script "こんにちは、マラです。": the script is written in Japanese, which no built-in '
        f"voice can say; {WAYS_OUT}",
        '3: script "Bonjour tout le monde.": the script seems to be French, which no built-in '
        f'voice speaks; {WAYS_OUT}; to have it read as English, write "en" in the column '
        '"language"',
    ]


def test_voices_of_a_persons_own_speak_what_they_are_given(folder: Path) -> None:
    rows = [
        {"script": "こんにちは、マラです。", "voice": "http:mara"},
        {"script": "Bonjour tout le monde.", "voice": "command:mara"},
        {"script": "Bonjour tout le monde.", "language": "en"},
    ]
    assert len(read(folder, *rows).rows) == 3
    assert len(read(folder, {"script": "Привет, мир."}, voice="http:mara").rows) == 1


def test_a_campaigns_language_does_not_insist_for_every_row(folder: Path) -> None:
    with pytest.raises(ManifestError, match="seems to be French"):
        read(folder, {"script": "Bonjour tout le monde."}, language="en")


def test_units_and_models_leave_a_script_mandarin_and_old_speech_what_it_was(folder: Path) -> None:
    script = "内存16GB+512GB，100Mbps宽带，60Hz，1080P，IP68。"
    manifest = read(folder, {"script": script}, {"script": script, "voice": "http:mara"})
    assert [row.language for row in manifest.rows] == ["zh", "en"]


def test_repairs_are_told_once_for_all_rows_and_the_cell_stays_what_it_is(folder: Path) -> None:
    rows = [{"script": "Salt &amp; pepper."}] * 8 + [{"script": "<b>Bold</b>"}]
    manifest = read(folder, *rows)
    assert manifest.rows[0].script == "Salt &amp; pepper."
    assert manifest.notices == (
        "lines 2, 3, 4, 5, 6 and 3 more: script: HTML entities were replaced by what they stand "
        "for: &amp;",
        "line 10: script: tags that change nothing in speech were left out: <b>",
    )


def test_checking_a_script_costs_little_beside_reading_its_row(folder: Path) -> None:
    script = (
        "Meet Lumo, the lamp that glows for {} hours. It's light, it's bright, and it's $29.99."
    )
    rows = [{"script": script.format(hours)} for hours in range(1000)]
    read(folder, rows[0])
    started = time.process_time()
    read(folder, *rows)
    # 0.1 ms a row on its own where this was written; reading a row took about as long
    assert time.process_time() - started < 2.0
