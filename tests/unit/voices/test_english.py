"""English texts put into words before hibari's lexicon reads them."""

import pytest

from model.speech.english import read_english, speakable, words_of


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("$3.50", "3 dollars and 50 cents"),
        ("$1,299.99 off", "1299 dollars and 99 cents off"),
        ("€0.99, ¥500", "99 cents, 500 yuan"),
        ("$1", "1 dollar"),
        ("£0.01", "1 penny"),
        ("$3.2 billion", "3.2 billion dollars"),
        ("£5m", "5 million pounds"),
        ("24/7", "twenty-four seven"),
        ("16:9", "16 to 9"),
        ("at 7:30", "at 7:30"),
        ("call 555-1234.", "call 5 5 5, 1 2 3 4."),
        ("1-800-555-0199", "1, 8 0 0, 5 5 5, 0 1 9 9"),
        (
            "https://www.example.com/shop?id=3",
            "example dot com slash shop question mark id equals 3",
        ),
        ("See foo.org.", "See foo dot org."),
        ("ann@foo.com", "ann at foo dot com"),
        ("e.g. this", "for example this"),
        ("cats, etc.", "cats, et cetera."),
        ("Version 3.5 is 50% off", "Version 3.5 is 50% off"),
    ],
)
def test_money_addresses_and_telephone_numbers_are_put_into_words(
    written: str, spoken: str
) -> None:
    assert words_of(written) == spoken


def test_what_english_cannot_say_is_reported() -> None:
    assert speakable("Hi 你好 😀™") == ("Hi     ", ("你", "好", "😀"))


def test_letters_of_other_scripts_are_reported_not_guessed() -> None:
    reading = read_english("Hello мир שלום かな, naïve café.")
    assert reading.unspoken == tuple(dict.fromkeys("мирשלוםかな"))
    assert reading.symbols == "həlˈO, nIˈiv kæfˈA."


def test_the_lexicon_reads_what_is_in_words() -> None:
    assert read_english("Hello there.").symbols == "həlˈO ðˈɛɹ."
    assert read_english("$3.50").symbols == "θɹˈi dˈɑləɹz ænd fˈɪfti sˈɛnts"


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
