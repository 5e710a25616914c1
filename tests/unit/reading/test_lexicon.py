"""Which words of a text a lexicon finds, and what becomes of a reader's tokens there."""

import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.reading.lexicon import (
    NO_LEXICON,
    Entry,
    Lexicon,
    lexicon_tokens,
    used_entries,
    with_entries,
)
from tasks.reading.tokens import Token

NIKE = Entry("nike", None, "", "/nˈIki/")
LEXICON = Lexicon(
    (
        NIKE,
        Entry("nike air", None, "nikey air"),
        Entry("Polish", "en", "", "/pˈOlɪʃ/"),
        Entry("Hermès", "en", "", "/ɛɹmˈɛz/"),
        Entry("L'Oréal", "en", "lo ray al"),
        Entry("WH-1000XM5", "en", "the headphones"),
        Entry("C&A", "en", "C and A"),
        Entry("重", "zh", "", "chong2"),
        Entry("重庆", "zh", "", "chong2 qing4"),
        Entry("dax", "en", "", "/dˈæks/"),
    )
)


def found(text: str, language: str = "en") -> list[str]:
    tokens = lexicon_tokens(text, "zh" if language == "zh" else "en", LEXICON)
    return [text[token.start : token.end] for token in tokens]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Nike, NIKE and nike", ["Nike", "NIKE", "nike"]),
        ("Nikes, anike, nike_2, nike2, Änike", []),
        ("(nike) “nike” nike. nike-like", ["nike"] * 4),
        ("the Nike Air, Nike  Air and Nike\nAir", ["Nike Air", "Nike  Air", "Nike\nAir"]),
        ("Polish shoes; polish them; POLISH", ["Polish"]),
        ("L'Oréal, L’Oréal, LʼOréal", ["L'Oréal", "L’Oréal", "LʼOréal"]),
        ("WH-1000XM5, WH‑1000XM5, WH–1000XM5, WH-1000XM50", ["WH-1000XM5"] * 3),
        ("at C&A, not C&AB", ["C&A"]),
        ("nike" * 3, []),
        ("", []),
    ],
)
def test_latin_words_are_found_whole(text: str, words: list[str]) -> None:
    plain = [word.replace("‑", "-").replace("–", "-") for word in found(text)]
    assert plain == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("买Nike鞋", ["Nike"]),
        ("重庆和重", ["重庆", "重"]),
        ("两重重庆", ["重", "重庆"]),
        ("我的nike。", ["nike"]),
    ],
)
def test_chinese_characters_are_found_wherever_they_stand(text: str, words: list[str]) -> None:
    assert found(text, "zh") == words


def test_an_entry_is_for_its_own_language() -> None:
    assert found("Polish 重") == ["Polish"]
    assert found("Polish 重", "zh") == ["重"]


def test_letters_and_their_marks_may_be_apart() -> None:
    text = unicodedata.normalize("NFD", "Hermès and L'Oréal's")
    tokens = lexicon_tokens(text, "en", LEXICON)
    written = [unicodedata.normalize("NFC", text[t.start : t.end]) for t in tokens]
    assert written == ["Hermès", "L'Oréal's"]
    bare = Lexicon((Entry("herme", None, "her me"),))
    assert lexicon_tokens(unicodedata.normalize("NFD", "Hermé"), "en", bare) == ()


@pytest.mark.parametrize(
    ("text", "spoken", "sounds"),
    [
        ("Nike's", "", "/nˈIkiz/"),
        ("NIKE’S", "", "/nˈIkiz/"),
        ("Hermès's", "", "/ɛɹmˈɛzᵻz/"),
        ("Dax's", "", "/dˈæksᵻz/"),
        ("L'Oréal's", "lo ray al's", None),
    ],
)
def test_an_english_possessive_belongs_to_its_word(
    text: str, spoken: str, sounds: str | None
) -> None:
    (token,) = lexicon_tokens(text, "en", LEXICON)
    assert (token.start, token.end) == (0, len(text))
    assert (token.kind, token.spoken, token.sounds) == ("entry", spoken, sounds)


def test_a_word_that_ends_in_an_apostrophe_and_s_gets_no_second_one() -> None:
    (token,) = lexicon_tokens("Kiehl's", "en", Lexicon((Entry("kiehl's", None, "keels"),)))
    assert token.spoken == "keels"


def test_what_an_entry_says_is_never_searched_again() -> None:
    circle = Lexicon((Entry("here", None, "there"), Entry("there", None, "here there")))
    tokens = lexicon_tokens("here", "en", circle)
    assert [token.spoken for token in tokens] == ["there"]


def test_of_two_lexicons_the_first_holds() -> None:
    mine = Lexicon((Entry("Nike", None, "nee kay"),))
    (token,) = lexicon_tokens("Nike", "en", mine.over(LEXICON))
    assert token.spoken == "nee kay"
    (other,) = lexicon_tokens("NIKE", "en", mine.over(LEXICON))
    assert other.sounds == NIKE.sounds


def test_only_entries_that_are_found_are_used() -> None:
    text = "Nike, nike and Hermès"
    assert [entry.word for entry in used_entries(text, "en", LEXICON)] == ["Hermès", "nike"]
    assert used_entries(text, "en", NO_LEXICON) == ()


def test_an_entry_takes_the_place_of_the_tokens_it_covers() -> None:
    # RTX 4090 at 5 pm
    tokens = (Token(4, 8, "model", "forty ninety"), Token(12, 16, "time", "five p.m."))
    entry = Token(0, 8, "entry", "the big card")
    assert with_entries(tokens, (entry,)) == (entry, tokens[1])


def test_an_entry_yields_to_a_token_of_which_it_has_a_part() -> None:
    address = Token(0, 12, "address", "w w w dot nike dot com")
    assert with_entries((address,), (Token(4, 8, "entry", "", "/nˈIki/"),)) == (address,)


def test_a_lexicon_goes_to_another_process() -> None:
    assert LEXICON.found("Nike", "en")
    copy = pickle.loads(pickle.dumps(LEXICON))
    assert copy.found("Nike", "en") == LEXICON.found("Nike", "en")


SIGNS = st.sampled_from(
    ["nike", "Nike", " ", "  ", "air", "'s", "’", "重", "庆", "é", "e\u0301", "İ"]
)


@given(st.lists(SIGNS | st.characters(), max_size=30).map("".join), st.sampled_from(["en", "zh"]))
def test_tokens_are_in_order_and_inside_any_text(text: str, language: str) -> None:
    tokens = lexicon_tokens(text, "zh" if language == "zh" else "en", LEXICON)
    places = [place for token in tokens for place in (token.start, token.end)]
    assert places == sorted(places)
    assert all(0 <= place <= len(text) for place in places)
    assert all(token.start < token.end for token in tokens)
