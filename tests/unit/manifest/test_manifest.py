"""Manifests as people save them: what is read, and every fault that is told."""

import pickle
import struct
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from model.engine import engine_identity
from model.errors import CampaignError, WeightsError
from tasks.inputs.text_files import (
    TextFileError,
)
from tasks.manifest.cell_values import VIDEO_ID, suggested_id
from tasks.manifest.manifest import (
    MAX_FAULTS_SHOWN,
    Manifest,
    ManifestError,
    RowDefaults,
    read_manifest,
)
from tasks.records import VideoOutcome
from tasks.report.report import report_csv
from tasks.tables import table
from tasks.tables.table import (
    read_table,
)
from tests.examples import examples

HEADER = "video_id,script,portrait\n"


def png(width: int = 64, height: int = 64) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes((3 * width + 1) * height))
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "campaign"
    (home / "portraits").mkdir(parents=True)
    (home / "a.png").write_bytes(png())
    (home / "portraits" / "mara.png").write_bytes(png())
    (tmp_path / "outside.png").write_bytes(png())
    soundfile.write(home / "a.wav", np.zeros(1600), 16_000)
    (home / "long.txt").write_text("It is told in a file.", encoding="utf-8")
    return home


@pytest.fixture
def live_avatar(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The engine can be chosen: small random weights, which a manifest's reader never loads."""
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
    engine_identity.cache_clear()
    yield
    engine_identity.cache_clear()


def read(folder: Path, text: str | bytes, **options: object) -> Manifest:
    path = folder / "june.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    allow = bool(options.pop("allow_outside", False))
    return read_manifest(path, RowDefaults.model_validate(options), allow_outside=allow)


def faults(folder: Path, text: str | bytes, **options: object) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read(folder, text, **options)
    prefix = f"{folder / 'june.csv'}:"
    lines = str(caught.value).split("\n")
    assert all(line.startswith(prefix) for line in lines)
    return [line.removeprefix(prefix) for line in lines]


def fault(folder: Path, column: str, value: str) -> str:
    """The one fault of an otherwise good row with ``value`` in ``column``."""
    cells = {"video_id": "a", "script": "Hello.", "portrait": "a.png", column: value}
    if column == "audio":
        del cells["script"]
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells.values())
    found = faults(folder, ",".join(cells) + "\n" + quoted + "\n")
    assert len(found) == 1, found
    return found[0]


# --- what is read -------------------------------------------------------------------------------


def test_a_plain_row_gets_its_defaults(folder: Path) -> None:
    row = read(folder, HEADER + "a,Hello.,a.png\n").rows[0]
    assert (row.line, row.video_id, row.script) == (2, "a", "Hello.")
    assert row.portrait_path == folder / "a.png"
    assert (row.width, row.height, row.seed, row.preset) == (None, None, 0, "standard")
    assert (row.engine, row.language, row.voice, row.rig_path) == ("preview", "en", None, None)


def test_every_column_is_read(folder: Path) -> None:
    (folder / "a.rig.json").write_text("{}")
    text = (
        "video_id,script,portrait,voice,language,prompt,size,seed,preset,engine,num_clip,priority\n"
        "a,你好。,a.png,zf_xiaoxiao,ZH,calm,704*384,4294967295,hd,null,2,-3\n"
    )
    row = read(folder, text).rows[0]
    assert (row.voice, row.language, row.prompt) == ("zf_xiaoxiao", "zh", "calm")
    assert (row.width, row.height, row.seed, row.preset) == (704, 384, 2**32 - 1, "hd")
    assert (row.engine, row.num_clip, row.priority) == ("null", 2, -3)
    assert row.rig_path == folder / "a.rig.json"


def test_settings_of_clips_and_of_the_engine_are_read_with_their_kinds(
    folder: Path, live_avatar: None
) -> None:
    text = (
        "video_id,script,portrait,engine,infer_frames,segment_clips,sample_steps,"
        "sample_guide_scale,dtype,handoff\n"
        "a,Hi.,a.png,live-avatar,80,5,2.0,0,float32,context\n"
        "b,Hi.,a.png,null,36,,,,,\n"
    )
    first, second = read(folder, text).rows
    assert first.settings == {
        "infer_frames": 80,
        "segment_clips": 5,
        "sample_steps": 2,
        "sample_guide_scale": 0.0,
        "dtype": "float32",
        "handoff": "context",
    }
    assert second.settings == {"infer_frames": 36}


