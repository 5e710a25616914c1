"""Personal rows: what their cells become, and every fault that is told."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.manifest.manifest import Manifest, ManifestError, RowDefaults, read_manifest
from tasks.manifest.personal.settings import Personal
from tasks.manifest.personal.variables import Variables, on_one_line
from tasks.manifest.shape import SourceRow
from tasks.reading.flaws import ScriptError
from tasks.reading.marks import parse_marks
from tasks.reading.script_text import script_text
from tests.unit.manifest.test_manifest import png

VALUES = st.one_of(
    st.text(max_size=40),
    st.text(st.sampled_from("a1 <>/[]{}|\\\"'&;*_`#-=@+\n\u202e\u05d0\u200b"), max_size=40),
    st.sampled_from(
        [
            '<break time="9s"/>',
            "[pause 9s]",
            "&lt;break/&gt;",
            "{{price}}",
            "<b>Ann</b>",
            '"/><sub alias="x">',
            "=SUM(A1:A3)",
            "\u05e9\u05dc\u05d5\u05dd",
            "a" * 10_000,
            "O'Brien & Söhne",
            "\\u003cbreak/\\u003e",
            "_x003C_break/_x003E_",
        ]
    ),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "campaign"
    home.mkdir()
    for name in ("a.png", "ann.png"):
        (home / name).write_bytes(png())
    (tmp_path / "out.png").write_bytes(png())
    return home


def read(folder: Path, text: str, personal: Personal | None = None) -> Manifest:
    (folder / "june.csv").write_text(text, encoding="utf-8")
    return read_manifest(folder / "june.csv", RowDefaults(), personal=personal or Personal())


def faults(folder: Path, text: str, personal: Personal | None = None) -> list[str]:
    with pytest.raises(ManifestError) as raised:
        read(folder, text, personal)
    return [f"{each.line}: {each}" for each in raised.value.faults]


HEAD = "video_id,script,portrait,name,name_say,price\n"


def test_scripts_prompts_and_files_are_filled_from_the_rows_columns(folder: Path) -> None:
    text = (
        "video_id,script,portrait,prompt,First Name,shop\n"
        'a,"Hello {{First Name}}, see you at {{shop|our shop}}.",{{first_name}}.png,in {{shop}},'
        "ann,Mitte\n"
    )
    (row,) = read(folder, text).rows
    assert row.script == "Hello ann, see you at Mitte."
    assert row.portrait_path == folder / "ann.png"
    assert row.prompt == "in Mitte"


def test_a_script_in_a_file_is_filled_too(folder: Path) -> None:
    (folder / "s.txt").write_text("Hello {{name}}.")
    (row,) = read(folder, "video_id,script_file,portrait,name\na,s.txt,a.png,Ann\n").rows
    assert row.script == "Hello Ann."
    text = "video_id,script_file,portrait,nane\na,s.txt,a.png,Ann\n"
    assert faults(folder, text) == [
        '2: script_file "{{name}}": there is no column "name" for this variable (character 7); '
        "did you mean {{nane}}?"
    ]


def test_captions_show_the_name_and_speech_says_how_it_is_spoken(folder: Path) -> None:
    text = HEAD + "a,Hello {{name}}.,a.png,Siobhan,Shivawn,\nb,Hello {{name}}.,a.png,Ann,,\n"
    first, second = read(folder, text).rows
    read_first = script_text(first.script or "", "en")
    assert read_first.text == "Hello Siobhan."
    assert [span.spoken for span in read_first.spans] == ["Shivawn"]
    assert second.script == "Hello Ann."


def test_what_is_spoken_fills_the_alias_of_a_mark(folder: Path) -> None:
    text = HEAD + 'a,"Hi <sub alias=""dear {{name}}"">{{name|}}</sub>",a.png,Siobhan,,\n'
    (row,) = read(folder, text).rows
    assert row.script == 'Hi <sub alias="dear Siobhan">Siobhan</sub>'


def test_rows_that_fall_back_are_counted(folder: Path) -> None:
    rows = "".join(f"r{i},Only {{{{price|ask us}}}}.,a.png,,,{i % 2 or ''}\n" for i in range(10))
    assert (
        '{{price}}: 5 of 10 rows fell back to "ask us", because the cell is empty; '
        "--strict-variables makes that a problem" in read(folder, HEAD + rows).notices
    )
    told = faults(folder, HEAD + rows, Personal(is_strict=True))
    assert len(told) == 5
    assert told[0] == (
        "2: price: the cell is empty, and --strict-variables allows no default of "
        "{{price|ask us}} in script; fill it, or leave out --strict-variables"
    )


def test_columns_that_no_variable_names_are_told(folder: Path) -> None:
    notices = read(folder, HEAD + "a,Hello {{name}}.,a.png,Ann,,5\n").notices
    assert notices == (
        "1 column of your own is copied into the report and not used otherwise: price",
    )


def test_the_report_keeps_what_was_written(folder: Path) -> None:
    cells = read(folder, HEAD + "a,Hello {{name}}.,a.png,Ann,,5\n").cells["a"]
    assert (cells["script"], cells["name"], cells["price"]) == ("Hello {{name}}.", "Ann", "5")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "a,Hello {{nmae}}.,a.png,Ann,,5",
            '2: script "{{nmae}}": there is no column "nmae" for this variable (character 7); '
            "did you mean {{name}}?",
        ),
        (
            "a,Hello {{name}}.,a.png,,,5",
            "2: name: the cell is empty, and {{name}} in script has no default; fill it, or write "
            "{{name|words without a value}}",
        ),
        (
            "a,Take {{seed}}.,a.png,Ann,,5",
            '2: script "{{seed}}": names the column seed, which is a setting and no value '
            "(character 6); copy it to a column of another name, such as my_seed",
        ),
        (
            "a,Hello {{name.,a.png,Ann,,5",
            '2: script "{{name.": is never closed by }} (character 7); write }} behind its name; '
            r"two braces that are no variable are written \{{",
        ),
        (
            "a,Hello {{name}}.,a.png,<b>Ann</b>,,5",
            '2: name "<b>Ann</b>": in the script it would be read as a mark or a tag, and a value '
            "is only text; write it without brackets, or put the mark there",
        ),
        (
            "a,Hello {{name}}.,a.png,=A1,,5",
            '2: name "=A1": this is a spreadsheet formula; paste the values instead, then save as '
            "CSV again",
        ),
        (
            "a,Hello {{name}}.,a.png,Ann,<Ann>,5",
            '2: name_say "<Ann>": what is spoken cannot hold any of < > " & and \\; write it in '
            "words alone",
        ),
        (
            "a,Hello.,{{name}}.png,../out,,5",
            '2: name "../out": in the portrait: a value cannot lead to another folder above; '
            "write only the name of a file",
        ),
        (
            "a,Hello.,.{{name}}/out.png,.,,5",
            '2: name ".": in the portrait: a value cannot lead to another folder above; '
            "write only the name of a file",
        ),
        (
            "a,Hello.,{{name}},https://example.org/a.png,,5",
            '2: name "https://example.org/a.png": in the portrait: a value is no address and no '
            "drive; write only the name of a file",
        ),
        (
            "a,Hello.,https://{{name}}.example.org/a.png,evil,,5",
            '2: name "evil": in the portrait: a variable cannot stand in the name of a server; '
            "write only the name of a file",
        ),
    ],
)
def test_a_fault_is_told_once_with_its_place_and_the_way_out(
    folder: Path, row: str, told: str
) -> None:
    assert faults(folder, f"{HEAD}{row}\n") == [told]


def test_a_fault_of_a_text_that_many_rows_share_is_told_once(folder: Path) -> None:
    rows = "".join(f"r{i},Hello {{{{nmae}}}}.,a.png,Ann,,\n" for i in range(100))
    (told,) = faults(folder, HEAD + rows)
    assert told.startswith("2: script")
    assert "the same in 99 more rows" in told


def test_a_variable_in_the_header_is_refused(folder: Path) -> None:
    assert faults(folder, "video_id,script,portrait,{{name}}\na,b,a.png,c\n") == [
        '1: header "{{name}}": a column\'s name cannot hold a variable; name the column as people '
        "write it between the braces: name for {{name}}"
    ]


def test_a_value_that_makes_a_text_too_long_is_named(folder: Path) -> None:
    text = f"{HEAD}a,Hello.,{{{{name}}}}.png,{'a' * 1200},,\n"
    (told,) = faults(folder, text)
    assert (
        "with these 1200 characters the portrait would have 1,204, at most 1,000 are read" in told
    )


def test_all_faults_of_all_rows_are_told_at_once(folder: Path) -> None:
    text = HEAD + "a,Hello {{name}} {{nmae}}.,a.png,,,\nb,Hello {{name}}.,b.png,,,\n"
    assert [each.split(":")[0] for each in faults(folder, text)] == ["2", "3", "3"]


@given(VALUES, VALUES)
@settings(deadline=None)
def test_a_hostile_value_is_text_or_a_fault_and_never_a_mark(name: str, price: str) -> None:
    script = '{{name}}, look <sub alias="now {{name}}">here</sub> [pause 0.5s] for {{price}}.'
    plain = parse_marks('x, look <sub alias="now x">here</sub> [pause 0.5s] for x.')
    values = Variables(("name", "price"), ("script",), is_strict=False).of_row(
        SourceRow(2, {"name": name, "price": price})
    )
    filled = values.filled("script", script)
    assert bool(values.faults) == ("script" in values.blamed)
    if values.faults:
        assert {each.column for each in values.faults} <= {"name", "price"}
        return
    try:
        read = script_text(filled, "en")
    except ScriptError:
        return  # told of the script: a value may still be what nobody can say
    assert [each.milliseconds for each in read.pauses] == [
        each.milliseconds for each in plain.pauses
    ]
    assert len(read.spans) == len(plain.spans)


@given(VALUES)
@settings(deadline=None)
def test_a_hostile_value_never_leads_to_another_folder(name: str) -> None:
    values = Variables(("name",), ("portrait",), is_strict=False).of_row(
        SourceRow(2, {"name": name})
    )
    filled = values.filled("portrait", "portraits/{{name}}.png")
    if not values.faults:
        path = (Path("/home/campaign/portraits") / filled.removeprefix("portraits/")).as_posix()
        assert filled.startswith("portraits/")
        assert ".." not in path.split("/")
        assert path.startswith("/home/campaign/portraits/")


@pytest.mark.parametrize(
    ("due", "told"),
    [
        ("2026-12-24", "2026-12-24T23:59:00+00:00"),
        ("2026-12-24 18:00", "2026-12-24T18:00:00+00:00"),
        ("2026-12-24T18:00+08:00", "2026-12-24T10:00:00+00:00"),
    ],
)
def test_a_row_is_due_at_the_end_of_a_day_or_at_a_time(folder: Path, due: str, told: str) -> None:
    (row,) = read(folder, f"video_id,script,portrait,due\na,Hello.,a.png,{due}\n").rows
    assert row.due is not None
    assert row.due.isoformat() == told


def test_a_row_that_is_due_at_no_time_is_refused(folder: Path) -> None:
    assert faults(folder, "video_id,script,portrait,due\na,Hello.,a.png,Friday\n") == [
        '2: due "Friday": must be a day or a time of a day in UTC; try "2026-12-24" or '
        '"2026-12-24 18:00"'
    ]


@given(st.text(st.sampled_from("a \n\t\r\u3000")))
def test_a_value_is_put_on_one_line(value: str) -> None:
    assert on_one_line(value) == re.sub(r"\s*\n\s*", " ", value)


@pytest.mark.parametrize("value", ["Ann " * 50_000, "A" + " " * 200_000 + "nn"])
def test_a_large_value_is_refused_soon_however_often_a_text_has_it(
    folder: Path, value: str
) -> None:
    """Forty rows with a hundred thousand words were not read within five minutes."""
    script = "{{name}} " * 400
    rows = "".join(f'v{number},"{script}",a.png,"{value}"\n' for number in range(10))
    began = time.process_time()
    told = faults(folder, f"video_id,script,portrait,name\n{rows}")
    assert time.process_time() - began < 20
    assert "at most 4,194,304 are read" in told[0]
