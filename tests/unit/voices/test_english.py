"""English words as hibari's lexicon reads them, and what is mended around it."""

import pytest

from model.speech.english import read_english, speakable


def test_what_english_cannot_say_is_reported() -> None:
    assert speakable("Hi 你好 😀™") == ("Hi     ", ("你", "好", "😀"))


def test_letters_of_other_scripts_are_reported_not_guessed() -> None:
    reading = read_english("Hello мир שלום かな, naïve café.")
    assert reading.unspoken == tuple(dict.fromkeys("мирשלוםかな"))
    assert reading.symbols == "həlˈO, nIˈiv kæfˈA."


def test_the_lexicon_reads_what_is_in_words() -> None:
    assert read_english("Hello there.").symbols == "həlˈO ðˈɛɹ."


def test_british_and_american_readings_differ() -> None:
    american, british = (read_english("dance", is_british=b).symbols for b in (False, True))
    assert american != british


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("nine A M to five P M.", "nˈIn ˈA ˈɛm tə fˈIv pˈi ˈɛm."),
        ("gate A twelve", "ɡˈAt ˈA twˈɛlv"),
        ("seat twelve A is", "sˈit twˈɛlv ˈA ɪz"),
        ("Plan A.", "plˈæn ˈA."),
        ("A lamp and a shade.", "ɐ lˈæmp ænd ɐ ʃˈAd."),
        ("BUY A LAMP", "bˈI ɐ lˈæmp"),
    ],
)
def test_the_letter_a_is_no_article_and_a_letter_keeps_its_full_stop(
    text: str, sounds: str
) -> None:
    assert read_english(text).symbols == sounds