def test_what_an_engine_says_against_its_cells_is_told_with_all_other_faults(
    folder: Path, live_avatar: None
) -> None:
    text = (
        "video_id,script,portrait,engine,size,infer_frames,sample_steps,sample_guide_scale\n"
        "A,Hi.,a.png,live-avatar,384*48,0,101,5\n"
        "b,Hi.,b.png,preview,,48,4,\n"
    )
    told = faults(folder, text)
    assert [" ".join(each.split(" ")[:2]) for each in told] == [
        "2: video_id",
        "2: size",
        "2: infer_frames",
        "2: sample_steps",
        "2: sample_guide_scale",
        "3: portrait",
        "3: sample_steps",
    ]
    assert told[1].endswith(
        'size "384*48": engine live-avatar needs at least 64 pixels on each side; try "384x64"'
    )
    assert told[3].endswith('sample_steps "101": must be from 1 to 100; try "4"')
    assert (
        "engine preview does not have this setting; leave it out or choose another engine"
        in told[6]
    )


def test_faults_of_rows_go_before_an_engine_that_is_not_to_be_had(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NIGHTSHOOT_WEIGHTS", "NIGHTSHOOT_WEIGHTS_ID"):
        monkeypatch.delenv(name, raising=False)
    engine_identity.cache_clear()
    good = "video_id,script,portrait,engine,sample_steps\na,Hi.,a.png,live-avatar,2\n"

    assert len(faults(folder, good.replace("a.png", "b.png"))) == 1
    with pytest.raises(WeightsError, match="NIGHTSHOOT_WEIGHTS is not set"):
        read(folder, good)


@pytest.mark.parametrize("text", ["384*256", "384x256", "672x352", "512x512", "704x384", "384*704"])
def test_sizes_of_every_aspect_are_read_as_they_are_written(
    folder: Path, live_avatar: None, text: str
) -> None:
    rows = read(folder, f"{HEADER.strip()},size,engine\na,Hi.,a.png,{text},live-avatar\n").rows
    assert f"{rows[0].width}x{rows[0].height}" == text.replace("*", "x")


def test_campaign_defaults_fill_empty_cells_only(folder: Path) -> None:
    text = "video_id,script,portrait,seed,size\na,Hi.,a.png,,\nb,Hi.,a.png,3,64x32\n"
    first, second = read(folder, text, seed=9, size="384x256", engine="null").rows
    assert (first.seed, first.width, first.height, first.engine) == (9, 384, 256, "null")
    assert (second.seed, second.width, second.height) == (3, 64, 32)


@pytest.mark.parametrize(
    ("defaults", "words"),
    [
        ({"size": "700x384"}, '--size "700x384": .*; try "704x384"'),
        ({"seed": -1}, "--seed .*from 0 to 4294967295"),
        ({"preset": "standart"}, 'did you mean "standard"'),
        ({"voice": "hibary"}, 'did you mean "hibari"'),
        ({"engine": "previw"}, 'did you mean "preview"'),
    ],
)
def test_a_wrong_default_is_refused_by_its_option(
    folder: Path, defaults: dict[str, object], words: str
) -> None:
    with pytest.raises(CampaignError, match=words):
        read(folder, HEADER + "a,Hi.,a.png\n", **defaults)


CHINESE = "video_id,script,portrait\na,你好，世界。这是一个测试。,a.png\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "gb18030"]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_encoding_newline_and_separator_gives_the_same_row(
    folder: Path, encoding: str, newline: str, separator: str
) -> None:
    text = CHINESE.replace(",", separator).replace("\n", newline)
    manifest = read(folder, text.encode(encoding))
    assert manifest.rows[0].script == "你好，世界。这是一个测试。"
    assert manifest.rows[0].language == "zh"
    assert bool(manifest.notices) == encoding.startswith("gb")


def test_western_text_that_only_happens_to_decode_as_chinese_is_refused(folder: Path) -> None:
    data = (HEADER + "a,Très déçu par l’été à Orléans,a.png\n").encode("cp1252")
    assert "its encoding cannot be told for certain" in faults(folder, data)[0]


def test_the_header_may_be_in_any_case_with_spaces_and_quotes(folder: Path) -> None:
    text = "\ufeff “Video ID” , SCRIPT ,Portrait\u00a0,,\n a , \u00a0Hello.  ,a.png,,\n"
    manifest = read(folder, text)
    assert manifest.rows[0].script == "Hello."
    assert manifest.columns == ("video_id", "script", "portrait")


