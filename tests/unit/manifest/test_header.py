from pathlib import Path

import cv2
import numpy as np
import pytest

from tasks.manifest.header import own_columns_notice, read_header
from tasks.manifest.manifest import COLUMN_NAMES, Manifest, ManifestError, RowDefaults
from tasks.manifest.manifest import read_manifest as read_file
from tasks.tables.table import TableRow

REQUIRED = ("video_id", "portrait")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert cv2.imwrite(str(tmp_path / "a.png"), np.full((300, 300, 3), 128, np.uint8))
    return tmp_path


def read(folder: Path, text: str | bytes) -> Manifest:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "june.csv").write_bytes(data)
    return read_file(folder / "june.csv", RowDefaults())


def faults(folder: Path, text: str | bytes) -> list[str]:
    with pytest.raises(ManifestError) as raised:
        read(folder, text)
    return [f"{each.line}: {each}" for each in raised.value.faults]


def header(text: str):
    return read_header(TableRow(1, tuple(text.split(","))), COLUMN_NAMES, REQUIRED)


@pytest.mark.parametrize(
    "text",
    [
        "video_id,script,portrait",
        "Video ID*,Script (required),Portrait",
        "Video-Id :,SCRIPT（必填）,portrait [file]",
        "video id (unique)*,Script*,Portrait (jpg, png):".replace("jpg, png", "jpg or png"),
        "  video_id  ,“Script”【必填】,portrait＊",
    ],
)
def test_decorated_names_are_those_they_decorate(text: str) -> None:
    found = header(text)
    assert found.columns == ("video_id", "script", "portrait")
    assert (found.faults, found.own) == ((), ())


def test_a_decorated_name_claims_no_column_that_is_there_under_its_own() -> None:
    found = header("video_id,script,Script (old),portrait")
    assert found.columns[1] == "script"
    assert found.own == ("script_(old)",)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("sede", "seed"),
        ("scripts", "script"),
        ("potrait", "portrait"),
        ("langauge", "language"),
        ("voise", "voice"),
        ("engines", "engine"),
        ("priorty", "priority"),
        ("promt", "prompt"),
    ],
)
def test_a_near_miss_of_a_known_name_is_a_fault(name: str, meant: str) -> None:
    found = header(f"video_id,script,portrait,{name}")
    assert f'"{name}": unknown column; did you mean "{meant}"? A column of your own' in str(
        found.faults[0]
    )


@pytest.mark.parametrize(
    "name", ["notes", "client", "script_fr", "first_name", "价格", "due date", "approved by", "url"]
)
def test_columns_of_the_teams_own_are_carried_with_one_notice(name: str) -> None:
    found = header(f"video_id,script,portrait,{name},sku")
    assert found.faults == ()
    (notice,) = own_columns_notice(found)
    assert notice.startswith("2 columns of your own are copied into the report and not used")
    assert notice.endswith(f"{name.replace(' ', '_')}, sku")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,script,portrait", 'column video_id is missing; rename "id" to video_id'),
        ("video_id,text,portrait", 'are all missing; rename "text" to script'),
        ("video_id,script,photo", 'column portrait is missing; rename "photo" to portrait'),
        ("video_id,script", "column portrait is missing; add it"),
    ],
)
def test_a_missing_column_that_goes_by_another_name_is_named(text: str, told: str) -> None:
    (fault,) = header(text).faults
    assert told in str(fault)


def test_the_teams_columns_reach_the_report_without_what_may_be_secret(folder: Path) -> None:
    url = "https://ann:secret@example.org/a.png?sig=x"
    manifest = read(folder, f"video_id,script,portrait,notes,source\na,Hi.,a.png,check,{url}\n")
    assert manifest.columns[3:] == ("notes", "source")
    assert manifest.cells["a"]["notes"] == "check"
    assert "secret" not in manifest.cells["a"]["source"]
    assert "sig" not in manifest.cells["a"]["source"]
    assert manifest.notices == (
        "2 columns of your own are copied into the report and not used otherwise: notes, source",
    )


def test_columns_that_the_report_writes_itself_are_left_out_and_named(folder: Path) -> None:
    manifest = read(folder, "video_id,status,script,portrait,error\na,open,Hi.,a.png,none\n")
    assert manifest.columns == ("video_id", "script", "portrait")
    (notice,) = manifest.notices
    assert notice.startswith("the report writes columns called status, error: what the file has")


# --- one mistake, one fault ---------------------------------------------------------------------


def test_an_unquoted_comma_is_one_fault(folder: Path) -> None:
    text = "video_id,script,portrait,seed\na,Hello, you, there,a.png,7\nb,Hi.,a.png,1\n"
    (told,) = faults(folder, text)
    assert told.startswith('2: row "a.png": the row has 6 cells, but the header has 4; put quotes')


def test_a_header_that_comes_again_is_one_fault(folder: Path) -> None:
    text = "video_id,script,portrait\na,Hi.,a.png\nVideo_ID,Script,Portrait\nb,Hi.,a.png\n"
    assert faults(folder, text) == ["3: row: the header appears again; remove the line"]


def test_a_doubled_column_is_one_fault(folder: Path) -> None:
    (told,) = faults(folder, "video_id,script,portrait,script\na,Hi.,a.png,Ho.\n")
    assert told == '1: header "script": the column appears twice; remove one'


@pytest.mark.parametrize("end", [b"\x1a", b"\n\x1a", b"\r\n\x1a\x00\x00", b"\x1a\r\n"])
def test_the_mark_with_which_dos_ends_a_file_is_no_row(folder: Path, end: bytes) -> None:
    manifest = read(folder, b"video_id,script,portrait\r\na,Hi.,a.png" + end)
    assert [row.video_id for row in manifest.rows] == ["a"]


@pytest.mark.parametrize("sign", ["\v", "\f", "\u2028", "\u2029"])
def test_line_breaks_of_other_programs_are_line_breaks(folder: Path, sign: str) -> None:
    (row,) = read(folder, f"video_id,script,portrait\na,One.{sign}Two.,a.png\n").rows
    assert row.script == "One.\nTwo."


def test_a_cell_may_be_as_long_as_a_script_file(folder: Path) -> None:
    script = "The lamp is bright. " * 20_000
    (row,) = read(folder, f'video_id,script,portrait\na,"{script}",a.png\n').rows
    assert row.script == script.strip()
    (told,) = faults(folder, f'video_id,script,portrait\na,"{script * 11}",a.png\n')
    assert told.endswith("the script is larger than 4 MiB; split it into several videos")
    unclosed = f'video_id,script,portrait\na,"{script},a.png\nb,Hi.,a.png\n'
    (told,) = faults(folder, unclosed)
    assert told.startswith("2: file: a quote that opens in this row is never closed")
