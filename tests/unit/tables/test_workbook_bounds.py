"""Workbooks that are small files and would take gigabytes or hours to read."""

import io
import zipfile
from collections.abc import Callable

import openpyxl
import pytest

from tasks.inputs.text_files import TextFileError
from tasks.tables import workbook, workbook_bounds
from tasks.tables.workbook import read_workbook
from tasks.tables.workbook_bounds import check_parts

SHEET, STRINGS, STYLES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"
LISTED, MANY = "[Content_Types].xml", 9 << 20


def whole() -> bytes:
    book = openpyxl.Workbook()
    for row in (["video_id", "script"], ["a", "Hi."]):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


WHOLE = whole()


def changed(name: str, change: Callable[[bytes], bytes], packing: int | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            body = old.read(info)
            if info.filename == name:
                body = change(body)
                info.compress_type = packing or zipfile.ZIP_DEFLATED
            new.writestr(info, body)
        if name not in old.namelist():
            new.writestr(name, change(b""), packing or zipfile.ZIP_DEFLATED)
    return out.getvalue()


def put(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        assert old in body
        return body.replace(old, new, 1)

    return change


def refused(data: bytes) -> str:
    with pytest.raises(TextFileError) as raised:
        read_workbook(data, None)
    return "; ".join(map(str, raised.value.args[2:]))


def rows(number: int, row: str) -> Callable[[bytes], bytes]:
    """So many rows more, from the third on."""
    more = "".join(row.format(row=index) for index in range(3, 3 + number))
    return put(b"</sheetData>", f"{more}</sheetData>".encode())


def test_the_size_that_a_sheet_gives_itself_is_not_believed() -> None:
    for ref in (b"A1:XFD1048576", b"A1:A1"):
        sheet = read_workbook(changed(SHEET, put(b'ref="A1:B2"', b'ref="%s"' % ref)), None)
        assert sheet.rows == ((1, ("video_id", "script")), (2, ("a", "Hi.")))


def test_rows_and_columns_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    far = '<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>'
    assert "reaches row 1,048,577" in refused(changed(SHEET, rows(1, far)))
    wide = '<row r="{row}"><c r="A{row}"><v>1</v></c><c r="XFD{row}"><v>1</v></c></row>'
    monkeypatch.setattr(workbook, "_MAX_CELLS", 200_000)
    told = refused(changed(SHEET, rows(20, wide)))
    assert "the sheet is too large: it reaches row 15 and holds 212,996 cells" in told
    assert "copy the table into a new workbook, or split it into several manifests" in told


def merged(*refs: str) -> Callable[[bytes], bytes]:
    cells = "".join(f'<mergeCell ref="{ref}"/>' for ref in refs)
    return put(b"</sheetData>", f"</sheetData><mergeCells>{cells}</mergeCells>".encode())


def test_merged_cells_cannot_make_a_small_sheet_large(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Max value is 1048576" in refused(changed(SHEET, merged("A2:A99999999999")))
    monkeypatch.setattr(workbook, "_MAX_CELLS", 3000)
    assert "holds 3,995 cells" in refused(changed(SHEET, merged("A2:A1998", "B2:B1997")))
    monkeypatch.setattr(workbook, "_MAX_CHARS", 3000)
    assert "with 3,012 characters" in refused(changed(SHEET, merged("B2:B1000")))
    assert len(read_workbook(changed(SHEET, merged("B2:B900")), None).rows) == 900


def test_the_text_of_all_cells_together_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_MAX_CHARS", 3000)
    row = '<row r="{row}"><c r="A{row}" t="str"><v>aaa</v></c></row>'
    assert "characters" in refused(changed(SHEET, rows(1200, row)))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (SHEET, rows(1, "<row>" + "<c/>" * (MANY // 4) + "</row>")),
        (SHEET, put(b"<sheetData>", b"<x/>" * (MANY // 4) + b"<sheetData>")),
        (SHEET, lambda xml: rows(1, "<c/>" * (MANY // 4))(xml).decode().encode("utf-16")),
        (STRINGS, lambda xml: b"<sst>" + b"<si/>" * 2_000_001 + b"</sst>"),
        (STYLES, lambda xml: b"<row/>" * (MANY // 6)),
        ("xl/_rels/workbook.xml.rels", lambda xml: b"<row/>" * (MANY // 6)),
    ],
    ids=["a row", "before the rows", "in UTF-16", "texts", "styles", "links"],
)
def test_a_part_that_is_parsed_as_a_whole_is_not_large(name, change) -> None:
    told = refused(changed(name, change))
    assert f'its part "{name}" is too large to be read; save the sheet that holds the tab' in told


def test_the_part_that_is_listed_as_the_workbook_is_parsed_as_a_whole() -> None:
    data = changed(LISTED, put(b"/xl/workbook.xml", b"/xl/sharedStrings.xml"))
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert workbook_bounds._books(parts) == {STRINGS}


def test_declarations_are_refused() -> None:
    entity = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    for change in (
        lambda xml: entity + xml,
        lambda xml: (entity + xml).decode().encode("utf-16"),
        rows(90_000, '<row r="{row}"><!-- <row> --><c r="A{row}"><v>1</v></c></row>' + " " * 50),
    ):
        assert "holds declarations, which no spreadsheet writes" in refused(changed(SHEET, change))
    assert read_workbook(changed(SHEET, put(b"<sheetData>", b"<!-- a --><sheetData>")), None).rows


def test_parts_are_packed_as_spreadsheets_pack_them() -> None:
    for packing in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        assert "packed as no spreadsheet packs it" in refused(changed(SHEET, bytes, packing))


def test_searching_for_merged_cells_and_rows_takes_no_longer_for_what_only_begins_so() -> None:
    ends = b"<!--" + (b"<mergeCell " + b"<row ") * 60_000 + b"--></worksheet>"
    data = changed(SHEET, put(b"</worksheet>", ends))
    assert len(read_workbook(data, None).rows) == 2


def test_large_sheets_of_honest_people_are_read() -> None:
    row = '<row r="{row}"><c r="A{row}" t="str"><v>' + "Hello. " * 40 + "</v></c></row>"
    data = changed(SHEET, rows(40_000, row))
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert parts.getinfo(SHEET).file_size > 12 << 20
        check_parts(parts)


def test_cells_without_names_and_shared_formulas_are_found() -> None:
    shared = (
        '<row><c><f t="shared" si="0">A1</f><v>1</v></c><c/><c><f t="shared" si="0"/></c></row>'
    )
    assert "without a saved value: C3; open" in refused(changed(SHEET, rows(1, shared)))
