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

_HERE = Path(__file__).parent


def _rows(name: str) -> list[tuple[str, str]]:
    lines = (_HERE / name).read_text(encoding="utf-8").splitlines()
    return [(written, spoken) for written, spoken in (line.split("\t") for line in lines)]


@pytest.mark.parametrize(("written", "spoken"), _rows("english_trials.tsv"))
def test_english_rows_of_the_reported_kinds(written: str, spoken: str) -> None:
    assert spoken_form(written, english_tokens(written)) == spoken
    assert read_english(spoken).unspoken == ()


@pytest.mark.parametrize(("written", "spoken"), _rows("mandarin_trials.tsv"))
def test_mandarin_rows_of_the_reported_kinds(written: str, spoken: str) -> None:
    assert spoken_form(written, mandarin_tokens(written)) == spoken


def _syllables(text: str) -> str:
    runs = re.findall(r"[\u3400-\u9fff]+", text)
    return " ".join(syllable for run in runs for _, word in words_of(run) for syllable in word)


@pytest.mark.parametrize(("written", "pinyin"), _rows("polyphone_trials.tsv"))
def test_characters_of_several_readings_in_words_of_shops(written: str, pinyin: str) -> None:
    assert _syllables(written) == pinyin
    assert read_mandarin(written).unspoken == ()


def _is_refused(script: str) -> bool:
    try:
        text = script_text(script, language_of(script)).text
    except ScriptError:
        return True
    return language_flaw(text, is_insisted=False) is not None


@pytest.mark.parametrize(("verdict", "script"), _rows("refusal_trials.tsv"))
def test_what_is_no_script_is_refused_and_nothing_else(verdict: str, script: str) -> None:
    assert _is_refused(script.replace("\\ufffd", "\ufffd")) == (verdict == "refused")
