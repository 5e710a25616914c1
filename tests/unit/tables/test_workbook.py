import contextlib
import io
import re
import zipfile
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.inputs.text_files import TextFileError
from tasks.manifest.manifest import Manifest, ManifestError, RowDefaults, read_manifest
from tasks.tables.table import read_table
from tasks.tables.workbook import read_workbook
from tests.examples import examples

HEADER = ["video_id", "script", "portrait"]


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def book_of(*rows: list[object]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return book


def with_part(data: bytes, name: str, change) -> bytes:
    """The workbook with one of its parts changed, as no library would write it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            body = old.read(info)
            new.writestr(info, change(body) if info.filename == name else body)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert cv2.imwrite(str(tmp_path / "a.png"), np.full((300, 300, 3), 128, np.uint8))
    return tmp_path


def read(folder: Path, data: bytes, sheet: str | None = None) -> Manifest:
    (folder / "june.xlsx").write_bytes(data)
    return read_manifest(folder / "june.xlsx", RowDefaults(), sheet=sheet)


def test_a_workbook_is_read_like_a_csv_with_the_numbers_of_its_rows(folder: Path) -> None:
    book = book_of(HEADER, ["a", "Hello,\nand welcome.", "a.png"], [], ["b", "你好。", "a.png"])
    manifest = read(folder, saved(book))
    assert [(row.line, row.video_id, row.script) for row in manifest.rows] == [
        (2, "a", "Hello,\nand welcome."),
        (4, "b", "你好。"),
    ]
    assert manifest.notices == ()


def test_values_are_read_as_they_are_displayed(folder: Path) -> None:
    book = book_of([*HEADER, "seed", "price", "from", "off"], ["a", "Hi.", "a.png", 7.0])
    sheet = book.active
    for name, value, number_format in (
        ("E2", 1999.5, '"$"#,##0.00'),
        ("F2", datetime(2026, 3, 4), "d mmmm yyyy"),
        ("G2", 0.15, "0%"),
    ):
        sheet[name] = value
        sheet[name].number_format = number_format
    manifest = read(folder, saved(book))
    assert manifest.rows[0].seed == 7
    cells = manifest.cells["a"]
    assert (cells["price"], cells["from"], cells["off"]) == ("$1,999.50", "4 March 2026", "15%")


def test_faults_name_the_rows_of_the_sheet(folder: Path) -> None:
    book = book_of(HEADER, ["Ann 1", "Hi.", "a.png"], ["b", "Hi.", "none.png"])
    with pytest.raises(ManifestError) as raised:
        read(folder, saved(book))
    told = str(raised.value)
    assert 'june.xlsx:2: video_id "Ann 1"' in told
    assert 'june.xlsx:3: portrait "none.png"' in told


def test_the_first_visible_sheet_is_read_unless_another_is_named(folder: Path) -> None:
    book = book_of(["nothing"])
    book.active.sheet_state = "hidden"
    for title in ("June", "July"):
        sheet = book.create_sheet(title)
        for row in (HEADER, [title.lower(), "Hi.", "a.png"]):
            sheet.append(row)
    data = saved(book)
    june = read(folder, data)
    assert [row.video_id for row in june.rows] == ["june"]
    assert june.notices == (
        'the sheet "June" was read, not "Sheet", "July"; --sheet names another',
    )
    july = read(folder, data, sheet="july ")
    assert [row.video_id for row in july.rows] == ["july"]
    assert july.notices == ()
    with pytest.raises(ManifestError, match=r'"May": the workbook has no such sheet; it has "Sh'):
        read(folder, data, sheet="May")


def test_merged_cells_count_for_each_of_their_rows(folder: Path) -> None:
    book = book_of(HEADER, ["a", "Hi.", "a.png"], ["b", "Ho.", None], ["c", "Hey.", None])
    book.active.merge_cells("C2:C4")
    manifest = read(folder, saved(book))
    assert len(manifest.rows) == 3
    assert manifest.notices == ("merged cells count for each of their rows: C2:C4",)


def test_hidden_rows_are_read_and_named(folder: Path) -> None:
    book = book_of(HEADER, ["a", "Hi.", "a.png"], ["b", "Ho.", "a.png"])
    book.active.row_dimensions[3].hidden = True
    manifest = read(folder, saved(book))
    assert len(manifest.rows) == 2
    assert manifest.notices == ("hidden rows are read like the others: 3",)


def with_saved_value(xml: bytes) -> bytes:
    """A spreadsheet computes; the library that writes the tests' workbooks does not."""
    xml = re.sub(rb'(<c r="B2")[^>]*>', rb'\1 t="str">', xml)
    return re.sub(rb"<v ?/>|<v></v>", b"<v>Sum.</v>", xml)


def test_formulas_give_their_saved_values_or_are_asked_for(folder: Path) -> None:
    data = saved(book_of(HEADER, ["a", '="Sum"&"."', "a.png"]))
    with pytest.raises(ManifestError, match=r"are formulas without a saved value: B2; open the"):
        read(folder, data)
    manifest = read(folder, with_part(data, "xl/worksheets/sheet1.xml", with_saved_value))
    assert manifest.rows[0].script == "Sum."
    assert manifest.notices == ("of 1 formula the saved values are read",)


@pytest.mark.parametrize(
    ("first", "rule"),
    [(["Notes"], "the first line has no known column name"), ([], "the sheet is empty")],
)
def test_a_wrong_first_sheet_names_the_others(folder: Path, first: list[str], rule: str) -> None:
    book = book_of(first)
    book.create_sheet("June").append(HEADER)
    with pytest.raises(ManifestError, match=rf'{rule}; .*--sheet: "June"$'):
        read(folder, saved(book))


def test_errors_of_the_sheet_are_named(folder: Path) -> None:
    book = book_of(HEADER, ["a", "#REF!", "a.png"], ["b", "#N/A", "a.png"])
    for name in ("B2", "B3"):
        book.active[name].data_type = "e"
    with pytest.raises(ManifestError, match=r"the sheet shows 2 errors: B2 #REF!, B3 #N/A; corr"):
        read(folder, saved(book))


def test_carriage_returns_as_workbooks_write_them_are_line_breaks() -> None:
    table = read_table(saved(book_of(HEADER, ["a", "One._x000D_\nTwo.", "a.png"])), HEADER)
    assert table.rows[0].cells[1] == "One.\nTwo."


def test_a_workbook_needs_no_style_and_no_size_in_its_sheet() -> None:
    data = with_part(
        saved(book_of(HEADER, ["a", "Hi.", "a.png"])),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b'<dimension ref="A1:C2"/>', b"").replace(
            b'<dimension ref="A1:C2" />', b""
        ),
    )
    assert [cells for _, cells in read_workbook(data, None).rows][1] == ("a", "Hi.", "a.png")


