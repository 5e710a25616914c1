"""Lexicons as people save them: what is read, and every fault that is told."""

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from served import Answer, Served

from tasks.inputs.inputs import Inputs
from tasks.inputs.source import InputLimits
from tasks.manifest.lexicon_file import LexiconError, LexiconFile, beside, read_lexicon
from tasks.reading.lexicon import Entry


@pytest.fixture
def web() -> Iterator[Served]:
    served = Served()
    served.start()
    yield served
    served.end()


NIKE = Entry("nike", None, "", "/nˈIki/")


def read(folder: Path, text: str | bytes) -> LexiconFile:
    path = folder / "lexicon.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_lexicon(path)


def faults(folder: Path, text: str | bytes) -> list[str]:
    with pytest.raises(LexiconError) as caught:
        read(folder, text)
    return str(caught.value).replace(f"{folder / 'lexicon.csv'}:", "").split("\n")


def test_every_way_to_say_a_word_is_read(tmp_path: Path) -> None:
    text = (
        "word,language,say\nnike,,/ˈnaɪki/\nZoe,en,zoh ee\n重庆,zh,chóngqìng\n"
        "Huawei,ZH,hua2 wei2\nHuawei,en,/ˈhwɑweɪ/\n耐克,,nai4 ke4\n"
    )
    assert read(tmp_path, text).lexicon.entries == (
        NIKE,
        Entry("Zoe", "en", "zoh ee"),
        Entry("重庆", "zh", "", "chong2 qing4"),
        Entry("Huawei", "zh", "", "hua2 wei2"),
        Entry("Huawei", "en", "", "/hwˈɑwA/"),
        Entry("耐克", "zh", "", "nai4 ke4"),
    )


@pytest.mark.parametrize(
    "data",
    [
        "\ufeffword,language,say\r\nnike,,/ˈnaɪki/\r\n".encode(),
        "Word;Language;Say\nnike;;/ˈnaɪki/\n".encode(),
        "say\tword\n/ˈnaɪki/\tnike\n".encode(),
        "word,say\nnike,/ˈnaɪki/\n,,\n".encode("utf-16"),
    ],
)
def test_a_lexicon_is_read_however_a_spreadsheet_saved_it(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, data).lexicon.entries == (NIKE,)


def test_a_lexicon_may_be_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["word", "language", "say"], ["nike", None, "/ˈnaɪki/"]):
        book.active.append(row)
    book.save(tmp_path / "lexicon.csv")
    assert read_lexicon(tmp_path / "lexicon.csv").lexicon.entries == (NIKE,)


def test_a_chinese_code_page_is_read_and_told(tmp_path: Path) -> None:
    file = read(tmp_path, "word,language,say\n重庆,zh,崇庆\n银行,zh,银航\n".encode("gb18030"))
    assert file.lexicon.entries[0] == Entry("重庆", "zh", "崇庆")
    (notice,) = file.notices
    assert notice.endswith("lexicon.csv: the file was read as GB18030 text; UTF-8 is safer")


def test_every_fault_of_every_row_is_told_at_once(tmp_path: Path) -> None:
    text = (
        "word,language,say\n"
        "nike,fr,/ʁ/\n"
        ",,ok\n"
        "nike,en,nike\n"
        "B2B,en,b 2 b\n"
        "xiao,zh,xiq2\n"
        "Zara,en,飒拉\n"
        "puma,,\n"
        "!!,,bang\n"
        "a,en,b,c\n"
        "fine,,fine\n"
        "Muji,,moo jee\n"
        "Muji,en,moo ji\n"
    )
    assert faults(tmp_path, text) == [
        '2: language "fr": is unknown; write en or zh, or leave it empty',
        '2: say "/ʁ/": has "ʁ", for which the voices have no sound; write ɹ for "ʁ"',
        "3: word: is empty; write the word as it stands in the scripts",
        '4: say "nike": is the word itself; write it as it sounds, or remove the row',
        '5: say "b 2 b": has digits; write numbers in words',
        '6: say "xiq2": has "xiq2", which is no syllable of Mandarin; correct it',
        '7: say "飒拉": has Chinese characters, which no English voice can say; '
        "write Latin letters or an IPA, or zh in the column language",
        "8: say: has nothing to say; write how the word is said, such as /ˈnaɪki/",
        '9: word "!!": has no letter and no digit; write the word as it stands in the scripts',
        '10: row "c": the row has more cells than the header; put quotes around a comma',
        '11: say "fine": is the word itself; write it as it sounds, or remove the row',
        '13: word "Muji": line 12 has the same word for the same language; '
        "remove one of them, or write en or zh",
    ]