def test_quoted_newlines_and_blank_rows_keep_true_line_numbers(folder: Path) -> None:
    text = HEADER + '\na,"One.\r\nTwo, ""three"".",a.png\n ,, \n,,\nb,Hi.,a.png\n'
    first, second = read(folder, text).rows
    assert first.script == 'One.\nTwo, "three".'
    assert (first.line, second.line) == (3, 7)


def test_excels_sep_line_is_obeyed_and_counted(folder: Path) -> None:
    row = read(folder, "sep=;\nvideo_id;script;portrait\na;Hi, you.;a.png\n").rows[0]
    assert (row.line, row.script) == (3, "Hi, you.")


def test_whole_numbers_written_by_excel_as_decimals_are_read(folder: Path) -> None:
    text = "video_id,script,portrait,seed,num_clip,priority\na,Hi.,a.png,7.0,2.00,1.\n"
    row = read(folder, text).rows[0]
    assert (row.seed, row.num_clip, row.priority) == (7, 2, 1)


def test_words_that_look_like_missing_values_are_words(folder: Path) -> None:
    text = "video_id,script,portrait,prompt\nnan,It is null.,a.png,NA\nnull,Why NA?,a.png,null\n"
    rows = read(folder, text).rows
    assert [(row.video_id, row.script, row.prompt) for row in rows] == [
        ("nan", "It is null.", "NA"),
        ("null", "Why NA?", "null"),
    ]


def test_a_script_file_and_a_recording_with_its_script_are_read(folder: Path) -> None:
    (folder / "zh.txt").write_bytes("你好，世界。".encode("gbk"))
    text = "video_id,script,script_file,audio,portrait\n"
    text += "a,,long.txt,,a.png\nb,,zh.txt,,a.png\nc,Hi.,,a.wav,a.png\nd,,,a.wav,a.png\n"
    first, second, third, fourth = read(folder, text).rows
    assert first.script == "It is told in a file."
    assert (second.script, second.language) == ("你好，世界。", "zh")
    assert (third.script, third.audio_path) == ("Hi.", folder / "a.wav")
    assert fourth.script is None


def test_a_voice_beside_a_recording_is_said_to_be_unused(folder: Path) -> None:
    manifest = read(folder, "video_id,audio,portrait,voice\na,a.wav,a.png,hibari\n")
    assert manifest.notices == ("line 2: the row has a recording, so its voice is not used",)


def test_the_cells_are_kept_as_written_for_the_report(folder: Path) -> None:
    manifest = read(folder, "Script,video_id,portrait,seed\nHi.,b,a.png,1.0\nHo.,a,a.png,\n")
    assert manifest.columns == ("script", "video_id", "portrait", "seed")
    assert list(manifest.cells) == ["b", "a"]
    assert manifest.cells["b"] == {
        "script": "Hi.",
        "video_id": "b",
        "portrait": "a.png",
        "seed": "1.0",
    }


def test_a_row_that_lacks_only_optional_cells_at_its_end_is_read_and_told(folder: Path) -> None:
    manifest = read(folder, "video_id,script,portrait,seed,size\na,Hi.,a.png\n")
    assert "line 2: the row has 3 cells, but the header has 5" in manifest.notices[0]


# --- what is refused ----------------------------------------------------------------------------


