"""What advertisements write short: read right where their words decide, and marked elsewhere."""

import pytest

from tasks.reading.english.reader import english_tokens
from tasks.reading.foreign.doubtful_lines import doubtful_words
from tasks.reading.languages import english_word_of, language_flaw, language_of
from tasks.reading.lexicon import Entry, Lexicon
from tasks.reading.reading import read_aloud
from tasks.reading.tokens import spoken_form


def _spoken(text: str) -> str:
    return spoken_form(text, english_tokens(text))


def _doubts(text: str) -> list[str]:
    return [token.doubt for token in english_tokens(text) if token.doubt]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        (
            "Lunch 12-2.30, dinner 6-9.15.",
            "Lunch twelve to two thirty, dinner six to nine fifteen.",
        ),
        ("It rose 4.5-5.5 in May.", "It rose four point five to five point five in May."),
        ("Drinks 7 for 7.30.", "Drinks seven for seven thirty."),
        ("Get 3 for 7.50 today.", "Get three for seven point five zero today."),
        ("Call us Sat 12p.", "Call us Saturday twelve P M."),
        ("Open 24/7, over-16s only.", "Open twenty-four seven, over sixteens only."),
        (
            "Milk R21.99, car R389 900.",
            "Milk twenty-one rand and ninety-nine cents, car three hundred "
            "eighty-nine thousand nine hundred rand.",
        ),
        ("Filled with R32 gas.", "Filled with R thirty-two gas."),
        ("A flat at R1.65m.", "A flat at one point six five million rand."),
        (
            "Fees £900 pa, rooms £95 pn.",
            "Fees nine hundred pounds per annum, rooms ninety-five pounds per night.",
        ),
        ("Lambs £90 p.h. today.", "Lambs ninety pounds per head today."),
        ("Cleaners £12 p.h. today.", "Cleaners twelve pounds per hour today."),
        ("Teams U9-U13, KS3-4.", "Teams U nine to U thirteen, K S three to four."),
        ("An A13-A9 link.", "An A thirteen A nine link."),
        ("Cans of IPA 440ml.", "Cans of IPA four hundred forty milliliters."),
        ("A 3.5T tow rating.", "A three point five ton tow rating."),
        (
            "In 12 oz., 16 oz. or 20 oz. sizes.",
            "In twelve ounce, sixteen ounce or twenty ounce sizes.",
        ),
        ("For 6'-8' fences.", "For six to eight foot fences."),
        ("Hire for 1/2 day £35.", "Hire for half day thirty-five pounds."),
        ("£68 a day inc. meals.", "sixty-eight pounds a day including meals."),
        ("Acme Inc. makes it.", "Acme incorporated makes it."),
        ("Limit 2 pp. Up 2 pp.", "Limit two per person. Up two percentage points."),
        ("Ref. 55_021-X today.", "reference five five underscore zero two one dash X today."),
    ],
)
def test_the_words_beside_it_say_what_is_written_short(text: str, spoken: str) -> None:
    assert _spoken(text) == spoken


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        (
            "Pass: Br3w&Chill#24 all day.",
            '"Br3w&Chill#24" is spelled, and no viewer hears its capitals; show it on the screen',
        ),
        ("Open Mon to Wed, tea 4p.", '"4p" could be an hour or pence'),
        ("£3 adults, Sat 12p.", '"12p" could be an hour or pence'),
        (
            "Beds for wknders.",
            '"wknders" is read as letters, or as it stands; write it out, or put it '
            "into the lexicon",
        ),
        (
            "Only £25 per mufip.",
            '"mufip." seems to be an abbreviation that no rule knows; write it '
            "out, or put it into the lexicon",
        ),
    ],
)
def test_what_nothing_decides_is_marked(text: str, doubt: str) -> None:
    assert _doubts(text) == [doubt]


@pytest.mark.parametrize(
    "text",
    ["Only £25 per night.", "Chai and bhajis £4.", "A 92% pass rate.", "Password reset: ask."],
)
def test_plain_words_beside_prices_are_not_marked(text: str) -> None:
    assert _doubts(text) == []


@pytest.mark.parametrize(
    ("text", "word", "name"),
    [
        ("Feito no Brasil", "Feito", "Portuguese"),
        ("Cuisine sans effort", "sans", "French"),
        ("Chocolat noir intense", "Chocolat", "French"),
        ("Hecho en México", "Hecho", "Spanish"),
        ("Jambon cru", "Jambon", "French"),
        ("Vin rouge", "Vin", "French"),
        ("Frisches Brot", "Frisches", "German"),
        ("Bier vom Fass", "Bier", "German"),
    ],
)
def test_a_short_line_that_may_be_of_another_language_is_marked(
    text: str, word: str, name: str
) -> None:
    found = doubtful_words(text)

    assert found is not None
    assert (text[found[0] : found[1]], found[2]) == (word, name)
    assert [token.doubt for token in read_aloud(text, "en") if token.doubt] == [
        f'"{word}" seems to be {name}, and is read as English; put it into the lexicon'
    ]
    assert spoken_form(text, read_aloud(text, "en")) == text


@pytest.mark.parametrize(
    "text",
    [
        "Sans serif fonts",
        "Vin Diesel",
        "Bier garden",
        "Carne asada fries",
        "Crème brûlée",
        "À la carte",
        "Noir intense mascara",
        "Nasi lemak set",
        "Brunello di Montalcino Riserva.",
        "Casa Bonita reservations",
        "Eau de parfum spray",
        "Premium comfort mattress",
    ],
)
def test_dishes_names_and_borrowed_words_are_not_marked(text: str) -> None:
    assert doubtful_words(text) is None


def test_an_entry_for_the_word_of_another_language_takes_its_doubt_away() -> None:
    entry = Entry("chocolat", None, "shockola")

    tokens = read_aloud("Chocolat noir intense", "en", Lexicon((entry,)))

    assert [(token.spoken, token.doubt) for token in tokens] == [("shockola", None)]


def test_a_name_and_what_someone_does_are_english() -> None:
    assert language_flaw("Lang Lang plays Rachmaninoff", is_insisted=False) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("茅台 1935 is $180 a bottle.", "is"),
        ("Order 宫保鸡丁 (£8.95) or 麻婆豆腐 (£7.50).", "or"),
    ],
)
def test_an_english_line_with_a_chinese_name_is_marked_where_it_is_read_as_mandarin(
    text: str, word: str
) -> None:
    found = english_word_of(text)

    assert language_of(text) == "zh"
    assert found is not None
    assert text[slice(*found)] == word
    assert 'this may be an English script; if it is, write "en" in the column "language"' in [
        token.doubt for token in read_aloud(text, "zh")
    ]


@pytest.mark.parametrize(
    "text",
    ["这款 Lumo Pro is 新品，很亮。", "小米 Pro Max 手机 and 耳机都有", "苹果 iPhone 15 到货"],
)
def test_english_words_in_a_chinese_sentence_are_not_marked(text: str) -> None:
    assert english_word_of(text) is None