@pytest.mark.parametrize("first", ["L’Oréal", "L'Ore\u0301al"])
def test_words_that_are_found_in_the_same_places_are_the_same(tmp_path: Path, first: str) -> None:
    told = faults(tmp_path, f"word,say\n{first},lo ray\nL'Oréal,lor ay\n")
    assert told[0].startswith('3: word "L\'Oréal": line 2 has the same word')
    assert len(read(tmp_path, "word,say\nnike,ny key\nNike,ny kee\n").lexicon.entries) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: file: the file is empty; write the header word,language,say, then one word"),
        ("nike,/ˈnaɪki/\n", '1: header "nike,/ˈnaɪki/": the first line has no known column name'),
        ("word,language\nnike,en\n", "1: header: column say is missing; add it"),
        ("word,say,note\nnike,ny key,x\n", '1: header "note": unknown column; the columns are'),
        ("word,word,say\na,b,c\n", '1: header "word": the column appears twice; remove one'),
        ("word,say\n", "1: header: there are no rows below the header; add a word"),
        ('word,say\n"nike,ny key\n', "2: file: a quote that opens in this row is never closed"),
        (b"PK\x03\x04", "1: file: the workbook is damaged or cut short"),
    ],
)
def test_what_is_no_lexicon_is_told(tmp_path: Path, text: str | bytes, told: str) -> None:
    assert faults(tmp_path, text)[0].startswith(told)


def test_a_lexicon_that_is_not_there_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "lexicon.csv").write_text("word,say\n")
    with pytest.raises(LexiconError, match='file: the file does not exist; did you mean "lexicon'):
        read_lexicon(tmp_path / "lexikon.csv")
    with pytest.raises(LexiconError, match="file: this is a folder, not a lexicon; name the CSV"):
        read_lexicon(tmp_path)


def test_entries_that_no_script_holds_are_told(tmp_path: Path) -> None:
    file = read(tmp_path, "word,language,say\nnike,,ny key\nZoe,en,zoh ee\n重,zh,chong2\n")
    assert file.told([("A NIKE shoe.", "en"), ("太重了", "zh"), ("Zoe", "en")]) == ()
    assert file.told([("A NIKE shoe.", "en"), ("Zoe 太", "zh")]) == (
        f"{tmp_path / 'lexicon.csv'}: no script has these 2 words: Zoe, 重",
    )
    many = read(tmp_path, "word,say\n" + "".join(f"w{chr(97 + i)},x y\n" for i in range(12)))
    (told,) = many.told([])
    assert told.endswith(
        "no script has these 12 words: wa, wb, wc, wd, we, wf, wg, wh, wi, wj and 2 more"
    )


def test_a_lexicon_lies_beside_its_manifest(tmp_path: Path) -> None:
    assert beside(tmp_path / "june.csv") is None
    (tmp_path / "lexicon.csv").write_text("word,say\nnike,ny key\n")
    assert beside(tmp_path / "june.csv") == tmp_path / "lexicon.csv"
    assert beside("s3://bucket/june.csv") is None


def test_a_lexicon_comes_from_an_address(web: Served, tmp_path: Path) -> None:
    web.routes["/p/words.csv"] = Answer(body=b"word,say\nnike,ny key\n")
    web.routes["/p/page.csv"] = Answer(body=b"<!doctype html>")
    limits = InputLimits(https_attempts=1, first_wait_s=0)
    with Inputs(tmp_path / "inputs", limits, allow_private=True) as inputs:
        file = read_lexicon(web.url("/p/words.csv?sig=s3cret"), inputs)
        assert file.name == web.url("/p/words.csv")
        assert file.lexicon.entries == (Entry("nike", None, "ny key"),)
        with pytest.raises(LexiconError, match="the server sent a web page, not a lexicon"):
            read_lexicon(web.url("/p/page.csv"), inputs)
    with pytest.raises(LexiconError, match="lexicons at such addresses cannot be read here"):
        read_lexicon("ftp://x.org/words.csv")