def test_every_fault_of_every_row_is_told_at_once(folder: Path) -> None:
    text = (
        "video_id,script,portrait,size,seed\n"
        "Ann 1,Hello.,b.png,700x384,-1\n"
        'b,"One\ntwo",a.png,,\n'
        "b,,a.png,big,\n"
    )
    assert faults(folder, text) == [
        '2: video_id "Ann 1": must match [a-z0-9][a-z0-9-]* and have at most 63 characters; '
        'try "ann-1"',
        '2: portrait "b.png": the file does not exist; did you mean "a.png"?',
        '2: size "700x384": a size must be WxH, both multiples of 16 from 16 to 4096; '
        'try "704x384"',
        '2: seed "-1": must be a whole number from 0 to 4294967295; try "0"',
        '5: video_id "b": the video_id is already used on line 3; try "b-2"',
        "5: script: the row has nothing to speak; write a script, or name a script_file or an "
        "audio file",
        '5: size "big": a size must be WxH, both multiples of 16 from 16 to 4096; try "704x384"',
    ]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("video_id", "", "the cell is empty"),
        ("video_id", "1.2E+11", "looks like a number that Excel made of it"),
        ("video_id", "3-Jan", "looks like a date that Excel made of it"),
        ("video_id", "é" * 70, "try"),
        ("video_id", "你好", 'try "video-2"'),
        ("video_id", "a" * 64, f'try "{"a" * 63}"'),
        ("video_id", "../a", 'try "a"'),
        ("script", "#REF!", "this is a spreadsheet error"),
        ("script", "=CONCAT(A1,B1)", "this is a spreadsheet formula"),
        ("script", "ring\x07", "character 5 is a control character (U+0007)"),
        ("script", "nul\x00", "character 4 is a control character (U+0000)"),
        ("script", "caf\ufffd", "character 4 was lost"),
        ("prompt", "a\x1bb", "control character (U+001B)"),
        ("portrait", "", "the cell is empty"),
        ("portrait", "b.png", 'did you mean "a.png"?'),
        ("portrait", "A.PNG", 'did you mean "a.png"?'),
        ("portrait", "portraits\\mara.png", '"portraits/mara.png"'),
        ("portrait", "none/a.png", 'there is no folder "none" either'),
        ("portrait", "portraits", "this is a folder or a device, not a file"),
        ("portrait", "../outside.png", "leads outside the manifest's folder"),
        ("portrait", "https://x.org/a.png", "this is a web address, not a file"),
        ("portrait", "a.wav", "the file is not PNG"),
        ("portrait", "a\nb.png", "control character (U+000A)"),
        ("portrait", "x" * 300 + ".png", "the file cannot be read"),
        ("audio", "a.png", "the file is not WAV"),
        ("audio", "b.wav", 'did you mean "a.wav"?'),
        ("voice", "hibary", 'did you mean "hibari"?'),
        ("language", "zh-CN", 'try "zh"'),
        ("language", "fr", "leave it empty"),
        ("size", "0x0", 'try "16x16"'),
        ("size", "99999x16", 'try "4096x16"'),
        ("seed", "4294967296", 'try "4294967295"'),
        ("seed", "1.5", "must be a whole number"),
        ("seed", "1.23E+09", "format the column as text"),
        ("preset", "hq", "must be one of quick, draft, standard, hd, long"),
        ("engine", "previw", 'did you mean "preview"?'),
        ("num_clip", "0", "from 1 to"),
        ("priority", "high", "must be a whole number"),
    ],
)
def test_a_wrong_cell_is_told_with_its_way_out(
    folder: Path, column: str, value: str, words: str
) -> None:
    told = fault(folder, column, value)
    assert told.startswith(f"2: {column}")
    assert words in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("video_id,script,portrait,sede", '1: header "sede": unknown column; did you mean "seed"?'),
        ("video_id,script", "column portrait is missing"),
        ("video_id,portrait", "the columns script, script_file and audio are all missing"),
        ("video_id,script,portrait,SCRIPT", "the column appears twice"),
        ("a,Hello.,a.png", "the first line has no known column name"),
    ],
)
def test_a_wrong_header_is_told(folder: Path, header: str, words: str) -> None:
    assert any(words in each for each in faults(folder, header + "\na,b,c,d\n"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "the file is empty"),
        (HEADER.encode(), "there are no rows below the header"),
        (b"PK\x03\x04rest", "the workbook is damaged or cut short"),
        (b"\xd0\xcf\x11\xe0rest", "old Excel workbook"),
        (b"\xff\xfea\x00b", "broken UTF-16"),
        (
            HEADER.encode() + b'a,"open,a.png\nb,Hi.,a.png\n',
            "2: file: a quote that opens in this row",
        ),
        (HEADER.encode() + b'a,"' + b"x" * 200_000, "a quote that opens in this row"),
    ],
)
def test_a_file_that_is_no_table_is_told(folder: Path, data: bytes, words: str) -> None:
    told = faults(folder, data)
    assert len(told) == 1
    assert words in told[0]


def test_rows_of_another_width_are_told(folder: Path) -> None:
    text = HEADER + "a,Hello, you,a.png\nb,Hi.\n"
    told = faults(folder, text)
    assert '2: row "a.png": the row has 4 cells, but the header has 3; put quotes' in told[0]
    assert any(each.startswith('3: row "Hi.": the row has 2 cells') for each in told)


def test_two_scripts_are_one_too_many(folder: Path) -> None:
    text = "video_id,script,script_file,portrait\na,Hi.,long.txt,a.png\n"
    assert "keep only one of them" in faults(folder, text)[0]