def test_a_csv_has_no_sheets(folder: Path) -> None:
    with pytest.raises(ManifestError, match="a CSV file has no sheets; leave out --sheet"):
        read(folder, b"video_id,script,portrait\na,Hi.,a.png\n", sheet="June")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04rest", "the workbook is damaged or cut short"),
        (saved(book_of(HEADER))[:400], "the workbook is damaged or cut short"),
    ],
)
def test_a_damaged_workbook_is_refused(folder: Path, data: bytes, words: str) -> None:
    with pytest.raises(ManifestError, match=words):
        read(folder, data)


def test_another_zip_file_is_no_workbook(folder: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as parts:
        parts.writestr("word/document.xml", "<x/>")
    with pytest.raises(ManifestError, match="a zip file, but no Excel workbook; save it as"):
        read(folder, buffer.getvalue())


def test_a_workbook_that_unpacks_to_gigabytes_is_refused_unread(folder: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as parts:
        parts.writestr("xl/workbook.xml", "<x/>")
        with parts.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(600):
                part.write(bytes(1 << 20))
    assert len(buffer.getvalue()) < 4_000_000
    with pytest.raises(ManifestError, match="holds more than 512 MiB when unpacked; split it"):
        read(folder, buffer.getvalue())


WHOLE = saved(book_of(HEADER, ["a", "Hi.", "a.png"], ["b", 1.5, "a.png"]))


@settings(max_examples=examples(60), deadline=None)
@given(st.data())
def test_no_changed_byte_raises_anything_but_a_fault(data: st.DataObject) -> None:
    whole = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(TextFileError):
        read_table(bytes(whole), HEADER)
