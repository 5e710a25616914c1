"""More rows of the kinds that were reported: other currencies, units, places and orders of words.

Each spoken form was read by eye, as a presenter would read it, and the readers were mended until it
was right. The tables keep them from changing unseen.
"""

import re
from pathlib import Path

import pytest

from model.speech.english import read_english
from model.speech.hanzi.pinyin import words_of
from model.speech.mandarin import read_mandarin
from tasks.reading.english.reader import english_tokens
from tasks.reading.languages import language_flaw, language_of
from tasks.reading.mandarin.reader import mandarin_tokens
from tasks.reading.script_text import ScriptError, script_text
from tasks.reading.tokens import spoken_form
from tests.unit.reading.blocks import blocks, read_otherwise, with_unspoken

_HERE = Path(__file__).parent


def _rows(name: str) -> list[tuple[str, str]]:
    lines = (_HERE / name).read_text(encoding="utf-8").splitlines()
    return [(written, spoken) for written, spoken in (line.split("\t") for line in lines)]


@pytest.mark.parametrize("rows", blocks(_rows("english_trials.tsv")))
def test_english_rows_of_the_reported_kinds(rows: list[tuple[str, str]]) -> None:
    assert read_otherwise(rows, lambda text: spoken_form(text, english_tokens(text))) == []
    spoken = [each for _, each in rows]
    assert with_unspoken(spoken, lambda text: read_english(text).unspoken) == {}


@pytest.mark.parametrize("rows", blocks(_rows("mandarin_trials.tsv")))
def test_mandarin_rows_of_the_reported_kinds(rows: list[tuple[str, str]]) -> None:
    assert read_otherwise(rows, lambda text: spoken_form(text, mandarin_tokens(text))) == []


def _syllables(text: str) -> str:
    runs = re.findall(r"[\u3400-\u9fff]+", text)
    return " ".join(syllable for run in runs for _, word in words_of(run) for syllable in word)


@pytest.mark.parametrize("rows", blocks(_rows("polyphone_trials.tsv")))
def test_characters_of_several_readings_in_words_of_shops(rows: list[tuple[str, str]]) -> None:
    assert read_otherwise(rows, _syllables) == []
    written = [each for each, _ in rows]
    assert with_unspoken(written, lambda text: read_mandarin(text).unspoken) == {}


def _is_refused(script: str) -> bool:
    try:
        text = script_text(script, language_of(script)).text
    except ScriptError:
        return True
    return language_flaw(text, is_insisted=False) is not None


@pytest.mark.parametrize("rows", blocks(_rows("refusal_trials.tsv")))
def test_what_is_no_script_is_refused_and_nothing_else(rows: list[tuple[str, str]]) -> None:
    scripts = [(script.replace("\\ufffd", "\ufffd"), verdict) for verdict, script in rows]
    judged = [(script, verdict, _is_refused(script)) for script, verdict in scripts]
    assert [each for each in judged if each[2] != (each[1] == "refused")] == []