def test_a_link_out_of_the_folder_is_refused_unless_allowed(folder: Path) -> None:
    (folder / "link.png").symlink_to(folder.parent / "outside.png")
    text = HEADER + "a,Hi.,link.png\n"
    assert "leads out" in faults(folder, text)[0]
    assert read(folder, text, allow_outside=True).rows[0].portrait_path == folder / "link.png"


@pytest.mark.parametrize("name", ["empty.txt", "blank.txt", "bad.txt"])
def test_a_script_file_without_a_usable_script_is_refused(folder: Path, name: str) -> None:
    (folder / "empty.txt").write_bytes(b"")
    (folder / "blank.txt").write_bytes(b" \n\n")
    (folder / "bad.txt").write_bytes(b"ring\x07")
    told = faults(folder, f"video_id,script_file,portrait\na,{name},a.png\n")
    assert len(told) == 1
    assert told[0].startswith("2: script_file")


def test_a_folder_or_a_missing_file_is_no_manifest(folder: Path) -> None:
    (folder / "june.csv").write_text("x")
    for path, words in (
        (folder, "this is a folder, not a manifest"),
        (folder / "jnue.csv", "june.csv"),
    ):
        with pytest.raises(ManifestError, match=words):
            read_manifest(path, RowDefaults())


def test_many_faults_are_all_kept_and_the_first_are_shown(folder: Path) -> None:
    text = HEADER + "".join(f"A{number},Hi.,a.png\n" for number in range(1000))
    with pytest.raises(ManifestError) as caught:
        read(folder, text)
    assert len(caught.value.faults) == 1000
    lines = str(caught.value).split("\n")
    assert len(lines) == MAX_FAULTS_SHOWN + 1
    assert lines[-1] == "... and 800 more problems"


def test_the_error_survives_pickling(folder: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        read(folder, HEADER + "A,Hi.,a.png\n")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.faults, str(again)) == (caught.value.faults, str(caught.value))


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_told_to_be_none(data: bytes) -> None:
    told: list[str] = []
    try:
        told += read_table(data, ("video_id", "script")).header.cells
    except TextFileError as error:
        told += (error.rule, error.way_out)
    assert any(told)


@given(st.text())
def test_a_suggested_id_is_valid(text: str) -> None:
    assert VIDEO_ID.fullmatch(suggested_id(text, "video-1"))


