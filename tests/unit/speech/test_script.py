"""Scripts cut into clauses."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasks.reading.flaws import ScriptError
from tasks.reading.languages import Language, language_of
from tasks.reading.script_text import script_text
from tasks.speech.script import read_script


def _written(text: str, language: Language = "en") -> list[str]:
    return [clause.text for clause in read_script(text, language).clauses]


def _spoken(text: str, language: Language = "en") -> list[str]:
    return [clause.spoken for clause in read_script(text, language).clauses]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("One. Two! Three? Four…", ["One.", "Two!", "Three?", "Four…"]),
        ("Dr. Smith met J. Doe, e.g. at 3.5 km.", ["Dr. Smith met J. Doe, e.g. at 3.5 km."]),
        ("Wait... what? Yes.", ["Wait... what?", "Yes."]),
        ('He said "Go!" Then left.', ['He said "Go!"', "Then left."]),
        ("First line\nSecond line", ["First line", "Second line"]),
        ("Visit example.com today. Now.", ["Visit example.com today.", "Now."]),
        ("So do I. Do you?", ["So do I.", "Do you?"]),
        (" . ... ! ", []),
    ],
)
def test_english_is_cut_at_sentence_ends_only(text: str, clauses: list[str]) -> None:
    assert _written(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("你好。再见！好吗？", ["你好。", "再见！", "好吗？"]),
        ("他说：“走吧！”然后走了。", ["他说：“走吧！”", "然后走了。"]),
        ("好……真的？", ["好……", "真的？"]),
        ("只要3.5折。快来", ["只要3.5折。", "快来"]),
    ],
)
def test_chinese_is_cut_without_spaces(text: str, clauses: list[str]) -> None:
    assert _written(text, "zh") == clauses


def test_a_long_sentence_is_cut_at_commas_and_only_its_last_part_ends_it() -> None:
    text = ", ".join(["this is a part of a long sentence"] * 6) + "."
    clauses = read_script(text, "en").clauses
    assert len(clauses) > 1
    assert " ".join(clause.text for clause in clauses) == text
    assert [clause.ends_sentence for clause in clauses] == [False] * (len(clauses) - 1) + [True]


def test_emoji_stay_in_the_captions_and_are_said_to_be_unspoken() -> None:
    script = read_script("Great job! 🎉👍🏽 See you.", "en")
    assert [clause.spoken for clause in script.clauses] == ["Great job!", "See you."]
    assert "".join(clause.text for clause in script.clauses).count("🎉") == 1
    assert len(script.warnings) == 1
    assert "🎉" in script.warnings[0]


def test_control_characters_are_removed_and_said_so() -> None:
    script = read_script("Bell\x07 and null\x00.", "en")
    assert _spoken("Bell\x07 and null\x00.") == ["Bell and null."]
    assert script.warnings == ("2 control characters removed from the script",)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello", "en"),
        ("你好", "zh"),
        ("今天用APP下单", "zh"),
        ("I love my 北京", "en"),
        ("123", "en"),
    ],
)
def test_the_language_is_told_from_the_characters(text: str, language: Language) -> None:
    assert language_of(text) == language


@given(st.text(max_size=300), st.sampled_from(["en", "zh"]))
def test_no_letter_or_digit_of_a_script_is_lost(text: str, language: Language) -> None:
    try:
        wanted = script_text(text, language).text  # without marks, and what programs left in it
    except ScriptError:
        assume(False)
        raise
    script = read_script(text, language)
    found = [sign for clause in script.clauses for sign in clause.text if sign.isalnum()]
    assert found == [sign for sign in wanted if sign.isalnum()]