def test_many_rows_are_read_in_bounded_memory(folder: Path) -> None:
    """Two thousand here; the time and memory of ten thousand are in benchmarks/manifest.py."""
    lines = [f"v-{n},A line to be said in number {n}.,a.png,a.wav" for n in range(2_000)]
    text = "video_id,script,portrait,audio\n" + "\n".join(lines)
    tracemalloc.start()
    rows = read(folder, text).rows
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(rows) == 2_000
    assert peak < 30e6  # 15 kB a row at most, whatever the files hold


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            HEADER[:-1] + "," + ",".join(f"c{i}" for i in range(5_000)) + "\nv,hi,a.png\n",
            r"june\.csv:1: file: the header has 5003 columns, at most 200 are read; remove",
        ),
        (
            HEADER + "v,hi,a.png\n" * 2_001,
            r"june\.csv:2002: file: there are more than 2000 rows below the header; split",
        ),
        (
            HEADER + "\n" * 10_000,
            r"june\.csv:\d+: file: the file has more than 9000 lines; split",
        ),
    ],
    ids=["columns", "rows", "lines"],
)
def test_a_manifest_beyond_a_limit_is_refused_by_its_name(
    folder: Path, text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MAX_ROWS", 2_000)  # smaller, so that this is quick
    monkeypatch.setattr(table, "MAX_LINES", 9_000)
    with pytest.raises(ManifestError, match=message):
        read(folder, text)


def test_the_largest_manifest_that_is_read_is_not_refused(folder: Path) -> None:
    found = read_table((HEADER + "v,hi,a.png\n" * 200_000).encode(), ("video_id",))
    assert len(found.rows) == 200_000
    empty = "," * 5_000  # a spreadsheet's empty columns are no columns
    assert len(read(folder, f"{HEADER[:-1]}{empty}\nv,hi,a.png{empty}\n").rows) == 1


def test_half_a_million_empty_cells_take_no_memory() -> None:
    text = (HEADER + ("v,hi,a.png" + "," * 10_000 + "\n") * 50).encode()
    tracemalloc.start()
    found = read_table(text, ("video_id",))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [len(row.cells) for row in found.rows] == [3] * 50
    assert peak < 8 * len(text)  # the text itself, in the forms it takes


def test_faults_of_many_rows_are_found_in_time_that_grows_with_their_number(folder: Path) -> None:
    """Twice the rows took four times as long: each looked for a free name from 2 on."""
    began = time.process_time()  # what else the machine does is no matter
    with pytest.raises(ManifestError) as caught:
        read(folder, HEADER + "v,hi,a.png\n" * 8_000)
    assert [each.way_out for each in caught.value.faults][-1] == 'try "v-8000"'
    for number in range(250):
        (folder / f"some-{number}.png").write_bytes(b"")
    missing = "".join(f"v{n},hi,so-{n}.png\n" for n in range(1_000))
    with pytest.raises(ManifestError, match="did you mean"):
        read(folder, HEADER + missing)
    assert time.process_time() - began < 10


def test_a_misspelt_column_hides_no_fault_of_a_row(folder: Path) -> None:
    told = faults(folder, "video_id,scirpt,portrait\nAnn 1,Hello.,a.png\nben,,nothing.png\n")

    assert any(
        '1: header "scirpt": unknown column; did you mean "script"?' in each for each in told
    )
    assert any('2: video_id "Ann 1"' in each for each in told)
    assert any('3: portrait "nothing.png"' in each for each in told)
    assert any(each.startswith("3: script") for each in told), told


def test_an_absent_column_is_told_once_and_rows_are_still_judged(folder: Path) -> None:
    told = faults(folder, "video_id,script\nAnn 1,Hello.\nBen 2,Hello.\n")

    assert sum("portrait" in each for each in told) == 1
    assert sum("video_id" in each for each in told) == 2


# --- links and reports --------------------------------------------------------------------------


def test_a_rig_that_is_a_link_out_of_the_folder_is_refused_unless_it_is_allowed(folder):
    (folder.parent / "secret.json").write_text("{}")
    (folder / "a.rig.json").symlink_to(folder.parent / "secret.json")
    text = HEADER + "a,Hi.,a.png\n"

    with pytest.raises(ManifestError, match=r"a\.rig\.json is a link that leads outside.*--allow"):
        read(folder, text)

    assert read(folder, text, allow_outside=True).rows[0].rig_path == folder / "a.rig.json"


def test_a_rig_that_is_a_link_inside_the_folder_is_read(folder):
    (folder / "portraits" / "mara.rig.json").write_text("{}")
    (folder / "a.rig.json").symlink_to(folder / "portraits" / "mara.rig.json")

    assert read(folder, HEADER + "a,Hi.,a.png\n").rows[0].rig_path == folder / "a.rig.json"


def test_a_report_is_read_as_the_manifest_it_was_made_of(folder):
    script = '- one; -2 degrees\n@home, "=1";=2\n\'+3'
    quoted = script.replace('"', '""')
    first = read(folder, f'{HEADER}a,"{quoted}",a.png\n')
    outcome = VideoOutcome(video_id="a", line=2, status="failed", error="no; =voice")

    text = report_csv(folder, first.columns, first.cells, [outcome])
    again = read(folder, "\ufeff" + text)

    assert "'=2" in text
    assert again.rows[0].script == first.rows[0].script == script
    assert (again.columns, again.cells) == (first.columns, first.cells)
    assert "the file is a report" in again.notices[0]


def test_a_manifest_that_is_no_report_keeps_its_apostrophes(folder):
    assert read(folder, HEADER + "a,'+3 is it.,a.png\n").rows[0].script == "'+3 is it."


def test_names_that_windows_keeps_for_itself_are_told(folder: Path) -> None:
    rows = "".join(f"{name},Hi.,a.png\n" for name in ("con", "contact", "com1", "com10"))
    manifest = read(folder, HEADER + rows)
    assert len(manifest.rows) == 4
    assert manifest.notices == tuple(
        f'line {line}: Windows keeps the name "{name}" for itself: its files cannot be opened '
        "there, and are delivered only under another --name"
        for line, name in ((2, "con"), (4, "com1"))
    )


def test_a_name_proposed_for_an_address_tells_no_secret(folder: Path) -> None:
    with pytest.raises(ManifestError) as raised:
        read(folder, HEADER + "https://ann:PASSWORD@h/a?sig=PASSWORD,Hi.,a.png\n")
    assert 'try "https-h-a"' in str(raised.value)
    assert "password" not in str(raised.value).lower()
